"""Which file a module is, and what depends on what."""

from pathlib import Path

import pytest

from quality.python.modules import Modules
from quality.source import SourceFile, Tree


def tree(files: dict[str, str]) -> Tree:
    return Tree(
        root=Path("/nowhere"),
        files=tuple(
            SourceFile(path=path, language="python", text=text, sha256=f"{path}:{text}")
            for path, text in files.items()
        ),
    )


SHOP = {
    "src/shop/__init__.py": "from shop import views",
    "src/shop/views.py": "from .models import (\n  User,  # who\n  Cart)\nimport os, json",
    "src/shop/models.py": "from . import db\nfrom .json import x",
    "src/shop/db.py": "def f():\n    from shop.models import \\\n        User",
    "src/shop/json.py": "",
    "scripts/run.py": "import helper; import shop.views as v",
    "scripts/helper.py": "",
    "scripts/alone.py": "import nothing_of_ours",
    "tests/test_views.py": "from shop import db",
    "plain/part/deep.py": "",
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/shop/views.py", "shop.views"),
        ("src/shop/__init__.py", "shop"),
        ("scripts/run.py", "scripts.run"),
        ("plain/part/deep.py", "plain.part.deep"),
    ],
)
def test_a_file_has_the_name_it_is_imported_by(path: str, name: str) -> None:
    assert Modules(tree(SHOP)).name(path) == name


@pytest.mark.parametrize(
    ("module", "near", "path"),
    [
        ("shop.views", "tests/test_views.py", "src/shop/views.py"),
        ("shop", "", "src/shop/__init__.py"),
        ("helper", "scripts/run.py", "scripts/helper.py"),
        ("helper", "src/shop/views.py", None),
        ("json", "src/shop/views.py", None),
        ("plain.part.deep", "", "plain/part/deep.py"),
        ("os", "scripts/run.py", None),
    ],
)
def test_a_module_is_found_as_python_would(module: str, near: str, path: str | None) -> None:
    assert Modules(tree(SHOP)).path(module, near) == path


def test_the_owner_of_a_name_is_the_file_that_defines_it() -> None:
    found = Modules(tree(SHOP))
    assert found.owner("shop.models.User.save") == ("src/shop/models.py", "User.save")
    assert found.owner("shop.models") == ("src/shop/models.py", "")
    assert found.owner("os.path.join") is None


def test_dependencies_are_followed_to_the_end() -> None:
    found = Modules(tree(SHOP))
    package = {"src/shop/__init__.py", "src/shop/views.py", "src/shop/models.py"}
    assert found.dependencies("scripts/run.py") == {
        *package,
        "src/shop/db.py",
        "src/shop/json.py",
        "scripts/helper.py",
    }
    assert found.dependencies("scripts/alone.py") == frozenset()
    assert "src/shop/db.py" not in found.dependencies("src/shop/db.py")


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("scripts/helper.py", {"scripts/helper.py", "scripts/run.py"}),
        ("scripts/alone.py", {"scripts/alone.py"}),
        (
            "src/shop/json.py",
            SHOP.keys() - {"scripts/helper.py", "scripts/alone.py", "plain/part/deep.py"},
        ),
    ],
)
def test_a_digest_changes_with_every_dependency_and_with_nothing_else(
    changed: str, stale: set[str]
) -> None:
    before = Modules(tree(SHOP)).digests
    after = Modules(tree(SHOP | {changed: SHOP[changed] + "\n# more"})).digests
    assert {path for path in SHOP if before[path] != after[path]} == set(stale)


def test_a_package_that_is_the_root_itself_is_named() -> None:
    found = Modules(tree({"__init__.py": "", "a.py": "from . import b", "b.py": ""}))
    assert found.name("a.py") == "a"
