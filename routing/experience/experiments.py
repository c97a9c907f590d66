"""Experiments: who takes part, which of two models they get, and what is written down of it.

People are assigned, not calls: a salted hash of experiment and person gives two independent
numbers, one that enrols and one that picks the arm. The same person always gets the same arm, and
who is in one experiment says nothing about another.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pointsman.evidence import First
from pointsman.experiments import Arm, Experiment, Trial
from pointsman.records import Analysis, Call, CallRecord

_WHOLE = float(2**64)


class Book(Protocol):
    """Where experiments are kept."""

    @property
    def running(self) -> Sequence[Experiment]:
        """Those that were not stopped, the oldest first."""
        ...

    def record(self, trial: Trial) -> None:
        """Keep a result; written soon, not waited for."""
        ...


def person_of(call: Call) -> str:
    return call.user or call.principal.id


def person_hash(experiment: Experiment, person: str) -> str:
    """What is kept instead of a name; it holds for this experiment only."""
    return _digest(experiment, "person", person).hex()[:32]


def assign(experiment: Experiment, person: str) -> Arm | None:
    """The arm that `person` gets; None for the many who do not take part."""
    digest = _digest(experiment, "arm", person)
    enrols, picks = digest[:8], digest[8:16]
    if int.from_bytes(enrols, "big") / _WHOLE >= experiment.traffic:
        return None
    return "variant" if int.from_bytes(picks, "big") / _WHOLE < experiment.split else "control"


@dataclass(frozen=True, slots=True)
class Claim:
    experiment: Experiment
    arm: Arm


@dataclass(frozen=True, slots=True)
class Experiments:
    book: Book

    def first(self, call: Call, analysis: Analysis) -> First | None:
        """The model that an experiment wants `call` to go to, if it is in one."""
        claim = self._claim(call, analysis)
        if claim is None:
            return None
        experiment, arm = claim.experiment, claim.arm
        stage = f"experiment {experiment.name}: arm {arm}"
        return First(model=experiment.model(arm), stage=stage)

    def settled(self, call: Call, analysis: Analysis, record: CallRecord) -> None:
        """Note what a call in an experiment came to, whichever model answered it in the end.

        To leave out the calls that another model had to answer would favour the arm that fails.
        """
        claim = self._claim(call, analysis)
        if claim is None or record.cache.hit or record.error == "cancelled":
            return
        costs = [attempt.cost for attempt in record.attempts]
        self.book.record(
            Trial(
                experiment_id=claim.experiment.id,
                call_id=record.id,
                decision_id=record.decision_id,
                at=record.at,
                person=person_hash(claim.experiment, person_of(call)),
                arm=claim.arm,
                model=f"{record.provider}/{record.model}" if record.provider else None,
                category=analysis.category,
                latency_ms=record.latency_ms,
                cost=None if None in costs else sum(cost or 0 for cost in costs),
                succeeded=record.error is None,
            )
        )

    def _claim(self, call: Call, analysis: Analysis) -> Claim | None:
        """The oldest experiment that `call` is in: in two at once, neither could be read."""
        if call.model != "auto":
            return None
        for experiment in self.book.running:
            if experiment.category in (None, analysis.category):
                arm = assign(experiment, person_of(call))
                if arm is not None:
                    return Claim(experiment, arm)
        return None


def _digest(experiment: Experiment, use: str, person: str) -> bytes:
    parts = "\0".join((experiment.id, experiment.salt, use, person))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).digest()
