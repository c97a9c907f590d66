"""Programs of engines: what they see, and that nothing of them is left."""

import os
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from quality.engines.process import find, run
from quality.errors import EngineFailed


async def python(code: str, folder: Path, **more: object) -> bytes:
    ended = await run("x", [sys.executable, "-I", "-c", code], folder, **more)  # type: ignore[arg-type]
    return ended.output


async def gone(pid: int) -> bool:
    """Whether the process ends, or has ended and nobody has asked yet how."""
    with anyio.move_on_after(10):
        while True:
            try:
                state = await anyio.Path(f"/proc/{pid}/stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                return True
            if state.rpartition(")")[2].split()[0] == "Z":
                return True
            await anyio.lowlevel.checkpoint()
    return False


async def test_output_errors_and_code_come_back(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('no', file=sys.stderr); sys.exit(3)"
    ended = await run("x", [sys.executable, "-c", code], tmp_path, fed=b"yes")
    assert (ended.output, ended.errors, ended.code) == (b"YES\n", b"no\n", 3)


async def test_a_program_sees_an_empty_environment_and_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVATE_TOKEN", "hidden")
    seen = await python("import os; print(sorted(os.environ), os.getcwd())", tmp_path)
    assert b"PRIVATE_TOKEN" not in seen
    assert str(tmp_path).encode() in seen
    home = await python("import os; print(os.environ['HOME'])", tmp_path)
    assert home.decode().strip() == str(tmp_path)


async def test_a_cancelled_program_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pids')!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(tmp_path / 'pids')!r} + '.new', {str(tmp_path / 'pids')!r})\n"
        "time.sleep(600)\n"
    )
    pids = anyio.Path(tmp_path / "pids")
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(python, code, tmp_path)
            while not await pids.exists():
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        for pid in (await pids.read_text()).split():
            assert await gone(int(pid))


async def test_what_a_program_leaves_behind_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)\n"
    )
    with anyio.fail_after(30):
        pid = int(await python(code, tmp_path))
        assert await gone(pid)


async def test_a_program_that_prints_without_end_is_stopped(tmp_path: Path) -> None:
    with anyio.fail_after(30), pytest.raises(EngineFailed):
        await python("while True: print('x' * 10_000)", tmp_path, most=1 << 20)


async def test_a_program_that_is_not_there_fails_by_name(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed) as caught:
        await run("ruff", [str(tmp_path / "nothing")], tmp_path)
    assert caught.value.engine == "ruff"


def test_a_program_is_looked_for_beside_python_and_then_in_absolute_folders(tmp_path: Path) -> None:
    program = tmp_path / "odd-linter"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    assert find("ruff") == str(Path(sys.executable).with_name("ruff"))
    assert find("odd-linter") is None
    assert find("odd-linter", f"relative{os.pathsep}{tmp_path}") == str(program)
    assert find("odd-linter", os.path.relpath(tmp_path)) is None
