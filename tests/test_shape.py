"""The shape of the code, checked: who may import whom, and how large a piece may grow."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.rows import ROWS

ROOT = Path(__file__).parent.parent
ALLOWED = {  # folder -> the folders of ours that it may import
    "pointsman": set[str](),
    "providers": {"pointsman"},
    "storage": {"pointsman"},
    "quality": {"pointsman"},
    "cache": {"pointsman", "storage"},
    "accounting": {"pointsman", "storage"},
    "routing": {"pointsman"},
    "tools": {"pointsman", "routing", "cache", "accounting", "quality"},
    "agent": {"pointsman", "tools"},
    "server": {
        "pointsman",
        "providers",
        "storage",
        "quality",
        "cache",
        "accounting",
        "routing",
        "tools",
        "agent",
    },
}
MODULES = [p for folder in ALLOWED for p in sorted((ROOT / folder).rglob("*.py"))]


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_folders_below_it_and_stays_small(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    if path != ROOT / "pointsman/__main__.py":  # the launcher hands over to the server
        assert set(imports(tree)) & ALLOWED.keys() - {folder} <= ALLOWED[folder]
    assert text.count("\n") <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, f"{node.name} is too long"


def test_every_folder_goes_into_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {package["include"] for package in project["tool"]["poetry"]["packages"]}
    assert packages == ALLOWED.keys()


def test_routing_knows_no_provider_by_name() -> None:
    """PV-14, AT-412: who answers is data; nothing under routing/ names a backend."""
    names = {row.name for row in ROWS}
    for path in sorted((ROOT / "routing").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value.lower() not in names, f"{path.name} names {node.value}"
