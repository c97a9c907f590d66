"""Servers that answer a tool call as plain text: Ollama and llama-server with small models."""

import json
import re
import secrets
from dataclasses import dataclass, field, replace

from pointsman.types import ChatRequest, Completion, ToolCall
from providers.functions.parse import Call, calls_from_text

# How a call written as text begins; prose, and code in a fence of another language, does not.
BEGINS = re.compile(
    r"\s*(?:[{\[]|<(?:tool|function)_?(?:calls?)?>|<\||```(?:json|tool_call)?\s*[{\[])"
)
MIGHT = re.compile(r"\s*(?:<[\w|>]{0,20}|`{0,3}[a-z_]{0,9}\s*)?")  # too short to tell


@dataclass(slots=True)
class Withheld:
    """Holds back streamed text for as long as it could still turn out to be a tool call."""

    watch: bool  # else all text passes at once
    _text: list[str] = field(default_factory=list[str])

    def take(self, text: str) -> str:
        """What may be shown now."""
        if not self.watch:
            return text
        self._text.append(text)
        so_far = "".join(self._text)
        self.watch = bool(MIGHT.fullmatch(so_far) or BEGINS.match(so_far))
        return "" if self.watch else self.rest()

    def rest(self) -> str:
        """What was held back."""
        text = "".join(self._text)
        self._text.clear()
        return text


def expects_calls(request: ChatRequest) -> bool:
    """Whether an answer in JSON can only be meant as a tool call."""
    return bool(request.tools) and request.json_schema is None


def with_calls(completion: Completion, request: ChatRequest) -> Completion:
    """`completion` with tool calls, where its whole text is calls of offered tools."""
    if completion.tool_calls or completion.finish_reason != "stop" or not expects_calls(request):
        return completion
    if not BEGINS.match(completion.text):
        return completion
    calls = calls_from_text(completion.text, {tool.name for tool in request.tools})
    if not calls:
        return completion
    return replace(
        completion,
        text="",
        finish_reason="tool_calls",
        tool_calls=tuple(tool_call(call) for call in calls),
    )


def tool_call(call: Call) -> ToolCall:
    """`call` under an id that no other has."""
    name, given = call
    return ToolCall(f"call_{secrets.token_hex(8)}", name, json.dumps(given, ensure_ascii=False))
