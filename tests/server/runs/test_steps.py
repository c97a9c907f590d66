"""The events of a run as a person reads them."""

from agent.loop.events import (
    ApprovalRequested,
    ModelAnswered,
    ModelRequested,
    Resumed,
    ToolRequested,
    ToolStarted,
)
from agent.task import Task
from pointsman.agents import Question
from pointsman.money import Usage
from pointsman.types import ToolCall
from server.runs.steps import Steps

RESUMED = Resumed(run_id="r", task=Task(text="x"))
STARTED = ToolStarted(call_id="c00010000")


def asking(*calls: str) -> ApprovalRequested:
    questions = [
        Question(id=f"r.{c}", run_id="r", kind="tool", text="?", tool="write", arguments="{}")
        for c in calls
    ]
    return ApprovalRequested(questions=tuple(questions))


def test_a_run_that_is_gone_on_with_knows_the_names_of_what_it_asked_for() -> None:
    steps = Steps()
    told = [steps.tell(event) for event in (RESUMED, asking("c00010000"), STARTED)]
    assert told == [None, None, "  write {}"]  # what it asks for was told before it was parked


def test_a_call_that_nothing_is_known_of_is_not_told() -> None:
    steps = Steps()
    assert [steps.tell(event) for event in (RESUMED, STARTED)] == [None, None]


def test_what_is_asked_after_it_went_on_is_told() -> None:
    steps = Steps()
    steps.tell(RESUMED)
    steps.tell(ModelRequested(turn=2, purpose="turn", shown=(), prefer=None, max_cost=None))
    one = ToolRequested(call_id="c00010000", turn=2, source=None, arguments={}, verdict="ask")
    steps.tell(one)
    assert steps.tell(asking("c00010000")) == "  asks for approval of 1 call"
    assert steps.tell(asking("a", "b")) == "  asks for approval of 2 calls"
    assert steps.turn == 2


def test_calls_are_counted_in_words_that_fit() -> None:
    for number, told in ((1, "1 call "), (2, "2 calls ")):
        answered = ModelAnswered(
            turn=1,
            purpose="turn",
            text="",
            calls=tuple(ToolCall(f"c{n}", "look", "{}") for n in range(number)),
            model="m",
            cost=0,
            usage=Usage(),
            finish="tool_calls",
            latency_ms=1.0,
        )
        assert told in (Steps().tell(answered) or "")
