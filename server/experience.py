"""What a decision is told beside the prompt, put together from those who know it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

import anyio

from pointsman.errors import StorageFailed
from pointsman.records import Analysis, Call, CallRecord, Decision
from pointsman.seams import Catalogue, Clock, Embedding, Insight, Standing
from pointsman.settings import RoutingSettings
from pointsman.types import Model
from routing.benchmark.scores import BenchmarkScores
from routing.experience.experiments import Experiments
from routing.experience.sessions import Sessions
from server.learning import Learning, open_learning
from storage.database import Database
from storage.experiments import make_experiment_book
from storage.ledger import milliseconds, sweep_decisions
from storage.sessions import SessionBook
from tools.experiment import Laboratory, experiment_tools
from tools.feedback import feedback_tool
from tools.learning import learning_tool
from tools.session import session_tool
from tools.tool import Tool

SWEEP_S = 3600.0  # between two looks for what is old
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredExperience:
    """Sessions, experiments, benchmark scores and what was learned; an `Experience`."""

    sessions: Sessions
    experiments: Experiments
    learning: Learning
    scores: BenchmarkScores
    clock: Clock

    async def recall(
        self,
        call: Call,
        analysis: Analysis,
        embedding: Embedding | None,  # noqa: ARG002 - sessions see topics by their category
    ) -> Insight:
        view = await self.sessions.recall(call, analysis)
        learned = self.learning.recall(call, analysis)
        now = self.clock.wall()

        def standing(model: Model) -> Standing:
            quality = self._measured(model, analysis, now)
            term, notes = learned.of(model, quality)
            return Standing(
                quality=quality,
                learned=term,
                cached_tokens=view.cached_tokens(model),
                notes=(*([] if quality is None else [f"measured {quality:.0%} good"]), *notes),
            )

        claims = (self.experiments.first(call, analysis), view.first)  # strongest first
        return Insight(
            standing=standing,
            firsts=tuple(claim for claim in claims if claim is not None),
            stages=(*view.stages, *learned.stages),
        )

    def settled(
        self,
        call: Call,
        decision: Decision,
        record: CallRecord,
        embedding: Embedding | None,  # noqa: ARG002
    ) -> None:
        self.sessions.settled(call, decision.analysis, record)
        self.experiments.settled(call, decision.analysis, record)
        self.learning.settled(call, decision, record)

    def _measured(self, model: Model, analysis: Analysis, now: float) -> float | None:
        """The quality measured of `model`, over the categories that the prompt may be of.

        None where it was measured on less than half of what the prompt may be.
        """
        shares = analysis.probabilities or {analysis.category: 1.0}
        found: list[tuple[float, float]] = []
        for category, share in shares.items():
            quality = self.scores.quality(model.name, category, now)
            if quality is not None:
                found.append((share, quality))
        known = sum(share for share, _ in found)
        return sum(share * quality for share, quality in found) / known if known >= 0.5 else None


@asynccontextmanager
async def open_experience(
    database: Database,
    settings: RoutingSettings,
    catalogue: Catalogue,
    scores: BenchmarkScores,
    clock: Clock,
    new_id: Callable[[], str],
) -> AsyncGenerator[tuple[GatheredExperience, tuple[Tool, ...]], None]:
    """What was learned so far, as kept in `database`, and the tools that show and change it.

    Raises:
        StorageFailed: it could not be read.
    """
    book, trials = SessionBook(database), await make_experiment_book(database)
    learning = await open_learning(database, settings, clock, SystemRandom())
    experience = GatheredExperience(
        sessions=Sessions(store=book, clock=clock, idle_s=settings.session_idle_s),
        experiments=Experiments(trials),
        learning=learning,
        scores=scores,
        clock=clock,
    )
    laboratory = Laboratory(book=trials, catalogue=catalogue, clock=clock, new_id=new_id)
    tools = (
        feedback_tool(learning.rate),
        learning_tool(learning),
        session_tool(book.get),
        *experiment_tools(laboratory),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_sweep, book, database, settings, clock)
        yield experience, tools
        tasks.cancel_scope.cancel()


async def _sweep(
    sessions: SessionBook, database: Database, settings: RoutingSettings, clock: Clock
) -> None:
    """Delete, once an hour, old sessions and old decisions."""
    while True:
        with suppress(StorageFailed):
            await sessions.sweep(clock.wall() - settings.session_idle_s)
            before_ms = milliseconds(clock.wall() - settings.decisions_days * DAY_S)
            while await database.write(partial(sweep_decisions, before_ms=before_ms)):
                pass
        await anyio.sleep(SWEEP_S)
