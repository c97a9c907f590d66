"""`pointsman learning` in a process of its own, on a home that has learned something."""

import json
import random
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pointsman.records import LOCAL
from pointsman.seams import Clock
from pointsman.settings import RoutingSettings
from server.learning import open_learning
from tests.accounting.examples import DECISION, call, ledger_in
from tests.server.test_cli import NO_LOCAL, run

CLOCK = Clock(monotonic=time.monotonic, wall=time.time)


async def teach(home: Path) -> None:
    async with ledger_in(home) as (ledger, database):
        learning = await open_learning(database, RoutingSettings(), CLOCK, random.Random(1))
        for number in (1, 2):
            facts = {"decision_id": f"d{number}", "category": "math", "at": time.time()}
            ledger.note(call(number, **facts))
            ledger.note_decision(replace(DECISION, id=f"d{number}"))
            await learning.rate(LOCAL.id, f"d{number}", -1.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home where two answers of acme-large about maths were rated badly."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    anyio.run(teach, home)
    return home


def test_what_was_learned_is_shown_then_forgotten(home: Path) -> None:
    """AT-008: explained on the command line, and resettable."""
    shown = run(home, "learning", environ=NO_LOCAL)
    assert shown.returncode == 0, shown.stderr
    first, second = shown.stdout.splitlines()
    assert first.startswith("math/low")
    assert "acme/acme-large" in first
    assert "from 2 ratings" in first
    assert second.startswith("0% of 2 answers in 30 days pleased")
    told = json.loads(run(home, "learning", "show", "--json", environ=NO_LOCAL).stdout)
    assert told["rows"][0]["learned"] < -0.1
    other = run(home, "learning", "reset", "--category", "coding", "--json", environ=NO_LOCAL)
    assert json.loads(other.stdout)["forgotten"] == 0
    reset = run(home, "learning", "reset", "--model", "acme-large", environ=NO_LOCAL)
    assert reset.stdout.splitlines()[0] == "Forgotten; 2 ratings no longer count."
    left = json.loads(run(home, "learning", "--json", environ=NO_LOCAL).stdout)
    assert left["rows"] == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["learning", "reset", "--model", "nope"], "'nope'"),
        (["learning", "show", "--category", "cooking"], "cooking"),
        (["learning", "forget"], "forget"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], word: str, tmp_path: Path) -> None:
    done = run(tmp_path / "home", *arguments, environ=NO_LOCAL)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
