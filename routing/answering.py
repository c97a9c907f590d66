"""From a decision to an answer: one attempt after the other, until one succeeds."""

from dataclasses import dataclass

import anyio

from pointsman.errors import DeadlineExceeded, ProviderError
from pointsman.records import Answer, Candidate
from pointsman.seams import Catalogue, Clock, Emit
from pointsman.settings import RoutingSettings
from pointsman.types import Completion
from routing.attempt import Attempts
from routing.backends.health import Blocked
from routing.receipts import Progress, receipt
from routing.walk import Step, Walk

RESERVE_S = 0.25  # of the deadline, kept for settling


class Shown:
    """Hands text on to whoever sees it, and knows whether any was seen."""

    def __init__(self, emit: Emit | None) -> None:
        self._emit = emit
        self.any = False

    def __call__(self, text: str) -> None:
        if self._emit is not None:
            self.any = True
            self._emit(text)


@dataclass(frozen=True, slots=True)
class Answering:
    catalogue: Catalogue
    attempts: Attempts
    routing: RoutingSettings
    clock: Clock

    async def answer(self, progress: Progress, emit: Emit | None) -> Answer:
        """The first answer that is had; its text goes to `emit` as it comes, if anybody sees it.

        Raises:
            PointsmanError: nobody answered, or not in time.
        """
        health = self.attempts.health
        walk = Walk(
            progress.decision, self.routing.max_attempts, health.may_retry, health.retry_delay_s
        )
        left = progress.deadline - self.clock.monotonic()
        left -= min(RESERVE_S, left / 10)
        with anyio.move_on_after(max(left, 0.0)):
            candidate, completion = await self._walk(progress, walk, emit)
            latency_ms = (self.clock.monotonic() - progress.started) * 1000
            return receipt(progress, candidate, completion, latency_ms)
        raise DeadlineExceeded(
            f"No answer within {progress.deadline - progress.started:g} s.",
            hint="Allow more time with deadline_ms, or prefer='fast'.",
            causes=walk.causes,
        )

    async def _walk(
        self, progress: Progress, walk: Walk, emit: Emit | None
    ) -> tuple[Candidate, Completion]:
        while step := walk.next(self.clock.monotonic()):
            if step.pause_s:
                await self.clock.sleep(step.pause_s)
            completion = await self._try(progress, walk, step, emit)
            if completion is not None:
                return step.candidate, completion
        raise walk.error()

    async def _try(
        self, progress: Progress, walk: Walk, step: Step, emit: Emit | None
    ) -> Completion | None:
        """One step of the walk; None when it came to nothing and `walk` knows why."""
        model = step.candidate.model
        health = self.attempts.health
        left_ms = (progress.deadline - self.clock.monotonic()) * 1000
        if walk.has_more and left_ms < (health.view(model).p50_ttft_ms or 0):
            walk.passed_over(step, "it usually begins later than the time that is left")
            return None
        candidate = progress.affordable(step.candidate)
        if candidate is None:
            walk.passed_over(step, "it could pass the price cap after what was spent already")
            return None
        permit = health.admit(model)
        if isinstance(permit, Blocked) and step.last_resort:
            untried = [c.model for c in progress.untried if c.could_answer]
            permit = health.admit_forced(model) if health.all_resting(untried) else permit
        if isinstance(permit, Blocked):
            walk.refused(step, permit.reason, permit.retry_in_s)
            return None
        shown = Shown(emit)
        try:
            provider = self.catalogue.provider(model.provider)
            return await self.attempts.attempt(progress, candidate, provider, permit, shown)
        except ProviderError as error:
            walk.failed(step.candidate, error)
            if shown.any:
                walk.cut_short()
            return None
