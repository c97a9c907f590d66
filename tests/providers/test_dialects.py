"""What each dialect sends, and how it reads tools, JSON and usage; seen from outside."""

from typing import Any

import orjson
import pytest

from pointsman.errors import ProviderError
from pointsman.money import Usage
from pointsman.types import ChatRequest, Message, Outcome, ToolCall, ToolSpec
from providers.anthropic import Anthropic
from providers.cloud import CloudProvider
from providers.openai import OpenAI
from providers.rows import BY_NAME
from tests.chaos import ChaosUpstream, DialectName
from tests.contract.provider import HELLO, ask, both
from tests.faults import end_marker, event, finish, opening, status, streaming, whole
from tests.providers.conftest import KEY

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
WEATHER = ToolSpec(name="weather", description="Tells it", parameters=SCHEMA)
TALK = ChatRequest(
    messages=(
        Message("system", "Be brief."),
        Message("user", "Weather in Malmö and Lund?"),
        Message(
            "assistant",
            "",
            tool_calls=(
                ToolCall("t1", "weather", '{"place": "Malmö"}'),
                ToolCall("t2", "weather", "not json"),
            ),
        ),
        Message("tool", "rain", tool_call_id="t1"),
        Message("tool", "sun", tool_call_id="t2"),
        Message("user", "Thanks!"),
    ),
    tools=(WEATHER,),
    max_tokens=50,
    temperature=1.5,
    json_schema=SCHEMA,
)


async def sent(provider: CloudProvider, upstream: ChaosUpstream, *, stream: bool = False) -> Any:
    await ask(provider, TALK, stream=stream)
    return upstream.requests[-1].json


@pytest.mark.parametrize("dialect", ["openai"])
async def test_openai_is_asked_in_its_words(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    body = await sent(provider, upstream)
    assert upstream.requests[0].path == "/v1/chat/completions"
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert [m["role"] for m in body["messages"]] == [m.role for m in TALK.messages]
    assert body["messages"][2]["tool_calls"][0] == {
        "id": "t1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"place": "Malmö"}'},
    }
    assert body["messages"][3] == {"role": "tool", "content": "rain", "tool_call_id": "t1"}
    assert body["tools"][0]["function"]["parameters"] == SCHEMA
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (body["max_tokens"], body["temperature"], body["stream"]) == (50, 1.5, False)


@pytest.mark.parametrize("dialect", ["openai"])
async def test_openai_streams_are_asked_for_their_usage(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    body = await sent(provider, upstream, stream=True)
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("dialect", ["anthropic"])
async def test_anthropic_is_asked_in_its_words(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    body = await sent(provider, upstream)
    request = upstream.requests[0]
    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["anthropic-version"]
    assert "authorization" not in request.headers
    assert body["system"] == "Be brief."
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user", "user"]
    asked = body["messages"][1]["content"]
    assert [block["input"] for block in asked] == [{"place": "Malmö"}, {"arguments": "not json"}]
    results = body["messages"][2]["content"]
    assert [block["tool_use_id"] for block in results] == ["t1", "t2"]
    assert body["tools"][0]["input_schema"] == SCHEMA
    assert body["output_config"]["format"]["schema"] == SCHEMA | {"additionalProperties": False}
    assert (body["max_tokens"], body["temperature"]) == (50, 1.0)


async def test_anthropic_is_given_the_limit_it_asks_for() -> None:
    assert orjson.loads(Anthropic().body("m", HELLO, stream=False))["max_tokens"] > 0


@pytest.mark.parametrize(
    ("provider_name", "model", "field"),
    [
        ("openai", "gpt-6.1-sol", "max_completion_tokens"),
        ("openrouter", "openai/gpt-6.1-sol", "max_tokens"),
        ("anthropic", "claude-opus-5-5", "max_tokens"),
        ("mistral", "mistral-large-4", "max_tokens"),
    ],
)
def test_each_backend_gets_the_limit_under_the_name_it_takes(
    provider_name: str, model: str, field: str
) -> None:
    body = orjson.loads(BY_NAME[provider_name].dialect.body(model, TALK, stream=False))
    assert body[field] == 50


@pytest.mark.parametrize(
    ("provider_name", "model", "takes_it"),
    [
        ("openai", "gpt-6-luna", False),
        ("openai", "gpt-4.1-mini", True),
        ("anthropic", "claude-opus-4-7", False),
        ("anthropic", "claude-sonnet-5-5", False),
        ("anthropic", "claude-haiku-4-5", True),
        ("groq", "openai/gpt-oss-20b", True),
    ],
)
def test_temperature_goes_only_to_models_that_take_it(
    provider_name: str, model: str, takes_it: bool
) -> None:
    body = orjson.loads(BY_NAME[provider_name].dialect.body(model, TALK, stream=False))
    assert ("temperature" in body) is takes_it


def test_a_backend_without_schemas_is_told_in_words() -> None:
    body = orjson.loads(OpenAI(schemas=False).body("m", TALK, stream=False))
    assert body["response_format"] == {"type": "json_object"}
    assert '"integer"' in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, False),
        (SCHEMA | {"additionalProperties": False}, False),
        (SCHEMA | {"additionalProperties": False, "required": ["n"]}, True),
        ({"type": "array", "items": SCHEMA}, False),
    ],
)
def test_a_schema_is_strict_only_if_a_backend_would_take_it_so(schema: Any, strict: bool) -> None:
    request = ChatRequest(messages=HELLO.messages, json_schema=schema)
    body = orjson.loads(OpenAI().body("m", request, stream=False))
    assert body["response_format"]["json_schema"]["strict"] is strict


