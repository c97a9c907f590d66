"""F-15: every place where a call waits is made to fail, and to be cancelled, in turn."""

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

from pointsman.errors import NoBackend, ProviderError, StorageFailed
from pointsman.records import CallRecord, Hold
from pointsman.types import ChatRequest, Model, Outcome, Piece
from tests.fakes import FakeLedger, FakeProvider, make_model, price, saying
from tests.routing.test_dispatch import Bench, ask, bench

PLACES = 9  # a call to two backends comes to fewer: the last springs nothing


class Trap:
    """Counts the places where a call waits, and springs at one of them."""

    def __init__(self, at: int, way: str, caller: anyio.CancelScope) -> None:
        self.at = at
        self.way = way
        self.caller = caller
        self.where: str | None = None  # it sprang
        self._seen = 0

    async def wait(self, where: str, expected: Exception) -> None:
        self._seen += 1
        if self._seen == self.at:
            self.where = where
            if self.way == "an error":
                raise expected
            if self.way == "a defect":
                raise ZeroDivisionError
            self.caller.cancel()
        await anyio.lowlevel.checkpoint()


class TrappedLedger(FakeLedger):
    trap: Trap

    async def hold(self, hold: Hold) -> None:
        await self.trap.wait("hold", StorageFailed("The disk is full."))
        await super().hold(hold)

    async def settle(self, record: CallRecord) -> None:
        await self.trap.wait("settle", StorageFailed("The disk is full."))
        await super().settle(record)


class TrappedProvider(FakeProvider):
    trap: Trap

    async def _pieces(self, model: str, request: ChatRequest, stream: bool) -> AsyncIterator[Piece]:
        async for piece in super()._pieces(model, request, stream):
            broken = ProviderError(self.name, "broken", outcome=Outcome.FAILURE)
            await self.trap.wait("answer", broken)
            yield piece


def trapped(at: int, way: str, caller: anyio.CancelScope) -> tuple[TrappedProvider, TrappedLedger]:
    provider, ledger = TrappedProvider("a", saying("two words")), TrappedLedger()
    provider.trap = ledger.trap = Trap(at, way, caller)
    return provider, ledger


async def attempt(b: Bench, caller: anyio.CancelScope) -> None:
    """One call, whatever becomes of it."""
    with caller, suppress(StorageFailed, ZeroDivisionError, NoBackend):
        await b.dispatcher.complete(ask())


@pytest.mark.parametrize("way", ["an error", "a defect", "the caller leaves"])
@pytest.mark.parametrize("at", range(1, PLACES + 1))
async def test_wherever_a_call_breaks_nothing_is_held_and_it_is_in_the_books(
    at: int, way: str
) -> None:
    caller = anyio.CancelScope()
    provider, ledger = trapped(at, way, caller)
    second = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    with anyio.fail_after(5):
        async with bench([provider, second], ledger=ledger) as b:
            await attempt(b, caller)
            await anyio.wait_all_tasks_blocked()
            assert_nothing_is_held(b, [provider, second])
            kept = len(ledger.settled)
            # what could not be written down is refused; everything else is, exactly once
            assert kept == (
                0 if ledger.trap.where == "settle" and way != "the caller leaves" else 1
            )
            if ledger.trap.where == "hold" and way != "the caller leaves":
                assert ledger.settled[0].attempts[0].cost == 0  # nothing was sent
            again = await b.dispatcher.complete(ask())
            assert again.completion.text in ("two words", "ok")


def assert_nothing_is_held(b: Bench, providers: list[FakeProvider]) -> None:
    assert len(b.flights) == 0
    for provider in providers:
        assert provider.open == 0
        models: list[Model] = list(provider.models)
        assert [b.health.view(model).in_flight for model in models] == [0]


async def test_the_trap_springs_at_every_kind_of_place() -> None:
    sprung: set[str | None] = set()
    for at in range(1, PLACES + 1):
        caller = anyio.CancelScope()
        provider, ledger = trapped(at, "a defect", caller)
        async with bench([provider], ledger=ledger) as b:
            await attempt(b, caller)
            sprung.add(ledger.trap.where)
    assert sprung == {"hold", "answer", "settle", None}
