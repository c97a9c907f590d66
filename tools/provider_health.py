"""The `provider_health` tool: how every backend is doing, without calling any."""

from collections.abc import Callable, Sequence

from pointsman.records import BreakerState
from pointsman.seams import EndpointView
from pointsman.types import Model, Readiness
from tools.tool import Arguments, Caller, Result, Tool

See = Callable[[Model], EndpointView]
Ready = Callable[[Model], Readiness]
_ORDER: tuple[BreakerState, ...] = ("closed", "half_open", "open")


class NoArguments(Arguments):
    pass


class ModelHealthOut(Result):
    model: str
    state: BreakerState
    reason: str | None
    retry_in_s: float | None
    failure_rate: float
    slow_rate: float
    p50_ms: float | None
    p95_ms: float | None
    in_flight: int
    limit: int


class LocalOut(Result):
    state: str


class ProviderOut(Result):
    provider: str
    state: BreakerState
    reason: str | None
    retry_at: str | None
    failure_rate: float
    slow_rate: float
    p50_ms: float | None
    p95_ms: float | None
    in_flight: int
    models: list[ModelHealthOut]
    local: LocalOut | None = None


class ProviderHealthResult(Result):
    providers: list[ProviderOut]


def provider_health_tool(read: Callable[[], ProviderHealthResult]) -> Tool:
    async def run(_given: NoArguments, _caller: Caller) -> ProviderHealthResult:
        return read()

    return Tool(
        name="provider_health",
        title="How the backends are doing",
        description="Every provider's breaker, failure and slow rates, latency, load and local "
        "model state. Calls nothing.",
        arguments=NoArguments,
        result=ProviderHealthResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
    )


def health(
    models: Sequence[Model], see: See, ready: Ready, at: Callable[[float], str]
) -> ProviderHealthResult:
    """The health of each provider: the worst state, and the most telling rates, of its models.

    `at` gives the time so many seconds from now, as RFC 3339.
    """
    by_provider: dict[str, list[Model]] = {}
    for model in models:
        by_provider.setdefault(model.provider, []).append(model)
    return ProviderHealthResult(
        providers=[_provider(name, own, see, ready, at) for name, own in by_provider.items()]
    )


def _provider(
    name: str, models: Sequence[Model], see: See, ready: Ready, at: Callable[[float], str]
) -> ProviderOut:
    seen = [(model, see(model)) for model in models]
    worst = max((view for _, view in seen), key=lambda v: (_ORDER.index(v.state), bool(v.blocked)))
    busiest = max((view for _, view in seen), key=lambda v: (v.p50_ms is not None, v.p50_ms or 0))
    return ProviderOut(
        provider=name,
        state=worst.state,
        reason=worst.blocked,
        retry_at=None if worst.retry_in_s is None else at(worst.retry_in_s),
        failure_rate=max(view.failure_rate for _, view in seen),
        slow_rate=max(view.slow_rate for _, view in seen),
        p50_ms=busiest.p50_ms,
        p95_ms=busiest.p95_ms,
        in_flight=sum(view.in_flight for _, view in seen),
        models=[_model(model, view) for model, view in seen],
        local=LocalOut(state=ready(models[0])) if models[0].local else None,
    )


def _model(model: Model, view: EndpointView) -> ModelHealthOut:
    return ModelHealthOut(
        model=model.id,
        state=view.state,
        reason=view.blocked,
        retry_in_s=view.retry_in_s,
        failure_rate=round(view.failure_rate, 4),
        slow_rate=round(view.slow_rate, 4),
        p50_ms=view.p50_ms,
        p95_ms=view.p95_ms,
        in_flight=view.in_flight,
        limit=view.limit,
    )


def _read(result: ProviderHealthResult) -> str:
    if not result.providers:
        return "No provider is set up; 'pointsman doctor' says how to get one."
    lines: list[str] = []
    for p in result.providers:
        speed = "" if p.p50_ms is None else f", p50 {p.p50_ms:.0f} ms"
        local = "" if p.local is None else f", local model {p.local.state}"
        reason = "" if p.reason is None else f" ({p.reason})"
        lines.append(
            f"{p.provider}: {p.state}{reason}, {p.failure_rate:.0%} failures{speed}, "
            f"{p.in_flight} in flight{local}"
        )
    return "\n".join(lines)
