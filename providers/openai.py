"""The OpenAI chat completions protocol, which most backends speak with small differences."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
from pydantic import BaseModel, Field, ValidationError

from pointsman.money import Usage
from pointsman.types import ChatRequest, FinishReason, Json, Message
from providers.classify import ErrorInAnswer
from providers.draft import Draft, count
from providers.sse import Event, Malformed

FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAI:
    """The protocol as one backend takes it."""

    path: str = "/chat/completions"
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True  # takes `stream_options`
    schemas: bool = True  # takes `json_schema`; if not, plain JSON mode and a request in words
    fixed_sampling: str | None = None  # pattern of model ids that refuse `temperature`

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, model: str, request: ChatRequest, *, stream: bool) -> bytes:
        messages = [_message(m) for m in request.messages]
        body: dict[str, Any] = {"model": model, "messages": messages, "stream": stream}
        if stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        if request.max_tokens is not None:
            body[self.limit_name] = request.max_tokens
        sampling = not (self.fixed_sampling and re.search(self.fixed_sampling, model))
        if request.temperature is not None and sampling:
            body["temperature"] = request.temperature
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        if request.json_schema is not None:
            self._ask_for_json(body, request.json_schema)
        return orjson.dumps(body)

    def _ask_for_json(self, body: dict[str, Any], schema: Mapping[str, Json]) -> None:
        if self.schemas:
            form = {"name": "answer", "schema": schema, "strict": strict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
            return
        body["response_format"] = {"type": "json_object"}
        wish = f"Answer with JSON of this schema: {orjson.dumps(schema).decode()}"
        body["messages"] = [{"role": "system", "content": wish}, *body["messages"]]

    def take(self, draft: Draft, event: Event) -> str:
        if event.data.strip() == "[DONE]":
            draft.ended = True
            return ""
        return _put(draft, event.data)

    def read(self, draft: Draft, body: bytes) -> str:
        text = _put(draft, body)
        draft.ended = draft.finish is not None
        return text


def strict(schema: Json | Mapping[str, Json]) -> bool:
    """Whether `schema` is of the kind that a backend promises to keep to the letter.

    Every object lists all its properties as required and allows no others.
    """
    if isinstance(schema, list):
        return all(strict(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        names = set(properties) if isinstance(properties, dict) else set[str]()
        required = schema.get("required")
        listed = {str(name) for name in required} if isinstance(required, list) else set[str]()
        if schema.get("additionalProperties") is not False or listed != names:
            return False
    return all(strict(part) for part in schema.values())


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


# --- reading --------------------------------------------------------------------------------


class _Function(BaseModel):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None  # an object from some servers


class _Call(BaseModel):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Part(BaseModel):
    type: str = "text"
    text: str = ""


class _Delta(BaseModel):
    content: str | list[_Part] | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    delta: _Delta | None = None  # in a stream
    message: _Delta | None = None  # in a whole answer
    finish_reason: str | None = None


class _Chunk(BaseModel):
    model: str | None = None
    choices: list[_Choice] = Field(default_factory=list[_Choice])
    usage: Any = None
    error: Any = None


def _put(draft: Draft, data: str | bytes) -> str:
    try:
        chunk = _Chunk.model_validate_json(data)
    except ValidationError:
        raise Malformed("the answer is not a chat completion") from None
    if chunk.error:
        raise ErrorInAnswer({"error": chunk.error})
    draft.model = chunk.model or draft.model
    if chunk.usage is not None:
        draft.usage = usage(chunk.usage)
    if not chunk.choices:
        return ""
    choice = chunk.choices[0]
    text = _put_delta(draft, choice.message or choice.delta or _Delta())
    if choice.finish_reason == "error":
        raise ErrorInAnswer({"error": {"message": "the model stopped with an error"}})
    if choice.finish_reason:
        draft.finish = draft.finish or FINISH.get(choice.finish_reason, "stop")
    return text


def _put_delta(draft: Draft, delta: _Delta) -> str:
    draft.add_thought(delta.reasoning or delta.reasoning_content)
    for place, call in enumerate(delta.tool_calls or ()):
        arguments = call.function.arguments
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        draft.add_call(
            place if call.index is None else call.index,
            id=call.id or "",
            name=call.function.name or "",
            arguments=arguments or "",
        )
    if delta.refusal:
        draft.finish = "content_filter"
    content = delta.content or delta.refusal or ""
    if isinstance(content, list):
        content = "".join(part.text for part in content if part.type == "text")
    return draft.add_text(content)


def usage(raw: object) -> Usage | None:
    """The tokens that `raw` tells of; None if it does not, or tells nonsense."""
    if not isinstance(raw, dict):
        return None
    told = cast("dict[str, object]", raw)
    asked, answered = count(told.get("prompt_tokens")), count(told.get("completion_tokens"))
    if asked is None or answered is None:
        return None
    total = count(told.get("total_tokens")) or 0
    asked_of, answered_of = _details(told, "prompt"), _details(told, "completion")
    cached = count(asked_of.get("cached_tokens")) or count(told.get("prompt_cache_hit_tokens"))
    cached = min(cached or 0, asked)
    written = min(count(asked_of.get("cache_write_tokens")) or 0, asked - cached)
    # xAI leaves the reasoning out of completion_tokens, and bills it: the total tells.
    answered = max(answered, total - asked)
    thought = count(answered_of.get("reasoning_tokens")) or 0
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=min(thought, answered),
    )


def _details(told: Mapping[str, object], kind: str) -> Mapping[str, object]:
    details = told.get(f"{kind}_tokens_details")
    return cast("dict[str, object]", details) if isinstance(details, dict) else {}
