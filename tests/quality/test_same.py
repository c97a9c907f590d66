"""What several engines tell of one defect is one finding, with the engines that are there."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from anyio import to_thread

import quality
from pointsman.quality_settings import QualitySettings
from quality.engines.all import make_engines
from quality.running import analyse
from tests.quality.engines.trees import tree

FOLDER = Path(quality.__file__).parent
CODE = """\
import os


def several(a=[]):  # mutable-default
    if a is "abc":  # identity-of-literal
        return 1
    if a == a:  # compared-with-itself
        return 2
    assert (a, "always")  # assert-on-tuple
    try:
        several()
    except Exception:  # swallowed-error
        pass
    return {"a": 1, "a": 2}  # duplicate-key


def late():
    file = open("x")  # never-closed
    try:
        return file.read()
    finally:
        return None  # leaves-finally


class Point:  # eq-without-hash
    def __init__(self):
        self.x = 1
        return 1  # init-returns-value

    def __eq__(self, other):
        raise NotImplemented  # raises-no-exception
"""
EXPECTED = {
    "mutable-default": ("checks", "ruff"),
    "identity-of-literal": ("checks", "ruff"),
    "compared-with-itself": ("checks", "ruff"),
    "assert-on-tuple": ("checks", "ruff"),
    "swallowed-error": ("checks", "ruff"),
    "duplicate-key": ("checks", "ruff"),
    "never-closed": ("checks", "ruff"),
    "leaves-finally": ("checks", "ruff"),
    "eq-without-hash": ("checks", "ruff"),
    "init-returns-value": ("checks", "ruff"),
    "raises-no-exception": ("checks", "ruff", "types"),
}


async def test_one_defect_is_one_finding_whoever_tells_of_it() -> None:
    settings = QualitySettings(engines=("checks", "ruff", "types", "dead_code"))
    engines = await to_thread.run_sync(make_engines, settings)
    report = await analyse(tree({"a.py": CODE}), engines, settings)
    told = {one.rule: one for one in report.findings}
    lines = {name: number for number, name in _marks()}
    assert {rule: told[rule].engines for rule in EXPECTED if rule in told} == EXPECTED
    for rule in EXPECTED:
        place = told[rule].place
        there = [
            one.rule
            for one in report.findings
            if one.place.line <= lines[rule] <= one.place.end_line and one.kind == told[rule].kind
        ]
        assert there.count(rule) == 1, place


def _marks() -> list[tuple[int, str]]:
    found = ((n, re.search(r"# ([a-z-]+)$", line)) for n, line in enumerate(CODE.split("\n"), 1))
    return [(number, mark[1]) for number, mark in found if mark]


@cache
def _families() -> dict[str, list[str]]:
    raw: dict[str, list[str]] = tomllib.loads((FOLDER / "families.toml").read_text())["rules"]
    return raw


@cache
def _told() -> dict[str, tuple[str, ...]]:
    """By engine, what the codes of its rules begin with."""
    told = {"checks": (*tomllib.loads((FOLDER / "checks/rules.toml").read_text()), "long-")}
    for engine in ("ruff", "types"):
        rows = tomllib.loads((FOLDER / f"engines/rules/of_{engine}.toml").read_text())["rule"]
        told[engine] = tuple(code for row in rows for code in row["codes"].split())
    return told


@pytest.mark.parametrize("name", sorted(_families()))
def test_a_family_names_rules_that_there_are_each_once(name: str) -> None:
    every = [rule for rules in _families().values() for rule in rules]
    for rule in _families()[name]:
        assert every.count(rule) == 1
        engine, _, code = rule.partition(":")
        known = _told().get(engine)
        assert known is None or code.startswith((*known, "syntax-error", "invalid-syntax"))
