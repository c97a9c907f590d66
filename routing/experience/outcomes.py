"""What the end of a call says of the models in it without anybody rating them.

A backend that is down is no worse a writer for it: that is the breaker's business, and moves these
counts by a twentieth of what an unusable answer does.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pointsman.records import Band3, Call, CallRecord, Category, Decision
from pointsman.types import Outcome
from routing.experience.ratings import faded

UNUSABLE = 1.0  # an answer that is not what was asked for: no JSON under a schema
ASKED_AGAIN = 0.5  # the same prompt, past the cache: the answer did not do
PASSED_ON = 0.25  # it would not take what another then answered
BROKE_DOWN = 0.05  # a failure of the backend

MEMORY = 60.0  # answers; older ones fade as newer come
AGAIN_S = 600.0  # so soon, asking again is about the answer and not about new facts
LATEST_PROMPTS = 64  # of each principal, by hash

Signal = Literal["schema", "again"]  # what is written down, for the satisfaction ratio


class Counts(NamedTuple):
    """Answers of a model by their use; fractions, since they fade."""

    at: float  # wall clock
    clean: float = 0.0
    trouble: float = 0.0

    def now(self, at: float, half_life_s: float) -> "Counts":
        left = faded(at - self.at, half_life_s)
        return Counts(max(at, self.at), self.clean * left, self.trouble * left)

    def plus(self, clean: float, trouble: float) -> "Counts":
        """With one more answer, at most `MEMORY` of them in all."""
        both = Counts(self.at, self.clean + clean, self.trouble + trouble)
        fit = min(1.0, MEMORY / (both.clean + both.trouble)) if clean or trouble else 1.0
        return Counts(self.at, both.clean * fit, both.trouble * fit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one event says of one model."""

    model: str  # `provider/id`
    category: Category
    band: Band3
    decision_id: str
    clean: float = 0.0
    trouble: float = 0.0
    signal: Signal | None = None


def evidence(decision: Decision, record: CallRecord) -> Iterator[Evidence]:
    """What each attempt of a call says of its model."""
    answered = any(a.outcome in (Outcome.SUCCESS, Outcome.SLOW) for a in record.attempts)
    for attempt in record.attempts:
        clean = trouble = 0.0
        signal: Signal | None = None
        match attempt.outcome:
            case Outcome.SUCCESS | Outcome.SLOW if record.unusable:
                trouble, signal = UNUSABLE, "schema"
            case Outcome.SUCCESS | Outcome.SLOW:
                clean = 1.0
            case Outcome.FAILURE:
                trouble = BROKE_DOWN
            case Outcome.CLIENT if answered:
                trouble = PASSED_ON
            case _:  # throttled, credential, cancelled, our own limits: nothing about its answers
                continue
        yield Evidence(
            model=f"{attempt.provider}/{attempt.model}",
            category=decision.analysis.category,
            band=decision.analysis.band3,
            decision_id=decision.id,
            clean=clean,
            trouble=trouble,
            signal=signal,
        )


class _Asked(NamedTuple):
    at: float  # wall clock
    by_cache: bool  # the caller would have taken a remembered answer
    answer: Evidence


class Prompts:
    """The latest prompts of each principal, as hashes, to know one that is asked again."""

    def __init__(self) -> None:
        self._asked: dict[str, OrderedDict[int, _Asked]] = {}

    def again(self, call: Call, decision: Decision, record: CallRecord) -> Evidence | None:
        """What it says of the earlier answer that its prompt is asked once more, if it is.

        Only a caller who now passes by the cache and did not then, or who has the remembered
        answer replaced, is taken to be displeased: always to pass it by is a habit.
        """
        asked = self._asked.setdefault(call.principal.id, OrderedDict())
        prompt = hash(call.request.messages)
        earlier = asked.pop(prompt, None)
        if record.model is not None:
            answer = Evidence(
                model=f"{record.provider}/{record.model}",
                category=decision.analysis.category,
                band=decision.analysis.band3,
                decision_id=decision.id,
                trouble=ASKED_AGAIN,
                signal="again",
            )
            asked[prompt] = _Asked(record.at, call.cache == "use", answer)
            if len(asked) > LATEST_PROMPTS:
                asked.popitem(last=False)
        if earlier is None or record.at - earlier.at > AGAIN_S or call.model != "auto":
            return None
        displeased = call.cache == "refresh" or (call.cache == "off" and earlier.by_cache)
        return earlier.answer if displeased else None
