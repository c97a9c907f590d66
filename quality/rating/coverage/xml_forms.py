"""Cobertura, as coverage.py and many others write it, and JaCoCo."""

import re
from collections.abc import Mapping

from quality.rating.coverage.covered import Line
from quality.rating.coverage.errors import BadReport
from quality.rating.coverage.written import Written, add_line, number_of
from quality.rating.coverage.xml import read_xml

_CONDITIONS = re.compile(r"\((\d{1,9})/(\d{1,9})\)")


def from_xml(data: bytes) -> Written:
    """What the report `data` says.

    Raises:
        BadReport: it has neither form, or is damaged or hostile.
    """
    reader = _Reader()
    read_xml(data, reader.begin, reader.end)
    return reader.written


class _Reader:
    def __init__(self) -> None:
        self.written = Written()
        self._root = ""
        self._package = ""
        self._file = ""  # whose lines are being read

    def begin(self, name: str, found: Mapping[str, str]) -> None:
        if not self._root:
            if name not in ("coverage", "report"):
                raise BadReport(f"its root is {name[:40]!r}, not that of Cobertura or JaCoCo")
            self._root = name
        elif name == "line" and self._file:
            kind = _cobertura_line if self._root == "coverage" else _jacoco_line
            add_line(self.written.files.setdefault(self._file, {}), *kind(found))
        else:
            self._enter(name, found)

    def _enter(self, name: str, found: Mapping[str, str]) -> None:
        if name == "package":
            self._package = found.get("name", "")
        elif name == "class" and self._root == "coverage":
            self._file = found.get("filename", "")
        elif name == "sourcefile":
            self._file = "/".join(filter(None, (self._package, found.get("name", ""))))

    def end(self, name: str, text: str) -> None:
        if name == "source" and text.strip():
            self.written.sources.append(text.strip())
        elif name in ("class", "sourcefile"):
            self._file = ""


def _cobertura_line(found: Mapping[str, str]) -> tuple[int, Line]:
    taken = branches = 0
    if match := _CONDITIONS.search(found.get("condition-coverage", "")):
        taken, branches = int(match[1]), int(match[2])
    hit = number_of(found.get("hits")) > 0
    return number_of(found.get("number")), Line(hit, branches, min(taken, branches))


def _jacoco_line(found: Mapping[str, str]) -> tuple[int, Line]:
    taken = number_of(found.get("cb"))
    branches = taken + number_of(found.get("mb"))
    return number_of(found.get("nr")), Line(number_of(found.get("ci")) > 0, branches, taken)
