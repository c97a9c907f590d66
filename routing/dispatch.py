"""The one path every model call takes: remember, join, decide, try, settle, answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from pointsman.errors import DeadlineExceeded, PointsmanError, ProviderError
from pointsman.records import Analysis, Answer, Call, CallRecord, Candidate, Decision, Found
from pointsman.seams import Cache, Catalogue, Clock, Embedding, Emit, Experience, Flights, Ledger
from pointsman.settings import RoutingSettings
from pointsman.types import Completion, Model, Readiness
from routing.attempt import Attempts
from routing.backends.health import Blocked
from routing.choice.decide import Router, profile_of
from routing.choice.score import Weights
from routing.experience.nothing import NoExperience
from routing.prompt.analyst import Analyst, Understood
from routing.prompt.emotion import kindly
from routing.prompt.signals import estimate_tokens
from routing.receipts import (
    Progress,
    failed_record,
    free_record,
    joined,
    receipt,
    remember,
    replayed,
    settled,
    worth_remembering,
)
from routing.walk import Step, Walk

RESERVE_S = 0.25  # of the deadline, kept for settling

Answers = AsyncIterator[str | Answer]
Watch = Callable[[Call, Decision], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    catalogue: Catalogue
    cache: Cache
    key_of: Callable[[Call, str], str]  # of a call under a catalogue's fingerprint
    flights: Flights
    ledger: Ledger
    attempts: Attempts
    routing: RoutingSettings
    clock: Clock
    new_id: Callable[[], str]
    analyst: Analyst = field(default_factory=Analyst)
    experience: Experience = field(default_factory=NoExperience)
    on_decision: Watch = lambda _call, _decision: None

    async def complete(self, call: Call) -> Answer:
        """The answer to `call`, whole.

        Raises:
            PointsmanError: nobody could answer, the call cannot be answered, or time ran out.
        """
        async with self.open(call) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("a flight ends with an answer or an error")

    @asynccontextmanager
    async def open(self, call: Call, *, stream: bool = False) -> AsyncGenerator[Answers, None]:
        """The answer to `call`: pieces of text as they come if `stream`, then the `Answer`.

        Once a piece was handed on no other backend can take over, so a caller that does not show
        them should not ask for them.
        """
        started = self.clock.monotonic()
        profile = profile_of(call, self.routing.profile, self.routing.preferences)
        key = self.key_of(call, f"{self.catalogue.fingerprint}|{profile}")
        if call.cache == "use" and (found := await self.cache.get(key)):
            yield self._replay(call, found, started)
            return
        led: list[bool] = []

        async def lead(emit: Emit) -> Answer:
            led.append(True)
            return await self._lead(call, key, started, emit if stream else _keep_quiet)

        # What bounds a flight in time is part of its name: nobody waits on another's deadline.
        name = f"{key}|{call.deadline_s}|{stream}" if call.cache == "use" else self.new_id()
        async with (
            self.flights.join(name, lead) as pieces,
            aclosing(self._land(call, pieces, started, led, lead)) as landed,
        ):
            yield landed

    async def route(self, call: Call) -> Decision:
        """Where `call` would go, and why; nothing is called, and the decision is kept."""
        decision = await self._decide(call, await self.analyst.understand(call))
        self.ledger.note_decision(decision)
        return decision

    async def _replay(self, call: Call, found: Found, started: float) -> Answers:
        if found.remembered.completion.text:
            yield found.remembered.completion.text
        answer = replayed(found, self._ms_since(started))
        self.ledger.note(free_record(call, self.new_id(), answer, self.clock.wall()))
        yield answer

    async def _land(
        self,
        call: Call,
        pieces: AsyncIterator[str | Answer],
        started: float,
        led: list[bool],
        lead: Callable[[Emit], Awaitable[Answer]],
    ) -> AsyncGenerator[str | Answer, None]:
        """The flight's pieces; who only joined it pays nothing, and the books say so."""
        quiet = True
        try:
            async for piece in pieces:
                quiet = False
                if not led and isinstance(piece, Answer):
                    piece = joined(piece, self._ms_since(started))
                    self.ledger.note(free_record(call, self.new_id(), piece, self.clock.wall()))
                yield piece
            return
        except DeadlineExceeded as error:
            # Whoever leads began earlier, so their time may end while ours has not.
            if led or not quiet or self._ms_since(started) >= self._allowance_s(call) * 1000:
                self._note_failure(call, started, led, error)
                raise
        except PointsmanError as error:
            self._note_failure(call, started, led, error)
            raise
        async with self.flights.join(self.new_id(), lead) as own:
            async for piece in own:
                yield piece

    def _note_failure(
        self, call: Call, started: float, led: list[bool], error: PointsmanError
    ) -> None:
        if not led:
            ms, at = self._ms_since(started), self.clock.wall()
            self.ledger.note(failed_record(call, self.new_id(), error, at=at, latency_ms=ms))

    def _allowance_s(self, call: Call) -> float:
        return call.deadline_s or self.routing.deadline_s

    async def _lead(self, call: Call, key: str, started: float, emit: Emit) -> Answer:
        """Decide, try, settle and remember; runs once for all who joined the flight."""
        understood = await self.analyst.understand(call)
        decision = await self._decide(call, understood)
        self.on_decision(call, decision)
        progress = Progress(
            call=self._kindly(call, decision.analysis),
            call_id=self.new_id(),
            started=started,
            deadline=started + self._allowance_s(call),
            decision=decision,
        )
        answer: Answer | None = None
        error: PointsmanError | None = None
        try:
            answer = await self._answer(progress, emit)
        except PointsmanError as caught:
            error, caught.cost = caught, progress.cost
            raise
        except Exception:
            error = PointsmanError("a defect")
            raise
        finally:
            record = settled(
                progress, answer, error, at=self.clock.wall(), latency_ms=self._ms_since(started)
            )
            with anyio.CancelScope(shield=True):
                await self.ledger.settle(record)
            self._learn(call, decision, record, understood.embedding)
        if call.cache != "off" and worth_remembering(call, answer):
            await self.cache.put(key, remember(progress, answer, self.clock.wall()))
        return answer

    def _learn(
        self, call: Call, decision: Decision, record: CallRecord, embedding: Embedding | None
    ) -> None:
        """What is learned from a call; a defect in it must not cost the caller a paid answer."""
        try:
            self.experience.settled(call, decision, record, embedding)
        except Exception as defect:  # noqa: BLE001 - told, and the answer given
            self.attempts.on_defect("experience", defect)

    async def _decide(self, call: Call, understood: Understood) -> Decision:
        analysis, embedding = understood.analysis, understood.embedding
        kind = self._kindly(call, analysis)
        if kind is not call:  # its sentence is sent too, and paid for
            extra = estimate_tokens(kind.request.messages[0].content)
            analysis = replace(analysis, input_tokens=analysis.input_tokens + extra)
        insight = await self.experience.recall(call, analysis, embedding)
        router = Router(
            models=self.catalogue.models,
            view=self.attempts.health.view,
            readiness=self._readiness,
            problem=self._problem,
            weights=Weights().with_changes(self.routing.weights),
            profile=self.routing.profile,
            preferences=self.routing.preferences,
            clock=self.clock,
            new_id=self.new_id,
        )
        decision = router.decide(call, analysis, insight)
        if kind is not call:
            decision = replace(decision, stages=(*decision.stages, "empathic prompt"))
        return decision

    def _kindly(self, call: Call, analysis: Analysis) -> Call:
        return kindly(call, analysis) if self.routing.empathic_prompt else call

    def _readiness(self, model: Model) -> Readiness:
        return self.catalogue.provider(model.provider).readiness(model.id)

    def _problem(self, model: Model) -> str | None:
        return self.catalogue.provider(model.provider).problem(model.id)

    async def _answer(self, progress: Progress, emit: Emit) -> Answer:
        health = self.attempts.health
        walk = Walk(
            progress.decision, self.routing.max_attempts, health.may_retry, health.retry_delay_s
        )
        left = progress.deadline - self.clock.monotonic()
        left -= min(RESERVE_S, left / 10)
        with anyio.move_on_after(max(left, 0.0)):
            candidate, completion = await self._walk(progress, walk, emit)
            latency_ms = self._ms_since(progress.started)
            return receipt(progress, candidate, completion, latency_ms)
        raise DeadlineExceeded(
            f"No answer within {progress.deadline - progress.started:g} s.",
            hint="Allow more time with deadline_ms, or prefer='fast'.",
            causes=walk.causes,
        )

    async def _walk(
        self, progress: Progress, walk: Walk, emit: Emit
    ) -> tuple[Candidate, Completion]:
        while step := walk.next(self.clock.monotonic()):
            if step.pause_s:
                await self.clock.sleep(step.pause_s)
            completion = await self._try(progress, walk, step, emit)
            if completion is not None:
                return step.candidate, completion
        raise walk.error()

    async def _try(
        self, progress: Progress, walk: Walk, step: Step, emit: Emit
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
        shown: list[str] = []

        def show(text: str) -> None:
            shown.append("")
            emit(text)

        try:
            provider = self.catalogue.provider(model.provider)
            return await self.attempts.attempt(progress, candidate, provider, permit, show)
        except ProviderError as error:
            walk.failed(step.candidate, error)
            if shown and emit is not _keep_quiet:
                walk.cut_short()
            return None

    def _ms_since(self, started: float) -> float:
        return (self.clock.monotonic() - started) * 1000


def _keep_quiet(_text: str) -> None:
    """What becomes of pieces that the caller does not want to see."""
