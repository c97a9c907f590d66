"""What the cache tools work on, and what of it a caller may see."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from accounting.cache_stats import Reason
from cache.key import scope_of
from cache.purge import Purge
from cache.scope import belongs
from pointsman.records import Category, Principal, Remembered

RedisState = Literal["disabled", "ok", "degraded"]
PROMPT_SHOWN = 80  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """How full each layer is, and what went wrong in it since the engine began."""

    memory_items: int
    memory_bytes: int  # about
    redis: RedisState
    database_items: int
    database_bytes: int
    semantic_items: int  # prompts that others may mean the same as
    damaged: int  # answers that were found damaged and deleted
    failures: int  # times the database did not do as it was asked


class Correction(Protocol):
    """What came of a report."""

    @property
    def forgotten(self) -> int: ...  # answers

    @property
    def tightened(self) -> bool: ...  # prompts like it need more certainty from now on


class Correct(Protocol):
    def __call__(self, key: str, *, reason: Reason, principal: Principal) -> Awaitable[Correction]:
        """Forget the answer under `key`, and learn from its having been served."""
        ...


Peek = Callable[[str], Awaitable[Remembered | None]]  # an answer, without its counting as used
ReadState = Callable[[], Awaitable[CacheState]]
Forget = Callable[[Purge], Awaitable[int]]
Outdated = Callable[[Category], Awaitable[None]]


def prompt_of(remembered: Remembered) -> str:
    """What was asked, in a short line."""
    asked = [m.content for m in remembered.request.messages if m.role == "user"]
    line = " ".join((asked[-1] if asked else "")[: 8 * PROMPT_SHOWN].split())
    return (
        line if len(line) <= PROMPT_SHOWN else f"{line[: PROMPT_SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
    )


def is_theirs(key: str, principal: Principal) -> bool:
    """Whether the answer under `key` was kept for `principal`, alone or among others."""
    return belongs(scope_of(key), principal)
