"""What is told and written down when a call has ended: pure arithmetic over what happened."""

from dataclasses import dataclass, field, replace

import orjson

from pointsman.errors import PointsmanError
from pointsman.money import Nano, Usage
from pointsman.records import (
    MISS,
    Answer,
    Attempt,
    CacheInfo,
    Call,
    CallRecord,
    Candidate,
    Decision,
    Found,
    Remembered,
)
from pointsman.types import Completion, Tier
from routing.choice.decide import within


@dataclass(slots=True)
class Progress:
    """A call under way, and what it has come to so far."""

    call: Call
    call_id: str
    started: float  # monotonic, s
    deadline: float
    decision: Decision
    cache: CacheInfo = MISS  # of the answer that is being adapted
    attempts: list[Attempt] = field(default_factory=list[Attempt])

    def affordable(self, candidate: Candidate) -> Candidate | None:
        """`candidate` within what is left of the caller's price cap; None if it is too dear."""
        if self.call.max_cost is None:
            return candidate
        spent = self.cost
        left = 0 if spent is None else self.call.max_cost - spent
        return within(candidate, self.call, self.decision.analysis, left)

    @property
    def untried(self) -> tuple[Candidate, ...]:
        tried = {(attempt.provider, attempt.model) for attempt in self.attempts}
        return tuple(
            c for c in self.decision.candidates if (c.model.provider, c.model.id) not in tried
        )

    @property
    def cost(self) -> Nano | None:
        """What all attempts cost together; None as soon as one of them is not known."""
        costs = [attempt.cost for attempt in self.attempts]
        return None if None in costs else sum(cost or 0 for cost in costs)


def saved_by_routing(progress: Progress, usage: Usage) -> Nano:
    """What the best-tier model that could have taken the call would have cost more.

    Measured against the first eligible candidate of the highest tier with a known price, at the
    tokens that were used; never negative: a dearer choice is a cost, not a saving.
    """
    cost = progress.cost
    order: tuple[Tier, ...] = ("strong", "cheap", "local")
    for tier in order:
        for candidate in progress.decision.plan:
            if candidate.model.tier == tier and candidate.model.price is not None:
                return (
                    max(candidate.model.price.cost(usage) - (cost or 0), 0)
                    if cost is not None
                    else 0
                )
    return 0


def receipt(
    progress: Progress, candidate: Candidate, completion: Completion, latency_ms: float
) -> Answer:
    cache = progress.cache
    return Answer(
        completion=completion,
        model=candidate.model.id,
        provider=candidate.model.provider,
        local=candidate.model.local,
        cost=progress.cost,
        saved=saved_by_routing(progress, completion.usage),
        latency_ms=latency_ms,
        cache=replace(cache, hit_id=progress.call_id) if cache.hit else cache,
        decision_id=progress.decision.id,
        category=progress.decision.analysis.category,
        attempts=tuple(progress.attempts),
    )


def joined(answer: Answer, latency_ms: float, hit_id: str) -> Answer:
    """The receipt of a caller for whom another, asking the same, has paid."""
    saved = answer.saved if answer.cache.hit else answer.cost or 0
    cache = replace(answer.cache, hit_id=hit_id) if answer.cache.hit else answer.cache
    return replace(answer, cost=0, saved=saved, attempts=(), latency_ms=latency_ms, cache=cache)


def worth_remembering(call: Call, answer: Answer) -> bool:
    """Whether an answer may be served again: whole, no tool's doing, and what was asked for."""
    completion = answer.completion
    if completion.finish_reason != "stop" or any(m.role == "tool" for m in call.request.messages):
        return False
    if not completion.text.strip() and not completion.tool_calls:
        return False
    return usable(call, answer)


def usable(call: Call, answer: Answer) -> bool:
    """Whether an answer is JSON where JSON was asked for."""
    completion = answer.completion
    wanted = call.request.json_schema is not None and not completion.tool_calls
    return not wanted or is_json(completion.text)


def is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def replayed(found: Found, latency_ms: float, hit_id: str) -> Answer:
    """The receipt of an answer that was remembered: it costs nothing now."""
    kept = found.remembered
    return Answer(
        completion=kept.completion,
        model=kept.model,
        provider=kept.provider,
        local=kept.local,
        cost=0,
        saved=kept.cost or 0,
        latency_ms=latency_ms,
        cache=CacheInfo(
            hit=True,
            layer=found.layer,
            kind=found.kind,
            similarity=found.similarity,
            probability=found.probability,
            age_s=found.age_s,
            stale=found.stale,
            key=found.key,
            hit_id=hit_id,
        ),
        decision_id=kept.decision_id,
        category=kept.category,
        attempts=(),
    )


def remember(call: Call, progress: Progress, answer: Answer, at: float) -> Remembered:
    """`answer` as it is kept for whoever makes `call` again, which is the call as it came."""
    return Remembered(
        completion=answer.completion,
        model=answer.model,
        provider=answer.provider,
        local=answer.local,
        cost=answer.cost,
        decision_id=answer.decision_id,
        category=progress.decision.analysis.category,
        time_sensitive=progress.decision.analysis.time_sensitive,
        stored_at=at,
        request=call.request,
        asked=call.model,
        pinned=is_lasting(call),
    )


def is_lasting(call: Call) -> bool:
    """Whether asking again would say the same: one named model, and no chance in it (X-04)."""
    return call.model != "auto" and call.request.temperature == 0


def settled(
    progress: Progress,
    answer: Answer | None,
    error: PointsmanError | None,
    *,
    at: float,
    latency_ms: float,
) -> CallRecord:
    """The books' record of a call that went to a backend; without answer or error: cancelled."""
    return CallRecord(
        id=progress.call_id,
        at=at,
        principal=progress.call.principal,
        tool=progress.call.tool,
        user=progress.call.user,
        session_id=progress.call.session_id,
        decision_id=progress.decision.id,
        provider=answer.provider if answer else None,
        model=answer.model if answer else None,
        category=progress.decision.analysis.category,
        error=None if answer else (error.code if error else "cancelled"),
        latency_ms=latency_ms,
        saved_by_cache=0,
        saved_by_routing=answer.saved if answer else 0,
        cache=answer.cache if answer else MISS,  # what came to nothing is no hit
        attempts=tuple(progress.attempts),
        decision=progress.decision,
        unusable=answer is not None and not usable(progress.call, answer),
    )


def free_record(call: Call, call_id: str, answer: Answer, at: float) -> CallRecord:
    """The books' record of a call that another had paid for."""
    return CallRecord(
        id=call_id,
        at=at,
        principal=call.principal,
        tool=call.tool,
        user=call.user,
        session_id=call.session_id,
        decision_id=answer.decision_id,
        provider=answer.provider,
        model=answer.model,
        category=answer.category,
        error=None,
        latency_ms=answer.latency_ms,
        saved_by_cache=answer.saved,
        saved_by_routing=0,
        cache=answer.cache,
    )


def failed_record(
    call: Call, call_id: str, error: PointsmanError, *, at: float, latency_ms: float
) -> CallRecord:
    """The books' record of a call that joined another's and failed with it."""
    return CallRecord(
        id=call_id,
        at=at,
        principal=call.principal,
        tool=call.tool,
        user=call.user,
        session_id=call.session_id,
        decision_id="",
        provider=None,
        model=None,
        category=call.category,
        error=error.code,
        latency_ms=latency_ms,
        saved_by_cache=0,
        saved_by_routing=0,
    )
