"""Which models could answer a call, in which order, and why: a pure function of plain data."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pointsman.errors import NotFound
from pointsman.evidence import First, Observed, Profile, Terms
from pointsman.records import Analysis, Call, Candidate, Decision
from pointsman.seams import Clock, EndpointView, Insight
from pointsman.settings import PreferenceSettings
from pointsman.types import Capability, Model, Readiness
from routing.choice.filters import within as within  # its callers know it from here
from routing.choice.rank import Seen, held, rank
from routing.choice.score import BASE, Weights
from routing.prompt.length import likely_output

NOTHING = Insight()
INDIFFERENT = PreferenceSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """What a decision looks at besides the call; everything that changes is asked through it."""

    models: Sequence[Model]
    view: Callable[[Model], EndpointView]
    readiness: Callable[[Model], Readiness]
    problem: Callable[[Model], str | None]  # why it is off or failed
    clock: Clock
    new_id: Callable[[], str]
    weights: Weights = BASE
    profile: Profile = "balanced"  # of a call that names none, by a user who has none
    preferences: Mapping[str, PreferenceSettings] = field(
        default_factory=dict[str, PreferenceSettings]
    )

    def decide(self, call: Call, analysis: Analysis, insight: Insight = NOTHING) -> Decision:
        """The ranked plan for `call`, in the light of what is known beyond it.

        What settles it, in this order (X-15): an explicit model, what a model can do, the price
        cap, the breaker and the other gates, then the claims of `insight.firsts`, then the score.

        Raises:
            NotFound: the call names a model that is not in the catalogue.
        """
        started = self.clock.monotonic()
        liked = self.preferences.get(who_of(call), INDIFFERENT)
        profile = profile_of(call, self.profile, self.preferences)
        terms = terms_of(call, analysis, profile, self.weights)
        if call.model == "auto":
            terms = replace(terms, firsts=insight.firsts)
        models = self.models if call.model == "auto" else named(self.models, call.model)
        candidates = rank([self._see(m, insight, liked) for m in models], terms, analysis)
        able = {c.model.name: c.score for c in candidates if c.eligible}
        first = held(terms.firsts, able)
        return Decision(
            id=self.new_id(),
            analysis=analysis,
            candidates=tuple(candidates),
            stages=(*_stages(candidates, terms, analysis, insight.stages, first),),
            elapsed_ms=(self.clock.monotonic() - started) * 1000,
            at=self.clock.wall(),
            terms=terms,
        )

    def _see(self, model: Model, insight: Insight, liked: PreferenceSettings) -> Seen:
        view, readiness, standing = (
            self.view(model),
            self.readiness(model),
            insight.standing(model),
        )
        unable = readiness in ("off", "failed")
        return Seen(
            model,
            view.state,
            Observed(
                unable=(self.problem(model) or f"it is {readiness}") if unable else None,
                blocked=view.blocked,
                retry_in_s=view.retry_in_s,
                loading=readiness in ("cold", "loading"),
                latency_ms=view.p50_ms,
                in_flight=view.in_flight,
                limit=view.limit,
                quality=standing.quality,
                learned=standing.learned,
                cached_tokens=standing.cached_tokens,
                liking=liking_of(model, liked),
                notes=standing.notes,
            ),
        )


def profile_of(
    call: Call, usual: Profile, preferences: Mapping[str, PreferenceSettings]
) -> Profile:
    """What `call` is decided by: its own word, else its user's, else the settings'."""
    return call.prefer or preferences.get(who_of(call), INDIFFERENT).prefer or usual


def terms_of(call: Call, analysis: Analysis, profile: Profile, weights: Weights = BASE) -> Terms:
    """What of `call` bears on its decision."""
    request = call.request
    needs: set[Capability] = {"tools"} if request.tools else set()
    if request.json_schema is not None:
        needs.add("json")
    prompt = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
    likely = likely_output(prompt, analysis.category)
    return Terms(
        model=call.model,
        needs=frozenset(needs),
        max_tokens=request.max_tokens,
        output_tokens=min(request.max_tokens or likely, likely),
        max_cost=call.max_cost,
        deadline_s=call.deadline_s,
        prefer=call.prefer,
        who=who_of(call),
        profile=profile,
        weights=weights.changes,
    )


def liking_of(model: Model, liked: PreferenceSettings) -> float:
    """How gladly a user has `model` answer, -1..1."""
    if not liked.models:
        return 0.0
    return liked.models.get(model.name, liked.models.get(model.id, 0.0))


def named(models: Sequence[Model], reference: str) -> list[Model]:
    """The models that `reference` (an id, or `provider/id`) means.

    Raises:
        NotFound: there is none; the hint names the nearest.
    """
    found = [m for m in models if reference in (m.id, m.name)]
    if not found:
        names = [n for m in models for n in (m.id, m.name)]
        near = difflib.get_close_matches(reference, names, n=3, cutoff=0.4)
        shown = near or sorted({m.id for m in models})[:8]
        raise NotFound(
            f"There is no model {reference[:80]!r} here.",
            hint=f"Use one of: {', '.join(shown)}." if shown else "No model is set up.",
        )
    return found


def who_of(call: Call) -> str:
    return call.user or call.principal.id


def _stages(
    candidates: Sequence[Candidate],
    terms: Terms,
    analysis: Analysis,
    told: Sequence[str],
    first: First | None,
) -> list[str]:
    """What settled the order, in the order of precedence."""
    waiting = sum(c.retry_in_s is not None for c in candidates)
    refused = sum(not c.eligible for c in candidates) - waiting
    stages = ["analysis"] if terms.model == "auto" else ["analysis", "explicit model"]
    if refused:
        stages.append(f"filters refused {refused} of {len(candidates)}")
    if waiting:
        stages.append(f"gates hold {waiting} of {len(candidates)}")
    stages += told
    if first is not None:
        stages.append(first.stage)
    if refused + waiting < len(candidates):
        stages.append("score" if terms.profile == "balanced" else f"score for {terms.profile}")
    if terms.profile == "orchestrator" and analysis.band3 != "low":
        stages.append("search")
    return stages
