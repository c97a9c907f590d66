"""`pointsman experiment` and `pointsman session`, as a person meets them."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from pointsman.sessions import Session
from storage.database import open_database
from storage.sessions import SessionBook
from tests.server.test_cli import NO_LOCAL, explained, run

MODELS = """
[providers.acme]
base_url = "http://127.0.0.1:9/v1"
api_key = "sk-none"
models = [{ id = "small" }, { id = "large" }]
"""
TWO = ("--control", "small", "--variant", "acme/large")


def experiment(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = folder / "pointsman.toml"
    config.write_text(MODELS)
    return run(folder / "home", "experiment", *arguments, "--config", str(config), environ=NO_LOCAL)


def test_an_experiment_is_created_listed_reported_and_stopped(tmp_path: Path) -> None:
    """LN-06, LN-09: from the command line, whatever toolsets the MCP clients see."""
    made = experiment(tmp_path, "create", "summaries", *TWO, "--category", "language", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["control"], told["variant"]) == ("acme/small", "acme/large")
    assert (told["traffic"], told["split"], told["category"]) == (0.1, 0.5, "language")
    listed = experiment(tmp_path)
    assert "summaries" in listed.stdout
    assert "running" in listed.stdout
    report = experiment(tmp_path, "report", "summaries")
    assert "acme/large" in report.stdout
    assert "too early" in report.stdout
    assert experiment(tmp_path, "stop", told["id"]).returncode == 0
    stopped = json.loads(experiment(tmp_path, "list", "--json").stdout)
    assert stopped["experiments"][0]["stopped_at"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("create",), "NAME"),
        (("create", "x", "--control", "smal", "--variant", "large"), "small"),
        (("stop", "nothing"), "nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_work_is_explained(
    arguments: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    explained(experiment(tmp_path, *arguments), 2, word)


async def test_a_session_is_shown(tmp_path: Path) -> None:
    """SE-07."""
    session = Session(
        principal="local",
        id="s",
        topic_history=("coding", "math"),
        provider_history=("alpha/m", "gamma/m"),
        turns=3,
        forced_moves=1,
        updated_at=time.time(),
    )
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    async with open_database(home / "ledger.db", kind="ledger") as database:
        SessionBook(database).save(session)
    done = run(home, "session", "s", "--json", environ=NO_LOCAL)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["topic_history"] == ["coding", "math"]
    assert shown["current_provider"] == "gamma"
    assert "coding > math" in run(home, "session", "s", environ=NO_LOCAL).stdout
    explained(run(home, "session", "another", environ=NO_LOCAL), 2, "another")
