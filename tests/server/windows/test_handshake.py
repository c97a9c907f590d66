"""The recorded handshake, against the server it was recorded from."""

import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import orjson
import pytest

from server.windows.handshake import FILE, load_snapshot
from server.windows.handshake_record import TOOLSETS, record_ours
from tests.server.windows.harness import ROOT


@pytest.mark.parametrize("toolsets", TOOLSETS, ids=",".join)
async def test_the_recording_is_what_the_server_answers(
    toolsets: tuple[str, ...], tmp_path: Path
) -> None:
    snapshot = await anyio.to_thread.run_sync(load_snapshot, toolsets)
    assert snapshot is not None, "record it: python -m server.windows.handshake_record"
    assert snapshot.answers == await record_ours(toolsets, tmp_path), "record it anew"


def test_a_recording_of_other_toolsets_or_another_version_is_not_used(tmp_path: Path) -> None:
    assert load_snapshot(["core", "nonsense"]) is None
    assert load_snapshot(["core"], tmp_path / "missing.json") is None
    old = tmp_path / "old.json"
    old.write_bytes(orjson.dumps({**orjson.loads(FILE.read_bytes()), "version": "0.0.0"}))
    assert load_snapshot(["core"], old) is None


def test_a_front_loads_none_of_the_slow_libraries() -> None:
    """It answers in a fraction of the second that they take, and stays a tenth of their size."""
    slow = {"mcp", "mcp_types", "pydantic", "structlog", "httpx", "starlette", "uvicorn"}
    check = f"import sys, server.windows; sys.exit(bool({slow!r} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0  # noqa: S603
