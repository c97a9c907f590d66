"""The `complete` tool: one answer, from wherever it is best had, with its receipt."""

import json
from typing import Any

from pydantic import Field

from pointsman.money import usd
from pointsman.records import Answer, CacheKind, Layer
from routing.dispatch import Dispatcher
from tools.asking import Asking
from tools.tool import Caller, Result, Tool


class UsageOut(Result):
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int


class CacheOut(Result):
    hit: bool
    layer: Layer | None = None
    kind: CacheKind | None = None
    similarity: float | None = None
    probability: float | None = None
    age_s: float | None = None
    stale: bool = False
    hit_id: str | None = None


class AttemptOut(Result):
    provider: str
    model: str
    outcome: str
    latency_ms: float


class ToolCallOut(Result):
    id: str
    name: str
    arguments: str


class CompleteResult(Result):
    text: str
    parsed: Any = Field(
        default=None, alias="json", description="with json_schema: the text, parsed"
    )
    tool_calls: list[ToolCallOut] | None = None
    model: str
    provider: str
    local: bool
    finish_reason: str
    usage: UsageOut
    cost_usd: float | None = Field(description="null: the price is not known")
    saved_usd: float
    latency_ms: float
    cache: CacheOut
    decision_id: str
    attempts: list[AttemptOut]
    warnings: list[str] | None = None


def complete_tool(dispatcher: Dispatcher) -> Tool:
    async def run(asking: Asking, caller: Caller) -> CompleteResult:
        call = asking.call("complete", caller.principal)
        if caller.show is None:
            return result(await dispatcher.complete(call), parse=asking.json_schema is not None)
        async with dispatcher.open(call, stream=True) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return result(piece, parse=asking.json_schema is not None)
                await caller.show(piece)
        raise AssertionError("a flight ends with an answer or an error")

    return Tool(
        name="complete",
        title="Complete a prompt",
        description="Answer a prompt with the best model for it, from cache where that is safe. "
        "The result says which model answered, why (decision_id), and what it cost.",
        arguments=Asking,
        result=CompleteResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=True,
    )


def result(answer: Answer, *, parse: bool) -> CompleteResult:
    completion = answer.completion
    calls = [
        ToolCallOut(id=c.id, name=c.name, arguments=c.arguments) for c in completion.tool_calls
    ]
    return CompleteResult(
        text=completion.text,
        json=_parsed(completion.text) if parse else None,
        tool_calls=calls or None,
        model=answer.model,
        provider=answer.provider,
        local=answer.local,
        finish_reason=completion.finish_reason,
        usage=UsageOut.model_validate(completion.usage, from_attributes=True),
        cost_usd=usd(answer.cost),
        saved_usd=usd(answer.saved) or 0.0,
        latency_ms=round(answer.latency_ms, 3),
        cache=CacheOut.model_validate(answer.cache, from_attributes=True),
        decision_id=answer.decision_id,
        attempts=[AttemptOut.model_validate(a, from_attributes=True) for a in answer.attempts],
        warnings=_warnings(answer, parse=parse),
    )


def _warnings(answer: Answer, *, parse: bool) -> list[str] | None:
    """What a caller must not overlook in a receipt."""
    warnings: list[str] = []
    unpriced = dict.fromkeys(f"{a.provider}/{a.model}" for a in answer.attempts if a.cost is None)
    if unpriced:
        warnings.append(
            f"The price of {', '.join(unpriced)} is not known: this call's cost is missing from "
            "the accounts. Set [[providers...models]] price."
        )
    if answer.cache.stale:
        warnings.append(
            f"This answer is {answer.cache.age_s or 0:.0f} s old and no longer fresh: it was "
            "served because no model could answer."
        )
    if answer.cache.kind == "adapted":
        warnings.append(
            "This answer was adapted by a local model from the answer to a similar prompt."
        )
    if answer.completion.usage.estimated:
        warnings.append("The provider did not report its token counts; they are estimated.")
    if answer.completion.finish_reason == "length":
        warnings.append("The answer was cut off at its token limit.")
    if parse and answer.completion.text and _parsed(answer.completion.text) is None:
        warnings.append("The answer is not the JSON that was asked for; it was not remembered.")
    return warnings or None


def _parsed(text: str) -> Any:
    """`text` as JSON; None when it is not (an answer that was cut off is not)."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _read(given: CompleteResult) -> str:
    calls = [f"{c.name}({c.arguments})" for c in given.tool_calls or ()]
    warnings = [
        f"[{warning}]"
        for warning in given.warnings or ()
        if "price" in warning or warning.startswith("This answer")
    ]
    return "\n".join(part for part in (given.text, *calls, *warnings) if part)
