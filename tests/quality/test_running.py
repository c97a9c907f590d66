"""One whole analysis, with engines that are well, ill or not there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from pointsman.quality_settings import QualitySettings
from quality.engines.all import make_engines
from quality.engines.keys import by_file, by_tree
from quality.engines.process import run
from quality.errors import EngineFailed
from quality.files.reading import tree_of
from quality.finding import Analysis, FileMeasures, Finding, Place
from quality.report import EngineRun, Report
from quality.running import analyse
from quality.source import Skipped, SourceFile, Tree
from tests.quality.engines.trees import tree

FILES = {"a.py": "x = 1\n", "b.py": "y = 2\nz = 3\n", "c.go": "package c\n"}
SETTINGS = QualitySettings()


@dataclass(slots=True)
class Scripted:
    """An engine that finds the first line of every file bad; `does` may do otherwise."""

    name: str = "ruff"
    languages: frozenset[str] | None = frozenset({"python"})
    there: str | None = "1"
    does: Callable[[], object] | None = None
    alone: bool = True  # a file's result depends on that file alone
    asked: list[list[str]] = field(default_factory=list[list[str]])

    async def version(self) -> str | None:
        return self.there

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return (by_file if self.alone else by_tree)(tree, self.languages)

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        self.asked.append([file.path for file in stale])
        if self.does is not None:
            done = self.does()
            if hasattr(done, "__await__"):
                await done
        return Analysis(
            findings=tuple(
                Finding(
                    rule="bad",
                    engine=self.name,
                    kind="smell",
                    severity="minor",
                    place=Place(file.path, 1, 1),
                    message=f"{len(file.text)} characters",
                )
                for file in stale
            ),
            measures={file.path: FileMeasures(ncloc=file.lines) for file in stale},
            unread={file.path: "empty" for file in stale if not file.text},
            notes={file.path: "short" for file in stale if len(file.text) < 8},
        )


class Kept:
    """As `quality.running.Memory`, in memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str, str], Analysis] = {}

    async def recall(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, Analysis]:
        known = {path: self.rows.get((engine, version, path, key)) for path, key in keys.items()}
        return {path: one for path, one in known.items() if one is not None}

    async def keep(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, Analysis]
    ) -> None:
        for path, one in by_path.items():
            self.rows[engine, version, path, keys[path]] = one


def runs(report: Report) -> dict[str, EngineRun]:
    return {one.name: one for one in report.engines}


def raising(error: Exception) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


async def test_a_report_has_findings_measures_totals_and_what_was_skipped() -> None:
    whole = tree(FILES)
    skipped = (Skipped(path="d", why="binary"), Skipped(path="e", why="binary"))
    report = await analyse(
        Tree(root=whole.root, files=whole.files, skipped=skipped), [Scripted()], SETTINGS
    )
    assert [(f.place.path, f.engines) for f in report.findings] == [
        ("a.py", ("ruff",)),
        ("b.py", ("ruff",)),
    ]
    assert report.measures["b.py"] == FileMeasures(lines=2, ncloc=2)
    assert report.measures["c.go"] == FileMeasures(lines=1)
    assert (report.totals.files, report.totals.lines, report.totals.ncloc) == (3, 4, 3)
    assert report.totals.complexity is None, "nobody counted"
    assert report.skipped == {"binary": 2}
    (run,) = report.engines
    assert (run.state, run.version, run.files, run.remembered) == ("ok", "1", 2, 0)
    assert run.notes == {"a.py": "short"}


async def test_a_rule_that_the_settings_suppress_is_not_told_and_others_are() -> None:
    settings = QualitySettings(suppressed_rules=("ruff:bad",))
    engines = [Scripted(), Scripted(name="types")]
    report = await analyse(tree(FILES), engines, settings)
    assert {one.engines for one in report.findings} == {("types",)}
    assert report.measures["a.py"].ncloc == 1, "what was counted still counts"


@pytest.mark.parametrize(
    ("engine", "state", "why"),
    [
        (Scripted("types", there=None), "missing", "pip install 'pointsman[quality]'"),
        (
            Scripted("types", does=raising(EngineFailed("types", "gave rubbish"))),
            "failed",
            "rubbish",
        ),
        (
            Scripted("types", does=raising(KeyError("hush"))),
            "failed",
            "KeyError at test_runn",
        ),
        (
            Scripted("types", does=raising(ExceptionGroup("g", [EngineFailed("types", "fell")]))),
            "failed",
            "fell",
        ),
        (Scripted("types", does=anyio.sleep_forever), "timed out", "engine_s"),
        (Scripted("model"), "skipped", "settings"),
    ],
    ids=["missing", "failed", "broke", "grouped", "slow", "unwanted"],
)
async def test_an_engine_that_does_not_do_well_is_named_and_spoils_nothing(
    engine: Scripted, state: str, why: str
) -> None:
    settings = QualitySettings(engines=("ruff", "types"), engine_s=0.2)
    with anyio.fail_after(10):
        report = await analyse(tree(FILES), [engine, Scripted()], settings)
    assert runs(report)["ruff"].state == "ok"
    ran = runs(report)[engine.name]
    assert ran.state == state
    assert why in ran.why
    assert "hush" not in ran.why, "an error may quote the code"
    assert {one.engine for one in report.findings} == {"ruff"}


