"""The words of fixes, and what looking for one needs from outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pointsman.money import Nano
from quality.asking import Ask
from quality.finding import Confidence
from quality.report import Report
from quality.source import Tree

Source = Literal["tool", "model"]


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """How the tests of the project ended, with a change in it or without."""

    green: bool
    says: str = ""  # the end of their output, for whoever mends the fix

    __test__ = False  # pytest would collect the name


Analyse = Callable[[Tree], Awaitable[Report]]  # the same engines each time
# Runs the tests with a folder of changed files laid over the tree; an empty one: as it is.
Check = Callable[[Path], Awaitable[TestOutcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What fixes are looked for with."""

    analyse: Analyse
    ask: Ask | None = None  # None: no model is asked
    check: Check | None = None  # None: no tests are configured
    attempts: int = 3  # asks for one finding
    most: Nano = 100_000_000  # to spend on asks for one finding
    ask_s: float = 120.0  # for one ask


@dataclass(frozen=True, slots=True)
class Verified:
    """What was seen to hold once the fix was in a copy."""

    reanalysed: bool  # the same engines: the finding is gone, and none has come
    parses: bool
    tests: bool | None  # None: there are none; False: they were red before, so nothing is known
    red: str = ""  # what they said then

    @property
    def whole(self) -> bool:
        return self.reanalysed and self.parses and self.tests is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file, before and after."""

    root: Path  # of the tree that was analysed
    path: str  # from there
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A change that was verified."""

    issue_id: str
    diff: str  # unified, as `git apply` takes it
    source: Source
    verified: Verified
    confidence: Confidence
    explanation: str
    safe: bool  # what made it promises that the code means the same otherwise
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What came of looking for a fix of one finding."""

    issue_id: str
    fix: Fix | None  # None: none held
    refused: tuple[str, ...] = ()  # what was tried and why it was not offered, in order
    cost: Nano | None = 0  # of the asks; None: not known
    attempts: int = 0  # asks of a model
