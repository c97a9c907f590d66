"""The dispatcher, driven through scripted backends and a real breaker, cache key and flights."""

import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import anyio
import pytest

from cache.flight import SharedFlights, open_flights
from cache.key import Keys
from pointsman.errors import (
    BudgetExceeded,
    ContentRefused,
    DeadlineExceeded,
    InvalidInput,
    NoBackend,
    NotFound,
    RateLimited,
)
from pointsman.money import Usage
from pointsman.records import Answer, Call
from pointsman.seams import Similar
from pointsman.settings import BreakerSettings, RoutingSettings
from pointsman.types import (
    ChatRequest,
    Completion,
    FinishReason,
    Message,
    Model,
    Outcome,
    Piece,
    ToolCall,
    ToolSpec,
)
from routing.attempt import Attempts
from routing.backends.health import Health, Permit
from routing.dispatch import Dispatcher
from routing.recall import NothingSimilar, Recall
from tests.fakes import (
    FakeCache,
    FakeCatalogue,
    FakeLedger,
    FakeProvider,
    SteadyClock,
    counting,
    hanging,
    make_model,
    price,
    refusing,
    saying,
)


@dataclass
class Bench:
    """A dispatcher over fakes, and the fakes."""

    dispatcher: Dispatcher
    ledger: FakeLedger
    cache: FakeCache
    health: Health
    clock: SteadyClock
    flights: SharedFlights
    defects: list[str]  # the providers that had one


def ask(text: str = "What is the capital of France?", **facts: object) -> Call:
    call = Call(request=ChatRequest(messages=(Message("user", text),)))
    return replace(call, **facts)  # type: ignore[arg-type]


@asynccontextmanager
async def bench(
    providers: Sequence[FakeProvider],
    routing: RoutingSettings | None = None,
    ledger: FakeLedger | None = None,
    similar: Similar | None = None,
) -> AsyncGenerator[Bench, None]:
    clock, ledger, cache = SteadyClock(), ledger or FakeLedger(), FakeCache()
    health = Health(BreakerSettings(), clock.clock(), random.Random(7).random)
    new_id = counting()
    defects: list[str] = []
    async with open_flights() as flights:
        dispatcher = Dispatcher(
            catalogue=FakeCatalogue(providers),
            recall=Recall(cache=cache, key_of=Keys().key, similar=similar or NothingSimilar()),
            flights=flights,
            ledger=ledger,
            attempts=Attempts(
                ledger=ledger,
                health=health,
                breaker=BreakerSettings(),
                idle_s=30,
                clock=clock.clock(),
                new_id=new_id,
                on_defect=lambda name, _: defects.append(name),
            ),
            routing=routing or RoutingSettings(),
            clock=clock.clock(),
            new_id=new_id,
        )
        yield Bench(dispatcher, ledger, cache, health, clock, flights, defects)


async def read_along(b: Bench, seen: list[str | Answer]) -> None:
    async with b.dispatcher.open(ask(), stream=True) as pieces:
        async for piece in pieces:
            seen.append(piece)


async def test_an_answer_carries_its_receipt_and_is_in_the_books() -> None:
    async with bench([FakeProvider("a", saying("Paris it is"))]) as b:
        answer = await b.dispatcher.complete(ask())
    assert (answer.completion.text, answer.provider, answer.model) == ("Paris it is", "a", "m")
    assert answer.cost == 6 * 1_000 + 3 * 2_000  # 6 tokens at $1, 3 at $2 a million, in nano-USD
    (record,) = b.ledger.settled
    assert record.attempts == answer.attempts
    assert record.attempts[0].outcome is Outcome.SUCCESS
    assert record.decision is not None
    assert record.decision.id == answer.decision_id
    assert [hold.attempt_id for hold in b.ledger.holds] == [record.attempts[0].id]


