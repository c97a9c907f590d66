"""Answers with tool calls from a model that has no tool calling of its own, step by step."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Any

import anyio.to_thread

from pointsman.money import Usage
from pointsman.types import ChatRequest, Completion, Piece
from providers.functions.fallback import tool_call
from providers.functions.gate import load_gate
from providers.functions.history import as_text
from providers.functions.layer import Steps, Told, steps
from providers.functions.parse import Call
from providers.functions.prompt import Step
from providers.local.answers import as_ask, pieces, translated
from providers.local.process import Event

Ask = Callable[[dict[str, Any], bool], AbstractAsyncContextManager[AsyncIterator[Event]]]

ABLE_BYTES = 1_000_000_000  # of a model's file: 1.5 billion weights of 4 bits have 1.1e9


@dataclass(frozen=True, slots=True)
class Calling:
    """One answer to a request with tools: asks as often as it must, and adds up what that took."""

    model: str
    context: int
    ask: Ask
    able: bool = False  # may judge for itself whether a call is wanted

    async def pieces(self, request: ChatRequest, *, stream: bool) -> AsyncGenerator[Piece, None]:
        """Text as it comes where the model answers in words; the completion last."""
        gate = await anyio.to_thread.run_sync(load_gate)  # a file, the first time
        calls, spent = await self._calls(steps(request, self.context, gate, able=self.able))
        if calls:
            yield Completion(
                text="",
                finish_reason="tool_calls",
                usage=spent,
                model=self.model,
                tool_calls=tuple(tool_call(call) for call in calls),
            )
            return
        question = as_ask(in_words(request), self.context)
        async with aclosing(self._asked(question, stream=stream)) as answer:
            async for piece in answer:
                if isinstance(piece, Completion):
                    yield replace(piece, usage=_sum(spent, piece.usage))
                else:
                    yield piece

    async def _calls(self, asking: Steps) -> tuple[list[Call], Usage]:
        """What the steps come to, and what they took."""
        spent = Usage()
        try:
            step = next(asking)
            while True:
                done = await self._done(step)
                spent = _sum(spent, done.usage)
                step = asking.send(Told(done.text, done.finish_reason == "stop"))
        except StopIteration as end:
            return end.value, spent

    async def _done(self, step: Step) -> Completion:
        question = {
            "messages": [{"role": m.role, "content": m.content} for m in step.messages],
            "max_tokens": step.max_tokens,
            "temperature": 0,
            "schema": step.schema,
        }
        async with aclosing(self._asked(question, stream=False)) as answer:
            async for piece in answer:
                if isinstance(piece, Completion):
                    return piece
        raise AssertionError("an answer ends with its completion")

    async def _asked(
        self, question: dict[str, Any], *, stream: bool
    ) -> AsyncGenerator[Piece, None]:
        with translated():
            async with self.ask(question, stream) as events:
                async for piece in pieces(self.model, events):
                    yield piece


def in_words(request: ChatRequest) -> ChatRequest:
    """The same, to be answered without another call."""
    told = tuple(as_text(request.messages))
    return replace(request, messages=told, tools=())


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(
        input_tokens=a.input_tokens + b.input_tokens,
        output_tokens=a.output_tokens + b.output_tokens,
        cached_input_tokens=a.cached_input_tokens + b.cached_input_tokens,
    )
