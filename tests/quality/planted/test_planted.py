"""The planted project: every kind of defect is found, and the ratings are those computed by hand.

Sizes, of the 12 files that are code and no tests (lines, lines of code, functions, cyclomatic and
cognitive complexity), counted by hand:

    file              lines  ncloc  functions  cyclomatic             cognitive
    shop/__init__.py      0      0          0   0                      0
    shop/pricing.py      10      7          1   3 = 1 + 2 if           2 = 1 + 1
    shop/orders.py       23     15          2   2 = 1 + 1              0
    shop/keys.py         18     16          0   0                      0
    shop/rules.py        26     23          1  12 = 1 + 11            19, see below
    shop/north.py        19     16          1   7 = 1 + 6              8 = 1 + 2 + 3 + 1 + 1
    shop/south.py        19     16          1   7                      8
    shop/left.py          7      3          1   1                      0
    shop/typed.py         8      3          1   1                      0
    shop/long.py         58     55          1   1                      0
    web/cart.js           7      7          1   2 = 1 + 1 if           not counted in JavaScript
    cmd/main.go          17     14          2   5 = (1 + 2 if + &&) + 1  not counted in Go
    together            212    175         12  41                     37

rules.py, cognitive: if 1, if in if 2, elif 1, elif 1, else 1, if in two 3, else 1, for 1,
if in for 2, and 1, if in two 3, elif 1, while 1 = 19.
"""

from collections import Counter
from pathlib import Path

import anyio
import pytest

from pointsman.quality_settings import GateSettings, QualitySettings
from quality.engines.all import make_engines
from quality.files.reading import read_tree
from quality.rating.judging import Judgement, judge
from quality.report import Report
from quality.running import analyse
from quality.sarif.levels import LEVEL
from quality.sarif.writing import sarif_log
from tests.quality.planted.project import PLACES, plant
from tests.quality.rating.trees import Repository
from tests.quality.sarif.opening import checked, viewed


async def examined(
    root: Path, settings: QualitySettings, ref: str | None = None
) -> tuple[Report, Judgement]:
    tree = await read_tree(root)
    engines = await anyio.to_thread.run_sync(make_engines, settings)
    report = await analyse(tree, engines, settings)
    failed = [run for run in report.engines if run.state in ("failed", "timed out", "missing")]
    assert not failed
    return report, await judge(report, tree, settings, ref=ref)


async def judged(root: Path, settings: QualitySettings, ref: str | None = None) -> Judgement:
    _, judgement = await examined(root, settings, ref)
    return judgement


async def test_a_defect_of_every_kind_is_found_where_it_is_planted(tmp_path: Path) -> None:
    plant(tmp_path)
    result = await judged(tmp_path, QualitySettings())
    found = {
        (one.place.path, line)
        for one in result.findings
        for line in range(one.place.line, one.place.end_line + 1)
    }
    missed = {kind: [p for p in places if p not in found] for kind, places in PLACES.items()}
    assert {kind: places for kind, places in missed.items() if places} == {}


async def test_its_sarif_log_is_valid_and_a_viewer_counts_the_same(tmp_path: Path) -> None:
    plant(tmp_path)
    report, judgement = await examined(tmp_path, QualitySettings())
    log = sarif_log(report, judgement, tmp_path, "1")
    checked(log)
    levels = Counter(record["Severity"] for record in viewed(log, tmp_path).get_records())
    assert levels == Counter(LEVEL[one.severity] for one in judgement.findings)
    assert levels


async def test_the_ratings_are_those_computed_by_hand(tmp_path: Path) -> None:
    """Reliability: the worst bug is the unknown name, critical: D. Security: SQL and commands
    from outside, blocker: E. There is no hotspot that waits in vain: see the gate's conditions."""
    plant(tmp_path)
    result = await judged(tmp_path, QualitySettings())
    assert (result.ratings.reliability, result.ratings.security) == ("D", "E")
    conditions = {c.metric: c for c in result.gate.conditions}
    assert result.gate.status == "failed"
    assert conditions["reliability"].status == "failed", "D is worse than C"
    assert conditions["security"].status == "failed", "E is worse than A"
    assert conditions["maintainability"].status == "ok"
    assert conditions["duplication_pct"].status == "failed", "more than 10 %"


