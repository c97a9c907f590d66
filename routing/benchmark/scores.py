"""What the last runs say of each model, for the router; old news fades instead of vanishing."""

import math
from collections.abc import Callable, Iterable

from pointsman.records import BenchmarkResult, Category

LEAST_COMPLETED = 0.5  # of a category's tasks; a run with fewer says too little
HOUR_S = 3600.0


class BenchmarkScores:
    """The latest result of each model in each category, in memory.

    A score counts in full until it is `max_age_hours` old. From then on, half of what it differs
    from the `prior` of its model (`provider/id`; None: there is no such model) goes with each
    further `max_age_hours`.
    """

    def __init__(self, max_age_hours: float, prior: Callable[[str], float | None]) -> None:
        self._max_age_s = max_age_hours * HOUR_S
        self._prior = prior
        self._latest: dict[tuple[str, Category], BenchmarkResult] = {}

    def learn(self, results: Iterable[BenchmarkResult]) -> None:
        for result in results:
            key = (f"{result.provider}/{result.model}", result.category)
            known = self._latest.get(key)
            newer = known is None or result.at >= known.at
            if newer and result.completed >= LEAST_COMPLETED * result.n:
                self._latest[key] = result

    def quality(self, model: str, category: Category, now: float) -> float | None:
        """How good the answers of `model` (`provider/id`) are, 0..1, as far as is known at `now`.

        None where it was never measured. `now` is wall clock.
        """
        result = self._latest.get((model, category))
        prior = None if result is None else self._prior(model)
        if result is None or prior is None:
            return None
        overdue = max(now - result.at - self._max_age_s, 0.0) / self._max_age_s
        return prior + (result.quality / 100 - prior) * math.pow(0.5, overdue)
