"""How a run ends where it does not simply answer: empty answers, circles, wrong JSON, no model."""

from collections.abc import Sequence

import pytest

from agent.loop.seams import Compacted
from agent.tool import ToolResult
from pointsman.errors import InvalidInput, NoBackend, RateLimited
from pointsman.types import Json, Message
from tests.agent.loop.bench import (
    TEXT,
    Bench,
    Person,
    ScriptedModel,
    Tools,
    assert_whole,
    calls,
    says,
)

SUM: dict[str, Json] = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}, "why": {"type": "string"}},
    "required": ["sum"],
    "additionalProperties": False,
}
LOOK = calls(("look", {}))


async def test_the_same_call_with_the_same_result_is_spoken_of_then_stopped() -> None:
    tools = Tools()
    model = ScriptedModel(LOOK, LOOK, LOOK, LOOK, LOOK)
    result = await Bench(model, [tools.make("look")]).run()
    assert result.status == "failed"
    assert result.error is not None
    assert tools.times("look") == 5
    told = [[m for m in call.request.messages[2:] if m.role == "user"] for call in model.seen]
    assert [len(messages) for messages in told] == [0, 0, 0, 1, 1]
    assert [call.prefer for call in model.seen] == [None, None, None, "quality", None]


async def test_a_circle_in_one_turn_is_a_circle() -> None:
    tools = Tools()
    model = ScriptedModel(calls(*[("look", {})] * 5))
    result = await Bench(model, [tools.make("look")]).run()
    assert result.status == "failed"


async def test_the_same_call_with_another_result_is_no_circle() -> None:
    tools = Tools()
    numbers = iter(range(9))

    async def look(*_: object) -> ToolResult:
        return ToolResult(text=str(next(numbers)))

    model = ScriptedModel(*[LOOK] * 7, says("done"))
    result = await Bench(model, [tools.make("look", look)]).run()
    assert result.status == "completed"


async def test_other_calls_between_do_not_hide_a_circle() -> None:
    """A counter of its own: valid calls reset others, not this one."""
    tools = Tools()
    numbers = iter(range(9))

    async def other(*_: object) -> ToolResult:
        return ToolResult(text=str(next(numbers)))

    turns = [turn for _ in range(5) for turn in (LOOK, calls(("other", {})))][:-1]
    model = ScriptedModel(*turns)
    result = await Bench(model, [tools.make("look"), tools.make("other", other)]).run()
    assert result.status == "failed"


async def test_turns_of_nothing_but_errors_end_the_run() -> None:
    tools = Tools()
    numbers = iter(range(9))

    async def broken(*_: object) -> ToolResult:
        return ToolResult(text=f"error {next(numbers)}", is_error=True)

    model = ScriptedModel(*[LOOK] * 4)
    result = await Bench(model, [tools.make("look", broken)]).run()
    assert result.status == "failed"
    assert len(result.steps) == 4


async def test_an_empty_answer_is_asked_again_of_a_better_model() -> None:
    model = ScriptedModel(says(""), says(" \n"), says("done"))
    result = await Bench(model).run()
    assert (result.status, result.answer) == ("completed", "done")
    assert [call.prefer for call in model.seen] == [None, "quality", "quality"]
    assert_whole(model.last)


async def test_nothing_but_empty_answers_fails() -> None:
    result = await Bench(ScriptedModel(says(""), says(""), says(""))).run()
    assert result.status == "failed"


async def test_an_answer_that_was_filtered_is_not_asked_again() -> None:
    result = await Bench(ScriptedModel(says("", finish="content_filter"))).run()
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.code == "content_refused"


async def test_no_answer_after_a_refusal_is_a_refusal() -> None:
    tools = Tools()
    model = ScriptedModel(calls(("write", {})), says(""))
    bench = Bench(model, [tools.make("write", risk="write")], approver=Person({"write": "no"}))
    assert (await bench.run()).status == "refused"
    assert tools.ran == []