async def test_a_second_identical_call_is_a_hit_that_costs_nothing() -> None:
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider]) as b:
        first = await b.dispatcher.complete(ask())
        second = await b.dispatcher.complete(ask(session_id="another", deadline_s=5.0))
    assert len(provider.seen) == 1
    assert second.cache.hit
    assert (second.cost, second.saved) == (0, first.cost)
    assert second.decision_id == first.decision_id
    (noted,) = b.ledger.noted
    assert (noted.cache.layer, noted.saved_by_cache) == ("memory", first.cost)


@pytest.mark.parametrize(("use", "calls", "kept"), [("off", 2, 0), ("refresh", 2, 1)])
async def test_the_cache_can_be_passed_by(use: str, calls: int, kept: int) -> None:
    provider = FakeProvider("a", saying("Paris"))
    async with bench([provider]) as b:
        for _ in range(2):
            await b.dispatcher.complete(ask(cache=use))
        assert len(b.cache.entries) == kept
    assert len(provider.seen) == calls


async def test_identical_calls_under_way_share_one_flight() -> None:
    """CA-01: a burst of the same question is paid for once."""
    go = anyio.Event()

    async def slow(_: ChatRequest) -> str:
        await go.wait()
        return "Paris"

    provider = FakeProvider("a", slow)
    answers: list[Answer] = []

    async def one(b: Bench) -> None:
        answers.append(await b.dispatcher.complete(ask()))

    async with bench([provider]) as b, anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(one, b)
        await anyio.wait_all_tasks_blocked()
        go.set()
    assert len(provider.seen) == 1
    assert sorted(a.cost or 0 for a in answers)[:4] == [0, 0, 0, 0]
    assert len(b.ledger.noted) == 4


async def test_a_failing_backend_is_passed_over_and_every_attempt_is_counted() -> None:
    dear = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    async with bench([FakeProvider("a", refusing(Outcome.FAILURE)), dear]) as b:
        answer = await b.dispatcher.complete(ask())
    assert [a.outcome for a in answer.attempts] == [Outcome.FAILURE, Outcome.SUCCESS]
    assert answer.provider == "b"
    assert len(b.ledger.settled[0].attempts) == 2


async def test_a_dead_primary_is_tried_at_most_five_times_by_twenty_calls() -> None:
    """CB-01, CB-08: the breaker learns, and the fallback answers all of them."""
    dead = FakeProvider("a", refusing(Outcome.FAILURE))
    good = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    async with bench([dead, good]) as b:
        for n in range(20):
            answer = await b.dispatcher.complete(ask(f"question {n}"))
            assert answer.provider == "b"
    assert len(dead.seen) == 5


async def test_a_lone_backend_whose_breaker_is_open_is_left_alone() -> None:
    """CB-08: no call reaches it, and the caller hears when to come back."""
    dead = FakeProvider("a", refusing(Outcome.FAILURE))
    async with bench([dead]) as b:
        for n in range(8):
            with pytest.raises(NoBackend):
                await b.dispatcher.complete(ask(f"question {n}"))
        tried = len(dead.seen)
        with pytest.raises(NoBackend) as caught:
            await b.dispatcher.complete(ask("once more"))
        assert caught.value.code == "no_backend"
    assert tried == len(dead.seen) == 5
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 50


async def test_three_backends_failing_at_random_still_answer() -> None:
    """PV-17, AT-413: 30 % failures at each of three, over 99 % of 5,000 calls succeed."""
    dice = random.Random(1)

    async def flaky(_: ChatRequest) -> str:
        return await (refusing(Outcome.FAILURE) if dice.random() < 0.3 else saying("ok"))(_)

    providers = [FakeProvider(name, flaky) for name in "abc"]
    failed = 0
    async with bench(providers) as b:
        for n in range(5_000):
            b.clock.advance(0.05)
            try:
                await b.dispatcher.complete(ask(f"question {n}", cache="off"))
            except NoBackend:
                failed += 1
    assert failed < 50


