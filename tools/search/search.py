"""Asks the providers in order until one answers, and remembers what it said."""

from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import TTLCache

from pointsman.errors import Cause, InvalidInput, NoBackend, RateLimited
from pointsman.records import Principal
from pointsman.seams import Clock
from tools.search.found import Failed, Found, Source, tidy

MOST_REMEMBERED = 256  # answers
FAILURES = 5  # in a row; then it is left alone
REST_S = 60.0

SET_UP = (
    "Set search.searxng_url or one of BRAVE_API_KEY, TAVILY_API_KEY, EXA_API_KEY, "
    "or install the extra `search`."
)


@dataclass(frozen=True, slots=True)
class Answer:
    results: tuple[Found, ...]
    provider: str


class Search:
    def __init__(self, sources: Sequence[Source], cache_s: float, clock: Clock) -> None:
        self._sources = [(source, _Breaker()) for source in sources]
        self._clock = clock
        self._remembered: TTLCache[tuple[str, str, int], Answer] = TTLCache(
            MOST_REMEMBERED, ttl=cache_s, timer=clock.monotonic
        )

    async def find(self, query: str, count: int, principal: Principal) -> Answer:
        """Up to `count` results of the first provider that answers; there may be none.

        Raises:
            InvalidInput: there is nothing to search for.
            NoBackend: nobody answers, or nobody is set up; RateLimited: all for a while.
        """
        query = " ".join(query.split())
        if not query:
            raise InvalidInput("There is nothing to search for.")
        # Whether somebody else has asked the same is not to be told by how fast the answer is.
        key = (principal.id, query, count)
        if key in self._remembered:
            return self._remembered[key]
        answer = await self._ask(query, count)
        self._remembered[key] = answer
        return answer

    async def _ask(self, query: str, count: int) -> Answer:
        failures: list[tuple[str, Failed]] = []
        for source, breaker in self._sources:
            try:
                breaker.admit(self._clock.monotonic())
                found = await source.find(query, count)
            except Failed as failure:
                breaker.failed(self._clock.monotonic(), failure)
                failures.append((source.name, failure))
                continue
            breaker.worked()
            return Answer(tidy(found, count), source.name)
        raise _nobody(failures)


class _Breaker:
    """Leaves a provider alone that fails again and again; one call tries it after each rest."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0

    def admit(self, now: float) -> None:
        left_s = self._rests_until - now
        if left_s > 0:
            raise Failed("it is left alone for a while", code="resting", retry_after_s=left_s)
        if self._failures >= FAILURES:
            self._rests_until = now + REST_S  # so that others do not try at the same time

    def failed(self, now: float, failure: Failed) -> None:
        if failure.code in ("resting", "not_set_up"):
            return
        self._failures += 1
        rest_s = REST_S if self._failures >= FAILURES else 0.0
        self._rests_until = now + max(rest_s, failure.retry_after_s or 0.0)

    def worked(self) -> None:
        self._failures, self._rests_until = 0, 0.0


def _nobody(failures: Sequence[tuple[str, Failed]]) -> NoBackend:
    causes = [Cause(name, failure.code, str(failure)) for name, failure in failures]
    codes = {failure.code for _, failure in failures}
    if codes <= {"not_set_up"}:
        return NoBackend("No web search is set up.", hint=SET_UP, causes=causes)
    waits = [f.retry_after_s for _, f in failures if f.retry_after_s is not None]
    wait_s = min(waits, default=None)
    if codes <= {"rate_limited", "resting", "not_set_up"}:
        return RateLimited(
            "Every search provider turns us away for now.", causes=causes, retry_after_s=wait_s
        )
    told = "; ".join(f"{cause.provider}: {cause.message}" for cause in causes)
    return NoBackend(f"No search provider answered ({told}).", causes=causes, retry_after_s=wait_s)
