"""Searching without a key: `ddgs` reads the result pages of public search engines."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
import anyio.to_thread

from tools.search.found import Failed, Found

Read = Callable[[str, int, float], Sequence[Mapping[str, Any]]]  # query, count, seconds


class Keyless:
    """Best effort: engines change their pages, and turn away who asks often."""

    name = "ddgs"

    def __init__(self, timeout_s: float, read: Read) -> None:
        self._timeout_s = timeout_s
        self._read = read
        # A thread that is given up goes on for a while; others' threads are not to wait for it.
        self._threads = anyio.CapacityLimiter(4)

    async def find(self, query: str, count: int) -> Sequence[Found]:
        try:
            with anyio.fail_after(self._timeout_s):
                rows = await anyio.to_thread.run_sync(
                    self._read,
                    query,
                    count,
                    self._timeout_s,
                    abandon_on_cancel=True,
                    limiter=self._threads,
                )
        except TimeoutError:
            raise Failed(f"no answer within {self._timeout_s:g} s", code="timeout") from None
        return [
            Found(str(row.get("title") or ""), str(row["href"]), str(row.get("body") or ""))
            for row in rows
            if row.get("href")
        ]


def read_with_ddgs(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
    """Rows of title, href and body. It blocks: call it in a thread.

    Raises:
        Failed: the package is not installed, or no engine gave results.
    """
    try:
        engines = importlib.import_module("ddgs").DDGS(timeout=max(int(timeout_s), 1))
        errors = importlib.import_module("ddgs.exceptions")
    except ImportError:
        raise Failed("the extra `search` is not installed", code="not_set_up") from None
    try:
        rows: Sequence[Mapping[str, Any]] = engines.text(query, max_results=count)
    except errors.RatelimitException:
        raise Failed("the engines turn us away", code="rate_limited") from None
    except (errors.DDGSException, OSError, ValueError, RuntimeError):
        raise Failed("no engine gave results") from None
    return rows
