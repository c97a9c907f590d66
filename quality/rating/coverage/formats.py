"""The forms of report, each into lines by the path that it writes."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from quality.rating.coverage.covered import Line
from quality.rating.coverage.errors import BadReport
from quality.rating.coverage.written import Written, add_line, number_of
from quality.rating.coverage.xml_forms import from_xml


def parsed(data: bytes) -> Written:
    """What the report `data` says, whichever form it has.

    Raises:
        BadReport: it has none of the forms, or is damaged.
    """
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return from_xml(data)
    if start.startswith(b"{"):
        return _coverage_py(data)
    if re.search(rb"^(TN|SF):", data[:65536], re.MULTILINE):
        return _lcov(data)
    raise BadReport("it is neither Cobertura, JaCoCo, LCOV nor coverage.py's JSON")


def _lcov(data: bytes) -> Written:
    written = Written()
    hits: dict[int, bool] = {}
    ways: dict[tuple[int, str, str], bool] = {}  # line, block, branch
    path = ""
    for line in data.decode("utf-8", "replace").splitlines():
        kind, _, value = line.partition(":")
        parts = value.split(",")
        if kind == "SF":
            path, hits, ways = value.strip(), {}, {}
        elif kind == "DA" and len(parts) >= 2:
            number = number_of(parts[0])
            hits[number] = hits.get(number, False) or number_of(parts[1]) > 0
        elif kind == "BRDA" and len(parts) >= 4:
            way = (number_of(parts[0]), parts[1], ",".join(parts[2:-1]))
            ways[way] = ways.get(way, False) or parts[-1].strip() not in ("-", "0")
        elif line.strip() == "end_of_record" and path:
            _record(written.files.setdefault(path, {}), hits, ways)
            path = ""
    return written


def _record(
    lines: dict[int, Line], hits: Mapping[int, bool], ways: Mapping[tuple[int, str, str], bool]
) -> None:
    of_line: dict[int, list[bool]] = {}
    for (number, _, _), taken in ways.items():
        of_line.setdefault(number, []).append(taken)
    for number, hit in hits.items():
        ends = of_line.get(number, [])
        add_line(lines, number, Line(hit, len(ends), sum(ends)))


def _coverage_py(data: bytes) -> Written:
    """coverage.py's own JSON, of which each file is {executed_lines, missing_lines, ...}."""
    try:
        said = json.loads(data)
        files: dict[str, Any] = said["files"]
        return Written({path: _coverage_py_file(told) for path, told in files.items()})
    except (ValueError, RecursionError) as error:
        raise BadReport("it is no JSON") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise BadReport("it is no JSON of coverage.py") from error


def _coverage_py_file(told: Mapping[str, Any]) -> dict[int, Line]:
    taken = _branch_lines(told.get("executed_branches", ()))
    missed = _branch_lines(told.get("missing_branches", ()))
    lines: dict[int, Line] = {}
    for hit, key in ((True, "executed_lines"), (False, "missing_lines")):
        for number in map(int, told[key]):
            add_line(lines, number, Line(hit, taken[number] + missed[number], taken[number]))
    return lines


def _branch_lines(branches: Sequence[Sequence[int]]) -> Counter[int]:
    """How many branches begin at each line; their other number is where they lead."""
    return Counter(int(start) for start, _ in branches)
