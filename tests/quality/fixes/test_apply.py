"""Fixes written: all or none, only inside the roots, only over what was analysed."""

import os
from pathlib import Path

import pytest
from anyio import to_thread

from quality.fixes.applying import apply
from quality.fixes.errors import NotApplied
from quality.fixes.fix import Fix, Means, TestOutcome
from quality.fixes.suggesting import suggest
from quality.report import Report
from quality.source import Tree
from tests.quality.fixes.project import Engines, findings, project

YAML = "import yaml\n\n\ndef load(f):\n    return yaml.load(f)\n"
CALLS = "import requests\n\n\ndef a(u):\n    return requests.get(u)\n\n\ndef b(u):\n    return {}\n"
MEANS = Means(analyse=Engines())


async def fixes_of(tree: Tree, means: Means = MEANS) -> list[Fix]:
    found = await suggest(findings(tree), tree, means)
    fixes = [suggestion.fix for suggestion in found if suggestion.fix]
    assert len(fixes) == len(found)
    return fixes


async def test_a_fix_is_written_and_the_mode_kept(tmp_path: Path) -> None:
    tree = project(tmp_path, {"pkg/app.py": YAML})
    (tmp_path / "pkg/app.py").chmod(0o750)
    written = await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert written == ("pkg/app.py",)
    assert (tmp_path / "pkg/app.py").read_text() == YAML.replace("yaml.load", "yaml.safe_load")
    assert (tmp_path / "pkg/app.py").stat().st_mode & 0o777 == 0o750
    assert os.listdir(tmp_path / "pkg") == ["app.py"], "nothing was left behind"


async def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    tree = project(tmp_path, {"app.py": YAML})
    (tmp_path / "app.py").chmod(0o444)
    with pytest.raises(NotApplied) as raised:
        await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert raised.value.why == "it is read-only"
    assert (tmp_path / "app.py").read_text() == YAML


async def test_several_fixes_of_one_file_are_put_together(tmp_path: Path) -> None:
    two = CALLS.format("requests.get(u)")
    tree = project(tmp_path, {"app.py": two, "b.py": YAML})
    await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert (tmp_path / "app.py").read_text() == two.replace("(u)\n", "(u, timeout=10)\n")
    assert "safe_load" in (tmp_path / "b.py").read_text()


async def test_two_fixes_that_bring_an_import_each_go_together(tmp_path: Path) -> None:
    code = "import random\nimport re\n\n\ndef a(x):\n    return eval(x)\n\n\n"
    code += "def token(x):\n    return random.choice(x)\n"
    tree = project(tmp_path, {"app.py": code})
    await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    new = (tmp_path / "app.py").read_text()
    assert "ast.literal_eval(x)" in new
    assert "secrets.choice(x)" in new
    assert "import ast\n" in new
    assert "import secrets\n" in new


async def test_fixes_of_the_same_line_are_refused_together(tmp_path: Path) -> None:
    code = "import requests\n\n\ndef a(u):\n    return requests.get(u, verify=False)\n"
    tree = project(tmp_path, {"app.py": code})
    with pytest.raises(NotApplied) as raised:
        await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert "same lines" in raised.value.why
    assert (tmp_path / "app.py").read_text() == code


async def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    tree = project(tmp_path, {"a.py": YAML, "b.py": YAML})
    fixes = await fixes_of(tree)
    (tmp_path / "b.py").write_text(YAML + "# more\n")
    with pytest.raises(NotApplied) as raised:
        await apply(fixes[:1] + fixes[1:], findings(tree), tree, [tmp_path], MEANS)
    assert "changed since" in raised.value.why
    assert (tmp_path / "a.py").read_text() == YAML, "all or none"


async def test_what_was_written_before_a_failure_is_taken_back(tmp_path: Path) -> None:
    """One file under two names: the second is not what was analysed once the first is written."""
    tree = project(tmp_path, {"a.py": YAML, "./a.py": YAML})
    with pytest.raises(NotApplied) as raised:
        await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert "changed since" in raised.value.why
    assert (tmp_path / "a.py").read_text() == YAML
    assert os.listdir(tmp_path) == ["a.py"]


async def test_a_folder_swapped_for_a_link_while_fixes_are_verified(tmp_path: Path) -> None:
    tree = project(tmp_path, {"a.py": YAML, "sub/b.py": YAML})
    fixes = await fixes_of(tree)

    class Meddling(Engines):
        async def __call__(self, given: Tree) -> Report:
            if not self.trees:
                await to_thread.run_sync(swap)
            return await super().__call__(given)

    def swap() -> None:
        (tmp_path / "sub").rename(tmp_path / "gone")
        (tmp_path / "sub").symlink_to(tmp_path / "gone")

    with pytest.raises(NotApplied):
        await apply(fixes, findings(tree), tree, [tmp_path], Means(analyse=Meddling()))
    assert (tmp_path / "a.py").read_text() == YAML
    assert (tmp_path / "gone/b.py").read_text() == YAML


@pytest.mark.parametrize("way", ["file", "folder"])
async def test_a_link_that_leads_out_is_never_written_through(tmp_path: Path, way: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    tree = project(root, {"pkg/app.py": YAML})
    fixes = await fixes_of(tree)
    if way == "file":
        outside.mkdir()
        (root / "pkg/app.py").rename(outside / "app.py")
        (root / "pkg/app.py").symlink_to(outside / "app.py")
    else:
        (root / "pkg").rename(outside)
        (root / "pkg").symlink_to(outside)
    with pytest.raises(NotApplied):
        await apply(fixes, findings(tree), tree, [root], MEANS)
    assert (outside / "app.py").read_text() == YAML
    assert [p.name for p in outside.iterdir()] == ["app.py"]


async def test_only_the_roots_are_written(tmp_path: Path) -> None:
    tree = project(tmp_path / "in", {"app.py": YAML})
    (tmp_path / "other").mkdir()
    fixes = await fixes_of(tree)
    for roots in ([], [tmp_path / "other"], [tmp_path / "in" / "app.py"], [tmp_path / "i"]):
        with pytest.raises(NotApplied):
            await apply(fixes, findings(tree), tree, roots, MEANS)
    assert (tmp_path / "in/app.py").read_text() == YAML
    await apply(fixes, findings(tree), tree, [tmp_path], MEANS)
    assert (tmp_path / "in/app.py").read_text() != YAML


async def test_a_fix_that_tests_say_nothing_about_is_not_written(tmp_path: Path) -> None:
    async def red(_: Path) -> TestOutcome:
        return TestOutcome(False)

    tree = project(tmp_path, {"app.py": YAML})
    means = Means(analyse=Engines(), check=red)
    with pytest.raises(NotApplied):
        await apply(await fixes_of(tree, means), findings(tree), tree, [tmp_path], means)
    assert (tmp_path / "app.py").read_text() == YAML


async def test_line_ends_and_encoding_stay(tmp_path: Path) -> None:
    """The bytes that were not meant are those that were there."""
    windows = YAML.replace("\n", "\r\n").encode("utf-8-sig")
    latin = b"# -*- coding: latin-1 -*-\nimport yaml\nname = '\xe9'\nx = yaml.load(name)  # \xfc"
    tree = project(tmp_path, {"a.py": windows, "b.py": latin})
    await apply(await fixes_of(tree), findings(tree), tree, [tmp_path], MEANS)
    assert (tmp_path / "a.py").read_bytes() == windows.replace(b"yaml.load", b"yaml.safe_load")
    assert (tmp_path / "b.py").read_bytes() == latin.replace(b"yaml.load", b"yaml.safe_load")
