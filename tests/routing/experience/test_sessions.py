"""Sessions: who answers a topic keeps it, a new topic is decided afresh, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from benchmarks.sessions import Bench as Replay
from benchmarks.sessions import dialogues
from pointsman.errors import StorageFailed
from pointsman.experiments import Experiment, Trial
from pointsman.money import Usage
from pointsman.records import (
    Analysis,
    Attempt,
    CacheInfo,
    Call,
    CallRecord,
    Category,
    Decision,
    Principal,
)
from pointsman.seams import EndpointView, Insight, Standing
from pointsman.sessions import Session
from pointsman.types import ChatRequest, Message, Model, Outcome
from routing.choice.decide import Router
from routing.experience.experiments import Experiments
from routing.experience.sessions import CACHE_TTL_S, HISTORY, LEAST_CACHED, Sessions
from routing.prompt.analysis import analyse
from routing.prompt.analyst import Analyst
from tests.fakes import SteadyClock, make_model

BEST = {"coding": "alpha", "empathy": "beta", "math": "gamma"}
LONG = 10 * LEAST_CACHED


@dataclass
class Store:
    """Sessions in memory."""

    kept: dict[tuple[str, str], Session] = field(default_factory=dict)

    async def get(self, principal: str, session_id: str) -> Session | None:
        return self.kept.get((principal, session_id))

    def recent(self, principal: str, session_id: str) -> Session | None:
        return self.kept.get((principal, session_id))

    def save(self, session: Session) -> None:
        self.kept[session.principal, session.id] = session


@dataclass
class Running:
    """A book of experiments that keeps no results."""

    running: Sequence[Experiment]

    def record(self, trial: Trial) -> None:
        raise AssertionError("nothing ends here")


EXPERIMENT = Experiment(
    id="e",
    name="trial",
    control="beta/m",
    variant="alpha/m",
    traffic=1.0,
    split=1e-9,
    category=None,
    salt="s",
    started_at=0.0,
)


class BrokenStore(Store):
    async def get(self, principal: str, session_id: str) -> Session | None:
        raise StorageFailed("the disk is gone")


@dataclass
class Talk:
    """Turns through analysis, sessions and router; the scores are the fixture's."""

    best: Mapping[str, str] = field(default_factory=lambda: dict(BEST))
    out: set[str] = field(default_factory=set)  # providers behind an open breaker
    store: Store = field(default_factory=Store)
    clock: SteadyClock = field(default_factory=SteadyClock)
    bonus: dict[str, float] = field(default_factory=dict)
    experiments: Experiments | None = None
    stages: tuple[str, ...] = ()
    cached: dict[str, int] = field(default_factory=dict)

    async def say(
        self,
        *texts: str,
        session: str | None = "s",
        model: str = "auto",
        principal: str = "local",
        category: Category | None = None,
        tokens: int = 10,
        failed: bool = False,
    ) -> str | None:
        """Who answers; `texts` are the user's turns so far, oldest first."""
        call = Call(
            request=ChatRequest(messages=tuple(Message("user", text) for text in texts)),
            session_id=session,
            model=model,
            principal=Principal(id=principal),
            category=category,
        )
        analysis = analyse(call.request, category)
        sessions = Sessions(store=self.store, clock=self.clock.clock(), idle_s=3_600)
        view = await sessions.recall(call, analysis)
        self.cached = {name: view.cached_tokens(make_model(name)) for name in BEST.values()}
        trial = self.experiments.first(call, analysis) if self.experiments else None
        insight = Insight(
            standing=lambda m: self._standing(m, analysis),
            firsts=tuple(first for first in (trial, view.first) if first is not None),
            stages=view.stages,
        )
        decision = self._router().decide(call, analysis, insight)
        self.stages = decision.stages
        who = None if failed else decision.plan[0].model
        sessions.settled(call, analysis, self._record(call, decision, who, tokens))
        return who.provider if who else None

    @property
    def session(self) -> Session:
        return self.store.kept["local", "s"]

    def _standing(self, model: Model, analysis: Analysis) -> Standing:
        best = self.best.get(analysis.category) == model.provider
        return Standing(quality=(0.8 if best else 0.7) + self.bonus.get(model.provider, 0.0))

    def _router(self) -> Router:
        return Router(
            models=[make_model(name) for name in BEST.values()],
            view=lambda m: EndpointView(blocked="open" if m.provider in self.out else None),
            readiness=lambda _: "ready",
            problem=lambda _: None,
            clock=self.clock.clock(),
            new_id=lambda: "d",
        )

    def _record(self, call: Call, decision: Decision, who: Model | None, tokens: int) -> CallRecord:
        attempt = Attempt(
            id="a",
            provider=who.provider if who else "alpha",
            model=who.id if who else "m",
            outcome=Outcome.SUCCESS if who else Outcome.FAILURE,
            latency_ms=1.0,
            ttft_ms=None,
            usage=Usage(input_tokens=tokens, output_tokens=1),
            cost=0,
        )
        return CallRecord(
            id="c",
            at=self.clock.clock().wall(),
            principal=call.principal,
            tool="complete",
            user=None,
            session_id=call.session_id,
            decision_id="d",
            provider=who.provider if who else None,
            model=who.id if who else None,
            category=decision.analysis.category,
            error=None if who else "no_backend",
            latency_ms=1.0,
            saved_by_cache=0,
            saved_by_routing=0,
            attempts=(attempt,),
            decision=decision,
        )


