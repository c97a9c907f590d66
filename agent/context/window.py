"""The context window: a conversation that has grown too long, made to fit.

What is decided is decided in a thread: a conversation of 2,000,000 characters took a second.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from anyio import to_thread

from agent.context.blocks import Size, blocks, protected
from agent.context.choosing import Choice
from agent.context.record import Compaction, Fitted, Mark, packed, unpacked
from agent.context.summary import Complete, Summary, summed_up
from agent.loop.seams import Compacted
from agent.loop.size import tokens_of_messages
from pointsman.agent_settings import ContextStrategy
from pointsman.errors import InvalidInput, NotFound, PointsmanError
from pointsman.money import Nano
from pointsman.records import LOCAL, Principal
from pointsman.seams import Clock
from pointsman.types import Message

SUMMARY_TOKENS = 700  # of a summary, at most
LEAST_SUMMARY = 60  # tokens; with less room it would say nothing
NOTHING_PINNED = frozenset[int]()


class NoRoom(InvalidInput):
    """What must stay is more than there is room for; both in tokens."""

    def __init__(self, floor: int, room: int) -> None:
        super().__init__(
            f"The system prompt, the task, what is pinned and the last messages have about "
            f"{floor} tokens; there is room for {room}.",
            hint="Pin less, keep fewer recent messages, or use a model with a larger context.",
        )
        self.floor = floor
        self.room = room


def size_of(message: Message) -> int:
    return tokens_of_messages((message,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Fits conversations; what they lose is kept under a handle."""

    keep: Callable[[str, str], Awaitable[None]]  # a text under a handle
    kept: Callable[[str], Awaitable[str | None]]
    new_id: Callable[[], str]
    clock: Clock
    complete: Complete | None = None  # None: nothing is summed up
    strategy: ContextStrategy = "hybrid"
    size: Size = size_of
    recent: int = 4  # pieces at the end that stay verbatim, ...
    least_recent: int = 0  # ... or as few as that where more do not fit
    filled: float = 0.7  # of the room, after a compaction: so that not every turn needs one
    readable: bool = False  # the model can read kept texts with `read_result`
    principal: Principal = LOCAL
    max_cost: Nano | None = None  # of a summary; None: there is no cap

    async def fit(
        self, messages: Sequence[Message], room: int, pinned: frozenset[int] = NOTHING_PINNED
    ) -> Fitted:
        """`messages` in at most `room` tokens; the very same where they fit.

        Raises:
            NoRoom: what must stay does not fit.
            StorageFailed: the originals could not be kept.
        """
        before = sum(map(self.size, messages))
        if before <= room:
            marks = tuple(Mark("kept", (n,), n in pinned) for n in range(len(messages)))
            return Fitted(messages=tuple(messages), marks=marks)
        choice = await to_thread.run_sync(self._begin, messages, room, pinned)
        handle = self.new_id()
        summary, notes, cost = await self._choose(choice, handle)
        try:
            await self._keep(choice, handle)
        except PointsmanError as error:
            error.cost = cost  # the summary is paid for all the same
            raise
        fitted = choice.fitted(None if summary is None else summary.message, pinned)
        return replace(
            fitted,
            compaction=Compaction(
                handle=handle,
                strategy=choice.strategy,
                compressed=choice.changed,
                tokens_before=before,
                tokens_after=sum(map(self.size, fitted.messages)),
                at=self.clock.wall(),
                cost=cost,
                summary_tokens=0 if summary is None else summary.tokens,
                model=None if summary is None else summary.model,
                notes=notes,
            ),
        )

    async def compact(self, messages: Sequence[Message], room: int, left: Nano) -> Compacted:
        """As `fit`, for the loop, which has `left` to spend."""
        fitted = await replace(self, max_cost=left).fit(messages, room)
        done = fitted.compaction
        if done is None:
            return Compacted(messages=fitted.messages, note="")
        return Compacted(
            messages=fitted.messages, note=told(done), cost=done.cost, tokens=done.summary_tokens
        )

    async def restore(self, handle: str) -> dict[int, Message]:
        """The originals that a compaction took away, by their places in the conversation before.

        Raises:
            NotFound: nothing is kept under `handle`.
        """
        text = await self.kept(handle)
        if text is None:
            raise NotFound(f"Nothing is kept under {handle[:80]!r}.")
        return unpacked(text)

    def _begin(self, messages: Sequence[Message], room: int, pinned: frozenset[int]) -> Choice:
        """What must stay, of as many recent pieces as leave some head-room.

        Raises:
            NoRoom: it does not fit with the fewest.
        """
        pieces, target, floor = blocks(messages), int(room * self.filled), 0
        for recent in range(self.recent, self.least_recent - 1, -1):
            safe = protected(messages, pieces, pinned, recent)
            floor = sum(self.size(messages[n]) for piece in safe for n in pieces[piece].indices)
            if floor <= target or (recent == self.least_recent and floor <= room):
                return Choice(
                    messages=messages,
                    pieces=pieces,
                    safe=safe,
                    size=self.size,
                    target=target,
                    readable=self.readable,
                    strategy=self.strategy,
                )
        raise NoRoom(floor, room)

    async def _keep(self, choice: Choice, handle: str) -> None:
        for own, text in choice.bodies.items():
            await self.keep(own, text)
        originals = {n: choice.messages[n] for n in choice.changed}
        await self.keep(handle, await to_thread.run_sync(packed, originals))

    async def _choose(
        self, choice: Choice, handle: str
    ) -> tuple[Summary | None, tuple[str, ...], Nano | None]:
        """Decide what goes; the summary of it, what to tell, and what it cost."""
        if self.strategy == "hybrid":
            await to_thread.run_sync(choice.shorten, handle)
        if choice.fits or self.strategy in ("sliding", "importance"):
            await to_thread.run_sync(choice.drop, 0)
            return None, (), 0
        room = min(SUMMARY_TOKENS, choice.free // 2)
        if self.complete is None or room < LEAST_SUMMARY:
            return None, (await self._without(choice, "there is no room or no model for one"),), 0
        await to_thread.run_sync(choice.drop, room)
        try:
            summary = await summed_up(
                self.complete,
                choice.dropped,
                handle,
                room,
                self.size,
                self.principal,
                self.max_cost,
            )
        except PointsmanError as error:
            return None, (await self._without(choice, error.message),), error.cost
        return summary, (), summary.cost

    async def _without(self, choice: Choice, why: str) -> str:
        choice.strategy = "importance"
        await to_thread.run_sync(choice.drop, 0)
        return f"no summary: {why}"


def told(done: Compaction) -> str:
    """A compaction in a line, for a person."""
    parts = [
        f"{len(done.compressed)} messages left out or shortened ({done.strategy}): "
        f"{done.tokens_before} tokens before, {done.tokens_after} after; originals: {done.handle}"
    ]
    if done.model is not None:
        parts.append(f"summed up by {done.model}")
    return "; ".join([*parts, *done.notes])
