"""`context_compress` and `context_restore`: what they are asked, and what they give. AT-206"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from agent.context.service import ContextService
from pointsman.errors import InvalidInput, NotFound
from pointsman.records import LOCAL, Principal
from pointsman.types import ChatRequest, Outcome
from tests.fakes import FakeProvider, SteadyClock, counting, make_model, price, refusing
from tests.routing.test_dispatch import bench
from tools.context import context_tools
from tools.describe import arguments_from, input_schema, output_schema
from tools.tool import Caller, Tool

TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "You are terse."},
    {"role": "user", "content": "Plan the release."},
    *(
        {"role": "assistant" if n % 2 else "user", "content": f"{n}: words and words and words"}
        for n in range(40)
    ),
    {"role": "user", "content": "Go on."},
]
ANN = Principal(id="ann")


@dataclass
class Desk:
    tools: dict[str, Tool]
    cheap: FakeProvider
    strong: FakeProvider

    async def use(self, tool: str, who: Principal = LOCAL, **given: Any) -> dict[str, Any]:
        arguments = arguments_from(tool, self.tools[tool].arguments, given)
        result = await self.tools[tool].run(arguments, Caller(who))
        assert self.tools[tool].read(result)
        return result.model_dump(mode="json")


async def summing_up(_: ChatRequest) -> str:
    return "They planned a release."


@asynccontextmanager
async def desk(script: Any = summing_up) -> AsyncGenerator[Desk, None]:
    cheap = FakeProvider("cheap", script, [make_model("cheap", tier="cheap")])
    strong = FakeProvider(
        "strong", script, [make_model("strong", tier="strong", cost=price(5, 25))]
    )
    shelf: dict[tuple[str, str], str] = {}

    async def keep(principal: str, handle: str, text: str) -> None:
        shelf[principal, handle] = text

    async def kept(principal: str, handle: str) -> str | None:
        return shelf.get((principal, handle))

    async with bench([strong, cheap]) as b:
        service = ContextService(
            complete=b.dispatcher.complete,
            keep=keep,
            kept=kept,
            new_id=counting(),
            clock=SteadyClock().clock(),
        )
        tools = context_tools(service.compress, service.restore)
        yield Desk({tool.name: tool for tool in tools}, cheap, strong)


async def test_it_fits_and_what_was_to_stay_is_verbatim_and_the_rest_comes_back() -> None:
    """AT-206"""
    async with desk() as d:
        given: dict[str, Any] = {
            "messages": TALK,
            "max_tokens": 300,
            "pinned": [5],
            "keep_recent": 6,
        }
        result = await d.use("context_compress", **given)
        assert result["tokens_after"] <= 300 < result["tokens_before"]
        shown = {m["original"][0]: m for m in result["messages"] if not m["compressed"]}
        for n in (0, 1, 5, *range(len(TALK) - 6, len(TALK))):
            assert shown[n]["content"] == TALK[n]["content"]
        assert shown[5]["pinned"]
        (summary,) = [m for m in result["messages"] if m["compressed"]]
        assert "They planned a release." in summary["content"]
        back = await d.use("context_restore", handle=result["handle"])
        originals = {m["original"][0]: m["content"] for m in back["messages"]}
        assert sorted(originals) == summary["original"]
        assert {**originals, **{n: m["content"] for n, m in shown.items()}} == {
            n: message["content"] for n, message in enumerate(TALK)
        }
        assert (len(d.cheap.seen), len(d.strong.seen)) == (1, 0)
        assert (result["model"], result["strategy"]) == ("cheap/m", "hybrid")
        assert result["cost_usd"] > 0


async def test_a_conversation_that_fits_comes_back_as_it_is() -> None:
    async with desk() as d:
        result = await d.use("context_compress", messages=TALK, max_tokens=10_000)
        assert [m["content"] for m in result["messages"]] == [m["content"] for m in TALK]
        assert (result["handle"], result["cost_usd"]) == (None, 0)
        assert not d.cheap.seen


async def test_calls_of_tools_come_through_whole() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = [
        *TALK[:2],
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    ]
    async with desk() as d:
        result = await d.use("context_compress", messages=talk, max_tokens=10_000)
    assert result["messages"][2]["tool_calls"] == [call]
    assert result["messages"][3]["tool_call_id"] == "c"


@pytest.mark.parametrize("strategy", ["sliding", "importance", "summary", "hybrid"])
async def test_each_strategy_fits(strategy: str) -> None:
    async with desk() as d:
        given: dict[str, Any] = {"messages": TALK, "max_tokens": 250, "strategy": strategy}
        result = await d.use("context_compress", **given)
    assert result["tokens_after"] <= 250
    assert bool(d.cheap.seen) == (strategy in ("summary", "hybrid"))


async def test_where_the_cheap_tier_fails_the_rest_is_done_and_that_is_told() -> None:
    async with desk(refusing(Outcome.CLIENT)) as d:
        result = await d.use("context_compress", messages=TALK, max_tokens=300)
    assert result["strategy"] == "importance"
    assert result["warnings"][0].startswith("no summary")


async def test_nobody_reads_the_conversation_of_another() -> None:
    async with desk() as d:
        result = await d.use("context_compress", ANN, messages=TALK, max_tokens=300)
        assert (await d.use("context_restore", ANN, handle=result["handle"]))["messages"]
        with pytest.raises(NotFound):
            await d.use("context_restore", LOCAL, handle=result["handle"])


@pytest.mark.parametrize(
    "given",
    [
        {"messages": [], "max_tokens": 100},
        {"messages": TALK, "max_tokens": 0},
        {"messages": TALK, "max_tokens": 300, "pinned": [99]},
        {"messages": TALK, "max_tokens": 300, "pinned": [-1]},
        {"messages": TALK, "max_tokens": 300, "strategy": "forget"},
        {"messages": TALK, "max_tokens": 100, "keep_recent": 40},
        {"messages": [{"role": "robot", "content": "x"}], "max_tokens": 100},
    ],
)
async def test_what_cannot_be_done_is_refused(given: dict[str, Any]) -> None:
    async with desk() as d:
        with pytest.raises(InvalidInput):
            await d.use("context_compress", **given)
        assert not d.cheap.seen


async def test_their_descriptions_are_small() -> None:
    async with desk() as d:
        tools = d.tools.values()
        assert sum(len(str(input_schema(t))) + len(str(output_schema(t))) for t in tools) < 2600