async def test_the_same_topic_stays_though_another_became_a_little_better() -> None:
    """AT-403, SE-01, SE-11: a 1-point better score between two turns moves nobody."""
    talk = Talk()
    assert await talk.say("Explain quicksort") == "alpha"
    talk.bonus = {"gamma": 0.11}  # one point above alpha's lead
    assert await talk.say("Now explain mergesort") == "alpha"
    assert "same topic: coding" in talk.stages
    assert "same-topic session" in talk.stages
    assert await talk.say("Explain heapsort", session="another") == "gamma"


async def test_a_new_topic_goes_to_its_best_provider_and_the_history_grows() -> None:
    """AT-404, SE-02, SE-03, SE-06, X-17."""
    talk = Talk()
    assert await talk.say("Explain sorting") == "alpha"
    assert await talk.say("Solve 2x+5=15") == "gamma"
    assert talk.session.topic_history == ("coding", "math")
    assert talk.session.provider_history == ("alpha/m", "gamma/m")
    assert "topic changed: coding -> math" in talk.stages
    assert talk.session.topic == "math"
    assert talk.session.model == "gamma/m"


async def test_a_provider_that_is_best_at_both_stays_while_the_topic_changes() -> None:
    """AT-404, X-17: the variant."""
    talk = Talk(best={"coding": "alpha", "math": "alpha"})
    assert await talk.say("Explain sorting") == "alpha"
    assert await talk.say("Solve 2x+5=15") == "alpha"
    assert talk.session.topic_history == ("coding", "math")
    assert talk.session.provider_history == ("alpha/m",)


@pytest.mark.parametrize("turn", ["and in reverse?", "continue", "shorter", "why?", "in Rust"])
async def test_an_elliptic_turn_stays_on_the_topic(turn: str) -> None:
    talk = Talk()
    await talk.say("Write a Python function that sorts a list")
    assert await talk.say(turn) == "alpha"
    assert talk.session.topic_history == ("coding",)


@pytest.mark.parametrize("turn", ["Solve 2x+5=15", "Write a Python script"])
async def test_a_short_order_leaves_a_topic_that_it_does_not_belong_to(turn: str) -> None:
    """RT-16: a change is seen by what the turn says, not by its length."""
    talk = Talk()
    await talk.say("Im so frustrated with this!")
    await talk.say(turn)
    assert len(talk.session.topic_history) == 2


async def test_a_mood_without_a_task_ends_the_topic() -> None:
    """X-15: stickiness ends by rule."""
    talk = Talk()
    await talk.say("Explain quicksort")
    assert await talk.say("Im so frustrated with this!") == "beta"
    assert talk.session.topic_history == ("coding", "empathy")


async def test_a_category_that_the_caller_names_is_the_topic() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    assert await talk.say("go on", category="math") == "gamma"
    assert talk.session.topic_history == ("coding", "math")


async def test_a_forced_move_is_told_and_its_new_model_is_kept() -> None:
    """X-15, X-18: the breaker is above the session; there is no flapping back."""
    talk = Talk()
    await talk.say("Explain quicksort")
    talk.out = {"alpha"}
    moved = await talk.say("Now explain mergesort")
    assert moved != "alpha"
    assert "same-topic session" not in talk.stages
    assert talk.session.forced_moves == 1
    talk.out = set()
    assert await talk.say("And what about heapsort?") == moved
    assert talk.session.forced_moves == 1
    assert talk.session.topic_history == ("coding",)


async def test_an_experiment_is_above_the_session_and_the_breaker_above_both() -> None:
    """X-15, RT-14: explicit model > breaker > A/B assignment > same-topic session > score."""
    talk = Talk()
    await talk.say("Explain quicksort")
    talk.experiments = Experiments(Running([EXPERIMENT]))
    assert await talk.say("Now explain mergesort") == "beta"
    assert "experiment trial: arm control" in talk.stages
    talk.experiments = Experiments(Running([replace(EXPERIMENT, control="gamma/m")]))
    talk.out = {"gamma"}
    assert await talk.say("Now explain heapsort") == "beta"  # the session's by now
    talk.out = {"gamma", "beta"}
    assert await talk.say("Now explain bubble sort") == "alpha"
    assert await talk.say("Now explain radix sort", model="alpha/m") == "alpha"


