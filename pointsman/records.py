"""The life of a call as data: what is asked, decided, tried, paid and remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pointsman.errors import Code
from pointsman.evidence import UNOBSERVED, USUAL, Expected, Observed, Terms
from pointsman.evidence import Prefer as Prefer  # known from here
from pointsman.evidence import Profile as Profile
from pointsman.money import Nano, Usage
from pointsman.types import ChatRequest, Completion, Model, Outcome

CacheUse = Literal["use", "refresh", "off"]
Category = Literal["coding", "math", "research", "language", "empathy", "general"]
Band4 = Literal["simple", "medium", "complex", "expert"]
Band3 = Literal["low", "medium", "high"]
CacheKind = Literal["exact", "semantic", "adapted"]
BreakerState = Literal["closed", "open", "half_open"]
Layer = Literal["memory", "redis", "database"]

UNASSIGNED = "unassigned"  # the department of whoever has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks."""

    id: str = "local"
    department: str = UNASSIGNED


LOCAL = Principal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as the caller made it, whichever door it came through."""

    request: ChatRequest
    model: str = "auto"  # or a model's id, or `provider/id`
    prefer: Prefer | None = None  # None: as the user or the settings prefer
    category: Category | None = None  # the caller's own word for it, if given
    session_id: str | None = None
    max_cost: Nano | None = None
    deadline_s: float | None = None
    cache: CacheUse = "use"
    principal: Principal = LOCAL
    tool: str = "complete"  # the door or tool that asked, for the accounts
    user: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


# --- deciding -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Emotion:
    label: str  # "neutral" where none was found
    intensity: float  # 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the prompt looks like to the router; made without a network or a model."""

    category: Category
    category_confidence: float  # 0..1
    complexity: float  # 0..1
    band4: Band4
    band3: Band3
    p_strong: float  # probability that only the strong tier answers well, 0..1
    time_sensitive: bool
    emotion: Emotion
    tags: frozenset[str]  # "creative", "vision"
    input_tokens: int  # estimated
    probabilities: Mapping[Category, float] = field(default_factory=dict[Category, float])
    support: float = 1.0  # 0..1: how far p_strong is backed by labelled prompts like this one
    language: str = "en"  # ISO 639-1; "und" where nothing tells
    notes: tuple[str, ...] = ()  # what makes the analysis less certain, for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What each signal adds to a candidate's score; they sum to it."""

    quality: float = 0.0
    cost: float = 0.0
    latency: float = 0.0
    load: float = 0.0
    preference: float = 0.0
    learned: float = 0.0
    continuity: float = 0.0

    @property
    def total(self) -> float:
        return (
            self.quality
            + self.cost
            + self.latency
            + self.load
            + self.preference
            + self.learned
            + self.continuity
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model considered for a call, and why it stands where it stands."""

    model: Model
    eligible: bool
    reason: str  # why it was refused, or what speaks for it most
    score: float
    factors: Factors
    breaker: BreakerState
    worst_cost: Nano | None  # the most this call can cost there; None: no known price
    max_tokens: int | None  # to ask for there, so that the price cap holds
    retry_in_s: float | None = None  # if it is refused only for now: until it may be tried
    observed: Observed = UNOBSERVED
    expected: Expected | None = None

    @property
    def could_answer(self) -> bool:
        """Whether it takes this call now, or will before long."""
        return self.eligible or self.retry_in_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The ranked plan of one call: eligible candidates first, best first."""

    id: str
    analysis: Analysis
    candidates: tuple[Candidate, ...]
    stages: tuple[str, ...]  # what settled the order, in the order it was considered
    elapsed_ms: float
    at: float  # wall clock
    terms: Terms = USUAL

    @property
    def plan(self) -> tuple[Candidate, ...]:
        return tuple(c for c in self.candidates if c.eligible)


# --- trying and paying ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one candidate, with its one outcome."""

    id: str
    provider: str
    model: str
    outcome: Outcome
    latency_ms: float
    ttft_ms: float | None  # until the first piece of content
    usage: Usage
    cost: Nano | None  # None: the model has no known price
    message: str = ""  # what went wrong; safe to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Money that may be owed from now on: written before a paid attempt is sent."""

    attempt_id: str
    call_id: str
    provider: str
    model: str
    worst_cost: Nano | None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    hit: bool
    layer: Layer | None = None
    kind: CacheKind | None = None
    similarity: float | None = None  # cosine of the two prompts, on a semantic hit
    probability: float | None = None  # that one answer serves both, on a semantic hit
    age_s: float | None = None
    stale: bool = False  # past its freshness: served because nothing else could answer
    key: str | None = None  # of the answer in the cache
    hit_id: str | None = None  # of this hit, to report it by if the answer was wrong


MISS = CacheInfo(hit=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """What the ledger keeps of a call, whether it was answered, remembered or failed."""

    id: str
    at: float  # wall clock at the end
    principal: Principal
    tool: str
    user: str | None
    session_id: str | None
    decision_id: str
    provider: str | None  # that answered, or whose answer was remembered
    model: str | None
    category: Category | None
    error: Code | None
    latency_ms: float
    saved_by_cache: Nano
    saved_by_routing: Nano
    cache: CacheInfo = MISS
    attempts: tuple[Attempt, ...] = ()
    decision: Decision | None = None  # None on a hit: nothing was decided
    unusable: bool = False  # it was answered, but not with the JSON that was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A completion and its receipt."""

    completion: Completion
    model: str  # the catalogue's id
    provider: str
    local: bool
    cost: Nano | None
    saved: Nano
    latency_ms: float
    cache: CacheInfo
    decision_id: str
    category: Category
    attempts: tuple[Attempt, ...]

    @property
    def name(self) -> str:
        """`provider/id` of the model."""
        return f"{self.provider}/{self.model}"


# --- remembering ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A finished answer as the cache keeps it, and what it answers."""

    completion: Completion
    model: str
    provider: str
    local: bool
    cost: Nano | None  # what it cost the first time
    decision_id: str
    category: Category
    time_sensitive: bool
    stored_at: float  # wall clock
    request: ChatRequest
    asked: str = "auto"  # the model that was asked for
    pinned: bool = False  # it stays fresh for as long as any answer may


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    remembered: Remembered
    layer: Layer
    age_s: float
    key: str  # under which the answer is kept; not always the one that was asked for
    stale: bool = False
    kind: CacheKind = "exact"
    similarity: float | None = None
    probability: float | None = None


# --- measuring ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """How a model did on the tasks of one category in one run; scores are 0..100."""

    id: str
    run_id: str
    at: float  # wall clock
    category: Category
    provider: str
    model: str
    quality: float
    speed: float
    cost: float
    final: float
    latency_ms: float  # of a task, the median
    cost_nano: Nano | None  # of a task, the mean; None: its price is not known
    n: int  # tasks of the category
    completed: int  # of them, those that were answered and could be checked
