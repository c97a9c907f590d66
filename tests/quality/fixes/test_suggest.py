"""Findings, and a model that nobody should trust: only what holds is offered."""

import subprocess
from pathlib import Path

import pytest

from quality.finding import Finding
from quality.fixes.fix import Means, Suggestion
from quality.fixes.suggesting import suggest
from quality.source import Tree
from tests.quality.fixes.answers import BAD, EVIL, GOOD, Try
from tests.quality.fixes.project import Engines, Script, findings, project


async def suggested(tree: Tree, finding: Finding, means: Means) -> Suggestion:
    (suggestion,) = await suggest([finding], tree, means)
    return suggestion


def state(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def git_applied(root: Path, diff: str) -> dict[str, bytes]:
    subprocess.run(
        ["git", "apply", "-"],  # noqa: S607
        input=diff.encode(),
        cwd=root,
        check=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(root.parent)},
    )
    return state(root)


@pytest.mark.parametrize("case", GOOD + BAD + EVIL, ids=lambda case: case.name)
async def test_only_good_fixes_are_offered(case: Try, tmp_path: Path) -> None:
    """AT-305: of good, bad, malicious and non-applying answers only the good ones come through."""
    tests = "def test_x():\n    pass\n"
    tree = project(tmp_path, {"app.py": case.code, "tests/test_app.py": tests})
    before = state(tmp_path)
    (finding,) = findings(tree, case.rule)
    means = Means(analyse=Engines(), ask=Script(case.answer), attempts=1)
    result = await suggested(tree, finding, means)
    assert state(tmp_path) == before, "the project itself was touched"
    assert (result.fix is not None) == case.good, result.refused
    if result.fix is None:
        assert any(word in result.refused[-1] for word in case.why.split("|")), result.refused
        return
    assert result.fix.verified.whole
    assert result.fix.source == "model"
    patched = git_applied(tmp_path, result.fix.diff)
    assert patched == before | {"app.py": result.fix.change.after}
