"""Identical calls that share one flight."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.flight import SharedFlights, open_flights
from pointsman.errors import EngineGone, NoBackend, PointsmanError
from pointsman.money import Usage
from pointsman.records import MISS, Answer
from pointsman.seams import Emit
from pointsman.types import Completion

Start = Callable[[Emit], Awaitable[Answer]]


def answer(text: str) -> Answer:
    completion = Completion(text=text, finish_reason="stop", usage=Usage(), model="m")
    return Answer(
        completion=completion,
        model="m",
        provider="acme",
        local=False,
        cost=1,
        saved=0,
        latency_ms=1.0,
        cache=MISS,
        category="general",
        decision_id="d",
        attempts=(),
    )


@dataclass
class Upstream:
    """A call that says each letter of "abc" when it is told to, and counts what becomes of it."""

    error: Exception | None = None
    starts: int = 0
    ends: int = 0
    running: int = 0
    step: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(0))
    said: anyio.Event = field(default_factory=anyio.Event)

    async def __call__(self, emit: Emit) -> Answer:
        self.starts += 1
        self.running += 1
        try:
            for letter in "abc":
                await self.step.acquire()
                emit(letter)
                self.said.set()
            if self.error:
                raise self.error
            self.ends += 1
            return answer("abc")
        finally:
            self.running -= 1

    def go(self, steps: int = 3) -> None:
        for _ in range(steps):
            self.step.release()


async def listen(
    flights: SharedFlights, start: Start, heard: list[list[str | Answer]], key: str = "k"
) -> None:
    mine: list[str | Answer] = []
    heard.append(mine)
    async with flights.join(key, start) as pieces:
        async for piece in pieces:
            mine.append(piece)


WHOLE = ["a", "b", "c", answer("abc")]


async def test_identical_calls_become_one_and_each_hears_all_of_it() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    with anyio.fail_after(5):
        async with open_flights() as flights:
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(listen, flights, upstream, heard)
                await anyio.wait_all_tasks_blocked()
                upstream.go(2)
                await anyio.wait_all_tasks_blocked()
                group.start_soon(listen, flights, upstream, heard)  # late, and misses nothing
                await anyio.wait_all_tasks_blocked()
                upstream.go(1)
            assert len(flights) == 0
    assert heard == [WHOLE] * 21
    assert upstream.starts == 1


async def test_other_calls_fly_alone() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    upstream.go(6)
    with anyio.fail_after(5):
        async with open_flights() as flights, anyio.create_task_group() as group:
            group.start_soon(listen, flights, upstream, heard, "one")
            group.start_soon(listen, flights, upstream, heard, "two")
    assert upstream.starts == 2


async def test_a_call_after_the_landing_flies_again() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    upstream.go(6)
    with anyio.fail_after(5):
        async with open_flights() as flights:
            await listen(flights, upstream, heard)
            await listen(flights, upstream, heard)
    assert upstream.starts == 2


@pytest.mark.parametrize("error", [NoBackend("none", causes=()), ZeroDivisionError("a defect")])
async def test_what_went_wrong_reaches_everybody_and_the_next_call_is_not_hurt(
    error: Exception,
) -> None:
    failing, heard, raised = Upstream(error), list[list[str | Answer]](), list[Exception]()

    async def expect() -> None:
        try:
            await listen(flights, failing, heard)
        except (PointsmanError, ZeroDivisionError) as caught:
            raised.append(caught)

    with anyio.fail_after(5):
        async with open_flights() as flights:
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(expect)
                await anyio.wait_all_tasks_blocked()
                failing.go()
            assert len(raised) == 10
            assert all(caught is error for caught in raised)
            assert heard == [["a", "b", "c"]] * 10
            assert depth(error) < 12  # the traceback of one traveller, not of ten
            upstream = Upstream()
            upstream.go()
            await listen(flights, upstream, heard)
    assert upstream.ends == 1


def depth(error: Exception) -> int:
    count, traceback = 0, error.__traceback__
    while traceback is not None:
        count, traceback = count + 1, traceback.tb_next
    return count


async def test_a_traveller_who_leaves_does_not_end_the_flight() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    with anyio.fail_after(5):
        async with open_flights() as flights, anyio.create_task_group() as group:
            first = anyio.CancelScope()

            async def leave() -> None:
                with first:
                    await listen(flights, upstream, heard)

            group.start_soon(leave)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(listen, flights, upstream, heard)
            await anyio.wait_all_tasks_blocked()
            first.cancel()  # who started it, at that
            await anyio.wait_all_tasks_blocked()
            upstream.go()
    assert heard == [[], WHOLE]
    assert upstream.ends == 1


async def test_the_flight_ends_when_the_last_traveller_leaves() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    with anyio.fail_after(5):
        async with open_flights() as flights:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(listen, flights, upstream, heard)
                await anyio.wait_all_tasks_blocked()
                assert upstream.running == 1
                group.cancel_scope.cancel()
            assert upstream.running == 0  # not only told to end: it has
            assert len(flights) == 0
    assert upstream.ends == 0


async def test_a_call_may_leave_after_the_first_piece() -> None:
    upstream = Upstream()
    upstream.go(1)
    with anyio.fail_after(5):
        async with open_flights() as flights:
            async with flights.join("k", upstream) as pieces:
                async for piece in pieces:
                    assert piece == "a"
                    break
            assert upstream.running == 0


async def test_who_comes_while_a_flight_is_being_ended_gets_a_new_one() -> None:
    cleaning, cleaned = anyio.Event(), anyio.Event()
    heard: list[list[str | Answer]] = []

    async def slow_to_end(emit: Emit) -> Answer:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                cleaning.set()
                await cleaned.wait()
        raise AssertionError

    upstream = Upstream()
    upstream.go()
    with anyio.fail_after(5):
        async with open_flights() as flights, anyio.create_task_group() as group:
            leaving = anyio.CancelScope()

            async def leave() -> None:
                with leaving:
                    await listen(flights, slow_to_end, heard)

            group.start_soon(leave)
            await anyio.wait_all_tasks_blocked()
            leaving.cancel()
            await cleaning.wait()
            await listen(flights, upstream, heard)
            cleaned.set()
    assert heard[-1] == WHOLE


async def test_closing_ends_what_is_under_way() -> None:
    upstream, heard = Upstream(), list[list[str | Answer]]()
    gone: list[str] = []

    async def wait() -> None:
        try:
            await listen(flights, upstream, heard)
        except EngineGone as error:
            gone.append(error.code)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            async with open_flights() as flights:
                group.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
            assert upstream.running == 0
    assert gone == ["cancelled"]


async def come_to_rest() -> None:
    """Let every task go on until it waits; nothing here waits for more than another task."""
    for _ in range(30):
        await anyio.lowlevel.checkpoint()


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "go"]), st.integers(0, 1), st.integers(0, 5)),
    max_size=25,
)


@settings(deadline=None, max_examples=100)
@given(STEPS, st.booleans())
async def test_in_any_order_of_coming_leaving_and_speaking_nothing_is_lost_or_left(
    steps: list[tuple[str, int, int]], fails: bool
) -> None:
    """Whoever stays hears a whole flight, or its error; no two fly for one key; none is left."""
    upstreams = [Upstream(NoBackend("none") if fails else None) for _ in range(2)]
    ends: list[list[str | Answer]] = []

    async def travel(key: int, scope: anyio.CancelScope) -> None:
        heard: list[list[str | Answer]] = []
        with scope:
            try:
                await listen(flights, upstreams[key], heard, str(key))
            except NoBackend:
                heard[0].append(answer("abc"))
            ends.append(heard[0])

    with anyio.fail_after(10):
        async with open_flights() as flights:
            async with anyio.create_task_group() as group:
                scopes: list[anyio.CancelScope] = []
                for action, key, which in steps:
                    if action == "join":
                        scopes.append(anyio.CancelScope())
                        group.start_soon(travel, key, scopes[-1])
                    elif action == "leave" and scopes:
                        scopes[which % len(scopes)].cancel()
                    elif action == "go":
                        upstreams[key].go(1)
                    await come_to_rest()
                    assert all(upstream.running <= 1 for upstream in upstreams)
                    assert len(flights) == sum(upstream.running for upstream in upstreams)
                for upstream in upstreams:
                    upstream.go(100)
            assert len(flights) == 0
            assert all(upstream.running == 0 for upstream in upstreams)
    assert all(heard == WHOLE for heard in ends)
