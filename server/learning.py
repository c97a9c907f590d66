"""What is learned on this machine: beliefs in memory, and the rows they are made from again."""

from functools import partial
from random import Random
from typing import Any, cast

import anyio
import orjson

from pointsman.errors import InvalidInput, NotFound
from pointsman.records import Analysis, Band3, Call, CallRecord, Category, Decision
from pointsman.seams import Clock
from pointsman.settings import RoutingSettings
from routing.experience.learning import Beliefs, Recollection
from routing.experience.outcomes import Counts, Evidence, Prompts, evidence
from routing.experience.ratings import MOST, Rating
from storage.database import Database
from storage.learning import (
    Feedback,
    Outcome,
    Satisfaction,
    forget,
    read_answered,
    read_outcomes,
    read_ratings,
    read_satisfaction,
    write_feedback,
    write_outcome,
)
from storage.ledger import milliseconds, read_decision
from tools.feedback import Rated
from tools.learning import Known, Learned

DAY_S = 86_400.0
HALF_LIVES = 8  # of age, after which a rating weighs 0.4 % and is not read again
MEASURING = "benchmark"  # the tool whose calls are scored by their own checks
SHOWN_DAYS = 30  # over which the satisfaction is shown
UNKNOWN = 0.75  # the quality hoped for of a model whose decision does not say


