"""The calls of a turn: side by side or alone, repaired or failed, each with one result."""

from collections.abc import Mapping, Sequence

import anyio
import pytest

from agent.loop.events import ToolProgress
from agent.tool import AgentTool, ToolResult, Use
from pointsman.agent_settings import AgentSettings
from pointsman.errors import NotFound
from pointsman.records import Call
from pointsman.types import Json
from tests.agent.loop.bench import (
    TEXT,
    Bench,
    Said,
    ScriptedModel,
    Tools,
    assert_whole,
    calls,
    results_of,
    says,
)

NUMBER: dict[str, Json] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


async def test_calls_of_a_turn_run_side_by_side_up_to_the_limit() -> None:
    tools = Tools()
    full = anyio.Event()

    async def wait(_: Mapping[str, Json], use: Use) -> ToolResult:
        if tools.busy == 3:
            full.set()
        await full.wait()
        return ToolResult(text="done")

    model = ScriptedModel(calls(*[("look", {"n": n}) for n in range(5)]), says("done"))
    with anyio.fail_after(5):
        await Bench(model, [tools.make("look", wait)], AgentSettings(parallel=3)).run()
    assert (tools.times("look"), tools.most_busy) == (5, 3)


async def test_results_stand_in_the_order_of_the_calls_whichever_ends_first() -> None:
    tools = Tools()
    quick_ended = anyio.Event()

    async def slow(_: Mapping[str, Json], use: Use) -> ToolResult:
        await quick_ended.wait()
        return ToolResult(text="slow")

    async def quick(_: Mapping[str, Json], use: Use) -> ToolResult:
        quick_ended.set()
        return ToolResult(text="quick")

    model = ScriptedModel(calls(("slow", {}), ("quick", {})), says("done"))
    await Bench(model, [tools.make("slow", slow), tools.make("quick", quick)]).run()
    assert list(results_of(model.last).values()) == ["slow", "quick"]
    assert_whole(model.last)


@pytest.mark.parametrize("alone", [{"serial": True}, {"risk": "spend"}])
async def test_what_must_run_alone_runs_alone_and_in_order(alone: dict[str, object]) -> None:
    tools = Tools()
    beside: list[int] = []

    async def write(_: Mapping[str, Json], use: Use) -> ToolResult:
        await anyio.wait_all_tasks_blocked()
        beside.append(tools.busy)
        return ToolResult(text="written")

    wanted = calls(("look", {}), ("write", {}), ("write", {}), ("look", {}), ("look", {}))
    model = ScriptedModel(wanted, says("done"))
    box = [tools.make("look"), tools.make("write", write, **alone)]  # type: ignore[arg-type]
    await Bench(model, box, AgentSettings(approve="all")).run()
    assert beside == [1, 1]
    assert [name for name, _ in tools.ran] == ["look", "write", "write", "look", "look"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"n": 3}', 3),
        ('```json\n{"n": 3,}\n```', 3),
        ("{'n': 3}", 3),
        ('{"n": "3"}', 3),
        ('{"n": 3.0}', 3),
        ('<tool_call>{"n": 3}', 3),
        ('{"n": 3', 3),
        ('"{\\"n\\": 3}"', 3),
    ],
)
async def test_what_is_plainly_meant_is_repaired(written: str, read: int) -> None:
    tools = Tools()
    model = ScriptedModel(calls(("count", written)), says("done"))
    result = await Bench(model, [tools.make("count", parameters=NUMBER)]).run()
    assert tools.ran == [("count", {"n": read})]
    assert model.last.prefer is None
    assert result.steps[0].arguments == {"n": read}


@pytest.mark.parametrize("written", ["{}", '{"n": "many"}', '{"n": 1, "m": 2}', "hello", "[1]"])
async def test_what_is_wrong_is_told_with_the_schema_and_a_better_model_corrects_it(
    written: str,
) -> None:
    tools = Tools()
    model = ScriptedModel(calls(("count", written)), calls(("count", '{"n": 1}')), says("done"))
    result = await Bench(model, [tools.make("count", parameters=NUMBER)]).run()
    assert result.status == "completed"
    assert [step.is_error for step in result.steps] == [True, False]
    assert tools.times("count") == 1
    assert [call.prefer for call in model.seen] == [None, "quality", None]
    (told,) = results_of(model.seen[1]).values()
    assert "count again" in told
    if written == '{"n": "many"}':
        assert "/n:" in told
        assert '"integer"' in told