async def test_only_what_changed_is_analysed_again() -> None:
    engine, memory = Scripted(), Kept()
    await analyse(tree(FILES), [engine], SETTINGS, memory)
    same = await analyse(tree(FILES), [engine], SETTINGS, memory)
    edited = await analyse(tree(FILES | {"b.py": ""}), [engine], SETTINGS, memory)
    assert engine.asked == [["a.py", "b.py"], ["b.py"]]
    assert runs(same)["ruff"].remembered == 2
    assert [f.message for f in same.findings] == ["6 characters", "12 characters"]
    assert runs(same)["ruff"].notes == {"a.py": "short"}
    assert runs(edited)["ruff"].unread == {"b.py": "empty"}
    assert [f.message for f in edited.findings] == ["6 characters", "0 characters"]


async def test_an_engine_that_looks_at_all_files_is_asked_about_all() -> None:
    engine, memory = Scripted(alone=False), Kept()
    await analyse(tree(FILES), [engine], SETTINGS, memory)
    await analyse(tree(FILES | {"b.py": ""}), [engine], SETTINGS, memory)
    assert engine.asked == [["a.py", "b.py"]] * 2


async def test_another_version_knows_nothing_of_the_one_before() -> None:
    memory = Kept()
    await analyse(tree(FILES), [Scripted()], SETTINGS, memory)
    newer = Scripted(there="2")
    await analyse(tree(FILES), [newer], SETTINGS, memory)
    assert newer.asked == [["a.py", "b.py"]]


async def test_what_failed_is_not_remembered() -> None:
    memory = Kept()
    failing = Scripted(does=raising(EngineFailed("ruff", "fell")))
    await analyse(tree(FILES), [failing], SETTINGS, memory)
    report = await analyse(tree(FILES), [Scripted()], SETTINGS, memory)
    assert runs(report)["ruff"].remembered == 0


async def test_each_engine_that_is_done_is_told_of() -> None:
    heard: list[tuple[str, int, int]] = []

    async def tell(run: EngineRun, done: int, of: int) -> None:
        heard.append((run.name, done, of))

    engines = [Scripted(name) for name in ("ruff", "types", "flow")]
    await analyse(tree(FILES), engines, SETTINGS, tell=tell)
    assert {name for name, *_ in heard} == {"ruff", "types", "flow"}
    assert [(done, of) for _, done, of in heard] == [(1, 3), (2, 3), (3, 3)]


async def test_heavy_engines_hold_up_no_light_one() -> None:
    light = anyio.Event()
    heavy = [Scripted(name, does=light.wait) for name in ("types", "flow", "metrics")]
    with anyio.fail_after(10):
        report = await analyse(tree(FILES), [*heavy, Scripted("ruff", does=light.set)], SETTINGS)
    assert {run.state for run in report.engines} == {"ok"}


async def test_cancelling_ends_every_process(tmp_path: Path) -> None:
    """The program makes a file when it starts; the end of its pipe is the end of it."""
    started = anyio.Path(tmp_path / "started")
    ended: list[str] = []

    async def hang() -> None:
        try:
            await run("ruff", ["/bin/sh", "-c", f"touch {started}; sleep 600"], tmp_path)
        finally:
            ended.append("ruff")

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(analyse, tree(FILES), [Scripted(does=hang)], SETTINGS)
            while not await started.exists():
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    assert ended == ["ruff"]


async def test_the_real_engines_agree_on_code_in_hand() -> None:
    """AT-305: no file is needed on any disk."""
    code = "import os\nfrom flask import request\n\n\ndef f():\n    os.system(request.args['x'])\n"
    engines = await anyio.to_thread.run_sync(make_engines, SETTINGS)
    report = await analyse(tree_of(code, "python"), engines, SETTINGS)
    asked = [run for run in report.engines if run.name != "bandit"]
    assert {run.state for run in asked} == {"ok"}, report.engines
    assert all(run.version for run in asked)
    (found,) = (one for one in report.findings if 78 in one.cwe)
    assert found.kind == "vulnerability"
    assert {"flow", "ruff"} <= set(found.engines)


def test_there_is_one_engine_of_a_name() -> None:
    mine = Scripted("ruff")
    engines = make_engines(SETTINGS, also=[mine])
    assert [engine for engine in engines if engine.name == "ruff"] == [mine]
