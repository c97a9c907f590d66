"""Eight IDE windows on one home, with a real local model: start, memory, take-over after kill -9.

    python benchmarks/windows.py [HOME]     # HOME must have smollm2-135m-instruct

Each window is a real `pointsman serve`. Times are wall clock, from this process.
"""

# pointsman: allow-file command-injection -- on a folder of its caller's own

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from providers.local.store import ModelStore  # noqa: E402
from tests.server.windows.harness import Window, pid_of_owner, rss_mb  # noqa: E402

WINDOWS, ROUNDS = 8, 5
MODEL = "smollm2-135m-instruct"
CAPITAL = {"prompt": "What is the capital of France? Answer in one word.", "max_tokens": 60}
STORY = {"prompt": "Tell me a very long story about a fox.", "max_tokens": 400, "cache": "off"}


@asynccontextmanager
async def window_on(home: Path) -> AsyncIterator[tuple[Window, float]]:
    """A `pointsman serve`, and the seconds from its start to its list of tools."""
    command = [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), "serve"]
    env = {**os.environ, "POINTSMAN_HOME": str(home), "POINTSMAN_LOCAL__MODEL": MODEL}
    started = time.perf_counter()
    process = await anyio.open_process(command, env=env, stderr=subprocess.DEVNULL)
    async with process:
        window = Window(process)
        await window.request("tools/list")
        await window.message()
        yield window, time.perf_counter() - started
        if process.returncode is None:
            process.kill()


async def answer(window: Window, tool: str, **arguments: Any) -> Any:
    """The result of one call; other messages that come first are let go."""
    number = await window.call(tool, **arguments)
    while (message := await window.message()).get("id") != number:
        pass
    return message["result"]


def workers(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in children.split()]


def is_alive(pid: int) -> bool:
    """Whether `pid` still runs; one that is dead but not yet buried does not."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False
    return "State:\tZ" not in status


async def take_over(windows: list[Window], home: Path) -> tuple[float, int, int]:
    """Kill the owner under load: seconds until another answers, calls lost, workers left over."""
    owner = pid_of_owner(home)
    left_behind = workers(owner)
    [dead] = [window for window in windows if window.process.pid == owner]
    windows.remove(dead)
    number = await windows[0].call("complete", **STORY)
    await anyio.sleep(0.5)
    killed = time.perf_counter()
    dead.process.kill()
    message = await windows[0].message()
    assert message["id"] == number
    lost = int(message["result"]["isError"])
    while (await answer(windows[1], "route", prompt="hello"))["isError"]:
        pass
    seconds = time.perf_counter() - killed
    return seconds, lost, sum(map(is_alive, left_behind))


async def main(home: Path) -> None:
    await ModelStore(home / "models").pull(MODEL)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(window_on(home)) for _ in range(WINDOWS)]
        windows = [window for window, _ in opened]
        first = await answer(windows[0], "complete", **CAPITAL)
        started = time.perf_counter()
        again = await answer(windows[5], "complete", **CAPITAL)
        hit_ms = (time.perf_counter() - started) * 1000
        assert not first["isError"], first
        owner = pid_of_owner(home)
        relays = [w.process.pid for w in windows if w.process.pid != owner]
        row("start to tools/list, the first window", f"{opened[0][1]:.2f} s")
        row("... median of the others", f"{statistics.median(s for _, s in opened[1:]):.2f} s")
        row("memory of a relay, largest", f"{max(map(rss_mb, relays)):.0f} MB")
        row("memory of the owner", f"{rss_mb(owner):.0f} MB")
        row("model processes for eight windows", str(len(workers(owner))))
        cache = again["structuredContent"]["cache"]
        row("a hit made in another window", f"{cache['layer']} hit, {hit_ms:.1f} ms")
        rounds = [await take_over(windows, home) for _ in range(ROUNDS)]
        times = sorted(seconds for seconds, _, _ in rounds)
        row(
            f"kill -9 of the owner, {ROUNDS} times: another answers after",
            f"{statistics.median(times):.2f} s (largest {times[-1]:.2f})",
        )
        row("... calls under way that got a retryable error", f"{sum(n for _, n, _ in rounds)}")
        row("... model processes left over", str(sum(n for _, _, n in rounds)))


def row(what: str, figure: str) -> None:
    print(f"{what:<56}{figure}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        anyio.run(main, Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            anyio.run(main, Path(folder))
