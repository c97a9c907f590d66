"""A project's tests over a change: what they see, and that nothing they do stays."""

import sys
from pathlib import Path

import pytest

from quality.files.projects import project_of
from quality.fixes.fix import TestOutcome
from tools.quality.testing import Tests

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")


def project(folder: Path) -> tuple[Path, Path]:
    """A project's folder of code, and the copy with a change in it."""
    (folder / "project/src").mkdir(parents=True)
    (folder / "project/pyproject.toml").write_text("")
    (folder / "project/src/value").write_text("old")
    (folder / "project/src/other").write_text("other")
    (folder / "copy").mkdir()
    (folder / "copy/value").write_text("new")
    return folder / "project/src", folder / "copy"


async def outcome(folder: Path, script: str, seconds: float = 20) -> TestOutcome:
    root, copy = project(folder)
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id").write_text("a key")
    (home / ".netrc").write_text("a password")
    tests = Tests(
        command=("/bin/sh", "-c", script.format(home=home)),
        seconds=seconds,
        home=home,
        path="/usr/bin:/bin",
    )
    return await tests.of(root)(copy)


@pytest.mark.parametrize(
    ("script", "green"),
    [
        ("test $(cat src/value) = new", True),  # the change is there, from the project's root
        ("test $(cat src/value) = old", False),
        ("test $(cat src/other) = other", True),  # and so is what did not change
        ("echo a > src/made && test $(cat src/made) = a", True),  # they may write
        ("test -e {home}/.ssh/id", False),
        ("grep -q password {home}/.netrc", False),
        ("echo a > /etc/made", False),  # but to nothing else
        ("test $(cat /proc/net/dev | wc -l) = 3", True),  # one interface, the loopback
        ("kill -9 $PPID; sleep 30", False),  # it sees no process outside
    ],
)
async def test_the_tests_see_the_project_with_the_change_and_little_else(
    script: str, green: bool, tmp_path: Path
) -> None:
    assert (await outcome(tmp_path, script, 5)).green is green


async def test_what_they_write_is_gone_afterwards(tmp_path: Path) -> None:
    await outcome(tmp_path, "echo a > src/made; echo b > src/value; rm src/other")
    source = tmp_path / "project/src"
    assert sorted(path.name for path in source.iterdir()) == ["other", "value"]
    assert (source / "value").read_text() == "old"
    assert (tmp_path / "copy/value").read_text() == "new"


async def test_the_end_of_their_output_is_told(tmp_path: Path) -> None:
    told = (await outcome(tmp_path, "seq 1000; echo AssertionError >&2; exit 1")).says
    assert told.endswith("AssertionError")
    assert len(told.splitlines()) == 25


async def test_tests_that_do_not_end_are_ended(tmp_path: Path) -> None:
    ended = await outcome(tmp_path, "sleep 1000", seconds=0.5)
    assert not ended.green
    assert "longer than 0.5 s" in ended.says


def test_a_project_is_the_nearest_folder_that_looks_like_one(tmp_path: Path) -> None:
    root, _ = project(tmp_path)
    assert project_of(root) == tmp_path / "project"
    (root / "setup.py").write_text("")
    assert project_of(root) == root