async def test_a_model_that_the_caller_names_is_no_forced_move() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    assert await talk.say("Now explain mergesort", model="beta/m") == "beta"
    assert talk.session.forced_moves == 0


async def test_another_principals_session_is_another_session() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    talk.best = {"coding": "gamma"}
    assert await talk.say("Explain mergesort", principal="eve") == "gamma"
    assert "session: new" in talk.stages
    assert talk.session.turns == 1


async def test_a_call_without_a_session_stands_alone() -> None:
    talk = Talk()
    await talk.say("Explain quicksort", session=None)
    talk.best = {"coding": "gamma"}
    assert await talk.say("Explain quicksort", "Now mergesort in Python", session=None) == "gamma"
    assert talk.store.kept == {}


async def test_an_idle_session_begins_anew() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    talk.clock.advance(3_601)
    talk.best = {"coding": "gamma"}
    assert await talk.say("Now explain mergesort") == "gamma"
    assert talk.session.provider_history == ("gamma/m",)


async def test_a_call_that_failed_changes_nothing() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    before = talk.session
    await talk.say("Solve 2x+5=15", failed=True)
    assert talk.session == before


async def test_a_session_that_cannot_be_read_stops_no_call() -> None:
    talk = Talk(store=BrokenStore())
    assert await talk.say("Explain quicksort") == "alpha"
    assert any("could not be read" in stage for stage in talk.stages)


async def test_histories_are_bounded() -> None:
    talk = Talk()
    for _ in range(HISTORY):
        await talk.say("Explain quicksort in Python")
        await talk.say("Solve the equation 2x + 5 = 15")
    assert len(talk.session.topic_history) == len(talk.session.provider_history) == HISTORY
    assert talk.session.turns == 2 * HISTORY


async def test_the_prompt_cache_is_known_where_the_conversation_goes_on() -> None:
    """DESIGN 3: the cache that a move would lose counts for who holds it, while it lasts."""
    talk = Talk()
    await talk.say("Explain quicksort", tokens=LONG)
    assert talk.cached == {"alpha": 0, "beta": 0, "gamma": 0}
    await talk.say("Explain quicksort", "Now explain mergesort")
    assert talk.cached == {"alpha": LONG, "beta": 0, "gamma": 0}


@pytest.mark.parametrize(
    ("turns", "tokens", "later"),
    [
        (("Explain another sort", "Now mergesort"), LONG, 0.0),  # not what was sent
        (("Explain quicksort", "Now mergesort"), LEAST_CACHED - 1, 0.0),  # too short to be cached
        (("Explain quicksort", "Now mergesort"), LONG, CACHE_TTL_S + 1),  # forgotten meanwhile
    ],
)
async def test_a_prompt_cache_is_not_hoped_for(
    turns: tuple[str, ...], tokens: int, later: float
) -> None:
    talk = Talk()
    await talk.say("Explain quicksort", tokens=tokens)
    talk.clock.advance(later)
    await talk.say(*turns)
    assert talk.cached["alpha"] == 0


async def test_continuity_is_above_95_percent_on_labelled_conversations() -> None:
    """SE-05, RT-15, X-18: of same-topic turns whose model could answer; forced moves beside it."""
    talks = list(enumerate(dialogues(), 1))
    tally = await Replay(Analyst().understand).replay(talks)
    alone = await Replay(Analyst().understand, sessions=False).replay(talks)
    assert tally.same > 400
    assert tally.forced > 10
    assert tally.kept / tally.same > 0.95
    assert alone.kept / alone.same < 0.8  # it is the session that does it
    assert tally.moved / tally.changes > 0.6


async def test_a_hit_of_the_answer_cache_leaves_the_session_alone() -> None:
    talk = Talk()
    await talk.say("Explain quicksort")
    call = Call(request=ChatRequest(messages=(Message("user", "Solve 2x+5=15"),)), session_id="s")
    analysis = analyse(call.request)
    decision = talk._router().decide(call, analysis)
    record = talk._record(call, decision, decision.plan[0].model, 10)
    before = talk.session
    sessions = Sessions(store=talk.store, clock=talk.clock.clock(), idle_s=3_600)
    sessions.settled(call, analysis, replace(record, cache=CacheInfo(hit=True, layer="memory")))
    assert talk.session == before
