"""What a decision looked at beside the prompt: with it, it can be explained and made again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pointsman.money import Nano
from pointsman.types import Capability

Prefer = Literal["balanced", "quality", "cheap", "fast", "local"]
Profile = Literal["balanced", "quality", "cheap", "fast", "local", "orchestrator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was known of a candidate when it was considered, beside the prompt and its model."""

    unable: str | None = None  # why it is off or failed
    blocked: str | None = None  # why a call would be refused now
    retry_in_s: float | None = None  # until it would not be
    loading: bool = False  # must be brought into memory first
    latency_ms: float | None = None  # its usual; None: never measured
    in_flight: int = 0
    limit: int = 1
    quality: float | None = None  # 0..1, measured on tasks of this category; None: never
    learned: float = 0.0  # -1..1
    cached_tokens: int = 0  # of this conversation, in its provider's prompt cache
    liking: float = 0.0  # -1..1, of the user for it
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a call was expected to come to at a candidate."""

    quality: float  # 0..1
    cost: Nano | None  # None: no known price
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A model that is tried before the others, whatever the scores say."""

    model: str  # `provider/id`
    stage: str  # why: "experiment summaries: arm variant", "same-topic session"
    margin: float | None = None  # it yields to a score better by more than that; None: to none


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a decision looked at of a call, beside its prompt: enough to decide it again."""

    model: str = "auto"
    needs: frozenset[Capability] = frozenset()
    max_tokens: int | None = None
    output_tokens: int = 400  # that its answer will likely have
    max_cost: Nano | None = None
    deadline_s: float | None = None
    prefer: Prefer | None = None  # the caller's word
    who: str = ""  # whose preferences hold: the call's user, or its principal
    profile: Profile = "balanced"  # in force: the caller's, else the user's, else the settings'
    weights: Mapping[str, float] = field(default_factory=dict[str, float])  # changed by settings
    firsts: tuple[First, ...] = ()  # who claims to be tried first, the strongest claim first


UNOBSERVED = Observed()
USUAL = Terms()
