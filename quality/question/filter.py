"""What a question is understood as: a small filter that is always told with the answer."""

from dataclasses import dataclass
from typing import Literal

from quality.finding import Kind, Severity

About = Literal[
    "list",  # the findings that fit
    "count",  # how many they are
    "any",  # whether there are any
    "first",  # what to mend first
    "gate",  # whether it passes, and why not
    "overall",  # ratings and measures
    "debt",  # how long mending takes
    "measure",  # a number of all files, or the files where it is largest
    "engines",  # who looked, and what was not read
]
Measure = Literal[
    "complexity", "cognitive complexity", "lines of code", "functions", "duplication", "coverage",
    "files",
]  # fmt: skip
Sort = Literal["severity", "effort"]
Group = Literal["file", "folder", "severity", "kind", "engine", "rule", "cwe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    about: About
    ids: tuple[str, ...] = ()  # of findings; none: all
    kinds: frozenset[Kind] = frozenset()  # none: all
    severity: Severity | None = None  # that and worse
    cwe: tuple[int, ...] = ()  # one of them
    named: str = ""  # the weakness, as it was asked for
    path: str | None = None  # a glob
    engine: str | None = None
    new: bool = False  # only what is new
    sort: Sort = "severity"
    group_by: Group | None = None
    limit: int = 10
    measure: Measure | None = None
    least: bool = False  # the smallest of the measure, not the largest
    ignored: tuple[str, ...] = ()  # words that were not understood

    @property
    def told(self) -> str:
        """In words, for whoever asked."""
        parts = [self._subject(), *self._limits()]
        text = ", ".join(part for part in parts if part)
        if self.ignored:
            text += f" (not understood: {', '.join(self.ignored)})"
        return text

    def _subject(self) -> str:
        what = {
            "list": "findings",
            "count": "the number of findings",
            "any": "whether there are findings",
            "first": "findings, what to mend first",
            "gate": "the gate",
            "overall": "ratings and measures",
            "debt": "the time that mending takes",
            "engines": "engines, and what was not read",
            "measure": f"{'least' if self.least else 'most'} {self.measure} by file",
        }[self.about]
        if self.about == "measure" and self.group_by != "file":
            what = f"{self.measure} of all"
        return what

    def _limits(self) -> list[str]:
        return [
            f"id {' or '.join(self.ids)}" if self.ids else "",
            f"kind {' or '.join(sorted(self.kinds))}" if self.kinds else "",
            f"severity {self.severity} or worse" if self.severity else "",
            f"{self.named} (CWE {', '.join(map(str, self.cwe))})" if self.cwe else "",
            f"in {self.path}" if self.path else "",
            f"by {self.engine}" if self.engine else "",
            "new only" if self.new else "",
            f"grouped by {self.group_by}" if self.group_by and self.about != "measure" else "",
            f"by {self.sort}, at most {self.limit}" if self.about in {"list", "first"} else "",
        ]
