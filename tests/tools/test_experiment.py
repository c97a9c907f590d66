"""The tools of experiments and sessions, on real books: what they take, keep and tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pointsman.errors import InvalidInput, NotFound
from pointsman.experiments import Trial
from pointsman.records import Principal
from pointsman.sessions import Session
from routing.experience.experiments import assign, person_hash
from storage.database import open_database
from storage.experiments import ExperimentBook, make_experiment_book
from storage.sessions import SessionBook
from tests.fakes import FakeCatalogue, FakeProvider, SteadyClock, counting, make_model, saying
from tools.describe import arguments_from, input_schema, output_schema
from tools.experiment import Laboratory, experiment_tools
from tools.session import session_tool
from tools.tool import Caller, Tool

TWO = {"name": "summary_model", "control": "gpt-x", "variant": "beta/mixtral-x"}


@dataclass
class Bench:
    tools: dict[str, Tool]
    book: ExperimentBook
    text: str = ""  # as a model reads the last result

    async def use(self, action: str, /, **arguments: object) -> dict[str, Any]:
        """The result of a tool as JSON, after its arguments were validated."""
        tool = self.tools[f"experiment_{action}"]
        given = arguments_from(tool.name, tool.arguments, arguments)
        result = await tool.run(given, Caller())
        self.text = tool.read(result)
        return result.model_dump(mode="json")


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    models = [
        make_model("alpha", "gpt-x"),
        make_model("beta", "mixtral-x"),
        make_model("alpha", "twin"),
        make_model("beta", "twin"),
    ]
    async with open_database(folder / "ledger.db", kind="ledger") as database:
        book = await make_experiment_book(database)
        laboratory = Laboratory(
            book=book,
            catalogue=FakeCatalogue([FakeProvider("all", saying("hi"), models)]),
            clock=SteadyClock().clock(),
            new_id=counting(),
        )
        yield Bench({tool.name: tool for tool in experiment_tools(laboratory)}, book)


async def test_an_experiment_starts_with_ten_percent_divided_in_half(tmp_path: Path) -> None:
    """LN-06, LN-09."""
    async with bench(tmp_path) as b:
        made = await b.use("create", **TWO)
        assert (made["control"], made["variant"]) == ("alpha/gpt-x", "beta/mixtral-x")
        assert (made["traffic"], made["split"], made["category"]) == (0.1, 0.5, None)
        assert made["stopped_at"] is None
        assert [e.name for e in b.book.running] == ["summary_model"]


async def test_three_run_at_once_and_one_can_be_stopped(tmp_path: Path) -> None:
    """LN-06: 3 and more."""
    async with bench(tmp_path) as b:
        for name in ("one", "two", "three"):
            await b.use("create", **{**TWO, "name": name})
        stopped = await b.use("stop", experiment="two")
        assert stopped["stopped_at"] is not None
        listed = await b.use("list")
        assert [(e["name"], e["stopped_at"] is None) for e in listed["experiments"]] == [
            ("one", True),
            ("two", False),
            ("three", True),
        ]
        assert "two" in b.text
        assert [e.name for e in b.book.running] == ["one", "three"]
        assert len({e.salt for e in b.book.all}) == 3


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"control": "gpt-y"}, NotFound, "gpt-x"),
        ({"control": "twin"}, InvalidInput, "beta/twin"),
        ({"variant": "gpt-x"}, InvalidInput, "two models"),
        ({"traffic": 0}, InvalidInput, "traffic"),
        ({"traffic": 1.5}, InvalidInput, "traffic"),
        ({"split": 1}, InvalidInput, "split"),
        ({"name": "  "}, InvalidInput, "name"),
        ({"category": "cooking"}, InvalidInput, "category"),
        ({"salt": "mine"}, InvalidInput, "salt"),
    ],
    ids=str,
)
async def test_what_cannot_be_an_experiment(
    change: dict[str, object], error: type[Exception], word: str, tmp_path: Path
) -> None:
    async with bench(tmp_path) as b:
        with pytest.raises(error) as caught:
            await b.use("create", **{**TWO, **change})
        assert word in str(caught.value)
        assert b.book.all == ()


async def test_two_of_a_name_do_not_run_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        first = await b.use("create", **TWO)
        with pytest.raises(InvalidInput):
            await b.use("create", **TWO)
        await b.use("stop", experiment=first["id"])
        second = await b.use("create", **TWO)
        report = await b.use("report", experiment="summary_model")
        assert report["experiment"]["id"] == second["id"]


async def test_a_report_has_both_arms_their_difference_and_a_verdict(tmp_path: Path) -> None:
    """LN-06, LN-10."""
    async with bench(tmp_path) as b:
        await b.use("create", **TWO, traffic=1.0)
        experiment = b.book.find("summary_model")
        for number in range(400):
            arm = assign(experiment, f"u{number}")
            assert arm is not None
            b.book.record(
                Trial(
                    experiment_id=experiment.id,
                    call_id=str(number),
                    decision_id=str(number),
                    at=1.0,
                    person=person_hash(experiment, f"u{number}"),
                    arm=arm,
                    model=experiment.model(arm),
                    category="language",
                    latency_ms=100.0 + number % 7,
                    cost=(2_000_000 if arm == "control" else 500_000) + number,
                    succeeded=number % 20 != 0,
                )
            )
        report = await b.use("report", experiment=experiment.id)
    assert report["better"] == {"cost_usd": "variant"}
    assert sum(arm["people"] for arm in report["arms"].values()) == 400
    control = report["arms"]["control"]["measures"]["cost_usd"]
    assert control["low"] <= control["value"] <= control["high"]
    assert control["value"] == pytest.approx(0.002, rel=0.01)
    assert report["differences"]["cost_usd"]["value"] == pytest.approx(-0.0015, rel=0.01)
    assert report["warnings"] == []
    assert "variant is better in cost_usd" in b.text
    assert "user" not in str(report)


async def test_bounds_that_nobody_knows_are_null(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.use("create", **TWO)
        trial = Trial(
            experiment_id=b.book.find("summary_model").id,
            call_id="c",
            decision_id="d",
            at=1.0,
            person="p",
            arm="control",
            model=None,
            category="math",
            latency_ms=1.0,
            cost=5,
            succeeded=True,
        )
        b.book.record(trial)
        report = await b.use("report", experiment="summary_model")
    assert report["arms"]["control"]["measures"]["cost_usd"]["low"] is None
    assert report["verdict"].startswith("too early")


async def test_an_experiment_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for name in ("report", "stop"):
            with pytest.raises(NotFound):
                await b.use(name, experiment="nope")


async def test_the_tools_are_described_and_small(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert [*b.tools] == [f"experiment_{n}" for n in ("create", "list", "report", "stop")]
        for tool in b.tools.values():
            assert tool.read_only == (tool.name in ("experiment_list", "experiment_report"))
            assert len(str(input_schema(tool))) < 1_200
            assert output_schema(tool)["properties"]


async def test_a_session_is_shown_to_its_principal_only(tmp_path: Path) -> None:
    """SE-07, SE-02."""
    session = Session(
        principal="ann",
        id="s",
        topic_history=("coding", "math"),
        provider_history=("alpha/m", "gamma/org/n"),
        turns=3,
        forced_moves=1,
        updated_at=1_700_000_000.0,
    )
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        book = SessionBook(database)
        book.save(session)
        tool = session_tool(book.get)
        given = arguments_from("session", tool.arguments, {"session_id": "s"})
        shown = await tool.run(given, Caller(Principal(id="ann")))
        with pytest.raises(NotFound):
            await tool.run(given, Caller(Principal(id="eve")))
    assert shown.model_dump(mode="json") == {
        "session_id": "s",
        "current_provider": "gamma",
        "current_model": "org/n",
        "current_topic": "math",
        "topic_history": ["coding", "math"],
        "provider_history": ["alpha/m", "gamma/org/n"],
        "turns": 3,
        "forced_moves": 1,
        "updated_at": "2023-11-14T22:13:20.000Z",
    }
    assert "coding > math" in tool.read(shown)
