"""The local model on one thread: load, first text, speed, crash; each runtime installed.

    python benchmarks/local_model.py [MODEL.gguf]   # default: the store's default model

Wall clock, on whatever else the machine is doing; memory is the worker's resident set.
"""

import importlib.util
import os
import platform
import signal
import statistics
import sys
import time
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.errors import ProviderError  # noqa: E402
from pointsman.seams import Clock  # noqa: E402
from pointsman.settings import LocalSettings  # noqa: E402
from pointsman.types import ChatRequest, Completion, Message  # noqa: E402
from providers.local.provider import LocalProvider, open_local  # noqa: E402
from providers.local.store import ModelStore  # noqa: E402
from tests.server.windows.harness import rss_mb  # noqa: E402

RUNTIMES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
CLOCK = Clock(monotonic=time.monotonic, wall=time.time)
DEFAULT = "qwen2.5-coder-0.5b-instruct"
ROUNDS = 5


def asking(text: str, max_tokens: int) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), max_tokens=max_tokens, temperature=0)


async def timed(provider: LocalProvider, model: str, request: ChatRequest) -> tuple[float, float]:
    """Seconds to the first text, and tokens a second after it."""
    started = time.perf_counter()
    first = 0.0
    async with provider.answer(model, request, stream=True) as pieces:
        async for piece in pieces:
            first = first or time.perf_counter() - started
            if isinstance(piece, Completion):
                rest = time.perf_counter() - started - first
                return first, piece.usage.output_tokens / max(rest, 1e-9)
    raise AssertionError("an answer ends with its completion")


async def measure(runtime: str, source: str) -> None:
    settings = LocalSettings.model_validate(
        {"model": source, "fallback": None, "runtime": runtime, "context": 2048}
    )
    async with open_local(settings, ModelStore(ROOT / ".cache" / "models"), CLOCK) as provider:
        model = provider.models[0].id
        started = time.perf_counter()
        await provider.prewarm()
        row("load", f"{time.perf_counter() - started:.2f} s")
        question = "What is the capital of France? Answer in one word."
        first, _ = await timed(provider, model, asking(question, 16))
        row("first text, a new short prompt", f"{first:.2f} s")
        again = [await timed(provider, model, asking(question, 16)) for _ in range(ROUNDS)]
        row("first text, the same prompt again", f"{statistics.median(f for f, _ in again):.2f} s")
        story = asking("Tell me a story about a fox.", 64)
        speeds = [(await timed(provider, model, story))[1] for _ in range(ROUNDS)]
        row("generation", f"{statistics.median(speeds):.0f} tokens/s")
        pid = provider.pid(model)
        assert pid is not None
        row(
            "memory of the worker; of this process",
            f"{rss_mb(pid):.0f}; {rss_mb(os.getpid()):.0f} MB",
        )
        os.kill(pid, signal.SIGSEGV)
        started = time.perf_counter()
        while True:
            try:
                await timed(provider, model, asking("Say hi.", 2))
                break
            except ProviderError:
                await anyio.sleep(0.01)
        row("native crash to the next answer", f"{time.perf_counter() - started:.2f} s")


def row(what: str, figure: str) -> None:
    print(f"  {what:<44}{figure}")


async def main(source: str) -> None:
    print(f"{Path(source).name}, 1 thread, Python {platform.python_version()}")
    for runtime, module in RUNTIMES.items():
        if importlib.util.find_spec(module):
            print(runtime)
            await measure(runtime, source)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else DEFAULT)
