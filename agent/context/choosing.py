"""What of a conversation stays, what is shortened and what goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent.context.blocks import Block, Size
from agent.context.importance import block_importance
from agent.context.record import Fate, Fitted, Mark
from agent.context.shorten import WORTH_IT, kept_under, shortened
from pointsman.agent_settings import ContextStrategy
from pointsman.types import Message


@dataclass(slots=True, kw_only=True)
class Choice:
    """One compaction while it is decided."""

    messages: Sequence[Message]
    pieces: Sequence[Block]
    safe: frozenset[int]  # pieces that stay verbatim
    size: Size
    target: int  # tokens to get down to
    readable: bool
    strategy: ContextStrategy
    bodies: dict[str, str] = field(default_factory=dict[str, str])  # shortened ones, by handle
    _short: dict[int, Message] = field(default_factory=dict[int, Message])  # by place
    _gone: frozenset[int] = frozenset()  # pieces

    def shorten(self, handle: str) -> None:
        """Shorten long results of tools, the oldest first, until all fits or none is left."""
        total = self._tokens(range(len(self.pieces)))
        for n, piece in enumerate(self.pieces):
            for m in piece.indices if n not in self.safe else ():
                if total <= self.target:
                    return
                total -= self._shorten(m, handle)

    def drop(self, reserve: int) -> None:
        """Let go of what does not fit beside `reserve` tokens for a summary."""
        left = self.free - reserve
        loose = [n for n in range(len(self.pieces)) if n not in self.safe]
        newest_first = self.strategy in ("sliding", "summary")
        loose.sort(key=(lambda n: -n) if newest_first else self._weight)
        gone: set[int] = set()
        for n in loose:
            cost = self._tokens([n])
            if cost > left:
                gone.add(n)
                left = -1 if newest_first else left  # a gap would hide that something is missing
            else:
                left -= cost
        self._gone = frozenset(gone)

    @property
    def fits(self) -> bool:
        """Whether nothing needs to go."""
        return self._tokens(range(len(self.pieces))) <= self.target

    @property
    def free(self) -> int:
        """Tokens beside what stays verbatim."""
        return self.target - self._tokens(self.safe)

    @property
    def dropped(self) -> list[Message]:
        return [self.messages[n] for n in self._gone_places()]

    @property
    def changed(self) -> tuple[int, ...]:
        """Places of the messages that are gone or shortened."""
        return tuple(sorted({*self._gone_places(), *self._short}))

    def fitted(self, summary: Message | None, pinned: frozenset[int]) -> Fitted:
        """What is left, with `summary` where the first message is gone."""
        places = self._gone_places()
        gone, first = frozenset(places), min(places, default=None)
        messages: list[Message] = []
        marks: list[Mark] = []
        for n, message in enumerate(self.messages):
            if n not in gone:
                messages.append(self._short.get(n, message))
                fate: Fate = "shortened" if n in self._short else "kept"
                marks.append(Mark(fate, (n,), n in pinned))
            elif summary is not None and n == first:
                messages.append(summary)
                marks.append(Mark("summary", places))
        return Fitted(messages=tuple(messages), marks=tuple(marks))

    def _gone_places(self) -> tuple[int, ...]:
        return tuple(n for piece in sorted(self._gone) for n in self.pieces[piece].indices)

    def _weight(self, piece: int) -> tuple[float, int]:
        """Sorts the weightiest first, and of equals the newest."""
        return -block_importance(self.messages, self.pieces[piece]), -piece

    def _tokens(self, pieces: Sequence[int] | frozenset[int]) -> int:
        places = (m for n in pieces for m in self.pieces[n].indices)
        return sum(self.size(self._short.get(m, self.messages[m])) for m in places)

    def _shorten(self, place: int, handle: str) -> int:
        """How many tokens it saved to shorten the message there, if it is a long result."""
        message = self.messages[place]
        if message.role != "tool" or len(message.content) <= WORTH_IT:
            return 0
        before = kept_under(message.content)
        own = before or (f"{handle}-{place}" if self.readable else handle)
        text = shortened(message.content, own, readable=self.readable or before is not None)
        short = replace(message, content=text)
        saved = self.size(message) - self.size(short)
        if saved <= 0:
            return 0
        self._short[place] = short
        if self.readable and before is None:
            self.bodies[own] = message.content
        return saved
