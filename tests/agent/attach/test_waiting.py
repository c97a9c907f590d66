"""A call's time limit, which signs of life put off."""

import anyio

from agent.attach.waiting import within
from agent.tool import Progress, ToolResult
from tests.agent.attach.attaching import ToldClock


async def untold(_done: float, _total: float | None, _message: str) -> None: ...


async def test_progress_puts_the_limit_off_and_silence_ends_the_call() -> None:
    clock = ToldClock()
    reports = list[float]()
    results = list[ToolResult | None]()
    alive = anyio.Event()
    go_on = anyio.Event()

    async def call(report: Progress) -> ToolResult:
        await report(1, None, "")
        alive.set()
        await go_on.wait()
        await report(2, None, "")
        await anyio.sleep_forever()
        raise AssertionError

    async def told(done: float, _total: float | None, _message: str) -> None:
        reports.append(done)

    async def run() -> None:
        results.append(await within(clock.clock(), 10, call, told))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await alive.wait()
            clock.advance(9)
            go_on.set()
            await anyio.wait_all_tasks_blocked()
            clock.advance(9)  # 18 since it began, 9 since it last reported
            await anyio.wait_all_tasks_blocked()
            assert results == []
            clock.advance(1)
    assert (results, reports) == ([None], [1, 2])


async def test_an_answer_in_time_is_given_back_and_nothing_waits_on() -> None:
    async def call(_report: Progress) -> ToolResult:
        return ToolResult(text="done")

    with anyio.fail_after(5):
        assert await within(ToldClock().clock(), 10, call, untold) == ToolResult(text="done")
