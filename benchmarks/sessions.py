"""How well a session keeps its model, and what looking it up costs.

    python benchmarks/sessions.py [HOME]

Replays labelled conversations (benchmarks/data/dialogues.txt), turn by turn and without their
history, through the analysis, the sessions and the router. Three models, each the best at two
categories; in one turn of twenty the session's model is out. Continuity is the share of same-topic
turns that stayed with their model; forced moves are not in it (they are counted beside it).
HOME is one whose embedding model is there; without it, prompts are read by rules and words alone.
Weights were chosen on the first part of the conversations; the second was written afterwards.
"""

# pointsman: allow-file command-injection -- a simulation that must repeat
# pointsman: allow-file fixed-seed -- a simulation that must repeat
# pointsman: allow-file weak-random -- a simulation that must repeat

import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pointsman.records import (  # noqa: E402
    Call,
    CallRecord,
    Category,
    Decision,
)
from pointsman.seams import Clock, EndpointView, Insight, Standing  # noqa: E402
from pointsman.sessions import Session  # noqa: E402
from pointsman.types import ChatRequest, Message, Model  # noqa: E402
from routing.choice.decide import Router  # noqa: E402
from routing.experience.sessions import Sessions  # noqa: E402
from routing.prompt.analyst import Analyst, Understood  # noqa: E402
from storage.database import open_database  # noqa: E402
from storage.sessions import SessionBook  # noqa: E402
from tests.fakes import make_model  # noqa: E402

DIALOGUES = ROOT / "benchmarks" / "data" / "dialogues.txt"
BEST_AT = {
    "alpha": ("coding", "research"),
    "beta": ("empathy", "language"),
    "gamma": ("math", "general"),
}
OUTAGE = 0.05
HELD_OUT_FROM = 112  # conversations
STORED, LOOKUPS = 100_000, 2_000

Turn = tuple[Category, str]
Read = Callable[[Call], Awaitable[Understood]]


def dialogues() -> list[list[Turn]]:
    """The labelled conversations, in order."""
    found: list[list[Turn]] = [[]]
    for line in DIALOGUES.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            found.append([])
        elif not line.startswith("#"):
            category, _, text = line.partition("| ")
            found[-1].append((cast(Category, category), text))
    return [turns for turns in found if turns]


@dataclass
class Memory:
    """A store that forgets nothing."""

    kept: dict[tuple[str, str], Session] = field(default_factory=dict)

    async def get(self, principal: str, session_id: str) -> Session | None:
        return self.kept.get((principal, session_id))

    def recent(self, principal: str, session_id: str) -> Session | None:
        return self.kept.get((principal, session_id))

    def save(self, session: Session) -> None:
        self.kept[session.principal, session.id] = session


@dataclass
class Tally:
    """Counts over turns."""

    same: int = 0  # turns on the topic of the one before, whose model could answer
    kept: int = 0
    forced: int = 0
    changes: int = 0  # labelled
    found: int = 0
    wrong: int = 0  # changes seen where there was none
    moved: int = 0  # changes after which the best model of the new topic answered

    def row(self, name: str) -> str:
        seen = self.found + self.wrong
        return (
            f"{name:<34} {self.kept / self.same:>7.1%} ({self.kept}/{self.same})  forced "
            f"{self.forced:>3}  precision {self.found / max(seen, 1):.2f}  recall "
            f"{self.found / max(self.changes, 1):.2f} ({self.changes})  best after a change "
            f"{self.moved / max(self.changes, 1):.2f}"
        )


