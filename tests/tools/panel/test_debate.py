"""A debate with moderator, two sides, judge and audience. MM-03, AT-205"""

from typing import Any

import anyio
import pytest

from pointsman.errors import DeadlineExceeded, InvalidInput, NoBackend, NotFound
from pointsman.types import ChatRequest, Outcome
from tests.fakes import FakeProvider, SteadyClock, counting, make_model, refusing, saying
from tests.tools.panel.asked import OPINION
from tests.tools.panel.table import Table, by_role, table, told
from tools.panel.ballots import MOST_DEBATES, Ballots
from tools.panel.debate import ROLES, calls
from tools.panel.seats import Seat
from tools.tool import Caller

VERDICT = '{"winner": "con", "verdict": "Begin with one program."}'


def people(**changed: Any) -> list[FakeProvider]:
    says = {
        "pro": saying("Services scale."),
        "con": saying("They cost too much."),
        "judge": saying(VERDICT),
        "mod": saying("The motion: begin with microservices."),
    } | changed
    return [FakeProvider(name, script) for name, script in says.items()]


MODELS = ["pro/m", "con/m", "judge/m", "mod/m"]


async def debate(t: Table, caller: Caller | None = None, **given: Any) -> dict[str, Any]:
    asked = {"prompt": OPINION, "mode": "debate", "models": MODELS} | given
    return await t.ask(caller or Caller(), **asked)


async def test_each_plays_its_role_and_sees_what_was_said_before() -> None:
    backends = people()
    async with table(backends) as t:
        result = await debate(t, rounds=2)
    pro, con, judge, moderator = backends
    turns = [(turn["role"], turn["round"], turn["model"]) for turn in result["transcript"]]
    assert turns == [
        ("moderator", None, "mod/m"),
        ("pro", 1, "pro/m"),
        ("con", 1, "con/m"),
        ("pro", 2, "pro/m"),
        ("con", 2, "con/m"),
        ("judge", None, "judge/m"),
    ]
    assert (len(pro.seen), len(con.seen), len(judge.seen), len(moderator.seen)) == (2, 2, 1, 1)
    assert "The motion" in told(pro.seen[0])
    assert "They cost" not in told(pro.seen[0])
    assert "They cost" in told(pro.seen[1])
    assert "Services scale" in told(con.seen[1])
    assert all(word in told(judge.seen[0]) for word in ("Services", "They cost", "The motion"))
    assert (result["winner"], result["answer"]) == ("con", "Begin with one program.")
    assert result["dissent"] == [{"models": ["pro/m"], "text": "Services scale."}]
    assert {m["role"]: m["model"] for m in result["members"]} == {
        "moderator": "mod/m", "pro": "pro/m", "con": "con/m", "judge": "judge/m",
    }  # fmt: skip
    assert result["cost_usd"] == pytest.approx(sum(m["cost_usd"] for m in result["members"]))


async def test_both_sides_of_a_round_speak_at_the_same_time() -> None:
    both = anyio.Event()
    speaking = list[str]()

    async def wait(request: ChatRequest) -> str:
        speaking.append(told(request))
        if len(speaking) == 2:
            both.set()
        await both.wait()
        return "so it is"

    async with table(people(pro=wait, con=wait)) as t:
        with anyio.fail_after(5):
            result = await debate(t, rounds=1)
    assert result["winner"] == "con"


async def test_one_vote_of_the_audience_is_counted() -> None:
    """AT-205: the vote itself comes over HTTP, and reaches the same box."""

    async def vote_then_speak(_: ChatRequest) -> str:
        assert t.ballots.running("local") == {"1": OPINION}
        assert t.ballots.running("ann") == {}
        t.ballots.vote("1", "pro", "ann")
        with pytest.raises(InvalidInput):
            t.ballots.vote("1", "con", "ann")
        return "Services scale."

    async with table(people(pro=vote_then_speak)) as t:
        result = await debate(t, rounds=1)
        assert result["debate_id"] == "1"
        assert result["votes"] == {"pro": 1, "con": 0}
        assert result["winner"] == "con"  # the judge decides
        assert t.ballots.running("local") == {}
        with pytest.raises(InvalidInput):
            t.ballots.vote("1", "pro", "too late")


async def test_the_audience_is_waited_for_and_breaks_a_tie() -> None:
    draw = saying('{"winner": "draw", "verdict": "Both have a point."}')
    opened = list[str]()

    async def progress(_done: float, _of: float | None, message: str) -> None:
        opened.append(message)

    async def vote(seconds: float) -> None:
        assert seconds == 30
        t.ballots.vote("1", "pro", "ann")
        t.ballots.vote("1", "con", "bob")
        t.ballots.vote("1", "pro", "eve")

    async with table(people(judge=draw), sleep=vote) as t:
        result = await debate(t, Caller(progress=progress), rounds=1, audience_s=30)
    assert opened[0] == "debate 1 is open for votes"
    assert (result["votes"], result["winner"]) == ({"pro": 2, "con": 1}, "pro")
    assert any("audience" in warning for warning in result["warnings"])


