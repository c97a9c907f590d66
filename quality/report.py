"""One whole analysis, as whoever asked for it gets it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from quality.finding import FileMeasures, Finding
from quality.source import Skip

State = Literal["ok", "missing", "failed", "timed out", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRun:
    """How one engine fared."""

    name: str
    state: State
    version: str | None = None
    why: str = ""  # it is not "ok", and what to do about it
    elapsed_ms: int = 0
    files: int = 0  # in its languages
    remembered: int = 0  # of them, from an earlier analysis
    unread: Mapping[str, str] = field(default_factory=dict[str, str])  # path -> why
    notes: Mapping[str, str] = field(default_factory=dict[str, str])  # path -> what was not judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The measures of all files together; None: nobody counted."""

    files: int = 0
    lines: int = 0
    ncloc: int | None = None
    complexity: int | None = None
    cognitive: int | None = None
    functions: int | None = None
    duplicated_lines: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    findings: tuple[Finding, ...]  # merged, by place
    engines: tuple[EngineRun, ...]  # by name
    measures: Mapping[str, FileMeasures]  # by path
    totals: Totals
    skipped: Mapping[Skip, int]  # how many files were not analysed, by reason