class Bench:
    """A router over three models, and sessions in memory."""

    def __init__(self, read: Read, *, sessions: bool = True, seed: int = 7) -> None:
        self.clock = Clock(monotonic=lambda: 0.0, wall=lambda: 1_000.0)
        self.sessions = Sessions(store=Memory(), clock=self.clock, idle_s=86_400)
        self.with_sessions = sessions
        self.models = [make_model(name) for name in BEST_AT]
        self.dice = random.Random(seed)
        self.read = read
        self.out: str | None = None

    async def turn(self, session_id: str, text: str) -> tuple[str, bool]:
        """Who answers the turn, and whether it was taken for a new topic."""
        request = ChatRequest(messages=(Message("user", text),))
        call = Call(request=request, session_id=session_id)
        analysis = (await self.read(call)).analysis
        view = await self.sessions.recall(call, analysis)

        def standing(model: Model) -> Standing:
            return Standing(quality=0.9 if analysis.category in BEST_AT[model.provider] else 0.75)

        firsts = (view.first,) if view.first and self.with_sessions else ()
        decision = self._router().decide(call, analysis, Insight(standing=standing, firsts=firsts))
        model = decision.plan[0].model
        record = _record(call, model, decision)
        self.sessions.settled(call, analysis, record)
        return model.name, view.changed

    def _router(self) -> Router:
        return Router(
            models=self.models,
            view=lambda m: EndpointView(blocked="out" if m.name == self.out else None),
            readiness=lambda _: "ready",
            problem=lambda _: None,
            clock=self.clock,
            new_id=lambda: "d",
        )

    async def replay(self, talks: Sequence[tuple[int, list[Turn]]]) -> Tally:
        tally = Tally()
        for number, turns in talks:
            topic, model = turns[0][0], ""
            for place, (label, text) in enumerate(turns):
                self.out = model if place and self.dice.random() < OUTAGE else None
                who, changed = await self.turn(str(number), text)
                if place:
                    _count(tally, label, topic, who, model, changed=changed, out=bool(self.out))
                topic, model = label, who
        return tally


def _count(
    tally: Tally,
    label: Category,
    topic: Category,
    who: str,
    before: str,
    *,
    changed: bool,
    out: bool,
) -> None:
    if label != topic:
        tally.changes += 1
        tally.found += changed
        tally.moved += label in BEST_AT[who.partition("/")[0]]
        return
    tally.wrong += changed
    if out:
        tally.forced += 1
        return
    tally.same += 1
    tally.kept += who == before


def _record(call: Call, model: Model, decision: Decision) -> CallRecord:
    return CallRecord(
        id="c",
        at=1_000.0,
        principal=call.principal,
        tool="complete",
        user=None,
        session_id=call.session_id,
        decision_id=decision.id,
        provider=model.provider,
        model=model.id,
        category=decision.analysis.category,
        error=None,
        latency_ms=1.0,
        saved_by_cache=0,
        saved_by_routing=0,
        decision=decision,
    )


def parts() -> dict[str, list[tuple[int, list[Turn]]]]:
    """The conversations by number: those that the weights were chosen on, and those held out."""
    numbered = list(enumerate(dialogues(), 1))
    return {"chosen on": numbered[:HELD_OUT_FROM], "held out": numbered[HELD_OUT_FROM:]}


async def continuity(name: str, read: Read) -> None:
    for part, talks in parts().items():
        print((await Bench(read).replay(talks)).row(f"{name}, {part}"))
        alone = await Bench(read, sessions=False).replay(talks)
        print(f"  without sessions {alone.kept / alone.same:.1%}")


async def lookups(folder: Path) -> None:
    """The time from asking for a session to having it, none of them in memory."""
    async with open_database(folder / "ledger.db", kind="ledger") as database:
        book = SessionBook(database, recent=1)
        for number in range(STORED):
            book.save(_stored(number))
            if number % 1_000 == 0:
                await database.flush()
        await database.flush()
        dice = random.Random(7)
        took = []
        for _ in range(LOOKUPS):
            started = time.perf_counter()
            found = await book.get("local", f"session-{dice.randrange(STORED)}")
            took.append((time.perf_counter() - started) * 1000)
            assert found is not None
        took.sort()
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        print(f"session lookup, {STORED:,} stored: p50 {p50:.3f} ms, p99 {p99:.3f} ms")


def _stored(number: int) -> Session:
    return Session(
        principal="local",
        id=f"session-{number}",
        topic_history=("coding", "math"),
        provider_history=("alpha/m", "gamma/m"),
        turns=4,
        forced_moves=0,
        updated_at=1_000.0,
    )


async def main() -> None:
    await continuity("rules", Analyst().understand)
    if len(sys.argv) > 1:
        await learned(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        await lookups(Path(folder))


async def learned(home: Path) -> None:
    """The same with the shipped predictors and the embedding model of `home`."""
    from providers.embedding.local import LocalEmbedder
    from server.learned import open_analyst

    embedder = LocalEmbedder(home / "models")
    await embedder.load()
    await continuity("predicted", (await open_analyst(None)).understand)
    await continuity("predicted from embeddings", (await open_analyst(embedder)).understand)


if __name__ == "__main__":
    anyio.run(main)