async def test_a_call_fails_after_two_repairs_but_not_the_run() -> None:
    tools = Tools()
    wrong = calls(("count", "{}"))
    model = ScriptedModel(wrong, wrong, wrong, says("it cannot be counted"))
    result = await Bench(model, [tools.make("count", parameters=NUMBER)]).run()
    assert result.status == "completed"
    told = list(results_of(model.last).values())
    assert ["call count again" in text for text in told] == [True, True, False]
    assert "do not repeat" in told[2]


async def test_an_unknown_tool_is_answered_with_the_nearest_names() -> None:
    tools = Tools()
    model = ScriptedModel(calls(("read_fil", {}), ("look", {})), says("done"))
    await Bench(model, [tools.make("read_file"), tools.make("look")]).run()
    told, looked = results_of(model.last).values()
    assert "read_file" in told
    assert looked == "done"
    assert model.last.prefer == "quality"


async def test_arguments_nested_too_deeply_are_refused_and_the_record_stays_readable() -> None:
    tools = Tools()
    deep = '{"a":' + "[" * 300 + "]" * 300 + "}"
    model = ScriptedModel(calls(("look", deep)), says("done"))
    bench = Bench(model, [tools.make("look")])
    result = await bench.run()
    assert (result.status, tools.times("look")) == ("completed", 0)
    assert (await bench.run(resume=result.run_id)).answer == "done"


async def test_half_a_file_is_not_written() -> None:
    tools = Tools()
    model = ScriptedModel(calls(("write", '{"text": "first half of')), says("done"))
    writer = tools.make("write", parameters=TEXT, risk="write")
    await Bench(model, [writer], AgentSettings(approve="all")).run()
    assert tools.ran == []


async def test_a_failing_tool_is_told_to_the_model_without_what_a_defect_says() -> None:
    tools = Tools()

    async def missing(_: Mapping[str, Json], use: Use) -> ToolResult:
        raise NotFound("There is no file 'x'.", hint="List them.")

    async def broken(_: Mapping[str, Json], use: Use) -> ToolResult:
        raise KeyError("sk-secret")

    model = ScriptedModel(calls(("missing", {}), ("broken", {})), says("done"))
    box = [tools.make("missing", missing), tools.make("broken", broken)]
    result = await Bench(model, box).run()
    told = list(results_of(model.last).values())
    assert told == ["There is no file 'x'. List them.", "The tool broke (KeyError)."]
    assert [step.is_error for step in result.steps] == [True, True]


async def test_a_long_result_is_cut_and_read_on() -> None:
    tools = Tools()
    text = "".join(f"line {n}\n" for n in range(2_000))
    model = ScriptedModel(
        calls(("look", {})),
        lambda call: calls(
            ("read_result", {"handle": _handle(results_of(call)), "offset": text.index("line 500")})
        ),
        says("done"),
    )
    bench = Bench(model, [tools.make("look", text)], AgentSettings(result_kb=1))
    await bench.run()
    first, second, third = model.seen
    assert [t.name for t in first.request.tools] == ["look"]
    assert [t.name for t in second.request.tools] == ["look", "read_result"]
    (shown,) = results_of(second).values()
    assert shown.startswith("line 0\n")
    assert shown.endswith("line 1999\n")
    assert len(shown) < 1_300
    assert list(results_of(third).values())[1].startswith("line 500\n")


async def test_a_long_result_of_wide_letters_is_read_on_without_being_cut_again() -> None:
    letters = "".join(chr(0x1F600 + n % 60) for n in range(900))
    parts: list[str] = []

    def read_on(call: Call) -> Said:
        if parts:
            shown = list(results_of(call).values())[-1]
            parts[-1] = shown.partition("\n[characters")[0]
        if len("".join(parts)) >= len(letters):
            return says("done")
        parts.append("")
        offset = len("".join(parts))
        return calls(("read_result", {"handle": "rc00010000", "offset": offset}))

    model = ScriptedModel(calls(("look", {})), *[read_on] * 7)
    tools = Tools()
    bench = Bench(model, [tools.make("look", letters)], AgentSettings(result_kb=1))
    assert (await bench.run(max_turns=20)).answer == "done"
    assert "".join(parts) == letters


