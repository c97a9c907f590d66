"""secrets: passwords, keys and tokens that are written into files."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from anyio import from_thread, to_thread
from pydantic import BaseModel, ConfigDict

from quality.engines.assigned import Spotted, assigned
from quality.engines.keys import by_file
from quality.engines.likely import entropy, has_checksum, is_placeholder
from quality.files.languages import LOCK
from quality.finding import Analysis, Confidence, Finding, Place, Severity
from quality.source import SourceFile, Tree

VERSION = "1"  # of what follows; the rules have a digest of their own
_REMEDY = (
    "Revoke it, since whoever has read the file knows it; then read the new one from the"
    " environment or from a secret store."
)
_NO_CODE = frozenset({"markdown", "text", "html"})  # where names and values are often only shown


class _Issued(BaseModel):
    """The form of what a vendor issues."""

    model_config = ConfigDict(extra="forbid")

    name: str
    says: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    cwe: tuple[int, ...] = (798,)
    bits: float = 3.0
    checksum: bool = False
    severity: Severity = "blocker"


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    secret: tuple[_Issued, ...]


class _Known(NamedTuple):
    issued: tuple[_Issued, ...]
    digest: str


def _read() -> _Known:
    raw = (Path(__file__).parent / "rules" / "secrets.toml").read_bytes()
    issued = _Rules.model_validate(tomllib.loads(raw.decode())).secret
    return _Known(issued, sha256(raw).hexdigest()[:16])


_KNOWN = _read()


class Secrets:
    """Reads one file at a time; a finding never holds the secret."""

    name = "secrets"
    languages = None

    async def version(self) -> str | None:
        return VERSION

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_file(tree, None, _KNOWN.digest)

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        def look() -> tuple[Finding, ...]:
            found: list[Finding] = []
            for file in stale:
                from_thread.check_cancelled()
                if file.language != LOCK:
                    found += secrets_of(file)
            return tuple(found)

        return Analysis(findings=await to_thread.run_sync(look))


def secrets_of(file: SourceFile) -> Iterator[Finding]:
    """A finding for each secret in `file`; one that a vendor's form tells is not told twice."""
    ends = [match.end() for match in re.finditer("\n", file.text)]
    taken: list[tuple[int, int]] = []
    for one in (*_issued(file.text), *(() if file.test else assigned(file.text, file.language))):
        shown = file.language in _NO_CODE and one.confidence != "high"
        if not shown and not any(start < one.end and one.start < end for start, end in taken):
            taken.append((one.start, one.end))
            yield Finding(
                rule=one.rule,
                engine="secrets",
                kind="vulnerability",
                severity="minor" if file.test else one.severity,
                place=_place(file.path, ends, one.start, one.end),
                message=f"{one.says} is written in the file.",
                cwe=one.cwe,
                remediation=_REMEDY,
                effort_min=30,
                confidence=one.confidence,
            )


def _issued(text: str) -> Iterator[Spotted]:
    """What has the form of what a vendor issues."""
    for known in _KNOWN.issued:
        if not any(word in text for word in known.words):
            continue
        for match in known.pattern.finditer(text):
            value = match[1]
            if not is_placeholder(value) and entropy(value) >= known.bits:
                sure: Confidence = "high"
                if known.checksum and not has_checksum(value):
                    sure = "low"  # of the right form, but not one that was issued
                span = match.start(), match.end(1)
                yield Spotted(known.name, *span, known.says, known.cwe, sure, known.severity)


def _place(path: str, ends: list[int], start: int, end: int) -> Place:
    """From `start` to `end` in the text, whose lines' ends are `ends`."""
    line, last = bisect_right(ends, start), bisect_right(ends, end - 1)
    column = start - (ends[line - 1] if line else 0) + 1
    return Place(path, line + 1, last + 1, column, end - (ends[last - 1] if last else 0) + 1)
