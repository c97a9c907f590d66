"""What a run may spend: the worst case is held before each call and settled after it."""

from dataclasses import dataclass

from pointsman.money import Nano
from pointsman.records import Call
from pointsman.types import Model
from routing.prompt.analysis import request_tokens


@dataclass(slots=True)
class RunBudget:
    limit: Nano
    spent: Nano = 0
    _held: Nano = 0

    def hold(self, worst: Nano) -> bool:
        """Whether `worst` more can be afforded; if so, it is held until it is settled."""
        if worst and self.spent + self._held + worst > self.limit:
            return False
        self._held += worst
        return True

    def settle(self, held: Nano, cost: Nano) -> None:
        self._held -= held
        self.spent += cost


def worst_cost(model: Model, call: Call) -> Nano | None:
    """The most that `call` can cost at `model`; None where its price is not known."""
    if model.price is None:
        return None
    tokens = request_tokens(call.request)
    return model.price.worst(tokens, call.request.max_tokens or model.max_output or model.context)
