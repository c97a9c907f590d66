"""CPU time of what every call pays: a breaker's permit, a decision, a hit in memory.

    python benchmarks/hot_path.py

Each figure is the median over batches of CPU time per operation, so that a busy machine disturbs
it little.
"""

import platform
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from accounting.ledger import open_ledger  # noqa: E402
from cache.flight import open_flights  # noqa: E402
from cache.key import Keys  # noqa: E402
from cache.layers import open_cache  # noqa: E402
from pointsman.records import Call  # noqa: E402
from pointsman.seams import Clock  # noqa: E402
from pointsman.settings import BreakerSettings, CacheSettings, RoutingSettings  # noqa: E402
from pointsman.types import ChatRequest, Message, Outcome  # noqa: E402
from routing.attempt import Attempts  # noqa: E402
from routing.backends.breaker import Breaker, Permit  # noqa: E402
from routing.backends.health import Health  # noqa: E402
from routing.backends.health import Permit as GatePermit  # noqa: E402
from routing.choice.decide import Router  # noqa: E402
from routing.choice.score import Weights  # noqa: E402
from routing.dispatch import Dispatcher  # noqa: E402
from routing.prompt.analysis import analyse  # noqa: E402
from routing.recall import Recall  # noqa: E402
from storage.database import open_database  # noqa: E402
from tests.fakes import FakeCatalogue, FakeProvider, make_model, saying  # noqa: E402

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)
BATCHES = 41
PROMPT = "Explain how a B-tree differs from a binary search tree, and when each is better."
CALL = Call(request=ChatRequest(messages=(Message("user", PROMPT),)))


def new_id() -> str:
    return secrets.token_hex(16)


async def cpu_us(operation: Callable[[], Awaitable[None]], times: int) -> float:
    """The median CPU microseconds of one `operation`."""
    figures = []
    for _ in range(BATCHES):
        started = time.process_time()
        for _ in range(times):
            await operation()
        figures.append((time.process_time() - started) / times * 1e6)
    return statistics.median(figures)


def breaker_operation() -> Callable[[], Awaitable[None]]:
    breaker = Breaker(BreakerSettings(), CLOCK.monotonic, random.random)

    async def operation() -> None:
        permit = breaker.acquire()
        assert isinstance(permit, Permit)
        breaker.report(permit, Outcome.SUCCESS)

    return operation


def gates_operation() -> Callable[[], Awaitable[None]]:
    health, model = Health(BreakerSettings(), CLOCK, random.random), make_model("a")

    async def operation() -> None:
        permit = health.admit(model)
        assert isinstance(permit, GatePermit)
        health.report(permit, Outcome.SUCCESS, latency_s=0.5, ttft_s=0.1)

    return operation


def decision_operation() -> Callable[[], Awaitable[None]]:
    health = Health(BreakerSettings(), CLOCK, random.random)
    router = Router(
        models=[make_model(name) for name in "abcdefgh"],
        view=health.view,
        readiness=lambda _: "ready",
        problem=lambda _: None,
        weights=Weights(),
        clock=CLOCK,
        new_id=new_id,
    )

    async def operation() -> None:
        router.decide(CALL, analyse(CALL.request))

    return operation


async def hit_operation(stack: AsyncExitStack, folder: Path) -> Callable[[], Awaitable[None]]:
    ledger_db = await stack.enter_async_context(open_database(folder / "l.db", kind="ledger"))
    cache_db = await stack.enter_async_context(open_database(folder / "c.db", kind="cache"))
    ledger = await stack.enter_async_context(open_ledger(ledger_db))
    settings = CacheSettings(memory_residency_s=3600)
    cache = await stack.enter_async_context(open_cache(settings, cache_db, CLOCK))
    flights = await stack.enter_async_context(open_flights())
    provider = FakeProvider("a", saying("A B-tree keeps many keys in each node."))
    dispatcher = Dispatcher(
        catalogue=FakeCatalogue([provider]),
        recall=Recall(cache=cache, key_of=Keys().key),
        flights=flights,
        ledger=ledger,
        attempts=Attempts(
            ledger=ledger,
            health=Health(BreakerSettings(), CLOCK, random.random),
            breaker=BreakerSettings(),
            idle_s=30,
            clock=CLOCK,
            new_id=new_id,
            on_defect=lambda _provider, _defect: None,
        ),
        routing=RoutingSettings(),
        clock=CLOCK,
        new_id=new_id,
    )

    async def operation() -> None:
        await dispatcher.complete(CALL)

    await operation()
    return operation


async def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    print(f"{'operation':<52}{'CPU us':>10}{'limit':>10}")
    async with AsyncExitStack() as stack:
        with tempfile.TemporaryDirectory() as folder:
            rows = [
                ("breaker: acquire + report", breaker_operation(), 2_000, 20),
                ("all gates of an endpoint: admit + report", gates_operation(), 1_000, None),
                ("analysis and decision over 8 candidates", decision_operation(), 100, 1_000),
                (
                    "exact hit in memory, dispatcher, ledger row included",
                    await hit_operation(stack, Path(folder)),
                    300,
                    100,
                ),
            ]
            for name, operation, times, limit in rows:
                figure = await cpu_us(operation, times)
                print(f"{name:<52}{figure:>10.1f}{limit or '-':>10}")
            await stack.aclose()


if __name__ == "__main__":
    anyio.run(main)