# --- tool calls -----------------------------------------------------------------------------

CALLS = (
    ToolCall("t1", "weather", '{"place":"Malmö"}'),
    ToolCall("t2", "weather", "{}"),
)


def openai_calls() -> list[bytes]:
    def chunk(*calls: Any) -> bytes:
        return event("openai", {"choices": [{"delta": {"tool_calls": list(calls)}}]})

    return [
        chunk({"index": 0, "id": "t1", "function": {"name": "weather", "arguments": ""}}),
        chunk({"index": 0, "function": {"arguments": '{"place":'}}),
        chunk({"index": 1, "id": "t2", "function": {"name": "weather"}}),
        chunk({"index": 0, "function": {"arguments": '"Malmö"}'}}),
        *finish("openai", "tool_calls"),
    ]


def anthropic_calls() -> list[bytes]:
    def start(index: int, id: str) -> bytes:
        block = {"type": "tool_use", "id": id, "name": "weather", "input": {}}
        return event(
            "anthropic", {"type": "content_block_start", "index": index, "content_block": block}
        )

    def delta(text: str) -> bytes:
        part = {"type": "input_json_delta", "partial_json": text}
        return event("anthropic", {"type": "content_block_delta", "index": 1, "delta": part})

    events = [start(1, "t1"), delta('{"place":'), delta('"Malmö"}'), start(2, "t2")]
    return [*opening("anthropic", []), *events, *finish("anthropic", "tool_use")]


