"""What an analysis finds, in the words that every engine's findings are put into."""

from dataclasses import dataclass, field
from typing import Literal

# As SonarQube names them: a hotspot is dangerous only in some uses, and wants a person's eye.
Kind = Literal["bug", "vulnerability", "hotspot", "smell"]
Severity = Literal["info", "minor", "major", "critical", "blocker"]  # from least to worst
Confidence = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("info", "minor", "major", "critical", "blocker")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file."""

    path: str  # from the root of the tree, with "/"
    line: int  # the first is 1
    end_line: int
    column: int = 1  # the first is 1, in characters; `end_column` is the first after the stretch
    end_column: int = 0  # 0: to the end of the line


@dataclass(frozen=True, slots=True)
class Step:
    """One stop on the way of outside data to where it does harm."""

    place: Place
    says: str  # "read from flask.request.args"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text to put in the place of a stretch."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class ToolFix:
    """How an engine would mend it."""

    edits: tuple[Edit, ...]
    safe: bool  # the engine promises that the code's meaning stays
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect, by one engine or several."""

    rule: str  # the engine's own name of it: "S324", "command-injection"
    engine: str  # that tells it
    kind: Kind
    severity: Severity
    place: Place
    message: str  # what is wrong here; never the value of a secret
    cwe: tuple[int, ...] = ()  # the first says it best
    remediation: str = ""  # what to do
    flow: tuple[Step, ...] = ()  # from the source to the sink, where it was followed
    effort_min: int = 5  # minutes to mend it
    confidence: Confidence = "medium"
    fix: ToolFix | None = None
    engines: tuple[str, ...] = ()  # all that found it, once merged
    id: str = ""  # the same while the line is, wherever it moves; given when merged
    new: bool = False  # on a line that is new
    model_says: bool = False  # a model's opinion, which no engine backs


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeasures:
    """Numbers of one file; None: nobody counted."""

    lines: int | None = None
    ncloc: int | None = None  # lines that hold code
    complexity: int | None = None  # cyclomatic, the sum over functions
    cognitive: int | None = None
    functions: int | None = None
    duplicated: tuple[tuple[int, int], ...] | None = None  # from and to which line, both inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What one engine says about some files."""

    findings: tuple[Finding, ...] = ()
    measures: dict[str, FileMeasures] = field(default_factory=dict[str, FileMeasures])  # by path
    unread: dict[str, str] = field(default_factory=dict[str, str])  # path -> why it was not read
    notes: dict[str, str] = field(default_factory=dict[str, str])  # path -> what was not judged
