"""The votes of an audience on debates under way; in memory, and forgotten after a while."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pointsman.errors import InvalidInput, NotFound
from pointsman.seams import Clock

Side = Literal["pro", "con"]
SIDES: tuple[Side, ...] = ("pro", "con")
MOST_DEBATES = 256  # kept at once; the oldest goes first
MOST_VOTERS = 10_000  # in one debate


@dataclass(slots=True)
class _Box:
    question: str
    owner: str
    until: float  # monotonic
    open: bool = True
    votes: dict[str, Side] = field(default_factory=dict[str, Side])  # by voter


class Ballots:
    """A box for each debate: open until its judge decides, then only to be read."""

    def __init__(self, clock: Clock, new_id: Callable[[], str], *, keep_s: float = 3600.0) -> None:
        self._now = clock.monotonic
        self._new_id = new_id
        self._keep_s = keep_s
        self._boxes: dict[str, _Box] = {}

    def open(self, question: str, owner: str) -> str:
        """The id of a new debate; whoever knows it may vote."""
        self._forget()
        while len(self._boxes) >= MOST_DEBATES:
            del self._boxes[next(iter(self._boxes))]
        debate = self._new_id()
        self._boxes[debate] = _Box(question, owner, self._now() + self._keep_s)
        return debate

    def vote(self, debate: str, side: Side, voter: str) -> dict[Side, int]:
        """Count one vote, and say how the debate stands.

        Raises:
            NotFound: there is no such debate, or not any more.
            InvalidInput: it is decided, `voter` has voted, or there are too many voters.
        """
        box = self._box(debate)
        if not box.open:
            raise InvalidInput("This debate is decided: votes are no longer counted.")
        if voter in box.votes:
            raise InvalidInput("You have voted in this debate: one vote each.")
        if len(box.votes) >= MOST_VOTERS:
            raise InvalidInput(f"This debate has its {MOST_VOTERS:,} votes: no more are taken.")
        box.votes[voter] = side
        return self.counts(debate)

    def counts(self, debate: str) -> dict[Side, int]:
        """The votes for each side.

        Raises:
            NotFound: there is no such debate, or not any more.
        """
        counted = Counter(self._box(debate).votes.values())
        return {side: counted[side] for side in SIDES}

    def running(self, owner: str) -> dict[str, str]:
        """The questions of `owner`'s debates that take votes, by id; the newest last."""
        self._forget()
        return {
            debate: box.question
            for debate, box in self._boxes.items()
            if box.open and box.owner == owner
        }

    def close(self, debate: str) -> dict[Side, int]:
        """Take no more votes, and say how it stands; one that was forgotten has none."""
        box = self._boxes.get(debate)
        if box is None:
            return dict.fromkeys(SIDES, 0)
        box.open = False
        counted = Counter(box.votes.values())
        return {side: counted[side] for side in SIDES}

    def _box(self, debate: str) -> _Box:
        self._forget()
        try:
            return self._boxes[debate]
        except KeyError:
            raise NotFound("There is no such debate, or not any more.") from None

    def _forget(self) -> None:
        now = self._now()
        for debate in [d for d, box in self._boxes.items() if box.until <= now]:
            del self._boxes[debate]