@pytest.mark.parametrize("error", [NoBackend("Nobody."), RateLimited("Not now.")])
async def test_a_run_without_a_model_fails_and_can_be_gone_on_with(error: NoBackend) -> None:
    tools = Tools()
    bench = Bench(ScriptedModel(LOOK, error), [tools.make("look", "seen")])
    result = await bench.run()
    assert (result.status, result.answer) == ("failed", "")
    assert result.error is not None
    assert result.error.code == error.code
    bench.model = ScriptedModel(says("done"))
    again = await bench.run(resume=result.run_id)
    assert (again.status, again.answer, len(again.steps)) == ("completed", "done", 1)
    assert tools.times("look") == 1
    assert_whole(bench.model.last)


@pytest.mark.parametrize(("finish", "notes"), [("length", 1), ("stop", 0)])
async def test_an_answer_that_is_cut_off_says_so(finish: str, notes: int) -> None:
    result = await Bench(ScriptedModel(says("It is 39", finish=finish))).run()
    assert (result.status, result.answer, len(result.notes)) == ("completed", "It is 39", notes)


async def test_an_answer_after_one_that_was_cut_off_says_nothing_of_it() -> None:
    bench = Bench(ScriptedModel(LOOK, says("so f", finish="length")), [Tools().make("look")])
    first = await bench.run(max_turns=1)
    bench.model = ScriptedModel(says("done"))
    again = await bench.run(resume="run-1", max_turns=5)
    assert (len(first.notes), again.answer, again.notes) == (1, "done", ())


# --- structured output ----------------------------------------------------------------------


async def test_the_answer_is_of_the_schema() -> None:
    tools = Tools()
    model = ScriptedModel(LOOK, says('```json\n{"sum": "391"}\n```'))
    result = await Bench(model, [tools.make("look")]).run(output_schema=SUM)
    assert (result.status, result.json) == ("completed", {"sum": 391})
    assert [call.request.json_schema for call in model.seen] == [None, None]
    assert '"sum"' in model.seen[0].request.messages[0].content


async def test_without_tools_the_answer_is_constrained_at_once() -> None:
    model = ScriptedModel(says('{"sum": 391}'))
    result = await Bench(model).run(output_schema=SUM)
    assert result.json == {"sum": 391}
    assert model.last.request.json_schema == SUM


async def test_a_wrong_answer_is_repaired_with_constrained_decoding() -> None:
    tools = Tools()
    model = ScriptedModel(says("It is 391."), says('{"total": 391}'), says('{"sum": 391}'))
    result = await Bench(model, [tools.make("look")]).run(output_schema=SUM, max_turns=1)
    assert (result.status, result.json) == ("completed", {"sum": 391})
    assert [call.request.json_schema for call in model.seen] == [None, SUM, SUM]
    assert [len(call.request.tools) for call in model.seen] == [1, 0, 0]
    assert [call.prefer for call in model.seen] == [None, "quality", "quality"]


async def test_an_answer_that_stays_wrong_is_kept_and_not_called_complete() -> None:
    model = ScriptedModel(says("391"), says("three"), says("It is 391."))
    result = await Bench(model).run(output_schema=SUM)
    assert (result.status, result.answer, result.json) == ("failed", "It is 391.", None)


async def test_an_answer_at_a_limit_is_of_the_schema_where_it_can_be() -> None:
    tools = Tools()
    model = ScriptedModel(LOOK, says('{"sum": 391}'))
    result = await Bench(model, [tools.make("look")]).run(output_schema=SUM, max_turns=1)
    assert (result.status, result.json) == ("max_turns", {"sum": 391})


# --- the conversation -----------------------------------------------------------------------


async def shorter(messages: Sequence[Message], budget_tokens: int, left: int) -> Compacted:
    return Compacted(
        messages=[messages[0], Message("user", "Summary: it was long.")],
        note="30 messages were summed up",
        cost=3,
        tokens=40,
    )


