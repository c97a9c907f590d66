"""From a report to ratings, measures, what is new, and the gate."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import pytest

from pointsman.quality_settings import GateSettings, QualitySettings
from quality.finding import FileMeasures, Finding, Place, Step
from quality.rating.allowed.baseline import write_baseline
from quality.rating.gate import Condition
from quality.rating.judging import Judgement, judge
from quality.rating.measured_by import EVERY
from quality.report import EngineRun, Report
from quality.source import Tree
from tests.quality.rating.findings import ALL, finding, report
from tests.quality.rating.trees import Repository, read, tree_of, written

LINES = "".join(f"line {n}\n" for n in range(1, 101))
SIZE = FileMeasures(
    lines=100, ncloc=80, complexity=7, cognitive=5, functions=3, duplicated=((1, 10), (5, 12))
)
NOTHING = GateSettings(
    reliability=None,
    security=None,
    maintainability=None,
    duplication_pct=None,
    new_issues=None,
    new_coverage_pct=None,
    new_duplication_pct=None,
    new_hotspots=None,
)


async def judged(
    tree: Tree,
    findings: Iterable[Finding] = (),
    *,
    gate: GateSettings | None = None,
    ref: str | None = None,
    analysed: Report | None = None,
) -> Judgement:
    settings = QualitySettings(gate=gate or GateSettings())
    sizes = {file.path: SIZE for file in tree.files}
    return await judge(analysed or report(findings, sizes), tree, settings, ref=ref)


def only(judgement: Judgement) -> Condition:
    (condition,) = judgement.gate.conditions
    return condition


async def test_measures_are_those_of_code_that_is_no_test(tmp_path: Path) -> None:
    tests = frozenset({"test_a.py"})
    tree = tree_of(tmp_path, {"a.py": LINES, "b.py": LINES, "test_a.py": LINES}, tests)
    findings = [
        finding("a.py", kind="bug", severity="critical", effort_min=30, engines=("ruff", "checks")),
        finding("a.py", 7, kind="smell", severity="major", effort_min=250),
        finding("test_a.py", kind="smell", severity="info", effort_min=77),
        finding("b.py", kind="vulnerability", severity="minor", effort_min=15),
        finding("b.py", kind="hotspot", severity="blocker", effort_min=99),
    ]
    measures = (await judged(tree, findings)).measures
    assert (measures.files, measures.ncloc, measures.functions) == (2, 160, 6)
    assert (measures.complexity, measures.cognitive_complexity) == (14, 10)
    # Lines 1 to 12 of each file, those in two blocks once: 24 of 200.
    assert (measures.duplicated_lines, measures.duplication_pct) == (24, 12)
    assert measures.debt_min == 250
    assert measures.debt_ratio_pct == pytest.approx(100 * 250 / (160 * 30))
    assert (measures.reliability_effort_min, measures.security_effort_min) == (30, 15)
    assert measures.by_kind == {"bug": 1, "smell": 2, "vulnerability": 1, "hotspot": 1}
    assert measures.by_severity == {"critical": 1, "major": 1, "minor": 1, "info": 1}
    assert measures.by_engine == {"ruff": 5, "checks": 1}


async def test_what_is_found_in_tests_is_listed_and_moves_no_letter(tmp_path: Path) -> None:
    """As SonarQube does: most of its rules are not of test code."""
    texts = {"a.py": LINES, "test_a.py": LINES}
    bad = [
        finding("test_a.py", kind="bug", severity="blocker"),
        finding("test_a.py", 2, kind="vulnerability", severity="blocker"),
        finding("test_a.py", 3, kind="smell", effort_min=10_000),
        finding("test_a.py", 4, kind="hotspot"),
    ]
    await anyio.to_thread.run_sync(write_baseline, tmp_path / "quality-baseline.json", [])
    result = await judged(tree_of(tmp_path, texts, frozenset({"test_a.py"})), bad)
    ratings = result.ratings
    assert (ratings.reliability, ratings.security, ratings.maintainability) == ("A", "A", "A")
    assert ratings.security_review == "A"
    assert result.new
    assert (result.new.issues, result.new.hotspots, result.new.debt_min) == (0, 0, 0)
    assert len(result.findings) == 4
    alone = await judged(tree_of(tmp_path, {"test_a.py": LINES}, frozenset({"test_a.py"})), bad)
    assert alone.ratings.security == "E", "where there is nothing but tests, they are judged"


async def test_letters_follow_the_open_findings(tmp_path: Path) -> None:
    text = "f()  # pointsman: allow R1 -- reviewed: the input is ours\n" + LINES
    tree = tree_of(tmp_path, {"a.py": text})
    findings = [
        finding(line=1, kind="hotspot"),
        finding(line=9, kind="hotspot"),
        finding(line=9, kind="vulnerability", severity="major"),
        finding(line=9, kind="bug", severity="blocker", model_says=True),
        finding(line=9, kind="smell", effort_min=200),  # 200 / (80 * 30) = 8.3 %
    ]
    result = await judged(tree, findings)
    assert result.ratings.security == "C"
    assert result.ratings.reliability == "A", "no engine backs what a model says"
    assert result.ratings.maintainability == "B"
    assert result.ratings.security_review == "C", "one of two hotspots is reviewed: 50 %"
    assert len(result.suppressed) == 1
    assert len(result.findings) == 4


@pytest.mark.parametrize(
    ("gate", "findings", "status"),
    [
        ({"reliability": "C"}, [{"kind": "bug", "severity": "major"}], "ok"),
        ({"reliability": "C"}, [{"kind": "bug", "severity": "critical"}], "failed"),
        ({"security": "A"}, [{"kind": "vulnerability", "severity": "info"}], "ok"),
        ({"security": "A"}, [{"kind": "vulnerability", "severity": "minor"}], "failed"),
        ({"maintainability": "A"}, [{"effort_min": 120}], "ok"),
        ({"maintainability": "A"}, [{"effort_min": 121}], "failed"),
        ({"duplication_pct": 12}, [], "ok"),
        ({"duplication_pct": 11.9}, [], "failed"),
        ({"coverage_pct": 0}, [], "not_measured"),
        ({"issues": {"major": 1}}, [{}], "ok"),
        ({"issues": {"major": 0}}, [{}], "failed"),
        ({"issues": {"critical": 0}}, [{}, {"severity": "critical", "kind": "hotspot"}], "ok"),
    ],
)
async def test_a_condition_holds_up_to_its_threshold(
    tmp_path: Path, gate: dict[str, object], findings: list[dict[str, Any]], status: str
) -> None:
    tree = tree_of(tmp_path, {"a.py": LINES})
    settings = NOTHING.model_validate({**NOTHING.model_dump(), **gate})
    result = await judged(tree, [finding(**one) for one in findings], gate=settings)
    assert only(result).status == status
    assert result.gate.status == ("failed" if status == "failed" else "passed")


async def test_a_condition_tells_what_was_measured(tmp_path: Path) -> None:
    gate = NOTHING.model_copy(update={"security": "B"})
    worse = [finding(kind="vulnerability", severity="critical")]
    told = only(await judged(tree_of(tmp_path, {"a.py": LINES}), worse, gate=gate))
    assert (told.metric, told.on, told.operator) == ("security", "all", "<=")
    assert (told.threshold, told.actual) == ("B", "D")


@pytest.mark.parametrize(
    ("metric", "gone", "state"),
    [
        ("duplication_pct", "duplication", "failed"),
        ("duplication_pct", "duplication", "missing"),
        ("maintainability", "metrics", "timed out"),
        ("maintainability", "metrics", "missing"),
        ("security", "flow", "failed"),
        ("reliability", "checks", "timed out"),
    ],
)
async def test_an_engine_that_is_gone_shuts_the_gate_and_is_named(
    tmp_path: Path, metric: str, gone: str, state: str
) -> None:
    """A gate that passes because nobody looked is worse than none."""
    runs = [
        EngineRun(name=name, state=state if name == gone else "ok", why="it fell", files=1)  # type: ignore[arg-type]
        for name in ALL
    ]
    gate = NOTHING.model_copy(update={metric: getattr(GateSettings(), metric)})
    analysed = report(engines=runs, measures={"a.py": FileMeasures(ncloc=9, duplicated=())})
    result = await judged(tree_of(tmp_path, {"a.py": LINES}), gate=gate, analysed=analysed)
    assert result.gate.status == "failed"
    assert only(result).status == "not_measured"
    assert gone in only(result).note


async def test_what_no_engine_reads_is_told_and_shuts_nothing(tmp_path: Path) -> None:
    runs = [EngineRun(name="checks", state="ok", files=0), EngineRun(name="flow", state="skipped")]
    tree = tree_of(tmp_path, {"a.go": LINES})
    result = await judged(tree, analysed=report(engines=runs))
    assert result.gate.status == "passed"
    assert {c.metric: c.status for c in result.gate.conditions} == dict.fromkeys(
        ("reliability", "security", "maintainability", "duplication_pct"), "not_measured"
    )
    assert all(condition.note for condition in result.gate.conditions)


async def test_a_failed_condition_stays_failed_though_an_engine_is_gone(tmp_path: Path) -> None:
    runs = [EngineRun(name="flow", state="failed"), EngineRun(name="ruff", state="ok", files=1)]
    worse = [finding(kind="vulnerability", severity="blocker")]
    gate = NOTHING.model_copy(update={"security": "A"})
    tree = tree_of(tmp_path, {"a.py": LINES})
    result = await judged(tree, gate=gate, analysed=report(worse, engines=runs))
    assert only(result).status == "failed"


async def test_new_code_is_measured_by_its_lines(tmp_path: Path) -> None:
    """40 new lines, of which 12 are in a duplicated block and 30 of 40 are covered."""
    repository = Repository(tmp_path)
    repository.commit({"a.py": "".join(f"old {n}\n" for n in range(1, 61))})
    written(tmp_path, {"a.py": LINES})
    repository.git("add", "a.py")
    repository.git("commit", "--quiet", "--message", "all")
    new = "".join(f"new {n}\n" for n in range(1, 41))
    hits = "".join(f"DA:{n},{int(n <= 30)}\n" for n in range(1, 101))
    written(tmp_path, {"a.py": new + LINES, "lcov.info": f"SF:a.py\n{hits}end_of_record\n"})
    findings = [
        finding(line=40, rule="on"),
        finding(line=41, rule="off"),
        finding(line=40, kind="hotspot", rule="hot"),
        finding(line=39, end_line=41, rule="touching"),
        finding(line=90, rule="flow", flow=(Step(Place("a.py", 2, 2), "read"),)),
        finding(line=30, end_line=140, rule="head"),
        finding(line=1, end_line=140, rule="file"),
        finding(line=60, end_line=140, rule="old function"),
    ]
    result = await judged(read(tmp_path), findings, ref="HEAD")
    new_rules = {one.rule for one in result.findings if one.new}
    assert new_rules == {"on", "hot", "touching", "flow", "head", "file"}
    assert result.new is not None
    assert (result.new.lines, result.new.issues, result.new.hotspots) == (40, 5, 1)
    assert result.new.coverage_pct == 75
    assert result.new.duplication_pct == 30  # lines 1 to 12 of 40
    assert result.new.ratings.security_review == "E"
    conditions = {(c.metric, c.on): (c.actual, c.status) for c in result.gate.conditions}
    assert conditions["coverage_pct", "new"] == (75, "failed")
    assert conditions["duplication_pct", "new"] == (30, "failed")
    assert conditions["issues", "new"] == (5, "failed")
    assert conditions["hotspots", "new"] == (1, "failed")


@pytest.mark.parametrize(("lines", "status"), [(19, "ok"), (20, "failed")])
async def test_a_small_change_is_not_asked_for_coverage_and_duplication(
    tmp_path: Path, lines: int, status: str
) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": LINES})
    new = "".join(f"new {n}\n" for n in range(lines))
    hits = "".join(f"DA:{n},0\n" for n in range(1, 101))
    written(tmp_path, {"a.py": new + LINES, "lcov.info": f"SF:a.py\n{hits}end_of_record\n"})
    result = await judged(read(tmp_path), ref="HEAD")
    told = {c.metric: c for c in result.gate.conditions if c.on == "new"}
    assert told["coverage_pct"].status == told["duplication_pct"].status == status
    assert told["coverage_pct"].actual == 0
    assert bool(told["coverage_pct"].note) == (status == "ok")


async def test_known_findings_are_not_new_and_gone_ones_are_fixed(tmp_path: Path) -> None:
    tree = written(tmp_path, {"a.py": LINES})
    old = [finding("a.py", line=1), finding("a.py", line=2), finding("deleted.py")]
    await anyio.to_thread.run_sync(write_baseline, tmp_path / "quality-baseline.json", old)
    result = await judged(tree, [finding("a.py", line=1), finding("a.py", line=7)])
    assert [(one.place.line, one.new) for one in result.findings] == [(1, False), (7, True)]
    assert {one.path for one in result.fixed} == {"a.py", "deleted.py"}
    assert result.new is not None
    assert (result.new.issues, result.new.lines) == (1, None)
    assert {c.metric for c in result.gate.conditions if c.on == "new"} == {"issues", "hotspots"}


async def test_with_nothing_to_compare_with_nothing_is_new(tmp_path: Path) -> None:
    result = await judged(tree_of(tmp_path, {"a.py": LINES}), [finding()])
    assert result.new is None
    assert not any(one.new for one in result.findings)
    assert not [c for c in result.gate.conditions if c.on == "new"]


@pytest.mark.parametrize("missing", [None, "ruff"])
async def test_an_idle_allowance_is_told_only_once_all_engines_looked(
    tmp_path: Path, missing: str | None
) -> None:
    runs = [EngineRun(name=name, state="ok") for name in EVERY if name != missing]
    tree = tree_of(tmp_path, {"a.py": "f()  # pointsman: allow B999 -- bandit finds it\n"})
    result = await judged(tree, analysed=report(engines=runs))
    assert bool(result.findings) == (missing is None)


async def test_notes_tell_how_it_was_judged(tmp_path: Path) -> None:
    tree = written(tmp_path, {"a.py": LINES, "coverage.xml": "<html/>"})
    result = await judged(tree, ref="main")
    assert [note for note in result.notes if "git" in note]
    assert [note for note in result.notes if "coverage.xml" in note]
