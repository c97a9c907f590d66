"""Backends with tool calling keep the contract, also those that write their calls as text."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest

from providers.cloud import CloudProvider
from tests.chaos import ChaosUpstream, DialectName, Exchange, Handler, chaos_upstream
from tests.contract.functions import FunctionsContract, Turn, asking, calls
from tests.contract.provider import ask, both
from tests.faults import answering, end_marker, event, finish, opening, whole
from tests.providers.conftest import provider_at

Play = Callable[[DialectName, Turn], Handler]
ONE: Turn = [("calculator", {"expression": "12 * 7"})]
WRITTEN = '{"name": "calculator", "arguments": {"expression": "12 * 7"}}'


def native(dialect: DialectName, turn: Turn) -> Handler:
    """The turn in the dialect's own words for tool calls."""
    if isinstance(turn, str):
        return answering(turn)
    made = [(f"t{i}", name, given) for i, (name, given) in enumerate(turn)]

    async def handler(exchange: Exchange) -> None:
        if exchange.request.stream:
            await exchange.begin()
            await exchange.chunk(streamed(dialect, made))
            await exchange.end()
        else:
            await exchange.reply(body=replied(dialect, made))

    return handler


def streamed(dialect: DialectName, made: Sequence[tuple[str, str, object]]) -> bytes:
    if dialect == "openai":
        parts = [
            {"index": i, "id": id, "function": {"name": name, "arguments": json.dumps(given)}}
            for i, (id, name, given) in enumerate(made)
        ]
        body = [event(dialect, {"choices": [{"delta": {"tool_calls": parts}}]})]
        return b"".join([*body, *finish(dialect, "tool_calls"), end_marker(dialect)])
    body = opening(dialect, [])
    for i, (id, name, given) in enumerate(made, 1):
        block = {"type": "tool_use", "id": id, "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(given)}
        body.append(
            event(dialect, {"type": "content_block_start", "index": i, "content_block": block})
        )
        body.append(event(dialect, {"type": "content_block_delta", "index": i, "delta": delta}))
    return b"".join([*body, *finish(dialect, "tool_use"), end_marker(dialect)])


def replied(dialect: DialectName, made: Sequence[tuple[str, str, object]]) -> dict[str, object]:
    if dialect == "openai":
        parts = [
            {"id": id, "function": {"name": name, "arguments": json.dumps(given)}}
            for id, name, given in made
        ]
        message = {"content": None, "tool_calls": parts}
        return whole(dialect, choices=[{"message": message, "finish_reason": "tool_calls"}])
    blocks = [
        {"type": "tool_use", "id": i, "name": name, "input": given} for i, name, given in made
    ]
    return whole(dialect, content=blocks, stop_reason="tool_use")


def as_text(_dialect: DialectName, turn: Turn) -> Handler:
    """The turn as text, in pieces: what Ollama does with models that it does not know well."""
    if isinstance(turn, str):
        return answering(turn)
    text = json.dumps([{"name": name, "arguments": given} for name, given in turn])
    return answering(*(text[at : at + 7] for at in range(0, len(text), 7)))


@asynccontextmanager
async def playing(
    dialect: DialectName, play: Play, *turns: Turn
) -> AsyncGenerator[CloudProvider, None]:
    async with chaos_upstream() as upstream, provider_at(upstream.url, dialect) as provider:
        upstream.script(*(play(dialect, turn) for turn in turns))
        yield provider


class TestNative(FunctionsContract):
    @pytest.fixture(autouse=True)
    def _with(self, dialect: DialectName) -> None:
        self.playing = partial(playing, dialect, native)  # type: ignore[method-assign]


class TestWrittenAsText(FunctionsContract):
    @pytest.fixture(autouse=True)
    def _with(self) -> None:
        self.playing = partial(playing, "openai", as_text)  # type: ignore[method-assign]


@both
@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        f"```json\n{WRITTEN}\n```",
        f"<tool_call>\n{WRITTEN}\n</tool_call>",
        '{"name": "calculator", "parameters": {"expression": "12 * 7"}}',
        '[calculator(expression="12 * 7")]',
    ],
    ids=["bare", "fence", "tag", "parameters", "python"],
)
@pytest.mark.parametrize("dialect", ["openai"])
async def test_a_call_written_as_text_is_a_call(
    provider: CloudProvider, upstream: ChaosUpstream, stream: bool, text: str
) -> None:
    upstream.script(answering(*text))
    texts, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
    assert calls(completion) == ONE
    assert (texts, completion.text, completion.finish_reason) == ([], "", "tool_calls")


@both
@pytest.mark.parametrize(
    "text",
    [
        f"I would call {WRITTEN}",
        f"{WRITTEN} is how.",
        '{"result": 84}',
        "```python\ncalculator(expression='12 * 7')\n```",
        'calculator(expression="12 * 7")',
        "<b>84</b>",
        "[1, 2, 3]",
    ],
)
@pytest.mark.parametrize("dialect", ["openai"])
async def test_an_answer_that_is_not_only_a_call_stays_text(
    provider: CloudProvider, upstream: ChaosUpstream, stream: bool, text: str
) -> None:
    upstream.script(answering(*text))
    texts, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
    assert (completion.text, completion.tool_calls) == (text, ())
    assert "".join(texts) == (text if stream else "")


@pytest.mark.parametrize("dialect", ["openai"])
async def test_prose_is_not_held_back(provider: CloudProvider, upstream: ChaosUpstream) -> None:
    upstream.script(answering("Well", ", ", "84."))
    texts, _ = await ask(provider, asking("What is 12 * 7?"), stream=True)
    assert texts == ["Well", ", ", "84."]


@both
@pytest.mark.parametrize("dialect", ["anthropic"])
async def test_a_backend_that_calls_properly_may_write_json(
    provider: CloudProvider, upstream: ChaosUpstream, stream: bool
) -> None:
    upstream.script(answering(WRITTEN))
    _, completion = await ask(provider, asking("How do I write a call?"), stream=stream)
    assert (completion.text, completion.tool_calls) == (WRITTEN, ())
