"""A tool that asks its person, over both protocol eras and over the command line's way."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.server import MCPServer
from mcp.types import ElicitRequestParams, ElicitResult, ErrorData, TextContent

from pointsman.agents import Question, Ruling
from server.approving import AtOnce
from server.mcp import ServedTool, served
from tools.tool import Arguments, Caller, Result, Tool

Era = Literal["auto", "legacy"]


class Told(Result):
    rulings: dict[str, str]
    parked: str | None


def asking_tool(kinds: Sequence[Literal["tool", "budget"]]) -> Tool:
    """Asks a question of each kind, and tells the answers."""

    async def run(_: Arguments, caller: Caller) -> Told:
        questions = [
            Question(id=f"q{n}", run_id="run-1", kind=kind, text=f"May I, {kind}?")
            for n, kind in enumerate(kinds)
        ]
        rulings: Mapping[str, Ruling] = await caller.approver.ask(questions)
        return Told(rulings=dict(rulings), parked=caller.parked)

    return Tool(
        name="asking",
        title="Asks",
        description="Asks",
        arguments=Arguments,
        result=Told,
        run=run,
        read=str,
        read_only=False,
        open_world=False,
    )


def server_of(tool: Tool) -> MCPServer[Any]:
    served_tool: ServedTool = served(tool, listed=True, commanded=False, heartbeat_s=60)
    return MCPServer("asks", tools=[served_tool], log_level="WARNING")


async def answers(era: Era, tool: Tool, said: ElicitResult | None) -> dict[str, Any]:
    """What `tool` was told by a client whose person says `said`; one without a person for None."""
    seen: list[str] = []

    async def person(
        context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult | ErrorData:
        seen.append(params.message)
        assert said is not None
        return said

    callback = None if said is None else person
    async with Client(server_of(tool), mode=era, elicitation_callback=callback) as client:
        result = await client.call_tool("asking", {})
    assert not result.is_error
    assert isinstance(result.content[0], TextContent)
    told = result.structured_content
    assert isinstance(told, dict)
    return {**told, "seen": seen}


ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


@ERAS
@pytest.mark.parametrize("word", ["yes", "always", "no"])
async def test_the_persons_word_reaches_the_tool(era: Era, word: str) -> None:
    said = ElicitResult(action="accept", content={"answer": word})
    told = await answers(era, asking_tool(["tool", "tool"]), said)
    assert told["rulings"] == {"q0": word, "q1": word}
    assert told["seen"] == ["May I, tool?", "May I, tool?"]


@ERAS
@pytest.mark.parametrize(
    "said",
    [
        ElicitResult(action="decline"),
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"answer": "maybe"}),
        ElicitResult(action="accept", content={}),
    ],
)
async def test_whatever_is_not_a_yes_is_a_no(era: Era, said: ElicitResult) -> None:
    told = await answers(era, asking_tool(["tool"]), said)
    assert told["rulings"] == {"q0": "no"}


class Strange:
    """A session whose client answers with what the protocol does not know, as the SDK reads it."""

    request_id = 1

    @property
    def session(self) -> "Strange":
        return self

    async def elicit_form(self, *_: object) -> ElicitResult:
        return ElicitResult.model_validate({"action": "perhaps"})


async def test_an_answer_that_breaks_the_protocol_is_none() -> None:
    question = Question(id="q", run_id="run-1", kind="tool", text="May I?")
    assert await AtOnce(cast("Any", Strange())).ask([question]) == {}


@ERAS
async def test_a_client_without_a_person_is_not_asked_and_does_not_wait(era: Era) -> None:
    assert (await answers(era, asking_tool(["tool"]), None))["rulings"] == {}


@ERAS
async def test_always_is_no_answer_to_a_question_of_money(era: Era) -> None:
    said = ElicitResult(action="accept", content={"answer": "always"})
    assert (await answers(era, asking_tool(["budget"]), said))["rulings"] == {"q0": "no"}


async def test_a_call_made_anew_says_which_run_it_is_for() -> None:
    said = ElicitResult(action="accept", content={"answer": "yes"})
    assert (await answers("auto", asking_tool(["tool"]), said))["parked"] == "run-1"