async def test_the_sizes_are_those_counted_by_hand(tmp_path: Path) -> None:
    plant(tmp_path)
    settings = QualitySettings(engines=("metrics", "cognitive", "duplication"))
    measures = (await judged(tmp_path, settings)).measures
    assert (measures.files, measures.ncloc, measures.functions) == (12, 175, 12)
    assert (measures.complexity, measures.cognitive_complexity) == (41, 37)


async def test_the_debt_is_that_computed_by_hand(tmp_path: Path) -> None:
    """A function costs 10 minutes and one for each point above what is allowed, or 20 if it is too
    long. With the limits of the settings below:

        cyclomatic above 1: pricing 3, rules 12, north 7, south 7, cart 2, grade 4:
            12 + 21 + 16 + 16 + 11 + 13                               =  89
        cognitive above 1: pricing 2, rules 19, north 8, south 8:
            11 + 28 + 17 + 17                                         =  73
        longer than 5 lines: pricing 7, orders 6, rules 23, north 16, south 16, long 55, cart 7,
            grade 9: 8 x 20                                           = 160
        debt 322 minutes, 322 / (175 x 30) = 6.13 %: B

    With the limits as they come: rules 12 of 10 cyclomatic (12), 19 of 15 cognitive (14), long 55
    of 50 lines (20): 46 minutes, 0.88 %: A.
    """
    plant(tmp_path)
    settings = QualitySettings(engines=("metrics", "cognitive"))
    usual = await judged(tmp_path, settings)
    assert usual.measures.debt_min == 46
    assert usual.ratings.maintainability == "A"
    limits = {"max_complexity": 1, "max_cognitive": 1, "max_function_lines": 5}
    strict = await judged(tmp_path, settings.model_copy(update=limits))
    assert strict.measures.debt_min == 322
    assert strict.measures.debt_ratio_pct == pytest.approx(100 * 322 / 5250)
    assert strict.ratings.maintainability == "B"


async def test_the_duplication_is_that_counted_by_hand(tmp_path: Path) -> None:
    """north.py and south.py are the same from line 4, after the name, to line 19: 2 x 16 lines of
    212 = 15.1 %."""
    plant(tmp_path)
    result = await judged(tmp_path, QualitySettings(engines=("duplication",)))
    assert result.measures.duplicated_lines == 32
    assert result.measures.duplication_pct == pytest.approx(100 * 32 / 212)


async def test_the_coverage_is_that_computed_by_hand(tmp_path: Path) -> None:
    """EL = 7 + 3 lines, LC = 5 + 3 of them; B = 2 conditions, of whose 4 outcomes CT + CF = 2:
    (2 + 8) / (2 x 2 + 10) = 71.4 %."""
    plant(tmp_path)
    measures = (await judged(tmp_path, QualitySettings(engines=("metrics",)))).measures
    assert measures.coverage_pct == pytest.approx(100 * 10 / 14)
    assert (measures.line_coverage_pct, measures.branch_coverage_pct) == (80, 50)


async def test_new_code_in_it_is_judged_by_itself(tmp_path: Path) -> None:
    """All is committed but left.py, whose 6 new lines hold the only new issues; no coverage or
    duplication is asked of fewer than 20 lines."""
    repository = Repository(tmp_path)
    plant(tmp_path)
    left = tmp_path / "shop/left.py"
    later = left.read_text(encoding="utf-8")
    left.write_text(later.partition("\n")[0] + "\n", encoding="utf-8")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "shop")
    left.write_text(later, encoding="utf-8")
    result = await judged(tmp_path, QualitySettings(gate=GateSettings()), ref="HEAD")
    assert result.new is not None
    assert result.new.lines == 6
    assert {one.place.path for one in result.findings if one.new} == {"shop/left.py"}
    of_new = {c.metric: c for c in result.gate.conditions if c.on == "new"}
    assert of_new["issues"].status == "failed"
    assert of_new["hotspots"].status == "ok"
    assert of_new["coverage_pct"].status == of_new["duplication_pct"].status == "ok"
    assert result.new.ratings.reliability == "A"
