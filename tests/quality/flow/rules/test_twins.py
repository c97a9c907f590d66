"""Each family of rules finds the unsafe twin and is silent about the safe one."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from quality.finding import Finding
from quality.flow.analysing import analyse
from quality.flow.catalogue import Catalogue
from quality.flow.outline import Outliner
from quality.flow.rules import load_rules
from quality.source import SourceFile, Tree

HERE = Path(__file__).parent
RULES = load_rules()
OUTLINER = Outliner(Catalogue(RULES))


def twins() -> Iterator[tuple[str, str, str, str]]:
    """Rule, kind, unsafe and safe program of every block of the files beside this one.

    A block begins with "==== rule [kind]"; lines after "%unsafe" are of that twin alone, those
    after "%safe" of the other, those after "%both" of both.
    """
    for name in ("flows.txt", "patterns.txt"):
        for block in (HERE / name).read_text(encoding="utf-8").split("==== ")[1:]:
            head, _, body = block.partition("\n")
            rule, _, kind = head.partition(" ")
            yield rule, kind or "vulnerability", _twin(body, "safe"), _twin(body, "unsafe")


def _twin(body: str, other: str) -> str:
    parts = re.split(r"(?m)^%(\w+)\n", f"%both\n{body}")[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return "".join(text for name, text in named if name != other)


TWINS = list(twins())


def found(text: str) -> tuple[Finding, ...]:
    file = SourceFile(
        path="app.py", language="python", text=text, sha256=sha256(text.encode()).hexdigest()
    )
    tree = Tree(root=HERE, files=(file,))
    analysis = analyse(RULES, (file.path,), tree, {file.path: OUTLINER.outline(file)})
    assert not analysis.unread
    return analysis.findings


@pytest.mark.parametrize(
    ("rule", "kind", "unsafe", "safe"), TWINS, ids=[f"{n}-{t[0]}" for n, t in enumerate(TWINS)]
)
def test_the_unsafe_twin_is_found_and_the_safe_one_is_not(
    rule: str, kind: str, unsafe: str, safe: str
) -> None:
    assert (rule, kind) in {(each.rule, each.kind) for each in found(unsafe)}
    assert rule not in {each.rule for each in found(safe) if each.kind != "hotspot"}


def test_every_rule_has_twins() -> None:
    ids = {*RULES.flows, *(pattern.id for pattern in RULES.patterns)}
    assert {rule for rule, *_ in TWINS} == ids