async def test_when_all_are_throttled_the_error_says_when_to_come_back() -> None:
    """F-2."""
    providers = [
        FakeProvider(name, refusing(Outcome.THROTTLED, retry_after_s=30.0)) for name in "ab"
    ]
    async with bench(providers) as b:
        for n in range(3):
            with pytest.raises(RateLimited):
                await b.dispatcher.complete(ask(f"question {n}"))
        assert [len(p.seen) for p in providers] == [1, 1]


async def test_when_all_fail_one_error_names_each_cause() -> None:
    """AT-413."""
    providers = [FakeProvider(name, refusing(Outcome.FAILURE)) for name in "abc"]
    async with bench(providers) as b:
        with pytest.raises(NoBackend) as caught:
            await b.dispatcher.complete(ask())
    assert {cause.provider for cause in caught.value.causes} == {"a", "b", "c"}
    assert b.ledger.settled[0].error == "no_backend"


@pytest.mark.parametrize(
    ("outcome", "facts", "error", "second_is_tried"),
    [
        (Outcome.THROTTLED, {"retry_after_s": 30.0}, None, True),
        (Outcome.AUTH, {}, None, True),
        (Outcome.CLIENT, {"fault": "unknown_model"}, None, True),
        (Outcome.CLIENT, {"fault": "invalid"}, InvalidInput, False),
        (Outcome.CLIENT, {"fault": "content_refused"}, ContentRefused, False),
        (Outcome.CLIENT, {"fault": "context_length"}, None, True),
    ],
)
async def test_each_outcome_leads_on_or_ends_the_call(
    outcome: Outcome, facts: dict[str, object], error: type[Exception] | None, second_is_tried: bool
) -> None:
    second = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9), context=32_000)])
    async with bench([FakeProvider("a", refusing(outcome, **facts)), second]) as b:
        if error is None:
            assert (await b.dispatcher.complete(ask())).provider == "b"
        else:
            with pytest.raises(error):
                await b.dispatcher.complete(ask())
    assert bool(second.seen) is second_is_tried
    view = b.health.view(make_model("a"))
    assert (view.state, view.failure_rate) == ("closed", 0.0)


async def test_an_answer_that_breaks_off_after_its_first_words_is_an_error_to_a_reader() -> None:
    """A stream fails over only before its first content; after it, never a clean end."""

    class Breaks(FakeProvider):
        async def _pieces(self, model, request, stream):  # type: ignore[no-untyped-def]
            yield "The capital "
            await refusing(Outcome.FAILURE)(request)

    second = FakeProvider("b", saying("Paris"), [make_model("b", cost=price(9, 9))])
    async with bench([Breaks("a", saying("")), second]) as b:
        seen: list[str | Answer] = []
        with pytest.raises(NoBackend):
            await read_along(b, seen)
        assert seen == ["The capital "]
        assert not second.seen
        # who does not read along is answered by the other
        assert (await b.dispatcher.complete(ask())).provider == "b"
    assert b.ledger.settled[0].attempts[0].usage.estimated


async def test_a_call_ends_at_its_deadline_and_the_backend_is_let_go() -> None:
    provider = FakeProvider("a", hanging)
    async with bench([provider]) as b:
        with anyio.fail_after(5), pytest.raises(DeadlineExceeded):
            await b.dispatcher.complete(ask(deadline_s=0.3))
    assert provider.open == 0
    assert b.health.view(make_model("a")).in_flight == 0
    assert b.ledger.settled[0].error == "deadline_exceeded"
    assert b.ledger.settled[0].attempts[0].outcome is Outcome.CANCELLED


async def test_a_backend_too_slow_for_the_time_left_is_passed_over() -> None:
    slow = FakeProvider("a", saying("in the end"))
    quick = FakeProvider("b", saying("at once"), [make_model("b", cost=price(9, 9))])
    async with bench([slow, quick]) as b:
        permit = b.health.admit(slow.models[0])
        assert isinstance(permit, Permit)
        b.health.report(permit, Outcome.SUCCESS, latency_s=0.1, ttft_s=4.0)
        assert (await b.dispatcher.complete(ask(deadline_s=2.0))).provider == "b"
        assert (await b.dispatcher.complete(ask("again", deadline_s=9.0))).provider == "a"


