"""What a check is: a function that looks for what breaks a rule, and the rule's words."""

import ast
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from quality.checks.code import Code
from quality.checks.web import reads_web
from quality.finding import Confidence, Kind, Severity

# What it is given is one of the nodes that the check is for; what it gives are those to point at
Look = Callable[[Any, Code], Iterable[ast.AST]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    kind: Kind
    severity: Severity
    cwe: tuple[int, ...]  # the first says it best
    says: str
    remedy: str
    effort_min: int = 10
    confidence: Confidence = "medium"


@dataclass(frozen=True, slots=True)
class Check:
    rule: str  # its id in rules.toml
    look: Look
    nodes: tuple[type[ast.AST], ...] = ()
    # Calls by their full name, or of a method of anything: ".set_cookie"
    calls: tuple[str, ...] = ()
    tests: bool = True  # it looks at files of tests too
    web: bool = False  # it looks only at files that may read requests

    def wants(self, code: Code) -> bool:
        return (self.tests or not code.test) and (not self.web or reads_web(code))


def on(
    rule: str, look: Look, *nodes: type[ast.AST], tests: bool = True, web: bool = False
) -> Check:
    return Check(rule, look, nodes=nodes, tests=tests, web=web)


def on_call(rule: str, look: Look, *calls: str, tests: bool = True, web: bool = False) -> Check:
    return Check(rule, look, calls=calls, tests=tests, web=web)


def every(node: ast.AST, _: Code) -> Iterable[ast.AST]:
    """For a check whose calls are wrong however they are made."""
    yield node


def load_rules() -> Mapping[str, Rule]:
    """The words of all rules, by their id."""
    text = files("quality.checks").joinpath("rules.toml").read_text(encoding="utf-8")
    return {
        name: Rule(**row | {"cwe": tuple(row["cwe"])}) for name, row in tomllib.loads(text).items()
    }
