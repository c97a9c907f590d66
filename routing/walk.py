"""The order in which a plan is tried: the next candidate, a second try, and when to give up."""

from collections.abc import Callable
from dataclasses import dataclass

from pointsman.errors import (
    BudgetExceeded,
    Cause,
    ContentRefused,
    InvalidInput,
    NoBackend,
    PointsmanError,
    ProviderError,
    RateLimited,
)
from pointsman.records import Candidate, Decision
from pointsman.types import Model, Outcome

LONGEST_PAUSE_S = 2.0  # to wait for one endpoint; another is tried at once instead
PATIENCE_S = 2.0  # for endpoints that are full or resting, when no other is left
LIMITS = {"throttled", "busy"}  # reasons of an endpoint that is well, but not now
BLINK_S = 0.05  # between two looks at them


@dataclass(frozen=True, slots=True)
class Step:
    candidate: Candidate
    pause_s: float = 0.0  # to wait before it is tried
    last_resort: bool = False  # its endpoint was full or resting when last looked at


class Walk:
    """One call's way along its plan; told how each step ended, it says what comes next.

    Every candidate is tried once, best first; then those whose failure may pass get a second try;
    then a third, and for a moment whatever frees itself: a short wait is better than an error.
    """

    def __init__(
        self,
        decision: Decision,
        max_attempts: int,
        may_retry: Callable[[Model], bool],
        retry_delay_s: Callable[[int], float],
    ) -> None:
        self.causes: list[Cause] = []
        self._decision = decision
        self._first = list(decision.plan)
        self._again: list[Step] = []
        self._spent: list[Candidate] = []  # failed twice
        self._waiting = [c for c in decision.candidates if c.retry_in_s is not None]
        self._waits: list[float] = [c.retry_in_s or 0.0 for c in self._waiting]
        self._why = {c.reason for c in self._waiting}  # endpoints take no call
        self._waited_since: float | None = None
        self._left = max_attempts
        self._may_retry = may_retry
        self._retry_delay_s = retry_delay_s
        self._seconds: set[str] = set()
        self._final: PointsmanError | None = None
        self._too_long = False
        self._outcomes: set[Outcome] = set()

    def next(self, now: float) -> Step | None:
        """What to try at `now` (s); None when nothing is left or the attempts are used up."""
        if self._final or self._left <= 0:
            return None
        if self._first:
            return Step(self._first.pop(0))
        while self._again:
            step = self._again.pop(0)
            if self._may_retry(step.candidate.model):
                return step
        return self._last_resort(now)

    @property
    def has_more(self) -> bool:
        """Whether a candidate is left that was not tried."""
        return bool(self._first)

    def passed_over(self, step: Step, reason: str) -> None:
        """`step` was left out for good, because of what the steps before it took."""
        model = step.candidate.model
        self._waiting = [c for c in self._waiting if c is not step.candidate]
        self.causes.append(Cause(model.provider, "not_tried", f"{model.name}: {reason}"))

    def refused(self, step: Step, reason: str, retry_in_s: float | None) -> None:
        """`step` was not taken: its endpoint takes no call now."""
        if step.last_resort:
            return
        model = step.candidate.model
        self.causes.append(Cause(model.provider, "not_tried", f"{model.name}: {reason}"))
        self._waiting.append(step.candidate)
        self._why.add(reason)
        if retry_in_s is not None:
            self._waits.append(retry_in_s)

    def failed(self, candidate: Candidate, error: ProviderError) -> None:
        """The attempt at `candidate` ended in `error`."""
        self._left -= 1
        self._outcomes.add(error.outcome)
        self.causes.append(Cause(candidate.model.provider, error.outcome.value, error.message))
        self._waiting = [c for c in self._waiting if c is not candidate]
        match error.outcome:
            case Outcome.CLIENT:
                self._client_fault(candidate, error)
            case Outcome.AUTH:
                self._drop(lambda model: model.provider == candidate.model.provider)
            case Outcome.THROTTLED:
                self._second_try(candidate, error.retry_after_s or self._retry_delay_s(1))
            case Outcome.FAILURE:
                self._second_try(candidate, self._retry_delay_s(len(self._seconds)))
            case _:
                pass

    def cut_short(self) -> None:
        """Nothing more may be tried: the caller has already seen the beginning of an answer."""
        self._final = NoBackend(
            f"The answer broke off: {self.causes[-1].message}.",
            hint="What came before is incomplete; ask again.",
            causes=tuple(self.causes),
        )

    def error(self) -> PointsmanError:
        """Why nobody answered."""
        if self._final is not None:
            return self._final
        if not self.causes and not self._waits:
            return _all_refused(self._decision)
        causes = tuple(self.causes) or _reasons(self._decision)
        retry_after_s = min(self._waits, default=None)
        told = "; ".join(dict.fromkeys(cause.message for cause in causes))
        if self._outcomes <= {Outcome.THROTTLED} and self._why <= LIMITS:
            return RateLimited(
                f"Every backend that could answer is busy or throttled: {told}.",
                hint="Try again later, or allow more models.",
                causes=causes,
                retry_after_s=retry_after_s,
            )
        if self._too_long and self._outcomes == {Outcome.CLIENT}:
            return InvalidInput(f"The prompt is too long: {told}.", hint="Shorten it.")
        return NoBackend(
            f"No backend could answer: {told}.",
            hint="'pointsman doctor' and the provider_health tool show how each one is doing.",
            causes=causes,
            retry_after_s=retry_after_s,
        )

    def _last_resort(self, now: float) -> Step | None:
        """A third try, or one of the endpoints that are full or resting, until patience ends.

        A lone endpoint is not pressed: its breaker's word stands (CB-08), and the caller is told
        when to come back.
        """
        if sum(c.could_answer for c in self._decision.candidates) < 2:
            return None
        while self._spent:
            candidate = self._spent.pop(0)
            if self._may_retry(candidate.model):
                return Step(candidate, self._retry_delay_s(len(self._seconds)))
        if not self._waiting:
            return None
        if self._waited_since is None:
            self._waited_since = now
        if now - self._waited_since >= PATIENCE_S:
            return None
        candidate = self._waiting.pop(0)
        self._waiting.append(candidate)
        return Step(candidate, BLINK_S / len(self._waiting), last_resort=True)

    def _second_try(self, candidate: Candidate, pause_s: float) -> None:
        if candidate.model.name in self._seconds:
            self._spent.append(candidate)
        elif pause_s <= LONGEST_PAUSE_S:
            self._seconds.add(candidate.model.name)
            self._again.append(Step(candidate, pause_s))

    def _drop(self, unfit: Callable[[Model], bool]) -> None:
        self._first = [c for c in self._first if not unfit(c.model)]
        self._again = [s for s in self._again if not unfit(s.candidate.model)]
        self._spent = [c for c in self._spent if not unfit(c.model)]

    def _client_fault(self, candidate: Candidate, error: ProviderError) -> None:
        self._too_long = error.fault == "context_length"
        match error.fault:
            case "context_length":
                self._drop(lambda model: model.context <= candidate.model.context)
            case "unknown_model":
                self._drop(lambda model: model.name == candidate.model.name)
            case "content_refused":
                self._final = ContentRefused(error.message, causes=tuple(self.causes))
            case _:
                self._final = InvalidInput(error.message)


def _reasons(decision: Decision) -> tuple[Cause, ...]:
    return tuple(Cause(c.model.provider, "not_tried", c.reason) for c in decision.candidates)


def _all_refused(decision: Decision) -> PointsmanError:
    """Every candidate was refused for good, or there is none."""
    if not decision.candidates:
        return NoBackend(
            "No model is set up.",
            hint="Run 'pointsman models pull' for a local one, or set a provider's key such as "
            "OPENAI_API_KEY; 'pointsman doctor' shows what was found.",
        )
    reasons = [f"{c.model.name}: {c.reason}" for c in decision.candidates]
    told = "; ".join(reasons[:4])
    if any("price cap" in c.reason for c in decision.candidates):
        return BudgetExceeded(
            f"No model fits the price cap: {told}.",
            hint="Raise max_cost_usd or ask for fewer max_tokens.",
        )
    if all("context" in c.reason for c in decision.candidates):
        return InvalidInput(
            f"The prompt is too long for every model: {told}.",
            hint="Shorten it, or set up a model with a larger context.",
        )
    return NoBackend(f"No model can take this call: {told}.", causes=_reasons(decision))