async def test_a_caller_who_leaves_cancels_the_call_and_it_is_still_settled() -> None:
    provider = FakeProvider("a", hanging)
    async with bench([provider]) as b:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(b.dispatcher.complete, ask())
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        assert provider.open == 0
        assert b.health.view(make_model("a")).in_flight == 0
    (record,) = b.ledger.settled
    assert record.error == "cancelled"
    assert record.attempts[0].usage.estimated


async def test_a_price_cap_limits_the_answer_or_refuses_the_model() -> None:
    provider = FakeProvider("a", saying("ok"), [make_model("a", cost=price(1, 2))])
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask(max_cost=400_000))
        assert provider.seen[0].max_tokens is not None
        assert provider.seen[0].max_tokens * 2_000 <= 400_000
        with pytest.raises(BudgetExceeded):
            await b.dispatcher.complete(ask("another", max_cost=1_000))


async def test_a_model_without_a_known_price_costs_none_and_never_passes_a_cap() -> None:
    model = replace(make_model("a"), price=None)
    async with bench([FakeProvider("a", saying("ok"), [model])]) as b:
        assert (await b.dispatcher.complete(ask())).cost is None
        with pytest.raises(BudgetExceeded):
            await b.dispatcher.complete(ask("another", max_cost=10**9))


async def test_the_named_model_answers_or_nobody_does() -> None:
    one, two = FakeProvider("a", saying("1")), FakeProvider("b", saying("2"))
    async with bench([one, two]) as b:
        assert (await b.dispatcher.complete(ask(model="b/m"))).provider == "b"
        two.script = refusing(Outcome.FAILURE)
        with pytest.raises(NoBackend):
            await b.dispatcher.complete(ask("another", model="b/m"))
        with pytest.raises(NotFound) as caught:
            await b.dispatcher.complete(ask(model="b/mm"))
    assert caught.value.hint is not None
    assert "b/m" in caught.value.hint
    assert not one.seen


async def test_a_call_with_tools_goes_only_where_tools_are_taken() -> None:
    plain = FakeProvider("a", saying("no"), [make_model("a", capabilities=())])
    able = FakeProvider("b", saying("yes"), [make_model("b", cost=price(9, 9))])
    tool = ToolSpec(name="t", description="", parameters={})
    call = Call(request=ChatRequest(messages=(Message("user", "x"),), tools=(tool,)))
    async with bench([plain, able]) as b:
        assert (await b.dispatcher.complete(call)).provider == "b"


async def test_an_answer_that_was_cut_off_is_not_remembered() -> None:
    """T-51."""

    class Cut(FakeProvider):
        async def _pieces(self, model, request, stream):  # type: ignore[no-untyped-def]
            async for piece in super()._pieces(model, request, stream):
                yield piece if isinstance(piece, str) else replace(piece, finish_reason="length")

    async with bench([Cut("a", saying("half an"))]) as b:
        await b.dispatcher.complete(ask())
        assert not b.cache.entries


async def test_a_route_calls_nothing_and_its_factors_sum_to_the_score() -> None:
    """RT-06, RT-07."""
    providers = [FakeProvider("a", saying("x")), FakeProvider("b", saying("y"))]
    async with bench(providers) as b:
        decision = await b.dispatcher.route(ask())
    assert not providers[0].seen
    assert b.ledger.decisions == [decision]
    for candidate in decision.candidates:
        assert candidate.factors.total == pytest.approx(candidate.score, abs=1e-6)


async def test_without_any_model_the_error_says_how_to_get_one() -> None:
    async with bench([]) as b:
        with pytest.raises(NoBackend, match="pointsman models pull"):
            await b.dispatcher.complete(ask())


