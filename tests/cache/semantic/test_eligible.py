"""Which calls may be answered by the answer to another prompt."""

import pytest

from cache.semantic.eligible import LONGEST, why_not
from pointsman.records import Call
from pointsman.types import ChatRequest, Message, ToolCall, ToolSpec
from tests.cache.semantic.parts import asking, read

CODE = """def total(xs):
    result = 0
    for x in xs:
        result += x
    return (result)
"""
DIFF = """@@ -1,3 +1,3 @@
-    return a + b;
+    return a - b;
 }"""
LOG = """2026-01-02 10:00:01 INFO started
2026-01-02 10:00:02 INFO listening on 8080
2026-01-02 10:00:03 ERROR failed
2026-01-02 10:00:04 INFO stopped"""
TOOL = ToolSpec(name="find", description="finds", parameters={})
ASKED = ToolCall(id="t1", name="find", arguments="{}")


@pytest.mark.parametrize(
    "text",
    [
        "Explain bubble sort",
        "How does `sorted(key=len)` work?",
        "What does this do?\n```python\nx = [*range(3)]\n```",
        "Why does print(x) show None here?\nx = [3, 1, 2].sort()\nprint(x)",
        "Write a function that returns a random element of a list",
        "Generate a random password in Python",
        "How do I convert one currency to another?",
        "Write a summary of the French Revolution, again with dates, in three paragraphs",
        "Give more weight to early votes: how would that change the result?",
        "Why is the sky blue?",
        "How are you?",
        "So what is entropy?",
        "Please list:\n- apples\n- pears\n- plums\n- figs\nby sweetness",
        "法国的首都是哪里",
        "2 + 2",
    ],
)
def test_a_question_may_be_answered_by_an_answer_to_its_like(text: str) -> None:
    assert why_not(asking(text), read(asking(text))) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("What's the weather like in Paris today?", "time-sensitive"),
        ("Who is the president of France?", "time-sensitive"),
        ("continue", "says nothing by itself"),
        ("Yes!", "says nothing by itself"),
        ("ok, go on please", "says nothing by itself"),
        ("Why?", "says nothing by itself"),
        ("the second one", "says nothing by itself"),
        ("2", "says nothing by itself"),
        ("...", "says nothing by itself"),
        ("继续", "says nothing by itself"),
        ("Tell me another joke", "its answer is to vary"),
        ("another example please", "its answer is to vary"),
        ("Surprise me with a fact", "its answer is to vary"),
        ("Can you give me three more examples of it", "its answer is to vary"),
        ("Pick a random number between 1 and 10", "its answer is to vary"),
        ("Flip a coin", "its answer is to vary"),
        ("try again", "its answer is to vary"),
        ("Explain that again.", "its answer is to vary"),
        ("something else?", "its answer is to vary"),
        (f"Make this faster:\n{CODE}", "code to work on"),
        (f"Fix it\n```python\n{CODE * 3}```", "code to work on"),
        (f"Review\n{DIFF}", "code to work on"),
        (f"What went wrong?\n{LOG}", "code to work on"),
        ("x" * (LONGEST + 1), "too long to compare"),
    ],
)
def test_what_depends_on_more_than_its_words_is_not(text: str, why: str) -> None:
    """C-17, T-50."""
    assert why_not(asking(text), read(asking(text))) == why


QUESTION = Message("user", "Explain bubble sort")


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (ChatRequest(messages=()), "the last message is not the user's"),
        (
            ChatRequest(messages=(QUESTION, Message("assistant", "It"))),
            "the last message is not the user's",
        ),
        (ChatRequest(messages=(QUESTION,), tools=(TOOL,)), "tools"),
        (
            ChatRequest(
                messages=(
                    QUESTION,
                    Message("assistant", "", tool_calls=(ASKED,)),
                    Message("tool", "found", tool_call_id="t1"),
                    QUESTION,
                )
            ),
            "tools",
        ),
    ],
)
def test_an_agents_turn_is_not(request_: ChatRequest, why: str) -> None:
    """T-50."""
    assert why_not(Call(request=request_), read(Call(request=request_))) == why


def test_a_question_that_wants_json_or_much_chance_may_be() -> None:
    call = asking(
        "Name three sorting algorithms",
        request={"json_schema": {"type": "array"}, "temperature": 1.5},
    )
    assert why_not(call, read(call)) is None
