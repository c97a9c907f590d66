"""Whether a provider takes our credential: a refusal rests it, then one probe tries it again."""

from collections.abc import Callable

from pointsman.records import BreakerState
from pointsman.settings import BreakerSettings
from pointsman.types import Outcome
from routing.backends.breaker import Breaker, Permit, Refused

REST_S = 600.0
# The rules are those of a breaker that one refusal opens and one accepted probe closes.
_RULES = BreakerSettings(
    failure_threshold=1,
    success_threshold=1,
    half_open_calls=1,
    open_s=REST_S,
    max_open_s=REST_S,
    jitter=0,
)


class Credential:
    """The record of one provider's credential.

    `on_change` is told False once when it is refused, and True when it is accepted again: the
    failed probes in between are no news.
    """

    def __init__(
        self,
        now: Callable[[], float],
        random: Callable[[], float],
        on_change: Callable[[bool], None],
    ) -> None:
        self._breaker = Breaker(_RULES, now, random, self._moved)
        self._on_change = on_change
        self.accepted = True

    def refusal(self) -> Refused | None:
        return self._breaker.refusal()

    def take(self) -> Permit:
        return self._breaker.take()

    def report(self, permit: Permit, outcome: Outcome, *, answered: bool) -> None:
        """Give `permit` back; only an answer or an AUTH says anything of the credential."""
        if outcome is Outcome.AUTH:
            meaning = Outcome.FAILURE
        else:
            meaning = Outcome.SUCCESS if answered else Outcome.LOCAL
        self._breaker.report(permit, meaning)

    def renew(self) -> None:
        """There is a new secret: forget what was said of the old one."""
        self._breaker.set_mode("normal")

    def _moved(self, state: BreakerState, _failures: int) -> None:
        accepted = state == "closed"
        if accepted != self.accepted:
            self.accepted = accepted
            self._on_change(accepted)