async def test_waiting_for_the_audience_leaves_time_for_the_judge() -> None:
    async with table(people()) as t:
        before = t.bench.clock.now
        await debate(t, rounds=1, audience_s=600, deadline_ms=20_000)
        assert t.bench.clock.now - before == 10


async def test_a_verdict_in_plain_words_is_given_without_a_winner() -> None:
    async with table(people(judge=saying("Hard to say."))) as t:
        result = await debate(t, rounds=1)
    assert (result["winner"], result["answer"], result["dissent"]) == (None, "Hard to say.", [])
    assert any("no winner" in warning for warning in result["warnings"])


@pytest.mark.parametrize(
    ("who", "stage"),
    [("mod", "The moderator"), ("pro", "Round 1, pro"), ("judge", "The judge")],
)
async def test_who_could_not_speak_is_named_and_the_debate_is_over(who: str, stage: str) -> None:
    backends = people(**{who: refusing(Outcome.FAILURE)})
    async with table(backends) as t:
        with pytest.raises(NoBackend) as caught:
            await debate(t, rounds=1)
        with pytest.raises(InvalidInput):
            t.ballots.vote("1", "pro", "ann")
    assert caught.value.message.startswith(stage)


async def test_a_side_that_fails_stops_the_other() -> None:
    async def forever(_: ChatRequest) -> str:
        await anyio.sleep_forever()
        raise AssertionError("nobody wakes it")

    backends = people(pro=forever, con=refusing(Outcome.FAILURE))
    async with table(backends) as t:
        with anyio.fail_after(5), pytest.raises(NoBackend):
            await debate(t, rounds=1)
    assert not any(backend.open for backend in backends)


async def test_one_model_can_play_every_role_and_that_is_said() -> None:
    every = by_role(moderate_a="The motion.", you_judge=VERDICT, you_argue="So it is.")
    backend = FakeProvider("a", every)
    async with table([backend]) as t:
        result = await t.ask(prompt=OPINION, mode="debate", rounds=1)
    assert {turn["model"] for turn in result["transcript"]} == {"a/m"}
    assert any("every role" in warning for warning in result["warnings"])


async def test_a_judge_that_argues_too_is_told_of() -> None:
    two = by_role(moderate_a="The motion.", you_judge=VERDICT, you_argue="So it is.")
    async with table([FakeProvider("a", two), FakeProvider("b", two)]) as t:
        result = await t.ask(prompt=OPINION, mode="debate", rounds=1)
    assert result["warnings"] == ["The judge, a/m, argues as pro too."]


async def test_a_model_that_argues_both_sides_is_told_of() -> None:
    async with table(people()) as t:
        result = await debate(t, models=["pro/m"], judge="judge/m", rounds=1)
    assert result["warnings"] == ["One model, pro/m, argues both sides."]


async def test_time_that_ran_out_is_told_as_that() -> None:
    async def slow(_: ChatRequest) -> str:
        t.bench.clock.advance(90)
        return "The motion."

    async with table(people(mod=slow)) as t:
        with pytest.raises(DeadlineExceeded):
            await debate(t, deadline_ms=60_000)


def test_every_turn_is_counted_with_what_it_reads() -> None:
    seats = {role: Seat(make_model(role), role) for role in ROLES}
    turns = [(seat.role, shown) for seat, shown in calls(seats, 2)]
    assert turns == [
        ("moderator", 0), ("pro", 1), ("con", 1), ("pro", 3), ("con", 3), ("judge", 5)
    ]  # fmt: skip


# --- the ballots ------------------------------------------------------------------------------


def test_a_debate_is_forgotten_in_time() -> None:
    clock = SteadyClock()
    ballots = Ballots(clock.clock(), counting(), keep_s=60)
    debate = ballots.open("?", "ann")
    assert ballots.vote(debate, "con", "ann") == {"pro": 0, "con": 1}
    clock.advance(60)
    with pytest.raises(NotFound):
        ballots.counts(debate)
    assert ballots.close(debate) == {"pro": 0, "con": 0}


def test_debates_do_not_fill_the_memory() -> None:
    ballots = Ballots(SteadyClock().clock(), counting())
    ids = [ballots.open("?", "ann") for _ in range(MOST_DEBATES + 1)]
    with pytest.raises(NotFound):
        ballots.vote(ids[0], "pro", "ann")
    assert ballots.vote(ids[-1], "pro", "ann") == {"pro": 1, "con": 0}
