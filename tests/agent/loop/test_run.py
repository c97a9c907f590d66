"""A run from its task to its end."""

from dataclasses import replace

from agent.loop.events import Event
from agent.task import Task
from agent.untrusted.secrets import Secrets
from pointsman.records import LOCAL
from tests.agent.boxes import Box
from tests.agent.loop.bench import (
    TEXT,
    Bench,
    ScriptedModel,
    Tools,
    assert_whole,
    calls,
    results_of,
    says,
)


async def test_a_task_is_done_with_tools_and_ends_with_the_answer() -> None:
    """AT-207, TL-11."""
    tools = Tools()
    model = ScriptedModel(
        calls(("add", {"text": "17*23"}), ("look", {})), says("It is 391.", model="n")
    )
    bench = Bench(model, [tools.make("add", "391", parameters=TEXT), tools.make("look", "page 3")])
    result = await bench.run("What is 17*23?")
    assert (result.status, result.answer) == ("completed", "It is 391.")
    assert [(s.turn, s.tool, s.result_summary) for s in result.steps] == [
        (1, "add", "391"),
        (1, "look", "page 3"),
    ]
    assert (result.cost, result.usage.input_tokens) == (20, 20)
    assert result.models == ("fake/m", "fake/n")
    assert list(results_of(model.last).values()) == ["391", "page 3"]
    assert_whole(model.last)


async def test_each_call_says_whose_it_is_and_what_is_left() -> None:
    tools = Tools()
    model = ScriptedModel(calls(("look", {})), says("done"))
    bench = Bench(model, [tools.make("look")])
    await bench.run("x", max_cost=1_000, deadline_s=60.0, session="s", model="fake/m")
    first, second = model.seen
    assert (first.tool, first.session_id, first.cache, first.model) == (
        "agent", "s", "off", "fake/m",
    )  # fmt: skip
    assert (first.max_cost, second.max_cost) == (1_000, 990)
    assert first.deadline_s == 60.0
    assert first.request.messages == second.request.messages[: len(first.request.messages)]
    assert first.metadata == {"run_id": "run-1"}


async def test_what_happens_is_journalled_before_it_is_done() -> None:
    tools = Tools()
    bench = Bench(ScriptedModel(calls(("look", {})), says("done")), [tools.make("look")])
    await bench.run()
    assert bench.kinds() == [
        "run_started",
        "model_requested",
        "model_answered",
        "tool_requested",
        "tool_started",
        "tool_finished",
        "model_requested",
        "model_answered",
        "stopped",
    ]
    assert [event.kind for event in bench.events] == bench.kinds()
    assert bench.book.runs["run-1"].status == "completed"


async def test_a_watcher_that_breaks_costs_the_run_nothing() -> None:
    tools = Tools()
    bench = Bench(ScriptedModel(calls(("look", {})), says("done")), [tools.make("look")])
    told: list[str] = []

    async def watch(event: Event) -> None:
        told.append(event.kind)
        raise BrokenPipeError

    result = await bench.host().run(Task(text="x"), Box(bench.tools), on_event=watch)
    assert (result.status, told) == ("completed", ["run_started"])


async def test_the_terms_of_a_run_are_known_afterwards() -> None:
    bench = Bench(ScriptedModel(says("done")))
    await bench.run("x", tools=("look",), servers=("acme",), max_turns=3)
    terms = await bench.host().terms("run-1", LOCAL)
    assert (terms.text, terms.tools, terms.servers, terms.max_turns) == (
        "x", ("look",), ("acme",), 3,
    )  # fmt: skip


async def test_a_secret_in_the_material_reaches_no_model_and_no_record() -> None:
    bench = Bench(ScriptedModel(says("done")))
    host = replace(bench.host(), secrets=Secrets(["hunter2-hunter2"]))
    await host.run(Task(text="Explain it.", context="PASSWORD=hunter2-hunter2"), Box([]))
    assert "PASSWORD=[secret]" in bench.model.last.request.messages[1].content
    assert all(b"hunter2" not in body for body in bench.book.journals["run-1"])