class Learning:
    """Learns from outcomes and feedback of each principal, for that principal."""

    def __init__(
        self,
        database: Database,
        settings: RoutingSettings,
        clock: Clock,
        random: Random,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._random = random
        self._beliefs = Beliefs(settings.learning_half_life_days * DAY_S, clock.wall)
        self._nothing = Beliefs(DAY_S, clock.wall)
        self._prompts = Prompts()
        self._turn = anyio.Lock()  # memory and rows change in the same order

    async def load(self) -> None:
        """Take up what earlier processes learned."""
        age_s = HALF_LIVES * self._settings.learning_half_life_days * DAY_S
        since_ms = milliseconds(max(self._clock.wall() - age_s, 0.0))
        ratings = await self._database.read(partial(read_ratings, since_ms=since_ms, most=MOST))
        outcomes = await self._database.read(partial(read_outcomes, since_ms=since_ms))
        for row in ratings:
            self._take_in(row)
        for o in outcomes:
            category, band = cast("Category", o.category), cast("Band3", o.band)
            counts = Counts(o.at_ms / 1000, o.clean, o.trouble)
            self._beliefs.restore(o.principal, o.model, category, band, counts)

    def recall(self, call: Call, analysis: Analysis) -> Recollection:
        explores = (
            self._settings.learn
            and call.model == "auto"
            and call.tool != "route"  # which tells what holds without chance
            and self._random.random() < self._settings.explore
        )
        return Recollection(
            beliefs=self._beliefs if self._settings.learn else self._nothing,
            principal=call.principal.id,
            analysis=analysis,
            random=self._random if explores else None,
        )

    def settled(self, call: Call, decision: Decision, record: CallRecord) -> None:
        """Learn from how a call ended; written soon, not waited for."""
        if not self._settings.learn or call.tool == MEASURING:
            return
        again = self._prompts.again(call, decision, record)
        for found in [*evidence(decision, record), *([again] if again else [])]:
            self._observe(call.principal.id, found, record.at)

    async def rate(
        self, principal: str, decision_id: str, rating: float, comment: str | None = None
    ) -> Rated:
        """Keep what `principal` says of an answer they got, and learn from it.

        Raises:
            NotFound: they have no call with that decision.
            InvalidInput: nobody answered it.
            StorageFailed: it could not be written; nothing was learned.
        """
        async with self._turn:
            row = await self._rated(principal, decision_id, rating, comment)
            with anyio.CancelScope(shield=True):  # what is written is learned, too
                await self._database.write(partial(write_feedback, feedback=row))
                self._take_in(row)
        category, band = cast("Category", row.category), cast("Band3", row.band)
        belief = self._beliefs.believe(principal, row.model, category, band)
        return Rated(
            model=row.model,
            category=category,
            band=band,
            ratings=belief.ratings,
            learned=belief.learned if self._settings.learn else 0.0,
        )

    async def reset(
        self, principal: str, model: str | None = None, category: Category | None = None
    ) -> int:
        """Forget what was learned for `principal`, or only that on a model or a category.

        How many ratings no longer count.

        Raises:
            NotFound: nothing is known of such a model.
        """
        async with self._turn:
            forgotten = 0
            for name in self._named(principal, model):
                with anyio.CancelScope(shield=True):
                    forgotten += await self._database.write(
                        partial(forget, principal=principal, model=name, category=category)
                    )
                    self._beliefs.reset(principal, name, category)
        return forgotten

    async def show(
        self, principal: str, model: str | None = None, category: Category | None = None
    ) -> Learned:
        """What was learned for `principal`, and how the answers of the last 30 days pleased."""
        names = self._named(principal, model)
        rows = [
            self._known(principal, *place)
            for place in self._beliefs.places(principal)
            if (None in names or place[0] in names) and category in (None, place[1])
        ]
        pleased = await self.satisfaction(self._clock.wall() - SHOWN_DAYS * DAY_S, principal)
        return Learned(
            rows=tuple(sorted(rows, key=lambda r: (r.category, r.band, -r.learned, r.model))),
            satisfaction=pleased.ratio,
            rated=pleased.rated,
            unrated=pleased.unrated,
        )

    async def satisfaction(self, since: float, principal: str | None = None) -> Satisfaction:
        """How the answers since then (wall clock) pleased, of one principal or of all."""
        await self._database.flush()
        since_ms = milliseconds(max(since, 0.0))
        return await self._database.read(
            partial(read_satisfaction, since_ms=since_ms, principal=principal)
        )

    async def _rated(
        self, principal: str, decision_id: str, rating: float, comment: str | None
    ) -> Feedback:
        """The row of a rating, about whoever answered."""
        await self._database.flush()
        find = partial(read_answered, decision_id=decision_id, principal=principal)
        answered = await self._database.read(find)
        body = await self._database.read(partial(read_decision, decision_id=decision_id))
        if answered is None or body is None:
            raise NotFound(
                f"You have no answer with the decision {decision_id[:64]!r}.",
                hint="Take decision_id from the result of `complete`.",
            )
        model, category = answered
        if model is None or category is None:
            raise InvalidInput("Nobody answered that call, so there is nothing to rate.")
        decision = orjson.loads(body)
        return Feedback(
            decision_id=decision_id,
            principal=principal,
            kind="rating",
            at_ms=milliseconds(self._clock.wall()),
            model=model,
            category=category,
            band=decision["analysis"]["band3"],
            rating=rating,
            expected=_hoped_for(decision, model),
            comment=comment,
        )

    def _take_in(self, row: Feedback) -> None:
        band, category = cast("Band3", row.band), cast("Category", row.category)
        expected = UNKNOWN if row.expected is None else row.expected
        rating = Rating(row.at_ms / 1000, band, row.rating or 0.0, expected)
        self._beliefs.rate(row.principal, row.model, category, row.decision_id, rating)

    def _observe(self, principal: str, found: Evidence, at: float) -> None:
        place = (principal, found.model, found.category, found.band)
        counts = self._beliefs.observe(*place, found.clean, found.trouble)
        outcome = Outcome(
            principal=principal,
            model=found.model,
            category=found.category,
            band=found.band,
            at_ms=milliseconds(counts.at),
            clean=counts.clean,
            trouble=counts.trouble,
        )
        self._database.post(partial(write_outcome, outcome=outcome))
        if found.signal is not None:
            signal = Feedback(
                decision_id=found.decision_id,
                principal=principal,
                kind=found.signal,
                at_ms=milliseconds(at),
                model=found.model,
                category=found.category,
                band=found.band,
            )
            self._database.post(partial(write_feedback, feedback=signal))

    def _known(self, principal: str, model: str, category: Category, band: Band3) -> Known:
        belief = self._beliefs.believe(principal, model, category, band)
        return Known(
            model=model,
            category=category,
            band=band,
            learned=belief.learned,
            notes=belief.notes(),
        )

    def _named(self, principal: str, model: str | None) -> list[str | None]:
        """The full names that `model` means; None stands for all."""
        if model is None:
            return [None]
        known = {place[0] for place in self._beliefs.places(principal)}
        found: list[str | None] = [n for n in known if model in (n, n.partition("/")[2])]
        if not found:
            hint = f"Something is of: {', '.join(sorted(known)[:8])}." if known else None
            raise NotFound(f"Nothing was learned of a model {model[:80]!r}.", hint=hint)
        return found


def _hoped_for(decision: Any, model: str) -> float | None:
    """The quality that a decision expected of `model`, where it says so."""
    for candidate in decision["candidates"]:
        expected = candidate.get("expected")
        if expected and model == f"{candidate['model']['provider']}/{candidate['model']['id']}":
            return float(expected["quality"])
    return None


async def open_learning(
    database: Database,
    settings: RoutingSettings,
    clock: Clock,
    random: Random,
) -> Learning:
    """What was learned so far, as kept in `database` (a ledger); it needs no closing.

    Raises:
        StorageFailed: it could not be read.
    """
    learning = Learning(database, settings, clock, random)
    await learning.load()
    return learning
