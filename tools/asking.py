"""What `complete` and `route` are asked with, and how it becomes a `Call`."""

from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from pointsman.errors import InvalidInput
from pointsman.money import nano_from_usd
from pointsman.records import CacheUse, Call, Category, Prefer, Principal
from pointsman.types import ChatRequest, Json, Message, Role, ToolCall, ToolSpec
from tools.tool import Arguments

LONGEST_PROMPT = 2_000_000  # characters, all messages together: about 500,000 tokens

NO_PARAMETERS: dict[str, Json] = {"type": "object", "properties": {}}


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class FunctionIn(BaseModel):
    name: str
    arguments: str = "{}"


class ToolCallIn(BaseModel):
    id: str
    type: Literal["function"] = "function"
    function: FunctionIn


class MessageIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role
    content: str | list[TextPart] | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None

    def message(self) -> Message:
        content = self.content or ""
        text = content if isinstance(content, str) else "".join(part.text for part in content)
        calls = tuple(
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in self.tool_calls or ()
        )
        return Message(self.role, text, calls, self.tool_call_id)


# What a model needs to know of `MessageIn`; content may also be a list of text parts.
MESSAGES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "role": {"type": "string", "enum": ["system", "user", "assistant", "tool"]},
            "content": {"type": "string"},
            "tool_calls": {"type": "array", "items": {"type": "object"}},
            "tool_call_id": {"type": "string"},
        },
        "required": ["role"],
    },
}


class Asking(Arguments):
    prompt: str | None = Field(default=None, description="or messages")
    messages: Annotated[list[MessageIn] | None, WithJsonSchema(MESSAGES)] = None
    system: str | None = None
    model: str = Field(default="auto", description="or an id, or provider/id")
    prefer: Prefer | None = None
    session_id: str | None = Field(default=None, max_length=200)
    category: Category | None = None
    max_cost_usd: Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)] = None
    deadline_ms: Annotated[int | None, Field(ge=1, le=3_600_000)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)] = None
    json_schema: dict[str, Any] | None = Field(default=None, description="of the answer")
    tools: list[dict[str, Any]] | None = Field(
        default=None, description="{name, description, parameters}"
    )
    cache: CacheUse = "use"
    user: str | None = None
    metadata: dict[str, str] | None = None

    def call(self, tool: str, principal: Principal) -> Call:
        """The call that these arguments ask for.

        Raises:
            InvalidInput: the prompt is missing, empty, doubled or too long; a tool has no name.
        """
        request = ChatRequest(
            messages=self._messages(),
            tools=tuple(_tool_spec(t) for t in self.tools or ()),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            json_schema=self.json_schema,
        )
        _check_size(request)
        return Call(
            request=request,
            model=self.model,
            prefer=self.prefer,
            category=self.category,
            session_id=self.session_id or None,  # some clients send what they do not have as ""
            max_cost=None if self.max_cost_usd is None else nano_from_usd(self.max_cost_usd),
            deadline_s=None if self.deadline_ms is None else self.deadline_ms / 1000,
            cache=self.cache,
            principal=principal,
            tool=tool,
            user=self.user,
            metadata=self.metadata or {},
        )

    def _messages(self) -> tuple[Message, ...]:
        if (self.prompt is None) == (self.messages is None):
            raise InvalidInput("Give either 'prompt' or 'messages', and not both.")
        messages = tuple(m.message() for m in self.messages or ())
        if self.messages is None:
            messages = (Message("user", self.prompt or ""),)
        if not any(m.content.strip() or m.tool_calls for m in messages):
            raise InvalidInput("The prompt is empty: say what you want answered.")
        if self.system is not None:
            messages = (Message("system", self.system), *messages)
        return messages


def _check_size(request: ChatRequest) -> None:
    """Everything that is sent must be JSON, and not endless.

    Raises:
        InvalidInput: it is too long, or holds what JSON cannot.
    """
    try:
        orjson.dumps(request.messages)
        extras = sum(len(orjson.dumps(x)) for x in (request.tools, request.json_schema) if x)
    except TypeError as error:
        raise InvalidInput(
            f"The prompt, its tools or its schema cannot be sent as JSON: {error}.",
            hint="Look for half of a surrogate pair, or a number of more than 64 bits.",
        ) from error
    length = extras + sum(
        len(m.content) + sum(len(c.arguments) for c in m.tool_calls) for m in request.messages
    )
    if length > LONGEST_PROMPT:
        raise InvalidInput(
            f"The prompt has {length:,} characters; at most {LONGEST_PROMPT:,} are taken.",
            hint="Send the part that matters, or split it.",
        )


def _tool_spec(given: dict[str, Any]) -> ToolSpec:
    """A tool as the OpenAI, the Anthropic or the MCP interface writes it down."""
    inner = given.get("function", given)
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str) or not name:
        raise InvalidInput("Each of 'tools' needs a 'name'; one has none.")
    keys = ("parameters", "input_schema", "inputSchema")
    parameters = next((inner[key] for key in keys if key in inner), NO_PARAMETERS)
    if not isinstance(parameters, dict):
        raise InvalidInput(f"The parameters of tool {name[:80]!r} are not a JSON Schema object.")
    return ToolSpec(
        name=name, description=str(inner.get("description") or ""), parameters=parameters
    )
