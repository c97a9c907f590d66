"""One try at one candidate: a hold on the money, the call, exactly one outcome, and its price."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from pointsman.errors import PointsmanError, ProviderError
from pointsman.money import Nano, Usage
from pointsman.records import Attempt, Candidate, Hold
from pointsman.seams import Clock, Emit, Ledger
from pointsman.settings import BreakerSettings
from pointsman.types import ChatRequest, Completion, Model, Outcome, Piece, Provider
from routing.backends.health import Health, Permit
from routing.prompt.signals import estimate_tokens
from routing.receipts import Progress


@dataclass(slots=True)
class Meter:
    """What an attempt has shown so far, by the clock."""

    id: str
    started: float
    sent: bool = False  # from here on it may be billed
    usage: Usage | None = None  # as the provider reported it
    ttft_s: float | None = None
    longest_gap_s: float = 0.0
    received: list[str] = field(default_factory=list[str])
    last: float = 0.0

    def piece(self, text: str, now: float) -> None:
        if self.ttft_s is None:
            self.ttft_s = now - self.started
        else:
            self.longest_gap_s = max(self.longest_gap_s, now - self.last)
        self.last = now
        self.received.append(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts, and sees that each is reported, priced and written down exactly once."""

    ledger: Ledger
    health: Health
    breaker: BreakerSettings
    idle_s: float
    clock: Clock
    new_id: Callable[[], str]
    on_defect: Callable[[str, Exception], None]  # told a provider's name and what it raised

    async def attempt(
        self,
        progress: Progress,
        candidate: Candidate,
        provider: Provider,
        permit: Permit,
        emit: Emit,
    ) -> Completion:
        """The candidate's completion.

        Raises:
            ProviderError: it did not answer; `outcome` says in which way.
        """
        model = candidate.model
        request = replace(progress.call.request, max_tokens=candidate.max_tokens)
        meter = Meter(id=self.new_id(), started=self.clock.monotonic())
        completion: Completion | None = None
        error: Exception | None = None
        try:
            if model.price is None or not model.price.free:
                await self.ledger.hold(self._hold(meter.id, progress, candidate))
            meter.sent = True
            completion = await self._answer(provider, model.id, request, meter, emit)
            return completion
        except Exception as caught:
            error = caught
            raise
        finally:
            self._close(progress, model, permit, meter, completion, error)

    async def _answer(
        self, provider: Provider, model: str, request: ChatRequest, meter: Meter, emit: Emit
    ) -> Completion:
        """The provider's completion; a defect of its is a failed attempt like any other.

        Raises:
            ProviderError: it did not answer.
        """
        try:
            async with provider.answer(model, request, stream=True) as pieces:
                return await self._read(provider.name, pieces, meter, emit)
        except PointsmanError:
            raise
        except Exception as defect:
            self.on_defect(provider.name, defect)
            raise ProviderError(
                provider.name,
                f"failed inside ({type(defect).__name__}); the log says where",
                outcome=Outcome.LOCAL,
            ) from defect

    def _close(
        self,
        progress: Progress,
        model: Model,
        permit: Permit,
        meter: Meter,
        completion: Completion | None,
        error: Exception | None,
    ) -> None:
        """Report and write down the one outcome; with neither answer nor error: cancelled."""
        if completion is not None:
            outcome = self._judge(model, meter)
        elif error is None:
            outcome = self._impatient(model, meter)
        else:
            outcome = error.outcome if isinstance(error, ProviderError) else Outcome.LOCAL
        latency_s = self.clock.monotonic() - meter.started
        self._report(permit, outcome, meter, latency_s, error)
        spent = meter.usage or _spent(progress, meter, error)
        progress.attempts.append(
            Attempt(
                id=meter.id,
                provider=model.provider,
                model=model.id,
                outcome=outcome,
                latency_ms=latency_s * 1000,
                ttft_ms=None if meter.ttft_s is None else meter.ttft_s * 1000,
                usage=spent or Usage(),
                cost=_cost(model, spent),
                message=error.message if isinstance(error, PointsmanError) else "",
            )
        )

    async def _read(
        self, provider: str, pieces: AsyncIterator[Piece], meter: Meter, emit: Emit
    ) -> Completion:
        async for piece in pieces:
            if isinstance(piece, Completion):
                meter.usage = piece.usage  # it is billed, whatever it says
                return _worth_showing(provider, piece)
            meter.piece(piece, self.clock.monotonic())
            emit(piece)
        raise ProviderError(
            provider, "the answer ended without its finish", outcome=Outcome.FAILURE, partial=True
        )

    def _judge(self, model: Model, meter: Meter) -> Outcome:
        late = meter.ttft_s is not None and meter.ttft_s > self._slow_ttft_s(model)
        return Outcome.SLOW if late or meter.longest_gap_s > self.idle_s / 2 else Outcome.SUCCESS

    def _impatient(self, model: Model, meter: Meter) -> Outcome:
        """A caller who left before a late first piece has shown an outage, not a whim."""
        waited = self.clock.monotonic() - meter.started
        late = meter.ttft_s is None and waited > self._slow_ttft_s(model)
        return Outcome.SLOW if late else Outcome.CANCELLED

    def _slow_ttft_s(self, model: Model) -> float:
        return self.breaker.slow_ttft_local_s if model.local else self.breaker.slow_ttft_s

    def _hold(self, attempt_id: str, progress: Progress, candidate: Candidate) -> Hold:
        return Hold(
            attempt_id=attempt_id,
            call_id=progress.call_id,
            provider=candidate.model.provider,
            model=candidate.model.id,
            worst_cost=candidate.worst_cost,
            at=self.clock.wall(),
        )

    def _report(
        self,
        permit: Permit,
        outcome: Outcome,
        meter: Meter,
        latency_s: float,
        error: Exception | None,
    ) -> None:
        told = error if isinstance(error, ProviderError) else None
        self.health.report(
            permit,
            outcome,
            latency_s=latency_s,
            ttft_s=meter.ttft_s,
            retry_after_s=told.retry_after_s if told else None,
            connect_failure=bool(told and told.connect),
            timed_out=bool(told and told.timed_out),
        )


def _worth_showing(provider: str, completion: Completion) -> Completion:
    """`completion`, unless it says nothing and should have.

    A model that spends its whole limit on thinking has answered with nothing, and the caller is
    told so by `finish_reason`; one that finished and says nothing has failed.
    """
    said = completion.text.strip() or completion.tool_calls
    if said or completion.finish_reason == "length":
        return completion
    if completion.finish_reason == "content_filter":
        refusal = "the answer was withheld by the provider's content filter"
        raise ProviderError(provider, refusal, outcome=Outcome.CLIENT, fault="content_refused")
    raise ProviderError(provider, "the answer was empty", outcome=Outcome.FAILURE)


def _spent(progress: Progress, meter: Meter, error: Exception | None) -> Usage | None:
    """The tokens of an attempt that gave no account of itself; None: nothing was bought.

    A refusal costs nothing; what was cut off after it had been sent is charged by what we know.
    """
    cut_off = (
        error is None
        or not isinstance(error, ProviderError)
        or error.partial
        or (error.timed_out and not error.connect)
    )
    if not meter.sent or not (cut_off or meter.received):
        return None
    return Usage(
        input_tokens=progress.decision.analysis.input_tokens,
        output_tokens=estimate_tokens("".join(meter.received)),
        estimated=True,
    )


def _cost(model: Model, spent: Usage | None) -> Nano | None:
    if spent is None:
        return 0
    return None if model.price is None else model.price.cost(spent)
