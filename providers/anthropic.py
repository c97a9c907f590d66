"""The Anthropic Messages protocol."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError

from pointsman.money import Usage
from pointsman.types import ChatRequest, FinishReason, Json, Message
from providers.classify import ErrorInAnswer
from providers.draft import Draft, count
from providers.sse import Event, Malformed

VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096  # the protocol asks for a limit; a caller need not
FINISH: Mapping[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anthropic:
    """The protocol; `fixed_sampling` is a pattern of model ids that refuse `temperature`."""

    path: str = "/v1/messages"
    fixed_sampling: str | None = None

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, model: str, request: ChatRequest, *, stream: bool) -> bytes:
        body: dict[str, Any] = {
            "model": model,
            "messages": list(_turns(request.messages)),
            "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
            "stream": stream,
        }
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        if system:
            body["system"] = system
        sampling = not (self.fixed_sampling and re.search(self.fixed_sampling, model))
        if request.temperature is not None and sampling:
            body["temperature"] = min(request.temperature, 1.0)  # its range ends there
        if request.tools:
            body["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": t.parameters}
                for t in request.tools
            ]
        if request.json_schema is not None:
            form = {"type": "json_schema", "schema": closed(dict(request.json_schema))}
            body["output_config"] = {"format": form}
        return orjson.dumps(body)

    def take(self, draft: Draft, event: Event) -> str:
        message = _parsed(_Event, event.data)
        if message.type == "error":
            raise ErrorInAnswer({"error": message.error})
        if message.message is not None:
            draft.model = message.message.model or draft.model
            # Its output_tokens are those of the first moment: only message_delta has the sum.
            _tell(draft, message.message.usage, besides="output_tokens")
        if message.type == "message_delta":
            _tell(draft, message.usage)
            if message.delta is not None and message.delta.stop_reason:
                draft.finish = FINISH.get(message.delta.stop_reason, "stop")
        draft.ended = draft.ended or message.type == "message_stop"
        if message.content_block is not None:
            return _put_block(draft, message.index, message.content_block)
        return _put_delta(draft, message.index, message.delta) if message.delta else ""

    def read(self, draft: Draft, body: bytes) -> str:
        answer = _parsed(_Answer, body)
        if answer.type == "error" or answer.error:
            raise ErrorInAnswer({"error": answer.error})
        draft.model = answer.model or draft.model
        _tell(draft, answer.usage)
        if answer.stop_reason:
            draft.finish = FINISH.get(answer.stop_reason, "stop")
            draft.ended = True
        return "".join(_put_block(draft, i, block) for i, block in enumerate(answer.content))


def closed(schema: Json) -> Json:
    """`schema` with every object closed to further properties, as structured output asks."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(part) for key, part in schema.items()}
    return {**shut, "additionalProperties": False} if schema.get("type") == "object" else shut


# --- asking ---------------------------------------------------------------------------------


def _turns(messages: tuple[Message, ...]) -> Iterator[dict[str, Any]]:
    """The conversation; the results of one turn's tool calls make one message."""
    results: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            results.append(
                {
                    "type": "tool_result",
                    "tool_use_id": message.tool_call_id,
                    "content": message.content,
                }
            )
            continue
        if results:
            yield {"role": "user", "content": results}
            results = []
        if message.role != "system":
            yield {"role": message.role, "content": _blocks(message)}
    if results:
        yield {"role": "user", "content": results}


def _blocks(message: Message) -> str | list[dict[str, Any]]:
    if not message.tool_calls:
        return message.content
    text = [{"type": "text", "text": message.content}] if message.content else []
    return text + [
        {"type": "tool_use", "id": c.id, "name": c.name, "input": _object(c.arguments)}
        for c in message.tool_calls
    ]


def _object(arguments: str) -> dict[str, Any]:
    """`arguments` as the object the protocol asks for, even where a model wrote nonsense."""
    try:
        value = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        value = arguments
    return value if isinstance(value, dict) else {"arguments": value}


# --- reading --------------------------------------------------------------------------------


class _Delta(BaseModel):
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    stop_reason: str | None = None


class _Block(BaseModel):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    id: str = ""
    name: str = ""
    input: dict[str, Any] | None = None


class _Start(BaseModel):
    model: str | None = None
    usage: Any = None


class _Event(BaseModel):
    type: str
    index: int = 0
    message: _Start | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: Any = None
    error: Any = None


class _Answer(BaseModel):
    type: str = "message"
    model: str | None = None
    content: list[_Block] = Field(default_factory=list[_Block])
    stop_reason: str | None = None
    usage: Any = None
    error: Any = None


Form = TypeVar("Form", bound=BaseModel)


def _parsed(form: type[Form], data: str | bytes) -> Form:
    try:
        return form.model_validate_json(data)
    except ValidationError:
        raise Malformed("the answer is not of the Messages protocol") from None


def _put_block(draft: Draft, index: int, block: _Block) -> str:
    draft.add_thought(block.thinking)
    if block.type == "tool_use":
        arguments = orjson.dumps(block.input).decode() if block.input else ""
        draft.add_call(index, id=block.id, name=block.name, arguments=arguments)
    return draft.add_text(block.text or "")


def _put_delta(draft: Draft, index: int, delta: _Delta) -> str:
    draft.add_thought(delta.thinking)
    if delta.partial_json is not None:
        draft.add_call(index, arguments=delta.partial_json)
    return draft.add_text(delta.text or "")


def _tell(draft: Draft, raw: object, besides: str | None = None) -> None:
    """Adds what `raw` says of tokens to what was said before; a zero takes nothing back."""
    if isinstance(raw, dict):
        draft.told.update({k: v for k, v in raw.items() if v and k != besides})
    draft.usage = usage(draft.told)


def usage(told: Mapping[str, object]) -> Usage | None:
    """The tokens told of; None if a count is missing or nonsense."""
    fresh, answered = count(told.get("input_tokens", 0)), count(told.get("output_tokens"))
    cached = count(told.get("cache_read_input_tokens", 0))
    written = count(told.get("cache_creation_input_tokens", 0))
    if fresh is None or answered is None or cached is None or written is None:
        return None
    if not fresh + cached + written:
        return None
    details = told.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else None
    return Usage(
        input_tokens=fresh + cached + written,
        output_tokens=answered,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=min(count(thought) or 0, answered),
    )