class Ending(FakeProvider):
    """Answers with whatever completion it was made with, whole."""

    def __init__(self, name: str, completion: Completion, models: Sequence[Model] = ()) -> None:
        super().__init__(name, hanging, models)
        self.completion = completion

    async def _pieces(self, model: str, request: ChatRequest, stream: bool) -> AsyncIterator[Piece]:
        if self.completion.text:
            yield self.completion.text
        yield self.completion


def ended(text: str, finish: FinishReason) -> Completion:
    usage = Usage(input_tokens=100, output_tokens=5_000)
    return Completion(text=text, finish_reason=finish, usage=usage, model="m")


BILLED = 100 * 1_000 + 5_000 * 2_000  # nano-USD at $1 and $2 a million


async def test_a_limit_spent_on_thinking_is_an_empty_answer_and_is_billed() -> None:
    async with bench([Ending("a", ended("", "length"))]) as b:
        answer = await b.dispatcher.complete(ask())
    assert (answer.completion.text, answer.cost) == ("", BILLED)
    assert b.health.view(make_model("a")).failure_rate == 0


async def test_a_withheld_answer_is_refused_content_and_is_billed() -> None:
    async with bench([Ending("a", ended("", "content_filter"))]) as b:
        with pytest.raises(ContentRefused):
            await b.dispatcher.complete(ask())
    assert b.ledger.settled[0].attempts[0].cost == BILLED


async def test_an_empty_answer_is_a_failure_and_is_billed() -> None:
    second = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    async with bench([Ending("a", ended("", "stop")), second]) as b:
        answer = await b.dispatcher.complete(ask())
    assert answer.provider == "b"
    assert answer.attempts[0].cost == BILLED


async def test_the_price_cap_holds_over_all_attempts_together() -> None:
    """Fallback never passes the caller's price cap."""
    second = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    async with bench([Ending("a", ended("", "stop")), second]) as b:
        with pytest.raises(NoBackend, match="price cap"):
            await b.dispatcher.complete(ask(max_cost=BILLED + 10_000))
        answer = await b.dispatcher.complete(ask("more", max_cost=BILLED + 10_000_000))
    assert answer.cost is not None
    assert answer.cost <= BILLED + 10_000_000
    assert second.seen[0].max_tokens is not None


async def test_a_defect_of_one_backend_is_passed_over() -> None:
    async def broken(_: ChatRequest) -> str:
        raise ValueError("no such header")

    second = FakeProvider("b", saying("ok"), [make_model("b", cost=price(9, 9))])
    async with bench([FakeProvider("a", broken), second]) as b:
        answer = await b.dispatcher.complete(ask())
    assert b.defects == ["a"]
    assert [a.outcome for a in answer.attempts] == [Outcome.LOCAL, Outcome.SUCCESS]
    assert answer.attempts[0].cost == 0


async def test_an_answer_is_no_longer_than_its_model_can_give() -> None:
    short = replace(make_model("a"), max_output=100)
    providers = [FakeProvider("a", saying("x"), [short]), FakeProvider("b", saying("y"))]
    request = ChatRequest(messages=(Message("user", "x"),), max_tokens=500)
    async with bench(providers) as b:
        assert (await b.dispatcher.complete(Call(request=request))).provider == "b"


async def test_a_prompt_too_long_for_every_backend_is_the_callers_to_mend() -> None:
    script = refusing(Outcome.CLIENT, fault="context_length")
    async with bench([FakeProvider("a", script), FakeProvider("b", script)]) as b:
        with pytest.raises(InvalidInput):
            await b.dispatcher.complete(ask())


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(messages=(Message("user", "x"),), json_schema={"type": "object"}),
        ChatRequest(
            messages=(
                Message("user", "x"),
                Message("assistant", "", (ToolCall("1", "t", "{}"),)),
                Message("tool", "what a tool said", tool_call_id="1"),
            )
        ),
    ],
    ids=["not the JSON asked for", "made of a tool's output"],
)
async def test_what_might_poison_the_cache_is_not_remembered(request_: ChatRequest) -> None:
    """T-51."""
    async with bench([FakeProvider("a", saying("not json"))]) as b:
        await b.dispatcher.complete(Call(request=request_))
        assert not b.cache.entries


