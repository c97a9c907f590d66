"""Wherever a run breaks off, nothing is left behind, and it can be gone on with.

Cancelled at every place where it waits; crashed before and after every event, again and again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loop.events import Event, ModelAnswered, ModelRequested, ToolFinished, decode
from agent.loop.host import Host
from agent.task import RunResult, Task
from agent.tool import ToolResult, Use
from pointsman.agent_settings import AgentSettings
from pointsman.agents import Question, Ruling, RunStatus
from pointsman.errors import InvalidInput, NoBackend, NotFound, StorageFailed
from pointsman.records import Principal
from pointsman.types import Json
from tests.agent.books import MemoryRuns
from tests.agent.boxes import Box
from tests.agent.loop.bench import Bench, ScriptedModel, Tools, calls, says
from tests.agent.loop.world import World
from tests.fakes import SteadyClock

PLACES = 70  # the run comes to fewer: the last are never reached
EVENTS = 28  # of the run; the last is never written
TASK = Task(text="do it")


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Breaking:
    """Breaks off at the place of that number."""

    at: int = -1
    scope: anyio.CancelScope | None = None
    seen: list[str] = field(default_factory=list[str])

    async def wait(self, where: str) -> None:
        self.seen.append(where)
        if len(self.seen) == self.at and self.scope is not None:
            self.scope.cancel()
        await anyio.lowlevel.checkpoint()


@dataclass
class WaitingBook(MemoryRuns):
    wait: Callable[[str], Awaitable[None]] | None = None
    crash_at: int = -1  # of all events ever written here
    crash_after: bool = False
    written: int = 0

    async def append(self, run_id: str, number: int, event: bytes, status: RunStatus) -> None:
        self.written += 1
        if self.written == self.crash_at and not self.crash_after:
            raise Crash
        await super().append(run_id, number, event, status)
        if self.wait is not None:
            await self.wait("append")
        if self.written == self.crash_at:
            raise Crash


@dataclass
class Yes:
    wait: Callable[[str], Awaitable[None]]

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        await self.wait("ask")
        return {question.id: "yes" for question in questions}


def host(world: World, book: MemoryRuns) -> Host:
    return Host(
        complete=world.model,
        book=book,
        settings=AgentSettings(result_kb=1),
        clock=SteadyClock().clock(),
        new_id=lambda: "run-1",
        token=lambda: "0badcafe",
    )


async def go(world: World, book: MemoryRuns, task: Task) -> RunResult:
    async def watch(_: Event) -> None:
        await world.wait("event")

    return await host(world, book).run(task, Box(world.tools), Yes(world.wait), watch)


async def go_on(world: World, book: MemoryRuns) -> RunResult:
    if not book.journals.get("run-1"):
        book.runs.clear()  # it broke off before it began, and is begun anew
        return await go(world, book, TASK)
    return await go(world, book, Task(text="", resume="run-1"))


def events(book: MemoryRuns) -> list[Event]:
    return [decode(body) for body in book.journals["run-1"]]


def assert_journal_is_whole(journal: Sequence[Event]) -> None:
    """Every call has exactly one result, however the run went."""
    called = [c.id for e in journal if isinstance(e, ModelAnswered) for c in e.calls]
    ended = [e.call_id for e in journal if isinstance(e, ToolFinished)]
    assert sorted(called) == sorted(ended)
    assert len(set(called)) == len(called)


@pytest.mark.parametrize("at", range(1, PLACES + 1))
async def test_cancelled_anywhere_nothing_is_left_and_the_run_can_be_gone_on_with(at: int) -> None:
    breaking = Breaking(at)
    world, book = World(breaking.wait), WaitingBook(wait=breaking.wait)
    tasks = len(anyio.get_running_tasks())
    with anyio.fail_after(5):
        with anyio.CancelScope() as scope:
            breaking.scope = scope
            await go(world, book, TASK)
        assert world.busy == 0
        breaking.at = -1
        assert len(anyio.get_running_tasks()) == tasks
        if scope.cancelled_caught and book.journals.get("run-1"):
            assert book.runs["run-1"].status in ("cancelled", "completed")
            assert_journal_is_whole(events(book))
        result = await go_on(world, book)
    assert (result.status, result.answer) == ("completed", "done")
    assert world.busy == 0
    assert_journal_is_whole(events(book))
    assert len(set(world.ran)) == len(world.ran)  # no call has run twice
    assert len(world.paid) <= 1


async def test_every_kind_of_place_is_reached() -> None:
    breaking = Breaking()
    world, book = World(breaking.wait), WaitingBook(wait=breaking.wait)
    result = await go(world, book, TASK)
    kinds = {place.removesuffix(" begins").removesuffix(" ends") for place in breaking.seen}
    assert kinds == {"append", "event", "ask", "model", "look", "write", "pay", "report"}
    assert len(breaking.seen) < PLACES
    assert len(book.journals["run-1"]) < EVENTS
    assert result.cost == 3 * 10 + 5
    assert len(world.paid) == 1
    assert world.written == ["a", "b"]


async def crash(world: World, book: WaitingBook, at: int, after: bool) -> None:
    """Run or go on until event number `at`, counted from now, and be gone."""
    book.crash_at, book.crash_after, book.written = at, after, 0
    try:
        await go_on(world, book)
    except* Crash:
        pass
    book.crash_at = -1
    world.busy = 0


def assert_done_once(world: World, book: WaitingBook, result: RunResult) -> None:
    assert (result.status, result.answer) == ("completed", "done")
    assert_journal_is_whole(events(book))
    assert len(world.paid) == 1  # exactly once: the same key, however often it was called
    assert len(set(world.written)) == len(world.written)  # never twice: it declares nothing
    told = {s.result_summary for s in result.steps if s.tool == "write"}
    if len(world.written) < 2:
        assert any("unknown" in text for text in told)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, EVENTS + 1))
async def test_after_a_crash_at_any_event_side_effects_happen_once(at: int, after: bool) -> None:
    world, book = World(Breaking().wait), WaitingBook()
    with anyio.fail_after(5):
        await crash(world, book, at, after)
        assert_done_once(world, book, await go_on(world, book))


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=8))
@settings(max_examples=40, deadline=None)
def test_after_many_crashes_too(crashes: list[tuple[int, bool]]) -> None:
    anyio.run(_crash_often, crashes)


async def _crash_often(crashes: list[tuple[int, bool]]) -> None:
    world, book = World(Breaking().wait), WaitingBook()
    for at, after in crashes:
        await crash(world, book, at, after)
    with anyio.fail_after(5):
        assert_done_once(world, book, await go_on(world, book))


async def test_an_answer_that_was_given_is_not_asked_for_again() -> None:
    world, book = World(Breaking().wait), WaitingBook()
    await crash(world, book, 27, False)  # it was to be the last event
    calls_before = sum(isinstance(event, ModelAnswered) for event in events(book))
    result = await go_on(world, book)
    assert result.status == "completed"
    assert sum(isinstance(event, ModelAnswered) for event in events(book)) == calls_before


# --- what a resumed run is -------------------------------------------------------------------


async def test_a_run_that_ended_gives_its_recorded_result() -> None:
    tools = Tools()
    bench = Bench(ScriptedModel(calls(("look", {})), says("done")), [tools.make("look")])
    first = await bench.run()
    bench.model = ScriptedModel()
    written = len(bench.book.journals["run-1"])
    assert await bench.run(resume="run-1") == first
    assert len(bench.book.journals["run-1"]) == written


async def test_a_run_at_a_limit_goes_on_where_the_limit_is_higher() -> None:
    tools = Tools()
    model = ScriptedModel(calls(("look", {"n": 1})), says("so far"))
    bench = Bench(model, [tools.make("look")])
    first = await bench.run(max_turns=1)
    bench.model = ScriptedModel()
    assert await bench.run(resume="run-1", max_turns=1) == first
    bench.model = ScriptedModel(calls(("look", {"n": 2})), says("done"))
    again = await bench.run(resume="run-1", max_turns=5)
    assert (again.status, again.answer, len(again.steps)) == ("completed", "done", 2)


async def test_a_run_belongs_to_who_began_it() -> None:
    bench = Bench(ScriptedModel(says("done")))
    await bench.run()
    other = Principal(id="other")
    for task in (Task(text="", resume="none"), Task(text="", resume="run-1", principal=other)):
        with pytest.raises(NotFound):
            await bench.host().run(task, Box([]))


async def test_a_run_under_way_is_not_gone_on_with_beside_itself() -> None:
    began, free = anyio.Event(), anyio.Event()

    async def wait(where: str) -> None:
        if where == "model":
            began.set()
            await free.wait()

    world, book = World(wait), WaitingBook()
    one = host(world, book)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(one.run, TASK, Box(world.tools), Yes(world.wait))
            await began.wait()
            with pytest.raises(InvalidInput):
                await one.run(Task(text="", resume="run-1"), Box(world.tools))
            free.set()
    assert len(world.paid) == 1


async def test_a_process_that_lost_its_run_to_another_stops_at_once() -> None:
    began, free = anyio.Event(), anyio.Event()

    async def wait(where: str) -> None:
        if where == "model" and not free.is_set():
            began.set()
            await free.wait()

    async def at_once(_: str) -> None: ...

    book = WaitingBook()
    first, second = World(wait), World(at_once)
    failed: list[StorageFailed] = []

    async def lose() -> None:
        try:
            await go(first, book, TASK)
        except StorageFailed as error:
            failed.append(error)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(lose)
            await began.wait()
            result = await go_on(second, book)
            free.set()
    assert result.status == "completed"
    assert len(failed) == 1
    assert first.ran == []
    assert_journal_is_whole(events(book))


async def test_a_lost_model_call_is_paid_for_as_far_as_is_known() -> None:
    """Its cost is in the ledger; the run says that it does not know it."""
    world, book = World(Breaking().wait), WaitingBook()
    await crash(world, book, 2, True)  # asked, and not yet answered
    result = await go_on(world, book)
    assert result.cost is None
    assert len(result.notes) == 1


async def test_what_a_model_call_cost_is_not_known_when_the_run_was_cancelled() -> None:
    world, book = World(Breaking().wait), WaitingBook()
    scope = anyio.CancelScope()

    async def stop(where: str) -> None:
        if where == "model":
            scope.cancel()
            await anyio.sleep_forever()

    world.wait = stop
    with scope:
        await go(world, book, TASK)
    stopped = await host(world, book).recorded("run-1", TASK.principal)
    assert (stopped.status, stopped.cost, len(stopped.notes)) == ("cancelled", None, 1)
    world.wait = Breaking().wait
    result = await go_on(world, book)
    assert (result.status, result.cost, result.notes) == ("completed", None, stopped.notes)


async def test_a_lost_model_call_counts_as_the_dearest_before_it() -> None:
    world, book = World(Breaking().wait), WaitingBook()
    await crash(world, book, 12, True)
    assert isinstance(events(book)[-1], ModelRequested)
    await go_on(world, book)
    first, second, _ = [call.max_cost or 0 for call in world.asked]
    assert first - second == 10 + 2 * 1 + 10  # the answer, two tools, and what was lost


async def test_what_a_tool_that_spends_cost_is_not_known_when_the_run_was_cancelled() -> None:
    tools = Tools()
    scope = anyio.CancelScope()

    async def stop(_: Mapping[str, Json], use: Use) -> ToolResult:
        scope.cancel()
        await anyio.sleep_forever()
        raise AssertionError

    buy = tools.make("buy", stop, risk="spend")
    rules = AgentSettings(rules={"buy": "allow"})
    bench = Bench(ScriptedModel(calls(("buy", {})), says("done")), [buy], rules)
    with scope:
        await bench.run()
    result = await bench.run(resume="run-1")
    assert (result.status, result.cost, tools.times("buy")) == ("completed", None, 1)


async def test_a_run_that_is_gone_on_with_keeps_its_list_of_tools() -> None:
    tools = Tools()
    box = [tools.make("look"), tools.make("other"), tools.make("x", server="acme", own_name="note")]
    bench = Bench(ScriptedModel(NoBackend("Nobody.")), box)
    await bench.run(tools=("look", "acme/note"))
    bench.model = ScriptedModel(calls(("other", {}), ("look", {})), says("done"))
    result = await bench.run(resume="run-1")
    assert [tool.name for tool in bench.model.last.request.tools] == ["look", "x"]
    assert [step.is_error for step in result.steps] == [True, False]
    assert tools.times("other") == 0
