"""A router over made-up models, and what it is asked: only what a test is about is spelt out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from hypothesis import strategies as st

from pointsman.evidence import First, Prefer
from pointsman.money import FREE
from pointsman.records import Analysis, Band3, Call, Category, Emotion
from pointsman.seams import EndpointView, Insight, Standing
from pointsman.settings import PreferenceSettings
from pointsman.types import ChatRequest, Message, Model, Readiness, Tier
from routing.choice.decide import Router
from routing.choice.score import BASE, Weights
from tests.fakes import SteadyClock, counting, make_model, price

LARGE = make_model("alpha", "large", tier="strong", cost=price(2.5, 10))
SMALL = make_model("alpha", "small", tier="cheap", cost=price(0.15, 0.6))
TINY = make_model("home", "tiny", tier="local", cost=FREE)
MODELS = (LARGE, SMALL, TINY)
OPEN = EndpointView(state="open", blocked="breaker open", retry_in_s=30.0)


def analysis(p_strong: float = 0.2, band3: Band3 = "medium", **facts: object) -> Analysis:
    made = Analysis(
        category="general",
        category_confidence=1.0,
        complexity={"low": 0.1, "medium": 0.4, "high": 0.8}[band3],
        band4="medium",
        band3=band3,
        p_strong=p_strong,
        time_sensitive=False,
        emotion=Emotion(label="neutral", intensity=0.0),
        tags=frozenset(),
        input_tokens=100,
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def ask(text: str = "What is the capital of France?", **facts: object) -> Call:
    call = Call(request=ChatRequest(messages=(Message("user", text),)))
    return replace(call, **facts)  # type: ignore[arg-type]


def make_router(
    models: Sequence[Model] = MODELS,
    views: Mapping[str, EndpointView] | None = None,
    readiness: Mapping[str, Readiness] | None = None,
    weights: Weights = BASE,
    profile: str = "balanced",
    preferences: Mapping[str, PreferenceSettings] | None = None,
) -> Router:
    return Router(
        models=models,
        view=lambda m: (views or {}).get(m.name, EndpointView()),
        readiness=lambda m: (readiness or {}).get(m.name, "ready"),
        problem=lambda _: None,
        weights=weights,
        profile=profile,  # type: ignore[arg-type]
        preferences=preferences or {},
        clock=SteadyClock().clock(),
        new_id=counting(),
    )


def experience(**standings: Standing) -> Insight:
    """What is known of models, by their ids."""
    return Insight(standing=lambda m: standings.get(m.id, Standing()))


def winner(router: Router, call: Call, seen: Analysis, insight: Insight | None = None) -> str:
    return router.decide(call, seen, insight or Insight()).plan[0].model.name


# --- anything that can be ---------------------------------------------------------------------

_tiers = st.sampled_from(cast(list[Tier], ["strong", "cheap", "local"]))
_rates = st.sampled_from([0.0, 0.05, 0.2, 1.0, 2.5, 10.0, 60.0])


@st.composite
def models(draw: st.DrawFn, least: int = 1) -> list[Model]:
    count = draw(st.integers(least, 6))
    made: list[Model] = []
    for number in range(count):
        tier = draw(_tiers)
        cost = FREE if tier == "local" else price(draw(_rates), draw(_rates))
        model = make_model(f"p{number}", "m", tier=tier, cost=cost)
        unknown = tier != "local" and draw(st.integers(0, 9)) == 0
        made.append(replace(model, price=None) if unknown else model)
    return made


views = st.builds(
    EndpointView,
    state=st.sampled_from(["closed", "half_open"]),
    p50_ms=st.one_of(st.none(), st.floats(1, 60_000)),
    in_flight=st.integers(0, 4),
    limit=st.just(4),
)
held = st.one_of(views, views, views, st.just(OPEN))
standings = st.builds(
    Standing,
    quality=st.one_of(st.none(), st.floats(0, 1)),
    learned=st.floats(-0.3, 0.3),
)
analyses = st.builds(
    analysis,
    p_strong=st.floats(0, 1),
    band3=st.sampled_from(["low", "medium", "high"]),
    category=st.sampled_from(
        cast(list[Category], ["coding", "math", "research", "language", "empathy", "general"])
    ),
    input_tokens=st.integers(1, 5_000),
)
prefers: st.SearchStrategy[Prefer | None] = st.sampled_from(
    [None, "balanced", "quality", "cheap", "fast", "local"]
)
calls = st.builds(
    ask,
    prefer=prefers,
    deadline_s=st.one_of(st.none(), st.floats(0.05, 60)),
)


@st.composite
def routers(
    draw: st.DrawFn,
    seen: st.SearchStrategy[EndpointView] = views,
    least: int = 1,
    claimed: bool = False,
) -> tuple[Router, Insight]:
    them = draw(models(least=least))
    by_view = {m.name: draw(seen) for m in them}
    by_standing = {m.name: draw(standings) for m in them}
    find: Callable[[Model], Standing] = lambda m: by_standing[m.name]  # noqa: E731
    firsts = st.builds(
        First,
        model=st.sampled_from([m.name for m in them]),
        stage=st.just("a claim"),
        margin=st.sampled_from([None, 0.02, 0.25]),
    )
    claims = tuple(draw(st.lists(firsts, max_size=2))) if claimed else ()
    return make_router(them, by_view), Insight(standing=find, firsts=claims)
