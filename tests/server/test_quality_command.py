"""`pointsman quality` as a build and a person meet it."""

import json
import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from server.commands.stopping import TERMINATED, until_told
from tests.server.test_cli import run

BAD = "import os\nimport sys\n\nos.system(sys.argv[1])\n"
SETTINGS = """\
[local]
enabled = false
[quality]
engines = ["flow", "checks"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.toml").write_text(SETTINGS)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(BAD)
    return tmp_path / "home"


def test_a_gate_that_fails_is_told_by_the_exit_code_only_if_that_is_wanted(home: Path) -> None:
    assert run(home, "quality", "code").returncode == 0
    done = run(home, "quality", "code", "--fail-on", "gate", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["gate"]["status"] == "failed"
    assert done.stderr == ""


@pytest.mark.parametrize("option", ["--baseline", "--coverage", "--sarif"])
def test_a_named_file_that_is_not_there_is_wrong_usage(home: Path, option: str) -> None:
    """Without it, the gate would ask for less than whoever named it believes."""
    done = run(home, "quality", "code", option, "gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert "gone" in done.stderr


def test_a_baseline_that_is_written_need_not_be_there(home: Path) -> None:
    written = run(home, "quality", "code", "--baseline", "known.json", "--write-baseline")
    assert written.returncode == 0, written.stderr
    assert run(home, "quality", "code", "--baseline", "known.json").returncode == 0


def test_a_home_that_cannot_be_made_is_told(home: Path) -> None:
    home.write_text("a file")
    done = run(home, "quality", "code")
    assert done.returncode == 2
    assert "cannot be made" in done.stderr


def test_what_an_engine_could_not_read_is_told(home: Path) -> None:
    (home.parent / "code" / "b.py").write_text("def f(:\n    x = (\n")
    done = run(home, "quality", "code")
    assert "checks did not judge all of b.py: lines 1-2 could not be read" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
async def test_what_is_stopped_closes_what_it_opened(name: str) -> None:
    closed = False

    async def work() -> int:
        nonlocal closed
        try:
            os.kill(os.getpid(), signal.Signals[name])
            await anyio.sleep_forever()
            return 0
        finally:
            closed = True

    with anyio.fail_after(5):
        assert await until_told(work) == TERMINATED
    assert closed


async def test_what_ends_by_itself_says_how() -> None:
    async def work() -> int:
        return 7

    assert await until_told(work) == 7