async def test_who_joins_late_is_not_held_to_the_deadline_of_who_came_first() -> None:
    provider = FakeProvider("a", hanging)
    ends: list[str] = []

    async def one(b: Bench, name: str) -> None:
        try:
            await b.dispatcher.complete(ask(deadline_s=0.5))
            ends.append(f"{name} answered")
        except DeadlineExceeded:
            ends.append(f"{name} out of time")

    async with bench([provider]) as b:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, b, "first")
                await anyio.wait_all_tasks_blocked()
                provider.script = saying("here")  # for who asks again
                b.clock.advance(0.1)
                tasks.start_soon(one, b, "second")
    assert ends == ["first out of time", "second answered"]


async def test_who_fails_with_another_is_in_the_books_too() -> None:
    go = anyio.Event()

    async def fails(_: ChatRequest) -> str:
        await go.wait()
        return await refusing(Outcome.CLIENT, fault="invalid")(_)

    async def one(b: Bench) -> None:
        with pytest.raises(InvalidInput):
            await b.dispatcher.complete(ask())

    async with bench([FakeProvider("a", fails)]) as b, anyio.create_task_group() as tasks:
        tasks.start_soon(one, b)
        tasks.start_soon(one, b)
        await anyio.wait_all_tasks_blocked()
        go.set()
    assert [r.error for r in b.ledger.settled + b.ledger.noted] == ["invalid_input"] * 2


async def test_who_joins_saves_what_the_answer_cost_and_no_more() -> None:
    """A saving by routing is counted once, with the call that was routed."""
    go = anyio.Event()

    async def slow(_: ChatRequest) -> str:
        await go.wait()
        return "ok"

    dear = make_model("b", tier="strong", cost=price(90, 90))
    async with bench([FakeProvider("a", slow), FakeProvider("b", slow, [dear])]) as b:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(b.dispatcher.complete, ask())
            tasks.start_soon(b.dispatcher.complete, ask())
            await anyio.wait_all_tasks_blocked()
            go.set()
        (led,), (followed,) = b.ledger.settled, b.ledger.noted
    assert led.saved_by_routing > 0
    assert followed.saved_by_cache == led.attempts[0].cost
    assert followed.category == led.category


async def test_a_task_in_a_heavy_mood_gains_a_sentence_and_says_so() -> None:
    """AT-402, X-15: the category stays; the system prompt asks for kindness."""
    provider = FakeProvider("a", saying("x"))
    sad = "I am so frustrated and fed up, my quicksort in python crashes with an error, debug it"
    async with bench([provider]) as b:
        await b.dispatcher.complete(ask(sad))
        assert b.ledger.settled[-1].decision is not None
        assert b.ledger.settled[-1].category == "coding"
        assert "empathic prompt" in b.ledger.settled[-1].decision.stages
        await b.dispatcher.complete(ask("Explain quicksort"))
    first, second = (request.messages for request in provider.seen)
    assert [m.role for m in first] == ["system", "user"]
    assert "frustrated" in first[0].content
    assert [m.role for m in second] == ["user"]


async def test_who_sets_a_system_prompt_keeps_it_as_it_is() -> None:
    provider = FakeProvider("a", saying("x"))
    sad = "I am so frustrated and fed up, my quicksort in python crashes with an error, debug it"
    mine = Call(request=ChatRequest(messages=(Message("system", "Terse."), Message("user", sad))))
    async with bench([provider]) as b:
        await b.dispatcher.complete(mine)
    assert provider.seen[0] == mine.request