async def test_tool_calls_are_put_together_from_a_stream(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    events = openai_calls() if dialect == "openai" else anthropic_calls()
    upstream.script(streaming(*events, end_marker(dialect), size=11))
    texts, completion = await ask(provider, stream=True)
    assert texts == []
    assert (completion.tool_calls, completion.finish_reason) == (CALLS, "tool_calls")


async def test_tool_calls_are_read_from_a_whole_answer(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    if dialect == "openai":
        calls = [
            {"id": c.id, "function": {"name": c.name, "arguments": c.arguments}} for c in CALLS
        ]
        message = {"content": None, "tool_calls": calls}
        body = whole(dialect, choices=[{"message": message, "finish_reason": "tool_calls"}])
    else:
        inputs = [orjson.loads(call.arguments) for call in CALLS]
        blocks = [
            {"type": "tool_use", "id": c.id, "name": c.name, "input": i}
            for c, i in zip(CALLS, inputs, strict=True)
        ]
        body = whole(dialect, content=blocks, stop_reason="tool_use")
    upstream.script(status(200, body))
    _, completion = await ask(provider, stream=False)
    assert (completion.tool_calls, completion.finish_reason) == (CALLS, "tool_calls")


async def test_a_tool_call_without_a_name_is_a_failure(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    if dialect == "openai":
        call = {"index": 0, "id": "t1", "function": {"arguments": "{}"}}
        nameless = event(dialect, {"choices": [{"delta": {"tool_calls": [call]}}]})
    else:
        block = {"type": "tool_use", "id": "t1", "name": ""}
        nameless = event(dialect, {"type": "content_block_start", "content_block": block})
    upstream.script(streaming(nameless, *finish(dialect), end_marker(dialect)))
    with pytest.raises(ProviderError) as caught:
        await ask(provider, stream=True)
    assert caught.value.outcome is Outcome.FAILURE


# --- why it stopped -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "said", "means"),
    [
        ("openai", "stop", "stop"),
        ("openai", "length", "length"),
        ("openai", "content_filter", "content_filter"),
        ("openai", "function_call", "tool_calls"),
        ("openai", "something new", "stop"),
        ("anthropic", "end_turn", "stop"),
        ("anthropic", "stop_sequence", "stop"),
        ("anthropic", "max_tokens", "length"),
        ("anthropic", "refusal", "content_filter"),
        ("anthropic", "something new", "stop"),
    ],
)
async def test_every_finish_reason_has_a_meaning(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName, said: str, means: str
) -> None:
    upstream.script(streaming(*opening(dialect), *finish(dialect, said), end_marker(dialect)))
    assert (await ask(provider, stream=True))[1].finish_reason == means


@pytest.mark.parametrize("dialect", ["openai"])
async def test_a_finish_reason_of_error_is_a_failure(
    provider: CloudProvider, upstream: ChaosUpstream
) -> None:
    upstream.script(streaming(*opening("openai"), *finish("openai", "error")))
    with pytest.raises(ProviderError) as caught:
        await ask(provider, stream=True)
    assert (caught.value.outcome, caught.value.partial) == (Outcome.FAILURE, True)


# --- usage ----------------------------------------------------------------------------------


@both
async def test_usage_is_what_the_upstream_bills(
    provider: CloudProvider, dialect: DialectName, stream: bool
) -> None:
    usage = (await ask(provider, stream=stream))[1].usage
    openai = Usage(input_tokens=100, output_tokens=20, cached_input_tokens=40, reasoning_tokens=5)
    anthropic = Usage(
        input_tokens=100, output_tokens=20, cached_input_tokens=40, cache_write_tokens=10
    )
    assert usage == (openai if dialect == "openai" else anthropic)


NONSENSE: list[Any] = [
    None,
    "lots",
    [],
    {},
    {"prompt_tokens": -1, "completion_tokens": 5, "input_tokens": -1, "output_tokens": 5},
    {"prompt_tokens": 10**12, "completion_tokens": 5, "input_tokens": 5, "output_tokens": 10**12},
    {"prompt_tokens": "7", "completion_tokens": "5", "input_tokens": "7", "output_tokens": "5"},
    {"prompt_tokens": True, "completion_tokens": 5, "input_tokens": True, "output_tokens": 5},
    {"prompt_tokens": 1.5, "completion_tokens": 5, "input_tokens": 1.5, "output_tokens": 5},
]


@pytest.mark.parametrize("said", NONSENSE, ids=str)
async def test_missing_or_senseless_usage_is_estimated(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName, said: Any
) -> None:
    upstream.script(status(200, whole(dialect, usage=said)))
    usage = (await ask(provider, stream=False))[1].usage
    assert usage.estimated
    assert usage.input_tokens == -(-len("Be brief.Say hello.") // 4)
    assert usage.output_tokens == -(-len("Grüße, Welt!") // 4)


def test_reasoning_that_only_the_total_counts_is_billed() -> None:
    from providers.openai import usage

    said = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 35,
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    assert usage(said) == Usage(input_tokens=10, output_tokens=25, reasoning_tokens=20)


async def test_reasoning_is_no_text_and_no_silence(
    provider: CloudProvider, upstream: ChaosUpstream, dialect: DialectName
) -> None:
    if dialect == "openai":
        thought = event(dialect, {"choices": [{"delta": {"reasoning_content": "Hm."}}]})
    else:
        delta = {"type": "thinking_delta", "thinking": "Hm."}
        thought = event(dialect, {"type": "content_block_delta", "index": 0, "delta": delta})
    upstream.script(streaming(thought, *opening(dialect), *finish(dialect), end_marker(dialect)))
    assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"
    upstream.script(streaming(thought))
    with pytest.raises(ProviderError) as caught:
        await ask(provider, stream=True)
    assert caught.value.partial


async def test_the_completion_names_the_model_that_answered(provider: CloudProvider) -> None:
    assert (await ask(provider, stream=True))[1].model == "served"
