"""What an experiment between two models is, and what a call in it came to."""

from dataclasses import dataclass
from typing import Literal

from pointsman.money import Nano
from pointsman.records import Category

Arm = Literal["control", "variant"]
ARMS: tuple[Arm, Arm] = ("control", "variant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Two models for the same calls: `traffic` of the people take part, `split` of those get
    the variant."""

    id: str
    name: str
    control: str  # `provider/id`
    variant: str
    traffic: float  # 0..1
    split: float  # 0..1
    category: Category | None  # of the calls that take part; None: all
    salt: str  # random: who is in one experiment says nothing about another
    started_at: float  # wall clock
    stopped_at: float | None = None

    def model(self, arm: Arm) -> str:
        return self.control if arm == "control" else self.variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One call in an experiment. It counts for its arm, whichever model answered in the end."""

    experiment_id: str
    call_id: str
    decision_id: str
    at: float  # wall clock
    person: str  # a hash that holds for this experiment only
    arm: Arm
    model: str | None  # `provider/id` that answered
    category: Category
    latency_ms: float
    cost: Nano | None  # of all attempts; None: not known
    succeeded: bool
    quality: float | None = None  # -1..1, the mean of the ratings it was given
