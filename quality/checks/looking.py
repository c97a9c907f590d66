"""Puts every check to the nodes that it is for."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from quality.checks.check import Check, load_rules
from quality.checks.code import Code, last_name
from quality.finding import Finding, Place

NAME = "checks"


def go_on() -> None:
    """No pause."""


class Table:
    """Checks by what they look at."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._rules = load_rules()
        self._by_node: dict[type[ast.AST], list[Check]] = defaultdict(list)
        self._by_call: dict[str, list[Check]] = defaultdict(list)
        for check in checks:
            for node in check.nodes:
                self._by_node[node].append(check)
            for call in check.calls:
                self._by_call[call].append(check)

    def findings(self, code: Code, pause: Callable[[], None] = go_on) -> list[Finding]:
        """What the checks say, each thing once, in the order of the lines.

        `pause` is called before each node; it raises to break off.
        """
        found: dict[tuple[str, Place], Finding] = {}
        for kind, checks in self._by_node.items():
            if nodes := code.nodes.get(kind):
                wanted = [check for check in checks if check.wants(code)]
                for node in nodes if wanted else ():
                    pause()
                    self._ask(wanted, node, code, found)
        for node in code.nodes.get(ast.Call, ()):
            pause()
            if isinstance(node, ast.Call):
                called = [check for check in self._of_call(node, code) if check.wants(code)]
                self._ask(called, node, code, found)
        return sorted(found.values(), key=lambda finding: (finding.place, finding.rule))

    def _ask(
        self,
        checks: Iterable[Check],
        node: ast.AST,
        code: Code,
        found: dict[tuple[str, Place], Finding],
    ) -> None:
        for check in checks:
            try:
                for hit in check.look(node, code):
                    finding = self._finding(check.rule, hit, code)
                    found[finding.rule, finding.place] = finding
            except (RecursionError, ValueError):
                continue  # nested deeper, or a number of more digits, than anybody writes

    def _of_call(self, node: ast.Call, code: Code) -> Iterator[Check]:
        yield from self._by_call.get(code.full(node.func), ())
        if isinstance(node.func, ast.Attribute):
            yield from self._by_call.get(f".{last_name(node.func)}", ())

    def _finding(self, name: str, node: ast.AST, code: Code) -> Finding:
        rule = self._rules[name]
        return Finding(
            rule=name,
            engine=NAME,
            kind=rule.kind,
            severity=rule.severity,
            place=place(node, code),
            message=rule.says,
            cwe=rule.cwe,
            remediation=rule.remedy,
            effort_min=rule.effort_min,
            confidence=rule.confidence,
        )


def place(node: ast.AST, code: Code) -> Place:
    """Where it stands; of what holds statements, only its head."""
    line = getattr(node, "lineno", 1)
    if isinstance(getattr(node, "body", None), list):
        return Place(code.path, line, line)
    end = getattr(node, "end_lineno", None) or line
    return Place(
        code.path,
        line,
        end,
        code.column(line, getattr(node, "col_offset", 0)),
        code.column(end, getattr(node, "end_col_offset", None) or 0),
    )
