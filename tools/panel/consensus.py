"""Consensus: several models answer, the answer of most is given, and who differs is named."""

from collections.abc import Sequence

from pointsman.errors import NoBackend
from pointsman.types import ChatRequest, Tier
from tools.panel.answers import Said, read
from tools.panel.form import DissentOut, PanelArguments, PanelResult
from tools.panel.grouping import Judge, agreement, grouped, tied
from tools.panel.modes import ask_all, nobody, question
from tools.panel.outcome import outcome
from tools.panel.seats import Seat
from tools.panel.sitting import Reply, Sitting
from tools.panel.words import room_for

BRIEF = "If the question has a short answer, end with a line 'Answer: ' and that answer alone."
LEAST_VOTES = 2
LONGEST_DISSENT = 600  # characters; the whole text is with its member
QUALITY: dict[Tier, float] = {"strong": 0.8, "cheap": 0.6, "local": 0.4}  # where nobody measured


async def consensus(
    sitting: Sitting, given: PanelArguments, seats: Sequence[Seat], judge: Seat
) -> PanelResult:
    """What most members say, how many they are, and what the others say.

    Raises:
        PointsmanError: fewer than two answered.
    """
    sitting.plan([*((seat, 0) for seat in seats), (judge, len(seats))])
    replies = await ask_all(sitting, seats, question(given, BRIEF))
    voters = [reply for reply in replies if reply.error is None]
    if len(voters) < LEAST_VOTES:
        raise nobody(sitting, replies) if not voters else _alone(sitting, replies)
    said = [read(given.prompt, reply.text) for reply in voters]
    texts = [reply.text for reply in voters]
    room = room_for(judge.model.context, len(voters) + 1)
    groups, how = await grouped(given.prompt, texts, said, _judge(sitting, judge), room)
    if how == "words":
        sitting.warnings.append(
            "No judge could compare the answers: they were compared by their words alone."
        )
    weights = [_weight(reply, given) for reply in voters]
    most, share = agreement(groups, weights)
    if tied(groups, weights):
        sitting.warnings.append("No answer has the most votes: the first of those tied is given.")
    elif share <= 1 / 2:
        sitting.warnings.append("No answer has more than half of the votes.")
    best = max(most, key=lambda n: (weights[n], -n))
    return outcome(
        sitting,
        replies,
        answer=texts[best],
        agreement=round(share, 4),
        dissent=[_dissent(voters, said, group) for group in groups if group is not most],
    )


def _judge(sitting: Sitting, seat: Seat) -> Judge:
    async def judge(request: ChatRequest) -> str | None:
        if "json" not in seat.model.capabilities:
            request = ChatRequest(messages=request.messages, max_tokens=request.max_tokens)
        reply = await sitting.ask(seat, request)
        return None if reply.error else reply.text

    return judge


def _weight(reply: Reply, given: PanelArguments) -> float:
    if not given.weighted:
        return 1.0
    model = reply.seat.model
    return QUALITY[model.tier] if model.quality is None else max(model.quality, 0.01)


def _dissent(voters: Sequence[Reply], said: Sequence[Said], group: Sequence[int]) -> DissentOut:
    return DissentOut(
        models=[voters[n].seat.name for n in group],
        text=said[group[0]].text[:LONGEST_DISSENT],
    )


def _alone(sitting: Sitting, replies: Sequence[Reply]) -> NoBackend:
    error = NoBackend(
        "Only one member answered: that is no consensus.",
        hint="Ask again, name other models, or use mode 'compare'.",
        causes=getattr(nobody(sitting, replies), "causes", ()),
    )
    error.cost = sitting.cost
    return error
