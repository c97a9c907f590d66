"""What a question of the quality tools may cost, with the dispatcher that is really there."""

from dataclasses import replace

import pytest

from pointsman.errors import BudgetExceeded
from pointsman.records import Principal
from pointsman.types import Model
from tests.fakes import FakeProvider, make_model, price, saying
from tests.routing.test_dispatch import bench
from tools.quality.asking import ask_of

DEAR = make_model("a", cost=price(10, 10))
FREE = make_model("b", cost=price(0, 0))
UNKNOWN = replace(make_model("c"), price=None)


async def test_a_model_that_could_cost_more_is_not_asked() -> None:
    dear = FakeProvider("a", saying("dear"), [DEAR])
    free = FakeProvider("b", saying("free"), [FREE])
    async with bench([dear, free]) as b:
        answer = await ask_of(b.dispatcher, "suggest_fixes", Principal())("Mend.", "x", 0)
    assert (answer.text, answer.cost) == ("free", 0)
    (record,) = b.ledger.settled
    assert record.tool == "suggest_fixes"


@pytest.mark.parametrize("model", [DEAR, UNKNOWN])
async def test_without_one_that_keeps_to_the_money_nobody_is_asked(model: Model) -> None:
    provider = FakeProvider(model.provider, saying("dear"), [model])
    async with bench([provider]) as b:
        with pytest.raises(BudgetExceeded):
            await ask_of(b.dispatcher, "code_quality", Principal())("Mend.", "x", 1_000)
        assert not b.ledger.holds
