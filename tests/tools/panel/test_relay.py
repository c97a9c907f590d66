"""The relay: four stages in order, each after those before it. MM-02, AT-204"""

import pytest

from pointsman.errors import InvalidInput, NoBackend
from pointsman.types import ChatRequest, Outcome
from tests.fakes import FakeProvider, refusing, saying
from tests.tools.panel.table import table, told
from tools.panel.modes import STAGES

NAMES = [stage for stage, _ in STAGES]
MODELS = [f"m{n}/m" for n in range(4)]


def runners(order: list[str] | None = None) -> list[FakeProvider]:
    def of(n: int) -> FakeProvider:
        async def script(_: ChatRequest) -> str:
            if order is not None:
                order.append(NAMES[n])
            return f"output of {NAMES[n]}"

        return FakeProvider(f"m{n}", script)

    return [of(n) for n in range(4)]


async def test_four_stages_run_in_order_and_each_sees_the_one_before() -> None:
    """AT-204"""
    order: list[str] = []
    backends = runners(order)
    async with table(backends) as t:
        result = await t.ask(prompt="Plan a move.", mode="relay", models=MODELS)
    assert order == NAMES == ["break_down", "propose", "evaluate", "synthesise"]
    for n, backend in enumerate(backends):
        (request,) = backend.seen
        assert "Plan a move." in told(request)
        assert [f"output of {name}" in told(request) for name in NAMES] == [m < n for m in range(4)]
    assert result["answer"] == "output of synthesise"
    assert [(turn["role"], turn["model"]) for turn in result["transcript"]] == list(
        zip(NAMES, MODELS, strict=True)
    )
    assert [m["role"] for m in result["members"]] == NAMES


@pytest.mark.parametrize("n", range(4))
async def test_a_stage_that_fails_is_named_and_those_after_it_are_not_run(n: int) -> None:
    """AT-204"""
    backends = runners()
    backends[n] = FakeProvider(f"m{n}", refusing(Outcome.FAILURE))
    async with table(backends) as t:
        with pytest.raises(NoBackend) as caught:
            await t.ask(prompt="Plan a move.", mode="relay", models=MODELS)
    assert caught.value.message.startswith(f"Stage {n + 1} of 4, {NAMES[n]}, failed")
    assert [bool(backend.seen) for backend in backends] == [m <= n for m in range(4)]
    assert (caught.value.cost or 0) > 0 or n == 0  # what the stages before it cost


async def test_one_model_can_run_all_stages_and_that_is_said() -> None:
    backend = FakeProvider("a", saying("fine"))
    async with table([backend]) as t:
        result = await t.ask(prompt="Plan a move.", mode="relay")
    assert len(backend.seen) == 4
    assert result["warnings"] == ["One model, a/m, plays every role."]


async def test_long_outputs_are_cut_to_what_the_next_model_can_read() -> None:
    backends = runners()
    backends[0] = FakeProvider("m0", saying("word " * 20_000))
    async with table(backends) as t:
        await t.ask(prompt="Plan a move.", mode="relay", models=MODELS)
    assert len(told(backends[1].seen[0])) < 8_000
    assert "[...]" in told(backends[1].seen[0])


async def test_a_prompt_that_none_could_take_is_refused() -> None:
    async with table(runners()) as t:
        with pytest.raises(InvalidInput):
            await t.ask(prompt="\n", mode="relay")
