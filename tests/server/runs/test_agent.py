"""The `agent` tool over MCP, in both protocol eras, with a scripted model behind it."""

import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult, ErrorData

from pointsman.agents import Parked, Question, Ruling
from pointsman.errors import NotFound
from pointsman.money import nano_from_usd
from pointsman.records import LOCAL
from server.app import App, open_app
from server.mcp import make_mcp
from tests.chaos import ChaosUpstream, chaos_upstream
from tests.server.runs.script import calling, saying, settings_for
from tools.agent import AgentArguments, AgentResult
from tools.tool import Caller

Era = Literal["auto", "legacy"]
SUMS = Path(__file__).with_name("sums.py")
ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


@pytest.fixture
async def upstream() -> AsyncIterator[ChaosUpstream]:
    async with chaos_upstream() as upstream:
        yield upstream


class Person:
    """Answers every question with the same word, and keeps what was asked."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[str] = []

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult | ErrorData:
        self.asked.append(params.message)
        return ElicitResult(action="accept", content={"answer": self.word})


@asynccontextmanager
async def opened(
    upstream: ChaosUpstream, home: Path, era: Era, person: Person | None = None, **more: Any
) -> AsyncGenerator[tuple[Client, App], None]:
    async with open_app(settings_for(upstream, **more), home, {}) as app:
        server = make_mcp(app.tools, app.reading, app.toolsets)
        async with Client(server, mode=era, elicitation_callback=person) as client:
            yield client, app


async def run(client: Client, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("agent", arguments)
    told = result.structured_content
    assert isinstance(told, dict), result
    return told


@ERAS
async def test_a_task_is_done_with_a_tool_and_recorded(
    era: Era, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """AT-207: it calls the calculator, and the run can be read afterwards."""
    upstream.script(calling(("calculator", {"expression": "17*23"})), saying("It is 391."))
    async with opened(upstream, tmp_path, era) as (client, _):
        told = await run(client, task="What is 17*23?")
        record = await client.read_resource(f"pointsman://runs/{told['run_id']}")
    assert (told["status"], told["answer"]) == ("completed", "It is 391.")
    (step,) = told["steps"]
    assert (step["tool"], step["arguments"]) == ("calculator", {"expression": "17*23"})
    assert step["result_summary"] == "391"
    assert told["models"] == ["acme/m"]
    assert told["cost_usd"] > 0
    sent = upstream.requests[1].json["messages"]
    assert sent[-1]["role"] == "tool"
    assert "391" in sent[-1]["content"]
    kept = json.loads(record.contents[0].text)  # type: ignore[union-attr]
    assert kept["answer"] == "It is 391."
    assert kept["steps"] == told["steps"]


@ERAS
@pytest.mark.parametrize(("word", "written"), [("yes", True), ("no", False)])
async def test_what_changes_files_is_asked_first(
    era: Era, word: str, written: bool, tmp_path: Path, upstream: ChaosUpstream
) -> None:
    root = tmp_path / "work"
    root.mkdir()
    upstream.script(
        calling(("write_file", {"path": "a.txt", "content": "hello"})), saying("Done as allowed.")
    )
    person = Person(word)
    tools = {"roots": [str(root)]}
    async with opened(upstream, tmp_path / "home", era, person, tools=tools) as (client, _):
        told = await run(client, task="Write hello to a.txt.")
    assert told["status"] == "completed"
    assert told["answer"] == "Done as allowed."
    assert (root / "a.txt").exists() is written
    assert len(person.asked) == 1
    assert "write_file" in person.asked[0]
    assert told["steps"][0]["is_error"] is not written
    assert len(upstream.requests) == 2  # a parked run asks no model again


@ERAS
async def test_nobody_to_ask_is_a_no(era: Era, tmp_path: Path, upstream: ChaosUpstream) -> None:
    upstream.script(calling(("run_code", {"code": "print(1)"})), saying("I may not."))
    async with opened(upstream, tmp_path, era) as (client, _):
        told = await run(client, task="Print 1.")
    assert told["steps"][0]["is_error"]
    assert told["answer"] == "I may not."


async def test_it_stops_at_its_turns_and_goes_on_with_more(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """AT-207: `max_turns` ends it with what it has; `resume` goes on from there."""
    upstream.script(
        calling(("calculator", {"expression": "1+1"})),
        saying("So far: 2."),
        calling(("calculator", {"expression": "2+2"})),
        saying("Now 4."),
    )
    async with opened(upstream, tmp_path, "auto") as (client, _):
        first = await run(client, task="Count.", max_turns=1)
        second = await run(client, resume=first["run_id"], max_turns=5)
    assert (first["status"], first["answer"]) == ("max_turns", "So far: 2.")
    assert (second["status"], second["answer"]) == ("completed", "Now 4.")
    assert [step["arguments"]["expression"] for step in second["steps"]] == ["1+1", "2+2"]


async def test_a_run_of_another_id_is_not_found(tmp_path: Path, upstream: ChaosUpstream) -> None:
    async with opened(upstream, tmp_path, "auto") as (client, _):
        result = await client.call_tool("agent", {"resume": "0" * 32})
    assert result.is_error
    assert isinstance(result.structured_content, dict)
    assert result.structured_content["error"]["code"] == "not_found"


async def test_a_server_that_is_not_listed_is_not_found(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """Nor may a client name a file of its own: that is for the owner of the home."""
    async with opened(upstream, tmp_path, "auto") as (client, _):
        for name in ("nope", "/tmp/evil/mcp.json"):  # noqa: S108
            result = await client.call_tool("agent", {"task": "x", "servers": [name]})
            assert result.is_error
            assert isinstance(result.structured_content, dict)
            assert result.structured_content["error"]["code"] == "not_found"
    assert not upstream.requests


async def test_a_tool_of_an_attached_server_is_called(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """AT-207: the second MCP server comes from an mcp.json; one that is dead hides only itself."""
    servers = {
        "sums": {"command": sys.executable, "args": [str(SUMS)]},
        "dead": {"command": "/nowhere/at/all"},
    }
    file = tmp_path / "servers.json"
    await anyio.Path(file).write_text(json.dumps({"mcpServers": servers}))
    upstream.script(calling(("sums__add", {"a": 2, "b": 3})), saying("It is 5."))
    more: dict[str, Any] = {"agent": {"servers": str(file), "rules": {"sums/add": "allow"}}}
    async with opened(upstream, tmp_path / "home", "auto", **more) as (client, _):
        told = await run(client, task="Add 2 and 3.")
    (step,) = told["steps"]
    assert (step["tool"], step["server"], step["result_summary"]) == ("sums__add", "sums", "5")
    assert told["answer"] == "It is 5."
    assert any("dead" in note for note in told["notes"])


async def test_what_ends_a_run_with_servers_of_its_own_is_raised_as_it_is(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    class Later:
        async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
            raise Parked(questions[0].run_id, questions)

    file = tmp_path / "servers.json"
    await anyio.Path(file).write_text('{"mcpServers": {}}')
    upstream.script(calling(("run_code", {"code": "print(1)"})))
    owner = Caller(owner=True, approver=Later())
    async with open_app(settings_for(upstream), tmp_path / "home", {}) as app:
        agent = app.tool("agent").run
        with pytest.raises(Parked):
            await agent(AgentArguments(task="x", servers=[str(file)]), owner)
        with pytest.raises(NotFound):
            await agent(AgentArguments(task="x", servers=[str(file)], tools=["nope"]), owner)


async def test_a_parked_call_of_an_attached_server_is_made_when_the_run_goes_on(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """Its server is connected anew for the rest of the run, and waited for."""

    class Later:
        async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
            raise Parked(questions[0].run_id, questions)

    class Now:
        async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
            return {question.id: "yes" for question in questions}

    file = tmp_path / "servers.json"
    servers = {"sums": {"command": sys.executable, "args": [str(SUMS)]}}
    await anyio.Path(file).write_text(json.dumps({"mcpServers": servers}))
    upstream.script(calling(("sums__add", {"a": 2, "b": 3})), saying("It is 5."))
    async with open_app(settings_for(upstream), tmp_path / "home", {}) as app:
        agent = app.tool("agent").run
        given = AgentArguments(task="Add 2 and 3.", servers=[str(file)])
        with pytest.raises(Parked) as parked:
            await agent(given, Caller(owner=True, approver=Later()))
        again = Caller(owner=True, approver=Now(), parked=parked.value.run_id)
        done = await agent(given, again)
    assert isinstance(done, AgentResult)
    (step,) = done.steps
    assert (step.tool, step.result_summary, step.is_error) == ("sums__add", "5", False)


async def test_many_tools_are_searched_and_that_is_told(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    upstream.script(
        calling(("search_tools", {"query": "costs and savings"})),
        calling(("cost_stats", {"since": "1h"})),
        saying("Nothing yet."),
    )
    more: dict[str, Any] = {"agent": {"definitions_tokens": 700}}
    async with opened(upstream, tmp_path, "auto", **more) as (client, _):
        told = await run(client, task="Hello there.")
    assert told["status"] == "completed"
    assert [step["is_error"] for step in told["steps"]] == [False, False]
    assert any("tool search" in note for note in told["notes"])
    shown = [{t["function"]["name"] for t in r.json["tools"]} for r in upstream.requests]
    assert "cost_stats" not in shown[0]
    assert "cost_stats" in shown[1]


async def test_what_the_operator_allows_is_what_a_caller_may_ask_for(
    tmp_path: Path, upstream: ChaosUpstream
) -> None:
    """Over MCP the caller may be a model: it does not waive what the settings never approve."""
    upstream.script(calling(("run_code", {"code": "print(1)"})), saying("I may not."))
    more: dict[str, Any] = {"agent": {"approve": "never", "max_cost_usd": 0.5}}
    async with opened(upstream, tmp_path, "auto", **more) as (client, app):
        told = await run(client, task="Print 1.", approve="all", max_cost_usd=100_000)
        terms = await app.agents.doors.runs.host.terms(told["run_id"], LOCAL)
    assert told["steps"][0]["is_error"]
    assert terms.max_cost == nano_from_usd(0.5)
