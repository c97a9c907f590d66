"""A debate: a moderator frames it, two sides argue, the audience may vote, a judge decides."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import anyio

from pointsman.errors import PointsmanError
from pointsman.types import ChatRequest, Json, Message
from routing.benchmark.extract import json_objects
from tools.panel.ballots import Ballots, Side
from tools.panel.form import ROUNDS, DissentOut, PanelArguments, PanelResult, TurnOut, VotesOut
from tools.panel.modes import DATA
from tools.panel.outcome import outcome
from tools.panel.seats import Seat
from tools.panel.sitting import Reply, Sitting
from tools.panel.words import clipped, quoted, room_for

TURN_TOKENS = 800  # of each contribution, if the caller does not say
ROLES = ("pro", "con", "judge", "moderator")
Winner = Literal["pro", "con", "draw"]

FRAME = (
    "You moderate a debate. State the motion in one sentence, what 'pro' and what 'con' stand for "
    "(if the question is between two things, pro is for the first), and two or three criteria to "
    "judge it by. Be neutral and brief; do not argue."
)
ARGUE = (
    "You argue the '{side}' side of a debate, as strongly as honesty allows: your best arguments "
    "with facts, and answers to what the other side said. No repetition; at most 200 words."
)
DECIDE = (
    "You judge a debate by its arguments and the moderator's criteria, not by length or order. "
    'Reply with JSON only: {"winner": "pro", "con" or "draw", "verdict": "what to conclude on the '
    'question, and which arguments decided it"}.'
)
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "winner": {"type": "string", "enum": ["pro", "con", "draw"]},
        "verdict": {"type": "string"},
    },
    "required": ["winner", "verdict"],
    "additionalProperties": False,
}


def calls(seats: Mapping[str, Seat], rounds: int) -> list[tuple[Seat, int]]:
    """Every call of a debate, with how many contributions it is shown."""
    turns = [(seats["moderator"], 0)]
    for n in range(rounds):
        turns += [(seats[side], 1 + 2 * n) for side in ("pro", "con")]
    return [*turns, (seats["judge"], 1 + 2 * rounds)]


@dataclass(slots=True, kw_only=True)
class Debate:
    """One debate and what was said in it so far."""

    sitting: Sitting
    given: PanelArguments
    seats: Mapping[str, Seat]  # by role
    ballots: Ballots
    replies: list[Reply] = field(default_factory=list[Reply])
    transcript: list[TurnOut] = field(default_factory=list[TurnOut])

    async def run(self) -> PanelResult:
        """The verdict, who argued what, and the votes.

        Raises:
            PointsmanError: somebody could not speak; the message says who.
        """
        rounds = self.given.rounds or ROUNDS
        self.sitting.plan(calls(self.seats, rounds))
        debate = self.ballots.open(self.given.prompt, self.sitting.call.principal.id)
        try:
            await self._announce(debate)
            await self._turn("moderator", FRAME, None)
            for n in range(1, rounds + 1):
                await self._round(n)
            await self._hear_audience()
        finally:
            votes = self.ballots.close(debate)
        reply = await self._turn("judge", DECIDE, None)
        winner, verdict = decided(reply.text)
        if winner == "draw" and votes["pro"] != votes["con"]:
            winner = "pro" if votes["pro"] > votes["con"] else "con"
            self.sitting.warnings.append("The judge saw a draw; the audience's votes decided.")
        return self._result(winner, verdict, votes, debate)

    async def _round(self, n: int) -> None:
        """Both sides at once, so that neither has the last word in a round."""
        requests = {side: self._request(side, ARGUE.format(side=side)) for side in ("pro", "con")}
        replies = dict[str, Reply]()

        async def speak(side: str) -> None:
            stage = f"Round {n}, {side},"
            replies[side] = await self.sitting.must(self.seats[side], requests[side], stage)

        await _both(speak)
        for side in ("pro", "con"):
            self._keep(side, n, replies[side])

    async def _turn(self, role: str, told: str, n: int | None) -> Reply:
        request = self._request(role, told)
        reply = await self.sitting.must(self.seats[role], request, f"The {role}'s turn")
        self._keep(role, n, reply)
        return reply

    def _keep(self, role: str, n: int | None, reply: Reply) -> None:
        self.replies.append(reply)
        model = reply.seat.model.name
        self.transcript.append(TurnOut(role=role, round=n, model=model, text=reply.text))

    def _request(self, role: str, told: str) -> ChatRequest:
        model, given = self.seats[role].model, self.given
        room = room_for(model.context, len(self.transcript) + 1)
        said = (
            quoted(f"{t.role}, round {t.round}" if t.round else t.role, clipped(t.text, room))
            for t in self.transcript
        )
        system = "\n\n".join(part for part in (given.system, f"{told} {DATA}") if part)
        strict = role == "judge" and "json" in model.capabilities
        return ChatRequest(
            messages=(
                Message("system", system),
                Message("user", "\n".join([quoted("question", given.prompt), *said])),
            ),
            max_tokens=given.max_tokens or min(TURN_TOKENS, model.max_output or TURN_TOKENS),
            json_schema=SCHEMA if strict else None,
        )

    async def _announce(self, debate: str) -> None:
        if self.sitting.say is not None:
            await self.sitting.say(0, None, f"debate {debate} is open for votes")

    async def _hear_audience(self) -> None:
        """Wait for votes for as long as was asked, but leave the judge half of the time left."""
        wait_s, ends = self.given.audience_s, self.sitting.ends
        if ends is not None:
            wait_s = min(wait_s, max(ends - self.sitting.clock.monotonic(), 0) / 2)
        if wait_s:
            await self.sitting.clock.sleep(wait_s)

    def _result(
        self, winner: Winner | None, verdict: str, votes: Mapping[Side, int], debate: str
    ) -> PanelResult:
        if winner is None:
            self.sitting.warnings.append("The judge named no winner.")
        return outcome(
            self.sitting,
            self.replies,
            answer=verdict,
            dissent=self._losers(winner),
            transcript=self.transcript,
            winner=winner,
            debate_id=debate,
            votes=VotesOut(pro=votes["pro"], con=votes["con"]),
        )

    def _losers(self, winner: Winner | None) -> Sequence[DissentOut]:
        """The last word of the side that lost."""
        lost = {"pro": "con", "con": "pro"}.get(winner or "")
        last = [turn for turn in self.transcript if turn.role == lost]
        return [DissentOut(models=[turn.model], text=turn.text) for turn in last[-1:]]


def decided(text: str) -> tuple[Winner | None, str]:
    """The winner and the verdict in a judge's reply; None where it names no winner."""
    for value in json_objects(text):
        winner, verdict = str(value.get("winner", "")).lower(), value.get("verdict")
        if winner in ("pro", "con", "draw"):
            told = verdict if isinstance(verdict, str) and verdict.strip() else text
            return cast(Winner, winner), told.strip()
    return None, text


async def _both(speak: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Have both sides speak at once.

    Raises:
        PointsmanError: a side failed; the other was stopped.
    """
    try:
        async with anyio.create_task_group() as tasks:
            for side in ("pro", "con"):
                tasks.start_soon(speak, side)
    except* PointsmanError as failed:
        error: BaseException = failed
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