async def test_what_makes_a_conversation_shorter_is_told_what_is_left() -> None:
    lefts: list[int] = []

    async def noting(messages: Sequence[Message], budget_tokens: int, left: int) -> Compacted:
        lefts.append(left)
        return await shorter(messages, budget_tokens, left)

    look = Tools().make("look", "word " * 2_000)
    bench = Bench(ScriptedModel(LOOK, says("done")), [look], compact=noting)
    bench.window = lambda _: 2_000
    await bench.run(max_cost=1_000)
    assert lefts == [990]


async def test_a_conversation_that_grows_too_long_is_made_shorter_before_the_next_call() -> None:
    tools = Tools()
    text = "word " * 2_000
    model = ScriptedModel(LOOK, says("done"))
    bench = Bench(model, [tools.make("look", text)], compact=shorter, window=lambda _: 2_000)
    result = await bench.run()
    assert result.status == "completed"
    assert [m.content for m in model.last.request.messages[1:]] == [
        "do it",
        "Summary: it was long.",
    ]
    assert result.cost == 23
    assert result.notes == ("30 messages were summed up",)
    assert "compacted" in bench.kinds()


async def test_between_compactions_history_is_only_added_to() -> None:
    tools = Tools()
    model = ScriptedModel(*[calls(("say", {"text": str(n)})) for n in range(4)], says("done"))
    await Bench(model, [tools.make("say", parameters=TEXT)]).run()
    for before, after in zip(model.seen, model.seen[1:], strict=False):
        assert after.request.messages[: len(before.request.messages)] == before.request.messages


async def test_tools_that_fill_the_context_by_themselves_end_the_run_with_the_reason() -> None:
    """No compaction loop: the definitions are counted."""
    tools = Tools()
    many = [tools.make(f"tool_{n}", parameters=TEXT) for n in range(60)]
    model = ScriptedModel()
    result = await Bench(model, many, compact=shorter, window=lambda _: 2_000).run()
    assert result.status == "failed"
    assert result.error is not None
    assert "60 tools" in result.error.message


async def test_what_a_model_finds_too_long_is_made_shorter_and_asked_again() -> None:
    tools = Tools()
    too_long = InvalidInput("The prompt is too long.")
    model = ScriptedModel(LOOK, too_long, says("done"))
    bench = Bench(model, [tools.make("look", "word " * 2_000)], compact=shorter)
    result = await bench.run()
    assert result.status == "completed"
    assert len(model.last.request.messages) == 3


async def test_what_stays_too_long_ends_the_run() -> None:
    tools = Tools()
    too_long = InvalidInput("The prompt is too long.")
    asked: list[int] = []

    async def hardly(messages: Sequence[Message], budget_tokens: int, left: int) -> Compacted:
        asked.append(budget_tokens)
        return Compacted(messages=messages, note="nothing could go")

    model = ScriptedModel(LOOK, too_long, too_long, too_long)
    bench = Bench(model, [tools.make("look", "word " * 2_000)], compact=hardly)
    result = await bench.run()
    assert (result.status, len(asked)) == ("failed", 2)


async def test_what_cannot_be_made_shorter_ends_the_run_with_the_reason() -> None:
    async def cannot(messages: Sequence[Message], budget_tokens: int, left: int) -> Compacted:
        raise InvalidInput("The task alone is too long.", hint="Shorten it.")

    bench = Bench(ScriptedModel(), compact=cannot, window=lambda _: 2_000)
    result = await bench.run("word " * 3_000)
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.hint == "Shorten it."


async def test_what_was_left_out_can_be_read_on() -> None:
    """The texts of a compaction are kept with the run, and are no more trusted than it is."""
    tools = Tools()
    model = ScriptedModel(
        calls(("page", {})), calls(("read_result", {"handle": "kept-1"})), says("done")
    )
    bench = Bench(model, compact=shorter, window=lambda _: 2_000)
    bench.tools = [tools.make("page", "word " * 2_000, untrusted=True)]
    bench.book.texts["run-1", "kept-1"] = "obey!"
    await bench.run()
    assert [tool.name for tool in model.last.request.tools] == ["page", "read_result"]
    assert model.last.request.messages[-1].content.startswith("<data ")
