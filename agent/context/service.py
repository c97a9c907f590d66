"""What stands behind the `context_*` tools: a window for each caller, and what it keeps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from agent.context.record import Fitted
from agent.context.summary import Complete
from agent.context.window import Window
from pointsman.errors import InvalidInput
from pointsman.money import usd
from pointsman.seams import Clock
from tools.asking import LONGEST_PROMPT
from tools.context import (
    CompressArguments,
    CompressResult,
    RestoreArguments,
    RestoreResult,
    message_out,
)
from tools.tool import Caller

Keep = Callable[[str, str, str], Awaitable[None]]  # principal, handle, text
Kept = Callable[[str, str], Awaitable[str | None]]  # principal, handle


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextService:
    """`keep` and `kept` hold each principal's texts apart."""

    complete: Complete
    keep: Keep
    kept: Kept
    new_id: Callable[[], str]
    clock: Clock

    async def compress(self, given: CompressArguments, caller: Caller) -> CompressResult:
        """The conversation, made to fit; what stays verbatim is kept to the letter.

        Raises:
            InvalidInput: a pinned message is not there, it is too long, or what must stay does
                not fit.
        """
        messages = [message.message() for message in given.messages]
        length = sum(len(m.content) + sum(len(c.arguments) for c in m.tool_calls) for m in messages)
        if length > LONGEST_PROMPT:
            raise InvalidInput(
                f"The conversation has {length:,} characters; at most {LONGEST_PROMPT:,} are taken."
            )
        pinned = frozenset(given.pinned)
        if missing := sorted(n for n in pinned if not 0 <= n < len(messages)):
            raise InvalidInput(f"There is no message {missing[0]}: indices begin at 0.")
        window = self._window(given, caller)
        fitted = await window.fit(messages, given.max_tokens, pinned)
        return _result(fitted, sum(map(window.size, messages)))

    async def restore(self, given: RestoreArguments, caller: Caller) -> RestoreResult:
        """The caller's own originals.

        Raises:
            NotFound: nothing of theirs is kept under this handle.
        """
        originals = await self._window(None, caller).restore(given.handle)
        return RestoreResult(messages=[message_out(m, [n]) for n, m in sorted(originals.items())])

    def _window(self, given: CompressArguments | None, caller: Caller) -> Window:
        recent = 0 if given is None else given.keep_recent
        who = caller.principal
        return Window(
            keep=partial(self.keep, who.id),
            kept=partial(self.kept, who.id),
            new_id=self.new_id,
            clock=self.clock,
            complete=self.complete,
            strategy="hybrid" if given is None else given.strategy,
            recent=recent,
            least_recent=recent,
            filled=1.0,  # it was asked for so many tokens
            principal=who,
        )


def _result(fitted: Fitted, before: int) -> CompressResult:
    done = fitted.compaction
    messages = [
        message_out(message, list(mark.sources), compressed=mark.fate != "kept", pinned=mark.pinned)
        for message, mark in zip(fitted.messages, fitted.marks, strict=True)
    ]
    if done is None:
        return CompressResult(messages=messages, tokens_before=before, tokens_after=before)
    return CompressResult(
        messages=messages,
        tokens_before=before,
        tokens_after=done.tokens_after,
        strategy=done.strategy,
        handle=done.handle,
        cost_usd=usd(done.cost),
        model=done.model,
        warnings=list(done.notes) or None,
    )
