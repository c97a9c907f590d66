"""The steps from a request to its calls, with a model that says what the test says."""

import json
from typing import Any

import pytest

from pointsman.types import ChatRequest, Json, Message, ToolCall, ToolSpec
from providers.functions.describe import functions, told
from providers.functions.gate import load_gate
from providers.functions.history import as_text
from providers.functions.layer import Told, steps
from providers.functions.parse import Call
from providers.functions.prompt import Step, opening
from tests.contract.functions import TOOLS, takes

WRITE_FILE = ToolSpec(
    name="write_file", description="Write a text file.", parameters=takes("path", "content")
)


def run(request: ChatRequest, *said: str, context: int = 4096) -> tuple[list[Step], list[Call]]:
    """What was asked of the model, and what came of its answers."""
    asking = steps(request, context, load_gate())
    asked: list[Step] = []
    try:
        asked.append(next(asking))
        for text in said:
            asked.append(asking.send(Told(text, whole=True)))
    except StopIteration as end:
        return asked, end.value
    raise AssertionError("it asks for more")


def user(text: str, tools: tuple[ToolSpec, ...] = TOOLS) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), tools=tools)


def calls(*made: tuple[str, dict[str, Any]]) -> str:
    return json.dumps({"calls": [{"name": name, "arguments": given} for name, given in made]})


def test_talk_costs_no_step() -> None:
    assert run(user("Good morning, how are you doing?")) == ([], [])


def test_a_call_costs_one_step() -> None:
    asked, found = run(user("What is 12 * 7?"), calls(("calculator", {"expression": "12 * 7"})))
    assert len(asked) == 1
    assert found == [("calculator", {"expression": "12 * 7"})]


def test_the_grammar_lets_only_offered_tools_and_their_arguments_through() -> None:
    asked, _ = run(user("Read the file a.txt"), "{}")
    items = asked[0].schema["properties"]["calls"]["items"]
    assert items["properties"]["name"] == {"const": "read_file"}
    assert items["properties"]["arguments"]["required"] == ["path"]


def test_two_values_make_two_calls() -> None:
    asked, _ = run(user("What is 12 * 7 and what is 3 * 4?"), "{}")
    assert asked[0].schema["properties"]["calls"]["minItems"] == 2


def test_the_same_call_twice_is_one() -> None:
    one = ("calculator", {"expression": "12 * 7"})
    assert run(user("What is 12 * 7?"), calls(one, one))[1] == [one]


def test_another_tool_is_not_called_with_the_same_values_where_one_call_is_asked_for() -> None:
    like = ToolSpec(
        name="evaluate", description="Work out an expression.", parameters=takes("expression")
    )
    sum_of = {"expression": "12 * 7"}
    asked, found = run(
        user("What is 12 * 7?", (*TOOLS, like)), calls(("calculator", sum_of), ("evaluate", sum_of))
    )
    assert len(asked) == 1
    assert found == [("calculator", sum_of)]


def test_a_text_without_an_end_ends_where_the_request_does() -> None:
    text = "Write to a.txt: two words"
    asking = steps(user(text, (WRITE_FILE,)), 4096, load_gate())
    next(asking)
    whole = calls(("write_file", {"path": "a.txt", "content": "two words}}]} and on"}))
    with pytest.raises(StopIteration) as end:
        asking.send(Told(whole.removesuffix('"}}]}'), whole=False))
    assert end.value.value == [("write_file", {"path": "a.txt", "content": "two words"})]


def test_other_values_are_calls_of_their_own() -> None:
    both = [("read_file", {"path": "a.txt"}), ("read_file", {"path": "b.txt"})]
    assert run(user("Read the files a.txt and b.txt"), calls(*both))[1] == both


def test_a_call_that_says_less_than_another_is_none() -> None:
    whole = ("read_file", {"path": "a.txt", "hidden": True})
    less = ("read_file", {"path": "a.txt", "hidden": False})
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"path": {"type": "string"}, "hidden": {"type": "boolean"}},
    }
    tool = ToolSpec(name="read_file", description="Read a text file.", parameters=schema)
    assert run(user("Read the hidden file a.txt", (tool,)), calls(whole, less))[1] == [whole]


@pytest.mark.parametrize(("said", "made"), [("yes", 1), ("no", 0), ("?", 1)])
def test_an_able_model_may_decline_what_the_gate_lets_through(said: str, made: int) -> None:
    asking = steps(user("What is 12 * 7?"), 4096, load_gate(), able=True)
    first = next(asking)
    second = asking.send(Told(calls(("calculator", {"expression": "12 * 7"})), whole=True))
    assert second.messages[: len(first.messages)] == first.messages  # which the model still has
    with pytest.raises(StopIteration) as end:
        asking.send(Told(json.dumps({"right": said}), whole=True))
    assert len(end.value.value) == made


