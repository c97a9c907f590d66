"""The money of a panel: every call's share is set aside before the first is made."""

from collections.abc import Sequence

from pointsman.errors import BudgetExceeded
from pointsman.money import Nano, usd
from pointsman.types import Model

LEAST_ANSWER = 64  # tokens: what a member must at least be able to say


def least_cost(model: Model, input_tokens: int, max_tokens: int | None) -> Nano:
    """What a call must be able to cost; 0 where the price is not known."""
    if model.price is None:
        return 0
    return model.price.worst(input_tokens, max_tokens or LEAST_ANSWER)


class Purse:
    """A cap shared out among planned calls, each by what it must at least be able to cost.

    What a call leaves of its share goes to those after it; the shares given out and what was
    spent are never together more than the cap.
    """

    def __init__(self, cap: Nano | None, planned: Sequence[Nano]) -> None:
        """Count before the start.

        Raises:
            BudgetExceeded: the cap is less than what `planned` must be able to cost.
        """
        self._planned = sum(planned)
        self._left = cap
        if cap is not None and self._planned > cap:
            raise BudgetExceeded(
                f"The {len(planned)} calls of this panel can cost ${usd(self._planned):.6f}; "
                f"max_cost_usd is {usd(cap):.6f}. None was made.",
                hint="Raise max_cost_usd, ask fewer or cheaper models, or lower max_tokens.",
            )

    def take(self, least: Nano) -> Nano | None:
        """The share of one planned call; None: there is no cap."""
        if self._left is None:
            return None
        share = self._left * least // self._planned if self._planned else 0
        self._planned -= least
        self._left -= share
        return share

    def settle(self, share: Nano | None, cost: Nano | None) -> None:
        """Put back what is left of a share; of a cost that nobody knows, nothing is."""
        if self._left is not None and share is not None and cost is not None:
            self._left += max(share - cost, 0)
