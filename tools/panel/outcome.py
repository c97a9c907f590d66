"""What was replied, as the `panel` tool gives it and as it is read."""

from collections.abc import Sequence
from typing import Any

from pointsman.money import usd
from tools.panel.form import DissentOut, MemberOut, PanelResult, TurnOut
from tools.panel.sitting import Reply, Sitting


def outcome(
    sitting: Sitting,
    replies: Sequence[Reply],
    *,
    dissent: Sequence[DissentOut] = (),
    transcript: Sequence[TurnOut] = (),
    **rest: Any,
) -> PanelResult:
    """The result of a panel whose members replied so; several replies of a seat are one member."""
    seats = dict.fromkeys(reply.seat for reply in replies)
    return PanelResult(
        members=[_member([r for r in replies if r.seat == seat]) for seat in seats],
        dissent=list(dissent),
        transcript=list(transcript),
        cost_usd=usd(sitting.cost),
        warnings=list(dict.fromkeys([*sitting.warnings, *_warnings(sitting.replies)])) or None,
        **rest,
    )


def _member(replies: Sequence[Reply]) -> MemberOut:
    last = replies[-1]
    costs = [reply.cost for reply in replies]
    return MemberOut(
        model=last.seat.model.name,
        role=last.seat.role or None,
        text=last.text,
        cost_usd=None if None in costs else usd(sum(cost or 0 for cost in costs)),
        latency_ms=round(sum(reply.latency_ms for reply in replies), 3),
        cached=all(reply.cached for reply in replies),
        error=None if last.error is None else last.error.message,
    )


def _warnings(replies: Sequence[Reply]) -> list[str]:
    """What a caller must not overlook."""
    told = [f"{r.seat.name} did not answer: {r.error.message}" for r in replies if r.error]
    told += [
        f"The answer of {r.seat.name} was cut off at its token limit." for r in replies if r.cut
    ]
    unknown = dict.fromkeys(r.seat.model.name for r in replies if r.cost is None)
    if unknown:
        told.append(
            f"What {', '.join(unknown)} cost is not known, so the panel's cost is not either."
        )
    return told


def read(result: PanelResult) -> str:
    """A result as a model or a person reads it: the answer first, then who said what."""
    parts = [] if result.answer is None else [result.answer]
    if result.agreement is not None:
        parts.append(f"[agreement {result.agreement:.0%}]")
    parts += [f"[dissent, {', '.join(d.models)}] {d.text}" for d in result.dissent]
    if result.winner is not None:
        votes = "" if result.votes is None else f"; votes {result.votes.pro}:{result.votes.con}"
        parts.append(f"[winner: {result.winner}{votes}]")
    if result.answer is None:
        parts += [f"## {m.model}\n{m.error or m.text}" for m in result.members]
    parts += [f"[{warning}]" for warning in result.warnings or ()]
    return "\n\n".join(parts)
