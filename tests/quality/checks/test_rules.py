"""Every rule finds what is wrong, and leaves its right twin alone."""

import re
from pathlib import Path

import pytest

from quality.checks.check import load_rules
from quality.checks.code import Code
from quality.checks.looking import Table
from quality.checks.table import CHECKS
from quality.finding import SEVERITIES, Finding
from quality.python.parse import parse

TABLE = Table(CHECKS)
PAIRS = [
    (name, *code.split("--\n"))
    for name, code in re.findall(
        r"== (\S+)\n(.*?)(?=^== |\Z)",
        Path(__file__).with_name("pairs.txt").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
]
WEB = "from flask import Flask, request, session\n"


def found(code: str, *, test: bool = False) -> list[Finding]:
    return TABLE.findings(Code(parse(code).tree, code, path="app.py", test=test))


def with_web(code: str) -> str:
    return WEB + code if "request" in code or "@app" in code else code


@pytest.mark.parametrize(("rule", "wrong", "right"), PAIRS, ids=[name for name, *_ in PAIRS])
def test_a_rule_tells_wrong_from_right(rule: str, wrong: str, right: str) -> None:
    assert rule in {finding.rule for finding in found(with_web(wrong))}
    assert rule not in {finding.rule for finding in found(with_web(right))}


def test_every_rule_has_its_pair_and_its_words() -> None:
    rules = load_rules()
    assert {check.rule for check in CHECKS} == rules.keys()
    assert rules.keys() == {name for name, *_ in PAIRS}
    for rule in rules.values():
        assert rule.kind in ("bug", "vulnerability", "hotspot", "smell")
        assert rule.severity in SEVERITIES
        assert rule.cwe
        assert rule.says.endswith(".")
        assert rule.remedy.endswith((".", ")"))
        assert rule.effort_min > 0


def test_what_is_no_danger_in_tests_is_not_told_there() -> None:
    code = 'password = "hunter2-x9"\nassert user.is_admin\n'
    assert found(code)
    assert not found(code, test=True)


def test_a_message_never_quotes_the_secret() -> None:
    told = found('password = "hunter2-x9"  # password: hunter2-x9')
    assert told
    assert not any("hunter2" in f.message + f.remediation for f in told)


def test_columns_count_characters() -> None:
    (finding,) = found('é = "é"; f(password="hunter2-é9")')
    assert (finding.place.column, finding.place.end_column) == (21, 33)
