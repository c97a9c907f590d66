"""Many windows, one engine (DESIGN section 4), with real processes."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import orjson
import pytest

from pointsman.errors import PointsmanError
from server.windows.client import call_engine
from tests.server.windows.harness import INITIALIZE, Window, open_window, pid_of_owner, rss_mb

pytestmark = pytest.mark.skipif(
    not Path("/proc/locks").exists(), reason="needs /proc to see who owns a home"
)
TOO_LONG = 50


async def test_eight_windows_share_one_engine_and_outlive_its_death(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        windows = [await stack.enter_async_context(open_window(tmp_path)) for _ in range(8)]
        with anyio.fail_after(TOO_LONG):
            for number, window in enumerate(windows):
                answer = await window.echo(f"hello {number}")
                assert answer["structuredContent"]["text"] == f"hello {number}"
        owner = pid_of_owner(tmp_path)
        relays = [window for window in windows if window.process.pid != owner]
        assert len(relays) == 7
        assert all(rss_mb(window.process.pid) < 80 for window in relays)

        busy = relays[0]
        waiting = await busy.request("tools/call", name="wait", meta={"progressToken": "p"})
        with anyio.fail_after(TOO_LONG):
            assert (await busy.message())["params"]["message"] == "waiting"
            [dead] = [window for window in windows if window.process.pid == owner]
            dead.process.kill()
            lost = await busy.message()
            assert lost["id"] == waiting
            assert lost["result"]["isError"]
            assert lost["result"]["structuredContent"]["error"]["code"] == "cancelled"
            assert "again" in lost["result"]["content"][0]["text"]
            for window in relays:
                answer = await window.echo_at_last("still here")
                assert answer["structuredContent"]["text"] == "still here"
        assert pid_of_owner(tmp_path) in {window.process.pid for window in relays}


async def test_the_command_line_uses_the_engine_of_a_window(tmp_path: Path) -> None:
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            await window.echo("ready")
            result = await call_engine(tmp_path, "echo", {"text": "hello"})
            assert result == {"text": "hello", "state": str(tmp_path)}
            with pytest.raises(PointsmanError):
                await call_engine(tmp_path, "nonsense", {})


async def test_what_libraries_print_stays_off_the_wire(tmp_path: Path) -> None:
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            await window.echo("a tool that prints")
            await window.close_stdin()
            assert await window.rest() == []


@pytest.mark.parametrize("ending", ["end of input", "SIGTERM"])
async def test_a_window_that_closes_ends_its_call_and_its_process(
    tmp_path: Path, ending: str
) -> None:
    """F-17: the owner leaves with 0, and the call it was busy with is cancelled."""
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            await window.request("tools/call", name="wait", meta={"progressToken": 1})
            assert (await window.message())["method"] == "notifications/progress"
            if ending == "SIGTERM":
                window.process.send_signal(signal.SIGTERM)
            else:
                await window.close_stdin()
            assert await window.process.wait() == 0
    assert (tmp_path / "cancelled").exists()
    assert not (tmp_path / "engine.sock").exists()


async def test_a_window_that_is_killed_has_its_call_cancelled_in_the_engine(
    tmp_path: Path,
) -> None:
    async with open_window(tmp_path) as owner:
        with anyio.fail_after(TOO_LONG):
            await owner.echo("I was first")
            async with open_window(tmp_path) as guest:
                await guest.request("tools/call", name="wait", meta={"progressToken": 1})
                await guest.message()
                guest.process.kill()
            while not await anyio.Path(tmp_path / "cancelled").exists():
                await owner.echo("does it know?")


async def test_an_owner_that_leaves_in_order_ends_the_calls_of_others_so_they_can_be_retried(
    tmp_path: Path,
) -> None:
    async with open_window(tmp_path) as owner:
        with anyio.fail_after(TOO_LONG):
            await owner.echo("I was first")
        async with open_window(tmp_path) as guest:
            await leave_while_busy(owner, guest)
            with anyio.fail_after(TOO_LONG):
                assert not (await guest.echo_at_last("mine now"))["isError"]
            assert pid_of_owner(tmp_path) == guest.process.pid


async def leave_while_busy(owner: Window, guest: Window) -> None:
    with anyio.fail_after(TOO_LONG):
        id = await guest.request("tools/call", name="wait", meta={"progressToken": 1})
        await guest.message()
        await owner.close_stdin()
        assert await owner.process.wait() == 0
        lost = await guest.message()
        assert lost["id"] == id
        assert lost["result"]["structuredContent"]["error"]["code"] == "cancelled"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can pretend to be somebody else")
async def test_another_user_is_not_served(tmp_path: Path) -> None:
    knock = (
        "import os, socket, sys; os.setuid(int(sys.argv[2]));"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "sys.stdout.buffer.write(s.recv(100))"
    )
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            await window.echo("ready")
            door = tmp_path / "engine.sock"
            for path, mode in ((door, 0o666), *((folder, 0o755) for folder in door.parents[:3])):
                await anyio.Path(path).chmod(mode)
            for user, heard in ((65534, False), (os.geteuid(), True)):
                command = [sys.executable, "-c", knock, str(door), str(user)]
                done = await anyio.run_process(command)
                assert (b"hello" in done.stdout) is heard


async def test_a_cancelled_call_stops_in_the_engine_and_is_not_answered(tmp_path: Path) -> None:
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            id = await window.request("tools/call", name="wait", meta={"progressToken": 1})
            await window.message()
            await window.send(
                b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}'
                % id
            )
            while not await anyio.Path(tmp_path / "cancelled").exists():
                await window.echo("does it know?")


async def test_junk_and_an_endless_line_are_answered_and_survived(tmp_path: Path) -> None:
    """T-10: bounded memory, a parse error, and life goes on."""
    async with open_window(tmp_path) as window:
        with anyio.fail_after(TOO_LONG):
            for junk in (b"\xff\x00 no JSON", b"[1, 2]", b'{"jsonrpc": "2.0", "id": 7}'):
                await window.send(junk)
                assert (await window.message())["error"]["code"] in {-32700, -32600}
            await window.send(b'"' + b"x" * 40 * 1024 * 1024 + b'"')
            assert (await window.message())["error"]["code"] == -32700
            assert (await window.echo("alive"))["structuredContent"]["text"] == "alive"


async def test_an_http_server_takes_the_home_over_and_keeps_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        with anyio.fail_after(TOO_LONG):
            window = await stack.enter_async_context(open_window(tmp_path))
            await window.send(legacy(1, "initialize", INITIALIZE))
            assert (await window.message())["result"]["protocolVersion"] == "2025-06-18"
            await window.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
            assert pid_of_owner(tmp_path) == window.process.pid

            http = await stack.enter_async_context(open_window(tmp_path, "http"))
            assert await http.message() == {"owner": True}
            assert pid_of_owner(tmp_path) == http.process.pid
            echo = {"name": "echo", "arguments": {"text": "same window, new engine"}}
            await window.send(legacy(2, "tools/call", echo))
            assert (await window.message())["result"]["structuredContent"]["text"] == (
                "same window, new engine"
            )

            second = await stack.enter_async_context(open_window(tmp_path, "http"))
            assert await second.process.wait() == 1
            assert pid_of_owner(tmp_path) == http.process.pid

            await http.close_stdin()
            await http.process.wait()
            await window.send(legacy(3, "tools/list", {}))  # a call might be told to try again
            assert (await window.message())["id"] == 3
            assert pid_of_owner(tmp_path) == window.process.pid


async def test_an_engine_that_cannot_start_is_told_to_the_window_and_ends_it(
    tmp_path: Path,
) -> None:
    async with open_window(tmp_path, "broken") as window:
        with anyio.fail_after(TOO_LONG):
            await window.call("echo", text="anybody?")
            assert (await window.message())["result"]["isError"]
            assert await window.process.wait() == 1


async def test_a_home_with_a_long_path_works(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 60) / ("y" * 60)
    async with open_window(home) as window:
        with anyio.fail_after(TOO_LONG):
            assert (await window.echo("far away"))["structuredContent"]["state"] == str(home)


def legacy(id: int, method: str, params: Mapping[str, object]) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
