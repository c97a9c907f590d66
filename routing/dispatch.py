"""The one path every model call takes: remember, join, decide, try, settle, answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from pointsman.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    NoBackend,
    PointsmanError,
    RateLimited,
)
from pointsman.records import (
    Analysis,
    Answer,
    Call,
    CallRecord,
    Decision,
    Found,
)
from pointsman.seams import Catalogue, Clock, Embedding, Emit, Experience, Flights, Ledger
from pointsman.settings import RoutingSettings
from pointsman.types import Model, Readiness
from routing.adapt import adapting, info_of
from routing.answering import Answering, Shown
from routing.attempt import Attempts
from routing.choice.decide import Router
from routing.choice.score import Weights
from routing.experience.nothing import NoExperience
from routing.prompt.analyst import Analyst, Understood
from routing.prompt.emotion import kindly
from routing.prompt.signals import estimate_tokens
from routing.recall import Errand, Place, Recall
from routing.receipts import (
    Progress,
    failed_record,
    free_record,
    joined,
    remember,
    replayed,
    settled,
    worth_remembering,
)

NOBODY = (NoBackend, RateLimited, BudgetExceeded)  # a stale answer is better than these

Answers = AsyncIterator[str | Answer]
Watch = Callable[[Call, Decision], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    catalogue: Catalogue
    recall: Recall
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
        place = self.recall.place(call, self.catalogue.fingerprint, self.routing)
        found = await self.recall.asked(call, place.key)
        if found is not None and not found.stale:
            async with aclosing(self._replay(call, found, started)) as replay:
                yield replay
            return
        led: list[bool] = []

        async def lead(emit: Emit) -> Answer:
            led.append(True)
            shown = emit if stream else None
            return await self._recall_or_lead(call, place, found, started, shown)

        use = call.cache == "use"
        # What bounds a flight is part of its name: nobody waits on another's deadline, nor fails by
        # the price cap of one whose cap is not in its key.
        name = f"{place.key}|{call.deadline_s}|{call.max_cost}|{stream}" if use else self.new_id()
        key, within_s = place.key if use else None, self._allowance_s(call)
        async with (
            self.flights.join(name, lead, key=key, within_s=within_s) as pieces,
            aclosing(self._land(call, pieces, started, led, lead)) as landed,
        ):
            yield landed

    async def route(self, call: Call) -> Decision:
        """Where `call` would go, and why; nothing is called, and the decision is kept."""
        decision = await self._decide(call, await self.analyst.understand(call))
        self.ledger.note_decision(decision)
        return decision

    async def _replay(
        self, call: Call, found: Found, started: float
    ) -> AsyncGenerator[str | Answer, None]:
        if found.remembered.completion.text:
            yield found.remembered.completion.text
        yield self._served(call, found, started)

    def _served(self, call: Call, found: Found, started: float) -> Answer:
        """The receipt of an answer that was remembered, which is in the books from now on."""
        answer = replayed(found, self._ms_since(started), self.new_id())
        self.ledger.note(free_record(call, answer.cache.hit_id or "", answer, self.clock.wall()))
        return answer

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
                    piece = joined(piece, self._ms_since(started), own_id := self.new_id())
                    self.ledger.note(free_record(call, own_id, piece, self.clock.wall()))
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

    async def _recall_or_lead(
        self, call: Call, place: Place, stale: Found | None, started: float, emit: Emit | None
    ) -> Answer:
        """An answer kept for a call like this one, or a new one; runs once for a whole flight.

        Where nobody can answer, one that is no longer fresh is better than none (X-04).
        """
        shown = Shown(emit)
        understood = await self.analyst.understand(call)
        found = await self.recall.alike(call, place, understood)
        try:
            if found is None:
                decision = await self._decide(call, understood)
                found = await self.recall.of_first(call, decision)
                if found is None:
                    errand = Errand(call, place, understood, decision, started)
                    return await self._adapt_or_lead(errand, None if emit is None else shown)
        except NOBODY as error:
            if stale is None or shown.any:
                raise
            shown(stale.remembered.completion.text)
            return replace(self._served(call, stale, started), cost=error.cost)
        if found.remembered.completion.text:
            shown(found.remembered.completion.text)
        return self._served(call, found, started)

    async def _adapt_or_lead(self, errand: Errand, emit: Emit | None) -> Answer:
        """A near answer adapted by a local model, where the settings allow it, or a new one."""
        call = errand.call
        near = await self.recall.near(call, errand.place, errand.understood)
        asking = None if near is None else adapting(call, near, self.catalogue.models)
        if near is not None and asking is not None:
            try:
                decision = await self._decide(asking, errand.understood)
                # Nothing is shown until it is whole, so that another can still take over.
                adapted = replace(errand, call=asking, decision=decision, cache=info_of(near))
                answer = await self._lead(adapted, None)
            except (*NOBODY, DeadlineExceeded):
                pass  # there is time left for a new one
            else:
                if emit is not None:
                    emit(answer.completion.text)
                return answer
        return await self._lead(errand, emit)

    async def _lead(self, errand: Errand, emit: Emit | None) -> Answer:
        """Try, settle and remember."""
        call, decision = errand.call, errand.decision
        self.on_decision(call, decision)
        progress = Progress(
            call=self._kindly(call, decision.analysis),
            call_id=self.new_id(),
            started=errand.started,
            deadline=errand.started + self._allowance_s(call) * errand.share,
            decision=decision,
            cache=errand.cache,
        )
        answer: Answer | None = None
        error: PointsmanError | None = None
        try:
            answering = Answering(self.catalogue, self.attempts, self.routing, self.clock)
            answer = await answering.answer(progress, emit)
        except PointsmanError as caught:
            error, caught.cost = caught, progress.cost
            raise
        except Exception:
            error = PointsmanError("a defect")
            raise
        finally:
            ms = self._ms_since(errand.started)
            record = settled(progress, answer, error, at=self.clock.wall(), latency_ms=ms)
            with anyio.CancelScope(shield=True):
                await self.ledger.settle(record)
            if not errand.cache.hit:  # adapting is no answering
                self._learn(call, decision, record, errand.understood.embedding)
        if call.cache != "off" and worth_remembering(call, answer):
            kept = remember(call, progress, answer, self.clock.wall())
            model = next(m for m in self.catalogue.models if m.name == answer.name)
            await self.recall.keep(call, errand.place, model, kept, errand.understood)
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

    def _ms_since(self, started: float) -> float:
        return (self.clock.monotonic() - started) * 1000
