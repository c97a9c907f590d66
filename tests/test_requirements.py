"""Requirements as data: what is claimed has a test, and what a test names exists."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
TABLE: dict[str, dict[str, list[str]]] = tomllib.loads(
    (TESTS / "requirements.toml").read_text(encoding="utf-8")
)
PROOFS = {name: proofs for section in TABLE.values() for name, proofs in section.items()}
NAMED = re.compile(
    r"\b(?:RT|PV|CA|CB|SE|BM|CO|LN|FC|CQ|MM|TL|CV|API|UI|SEC|OB|ST|OP|DX|MX|AT|T|F)-\d{1,3}\b"
)
SOURCES = sorted(path for path in TESTS.rglob("*.py") if path != Path(__file__))


def defined(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    } | {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("name", [name for name, proofs in PROOFS.items() if proofs])
def test_what_is_claimed_is_proven_by_tests_that_exist(name: str) -> None:
    for proof in PROOFS[name]:
        path, _, test = proof.partition("::")
        assert test.startswith(("test_", "Test")), f"{proof} names no test"
        assert test in defined(ROOT / path), f"{proof} is not there"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_test_names_only_requirements_that_exist(path: Path) -> None:
    named = set(NAMED.findall(path.read_text(encoding="utf-8")))
    assert named <= PROOFS.keys()
