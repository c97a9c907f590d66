"""`route --replay`: what the ledger's decisions would have been under other routing settings."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio.to_thread
from pydantic import TypeAdapter, ValidationError

from accounting.stats import parse_time
from pointsman.money import Usage
from pointsman.records import Decision
from pointsman.settings import RoutingSettings
from pointsman.types import Outcome
from routing.choice.intervals import Interval, Measure
from routing.choice.recommend import Trial, trials
from routing.choice.replay import Case, Replay, replay
from storage.ledger import milliseconds
from storage.replays import Past, Recorded, read_past

MOST = 20_000  # decisions, the latest
MOST_TRIED = 4_000  # of each of five profiles
ANSWERED = (Outcome.SUCCESS, Outcome.SLOW)
RECORDED = (
    "recorded: the prompts' analyses, the candidates with their prices, breakers and load as they "
    "were, and what each call cost and took (prompts are not kept)"
)
ESTIMATED = (
    "estimated, for a call that would have gone elsewhere: its cost at the tokens that were used, "
    "its latency as of calls the other model answered, and every quality (the score's expectation)"
)
_DECISION = TypeAdapter(Decision)


async def replayed(home: Path, since: str, routing: RoutingSettings, now: float) -> dict[str, Any]:
    """The replay under `routing` as JSON; `replay` in it is null where there is nothing to decide.

    Raises:
        InvalidInput: `since` is no time.
        ConfigError: there is no ledger that can be read.
    """
    since_ms = milliseconds(parse_time(since, now))

    def run() -> dict[str, Any]:
        past = read_past(home / "ledger.db", since_ms, MOST)
        made = replay(list(cases(past)), routing)
        return _result(since, past, made)

    return await anyio.to_thread.run_sync(run)


async def tried(home: Path, since: str, routing: RoutingSettings, now: float) -> dict[str, Any]:
    """Every other profile tried on the same calls, as JSON; `trials` is empty where there are none.

    Raises:
        InvalidInput, ConfigError: as `replayed`.
    """
    since_ms = milliseconds(parse_time(since, now))

    def run() -> dict[str, Any]:
        past = read_past(home / "ledger.db", since_ms, MOST_TRIED)
        made = trials(list(cases(past)), routing)
        return {
            "since": since,
            "profile": routing.profile,
            "trials": [asdict(trial) for trial in made],
            "told": _told_trials(past, made, routing.profile),
        }

    return await anyio.to_thread.run_sync(run)


def _told_trials(past: Past, made: Sequence[Trial], present: str) -> list[str]:
    if not made:
        return told(past, None)
    lines = [f"{made[0].calls} calls decided again; in place of profile {present}:"]
    for of in made:
        cost = _interval(of.cost, "{:+.1%}") if of.cost else "of no known price"
        lines.append(
            f"  {of.profile:<13} {of.changed} changed; cost {cost}; expected quality "
            f"{_interval(of.quality, '{:+.3f}')}{'   <- recommended' if of.recommended else ''}"
        )
    advice = "" if any(of.recommended for of in made) else "No change is surely worth it. "
    return [
        *lines,
        f"{advice}Nothing is applied; --routing FILE tries any other setting.",
        ESTIMATED,
    ]


def cases(past: Past) -> Iterator[Case]:
    """The calls whose decisions this version can read."""
    for recorded in past.recorded:
        try:
            decision = _DECISION.validate_json(recorded.decision)
        except ValidationError:  # of a version before or after this one
            continue
        yield _case(recorded, decision)


def _case(recorded: Recorded, decision: Decision) -> Case:
    costs = [attempt.cost for attempt in recorded.attempts]
    answered = next((a for a in reversed(recorded.attempts) if a.outcome in ANSWERED), None)
    return Case(
        decision=decision,
        answered_by=recorded.answered_by,
        cost=None if None in costs or not costs else sum(cost or 0 for cost in costs),
        usage=answered.usage if answered else Usage(),
        latency_ms=recorded.latency_ms,
        rating=recorded.rating,
    )


def _result(since: str, past: Past, made: Replay | None) -> dict[str, Any]:
    return {
        "since": since,
        "calls": past.calls,
        "cache_hits": past.hits,
        "failed": past.failed,
        "left_out": len(past.recorded) + past.damaged - (made.calls if made else 0),
        "replay": asdict(made) if made else None,
        "told": told(past, made),
    }


def told(past: Past, made: Replay | None) -> list[str]:
    """The replay for a person."""
    if made is None:
        return [f"none of {past.calls} calls can be decided again (no decision was recorded)"]
    share = made.changed / made.calls
    left_out = len(past.recorded) + past.damaged - made.calls
    return [
        f"{made.calls} decisions made again, {made.changed} ({share:.0%}) would have changed; not "
        f"decided: {past.hits} from cache, {past.failed} failed, {left_out} unreadable or older",
        *_measures(made),
        *_categories(made),
        *(f"  {move}: {count}" for move, count in [*made.moves.items()][:8]),
        *(
            f"  e.g. {e.decision_id}: {e.category}, strong needed {e.p_strong:.0%}: "
            f"{e.was} -> {e.now} ({e.why})"
            for e in made.examples[:5]
        ),
        *_ratings(made),
        RECORDED,
        ESTIMATED,
    ]


def _measures(made: Replay) -> Iterator[str]:
    yield "                      recorded            again               change [95 % interval]"
    if made.cost_usd is not None:
        yield _row("cost, USD", made.cost_usd, "{:.6f}", "{:+.1%}")
    yield _row("expected quality", made.quality, "{:.4f}", "{:+.4f}")
    yield _row("p50 latency, ms", made.p50_ms, "{:.0f}", "{:+.0f}")
    yield _row("p95 latency, ms", made.p95_ms, "{:.0f}", "{:+.0f}")
    if made.unpriced:
        yield f"  {made.unpriced} calls are missing from the cost: a price is not known"


def _row(name: str, of: Measure, form: str, change: str) -> str:
    was, now = (form.format(i.value) for i in (of.recorded, of.again))
    return f"  {name:<18}  {was:<18}  {now:<18}  {_interval(of.change, change)}"


def _interval(of: Interval, form: str) -> str:
    value, low, high = (_signed(form.format(number)) for number in (of.value, of.low, of.high))
    return f"{value} [{low}, {high}]"


def _signed(figure: str) -> str:
    """`figure`, but that nothing is no less than nothing."""
    return figure if figure.strip("-+0.%") else figure.replace("-", "+")


def _categories(made: Replay) -> Iterator[str]:
    for of in made.categories:
        yield (
            f"  {of.category:<18}  {of.calls} calls, {of.changed} changed; cost "
            f"{of.cost_usd:.6f} -> {of.cost_usd_again:.6f}; quality "
            f"{of.quality:.3f} -> {of.quality_again:.3f}"
        )


def _ratings(made: Replay) -> Iterator[str]:
    if made.rating_of_changed is not None:
        yield (
            f"  the answers that would not have been given were rated "
            f"{made.rating_of_changed:+.2f} on average ({made.rated} calls are rated)"
        )