def _handle(results: Mapping[str, str]) -> str:
    (text,) = results.values()
    return text.split('handle="')[1].split('"')[0]


async def test_what_is_read_on_of_untrusted_text_is_untrusted() -> None:
    """SEC: reading on is no way round the marks."""
    tools = Tools()
    model = ScriptedModel(
        calls(("page", {})),
        calls(("read_result", {"handle": "rc00010000", "offset": 900})),
        says("done"),
    )
    page = tools.make("page", "obey! " * 2_000, untrusted=True)
    await Bench(model, [page], AgentSettings(result_kb=1)).run()
    for text in results_of(model.last).values():
        assert text.startswith("<data ")
        assert 'from="page"' in text


async def test_a_tool_without_a_sign_of_life_is_stopped() -> None:
    tools = Tools()

    async def hang(_: Mapping[str, Json], use: Use) -> ToolResult:
        await anyio.sleep_forever()
        raise AssertionError

    model = ScriptedModel(calls(("hang", {}), ("look", {})), says("done"))
    box = [tools.make("hang", hang, idle_s=0.01), tools.make("look", "seen")]
    with anyio.fail_after(5):
        result = await Bench(model, box).run()
    assert [step.is_error for step in result.steps if step.tool == "hang"] == [True]
    assert list(results_of(model.last).values())[1] == "seen"
    assert (tools.cancelled, tools.busy) == (1, 0)


async def test_signs_of_life_put_the_limit_off_but_not_for_ever() -> None:
    tools = Tools()
    ends: list[float] = []

    async def work(_: Mapping[str, Json], use: Use) -> ToolResult:
        ends.append(anyio.current_effective_deadline())
        while anyio.current_time() == ends[0] - 100:
            await anyio.lowlevel.checkpoint()
        await use.progress(1, 100, "working")
        ends.append(anyio.current_effective_deadline())
        return ToolResult(text="done")

    model = ScriptedModel(calls(("work", {})), calls(("work", {})), says("done"))
    bench = Bench(model, [tools.make("work", work, idle_s=100.0)])
    await bench.run(deadline_s=5_000.0)
    assert ends[0] < ends[1]
    assert [e.message for e in bench.events if isinstance(e, ToolProgress)] == ["working"] * 2
    assert "tool_progress" not in bench.kinds()
    ends.clear()
    bench.model = ScriptedModel(calls(("work", {})), says("done"))
    before = anyio.current_time()
    await bench.run(deadline_s=100.0)
    assert ends[0] == ends[1] <= before + 101  # the run's own end is put off by nothing


async def test_a_tool_cannot_outlive_the_runs_deadline() -> None:
    tools = Tools()
    seen: list[float] = []

    async def work(_: Mapping[str, Json], use: Use) -> ToolResult:
        seen.append(anyio.current_effective_deadline() - anyio.current_time())
        return ToolResult(text="done")

    model = ScriptedModel(calls(("work", {})), says("done"))
    await Bench(model, [tools.make("work", work, idle_s=1_000.0)]).run(deadline_s=20.0)
    assert 10 < seen[0] <= 20


class Changing:
    """A toolbox whose server changes its list between turns."""

    def __init__(self, *lists: Sequence[AgentTool]) -> None:
        self.lists = lists
        self.now: Sequence[AgentTool] = ()

    async def tools(self, turn: int) -> Sequence[AgentTool]:
        self.now = self.lists[turn - 1]
        return self.now

    def find(self, name: str) -> AgentTool | None:
        return next((tool for tool in self.now if tool.spec.name == name), None)


async def test_the_tools_may_change_between_turns() -> None:
    tools = Tools()
    a, b = tools.make("a"), tools.make("b")
    model = ScriptedModel(calls(("a", {})), calls(("a", {}), ("b", {})), says("done"))
    bench = Bench(model, toolbox=Changing([a], [b], [b]))
    result = await bench.run()
    assert [[t.name for t in call.request.tools] for call in model.seen] == [["a"], ["b"], ["b"]]
    assert [(s.tool, s.is_error) for s in result.steps] == [("a", False), ("a", True), ("b", False)]


async def test_a_retried_call_has_the_same_key_and_no_other_call_has_it() -> None:
    tools = Tools()
    twice = calls(("look", {}), ("look", {}))
    await Bench(ScriptedModel(twice, twice, says("x")), [tools.make("look")]).run()
    assert len(tools.effects) == 4
