"""What the rules of a tool mean here, read from a TOML table in `rules/`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from quality.finding import Confidence, Kind, Severity


class Meaning(BaseModel):
    """What a rule's findings are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    severity: Severity
    effort_min: int = Field(ge=1)
    cwe: tuple[int, ...] = ()
    confidence: Confidence = "medium"
    remedy: str = ""
    tests: bool = True  # told of test files too


class _Rule(Meaning):
    codes: str  # separated by spaces


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: tuple[_Rule, ...]


class Table(NamedTuple):
    by_code: Mapping[str, Meaning]
    digest: str  # of what the table says

    def meaning(self, code: str) -> Meaning | None:
        """That of the longest code that `code` begins with; None: of no interest."""
        for end in range(len(code), 0, -1):
            if (meaning := self.by_code.get(code[:end])) is not None:
                return meaning
        return None


@cache
def table(name: str) -> Table:
    """The table in `rules/of_<name>.toml`, read once; a later entry for a code counts.

    (A file named "ruff.toml" would be taken for settings by ruff itself.)
    """
    raw = (Path(__file__).parent / "rules" / f"of_{name}.toml").read_bytes()
    rules = _Rules.model_validate(tomllib.loads(raw.decode())).rule
    return Table(
        {code: rule for rule in rules for code in rule.codes.split()}, sha256(raw).hexdigest()[:16]
    )