def test_a_choice_among_many_tools_is_not_judged_again() -> None:
    tools = tuple(
        ToolSpec(name=f"save_{kind}", description=f"Save a {kind}.", parameters=takes("text"))
        for kind in ("note", "song", "recipe", "letter", "poem")
    )
    asking = steps(user('Save the note "buy milk".', tools), 4096, load_gate(), able=True)
    next(asking)
    with pytest.raises(StopIteration) as end:
        asking.send(Told(calls(("save_note", {"text": "buy milk"})), whole=True))
    assert [name for name, _ in end.value.value] == ["save_note"]


def test_a_long_request_is_not_checked_where_the_context_has_no_room_for_it() -> None:
    text = f"Write to a.txt: {'many words ' * 60}"
    asking = steps(user(text, (WRITE_FILE,)), 1024, load_gate(), able=True)
    next(asking)
    with pytest.raises(StopIteration) as end:
        asking.send(Told(calls(("write_file", {"path": "a.txt", "content": "many"})), whole=True))
    assert [name for name, _ in end.value.value] == ["write_file"]


def test_the_prompt_begins_the_same_whatever_is_asked() -> None:
    """So that the model's prompt cache holds it."""
    first, _ = run(user("Read the file a.txt"), "{}")
    second, _ = run(user("What is 12 * 7?"), "{}")
    assert first[0].messages[:-1] == second[0].messages[:-1]


@pytest.mark.parametrize("text", ["", "no JSON", '{"calls": "x"}', '{"calls": [{"name": 1}]}'])
def test_what_is_no_call_is_none(text: str) -> None:
    assert run(user("What is 12 * 7?"), text)[1] == []


def test_tools_are_told_of_in_the_room_there_is() -> None:
    many = functions(
        [
            ToolSpec(name=f"tool_{i}", description="Does it. " * 60, parameters=takes("path"))
            for i in range(10)
        ]
    )
    assert len(told(many, 1500)) <= 1500
    assert all(one.name in told(many, 1500) for one in many)
    assert sum(len(m.content) for m in opening(many, 3000)) <= 3000 + 200


def test_a_small_context_still_holds_the_prompt() -> None:
    tools = tuple(
        ToolSpec(name=f"read_{i}", description="Read a file. " * 40, parameters=takes("path"))
        for i in range(12)
    )
    asked, _ = run(user("Use read_3 to read the file a.txt", tools), "{}", context=1024)
    assert sum(len(m.content) for m in asked[0].messages) < 1024 * 3


def after(text: str, *turns: Message) -> ChatRequest:
    """A conversation in which `text` was asked and a.txt was read, and then `turns`."""
    made = (ToolCall("c1", "read_file", '{"path": "a.txt"}'),)
    told = Message("tool", "7 apples", tool_call_id="c1")
    first = Message("user", text)
    return ChatRequest(
        messages=(first, Message("assistant", "", tool_calls=made), told, *turns), tools=TOOLS
    )


@pytest.mark.parametrize("said", ["Thanks, that was helpful.", "You repeat yourself. Go on."])
def test_words_after_a_result_are_no_request(said: str) -> None:
    assert run(after("Read the file a.txt", Message("user", said))) == ([], [])


def test_an_urging_leaves_the_rest_of_the_request_to_be_done() -> None:
    request = after("Read a.txt, then multiply 7 by 3.", Message("user", "Go on."))
    asked, found = run(request, calls(("calculator", {"expression": "7 * 3"})))
    assert asked[0].messages[-1].content.endswith("multiply 7 by 3.")
    assert found == [("calculator", {"expression": "7 * 3"})]


def test_a_short_question_that_follows_is_about_the_same() -> None:
    request = after("Read the file a.txt", Message("assistant", "7"), Message("user", "And b.txt?"))
    asked, found = run(request, calls(("read_file", {"path": "b.txt"})))
    assert any("a.txt" in message.content for message in asked[0].messages[-4:])
    assert found == [("read_file", {"path": "b.txt"})]


def test_the_model_sees_calls_and_results_as_text() -> None:
    asked, _ = run(after("Read a.txt, then multiply the number in it by 3."), "{}")
    told = [message.content for message in asked[0].messages[-3:]]
    assert json.loads(told[0])["calls"] == [{"name": "read_file", "arguments": {"path": "a.txt"}}]
    assert told[1] == "Result of read_file:\n7 apples"
    assert told[2].endswith("multiply the number in it by 3.")


def test_a_model_that_answers_in_words_sees_plain_turns() -> None:
    told = as_text(after("Read the file a.txt").messages)
    assert {message.role for message in told} <= {"system", "user", "assistant"}
    assert "7 apples" in told[-1].content
    assert not any(message.tool_calls for message in told)
