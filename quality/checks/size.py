"""Functions and files that are longer than the settings allow."""

from collections.abc import Iterator
from typing import NamedTuple

from quality.checks.code import FUNCTIONS, Code
from quality.finding import Finding, Place


class Sizes(NamedTuple):
    function_lines: int  # at most
    file_lines: int


def size_findings(code: Code, sizes: Sizes) -> Iterator[Finding]:
    """CWE-1080 and CWE-1121 for what is too long; a test may be as long as it is."""
    count = len(code.lines) - (code.lines[-1] == "")
    if count > sizes.file_lines:
        says = f"The file has {count} lines; {sizes.file_lines} are allowed."
        yield _finding("long-file", code, 1, says, "Move what belongs together to a file.", 1080)
    if code.test:
        return
    for kind in FUNCTIONS:
        for node in code.nodes.get(kind, ()):
            if isinstance(node, FUNCTIONS):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > sizes.function_lines:
                    says = f"{node.name} has {lines} lines; {sizes.function_lines} are allowed."
                    remedy = "Make functions of the steps that it takes."
                    yield _finding("long-function", code, node.lineno, says, remedy, 1121)


def _finding(rule: str, code: Code, line: int, says: str, remedy: str, cwe: int) -> Finding:
    return Finding(
        rule=rule,
        engine="checks",
        kind="smell",
        severity="major",
        place=Place(code.path, line, line),
        message=says,
        cwe=(cwe,),
        remediation=remedy,
        effort_min=60 if rule == "long-file" else 20,
        confidence="high",
    )
