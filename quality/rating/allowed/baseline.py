"""The findings that a project knows and has put off, in a file that is committed with it."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pointsman.errors import InvalidInput
from quality.finding import Finding

FORM = 1  # of the file
_LARGEST = 64 << 20
_Text = Annotated[str, StringConstraints(max_length=4096)]


class Known(BaseModel):
    """One finding that is put off."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: _Text
    path: _Text


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    version: int = Field(ge=1, le=FORM)
    findings: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Known]


Baseline = Mapping[str, Known]  # by the id of the finding


@dataclass(frozen=True, slots=True)
class Fixed:
    """An entry whose finding is no more."""

    id: str
    rule: str
    path: str


def read_baseline(place: Path) -> Baseline | None:
    """What is put off; None: there is no such file. It blocks.

    Raises:
        InvalidInput: it is damaged, or of a later form.
    """
    try:
        if not place.exists():
            return None
        if not place.is_file():  # a pipe would never end
            raise InvalidInput(f"The baseline {place.name} is no file.")
        with place.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInput(
            f"The baseline {place.name} cannot be read: {error.strerror}."
        ) from error
    try:
        if len(data) > _LARGEST:
            raise ValueError("it is too large")
        return _File.model_validate_json(data).findings
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise _damaged(place, f"{where}: {first['msg']}") from error
    except ValueError as error:
        raise _damaged(place, str(error)) from error


def write_baseline(place: Path, findings: Iterable[Finding]) -> int:
    """How many findings are put off from now on. The file is replaced as a whole; it blocks.

    Raises:
        InvalidInput: it cannot be written.
    """
    known = {
        finding.id: {"rule": finding.rule, "path": finding.place.path}
        for finding in sorted(findings, key=lambda one: (one.place, one.rule, one.id))
        if finding.id
    }
    text = json.dumps({"version": FORM, "findings": known}, indent=1, ensure_ascii=True) + "\n"
    try:
        _replace(place, text)
    except OSError as error:
        why = error.strerror
        raise InvalidInput(f"The baseline {place.name} cannot be written: {why}.") from error
    return len(known)


def _replace(place: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=place.name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def fixed(baseline: Baseline, found: Sequence[Finding], paths: Iterable[str]) -> tuple[Fixed, ...]:
    """The entries whose finding is gone.

    `found` are all findings, allowed ones too; `paths` those of the files that were looked at, or
    are gone.
    """
    here = {finding.id for finding in found}
    judged = set(paths)
    return tuple(
        Fixed(id, known.rule, known.path)
        for id, known in baseline.items()
        if id not in here and known.path in judged
    )


def _damaged(place: Path, why: str) -> InvalidInput:
    hint = "Write it anew, or take it from the version control."
    return InvalidInput(f"The baseline {place.name} is damaged: {why}.", hint=hint)
