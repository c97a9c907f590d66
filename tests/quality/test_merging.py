"""One finding for one defect, with a name that stays."""

import random
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.finding import Confidence, Edit, Finding, Kind, Place, Severity, Step, ToolFix
from quality.merging import merge
from quality.source import Tree
from tests.quality.engines.trees import tree

TEXT = """\
import os, subprocess
def f(name):
    os.system("ls " + name)
    subprocess.run(
        "ls " + name,
        shell=True,
    )
    os.system(name); os.system(name * 2)
    os.system("ls " + name)
"""
FILES = tree({"a.py": TEXT, "b.py": TEXT})


def finding(
    engine: str,
    rule: str,
    line: int,
    column: int = 1,
    end_column: int = 0,
    *,
    kind: Kind = "hotspot",
    cwe: tuple[int, ...] = (78,),
    end_line: int | None = None,
    severity: Severity = "major",
    path: str = "a.py",
) -> Finding:
    place = Place(path, line, end_line or line, column, end_column)
    return Finding(
        rule=rule, engine=engine, kind=kind, severity=severity, place=place, message=rule, cwe=cwe
    )


def proven(line: int, column: int = 5, *steps: int) -> Finding:
    flow = tuple(Step(Place("a.py", step, step), "goes on") for step in (*steps, line))
    found = finding("flow", "command-injection", line, column, column + 20, kind="vulnerability")
    return replace(found, flow=flow, severity="blocker", confidence="high")


RUFF = finding("ruff", "S605", 3, 5, 14, severity="critical")
BANDIT = finding("bandit", "B605", 3, 5, 28)


def test_what_two_engines_tell_of_one_call_is_one_finding_that_credits_both() -> None:
    (found,) = merge([RUFF, BANDIT], FILES)
    assert found.engines == ("bandit", "ruff")
    assert (found.rule, found.severity, found.kind) == ("S605", "critical", "hotspot")


def test_a_hotspot_with_a_proven_flow_in_its_place_is_that_vulnerability() -> None:
    (found,) = merge([RUFF, BANDIT, proven(3)], FILES)
    assert (found.kind, found.rule, found.severity) == (
        "vulnerability",
        "command-injection",
        "blocker",
    )
    assert found.engines == ("bandit", "flow", "ruff")
    assert found.flow


def test_a_hotspot_on_the_way_of_a_flow_is_a_part_of_it() -> None:
    (found,) = merge([RUFF, proven(8, 5, 3)], FILES)
    assert (found.engines, found.place.line) == (("flow", "ruff"), 8)


def test_a_hotspot_of_another_defect_stays_beside_a_flow() -> None:
    other = finding("ruff", "S608", 3, cwe=(89,))
    assert len(merge([other, proven(3)], FILES)) == 2


def test_two_calls_on_one_line_are_two_findings_each_with_its_own_flow() -> None:
    ruff = [finding("ruff", "S605", 8, 5, 14), finding("ruff", "S605", 8, 22, 31)]
    flows = [proven(8, 15), proven(8, 32)]
    bandit = [finding("bandit", "B605", 8, 5, 20), finding("bandit", "B605", 8, 22, 41)]
    first, second = merge([*flows, *bandit, *ruff], FILES)
    assert first.engines == second.engines == ("bandit", "flow", "ruff")
    assert (first.place.column, second.place.column) == (15, 32)
    assert first.id != second.id


def test_two_defects_in_one_place_are_two_findings() -> None:
    weak = finding("ruff", "S324", 3, cwe=(327,), kind="vulnerability")
    smell = finding("ruff", "F841", 3, kind="smell", cwe=(563,))
    assert len(merge([RUFF, weak, smell], FILES)) == 3


def test_several_rules_of_one_engine_about_one_stretch_are_one_finding() -> None:
    several = [
        finding("ruff", "E722", 3, 1, 7, kind="smell", cwe=(703,)),
        finding("ruff", "S110", 3, 1, 9, kind="smell", cwe=(703,), end_line=4),
    ]
    assert len(merge(several, FILES)) == 1


def test_a_rule_of_quality_that_several_engines_have_is_one() -> None:
    ruff = finding("ruff", "F821", 3, 5, 9, kind="bug", cwe=(710,))
    types = finding("types", "unresolved-reference", 3, 5, 9, kind="bug", cwe=(704,))
    (found,) = merge([ruff, types], FILES)
    assert found.engines == ("ruff", "types")


def test_the_best_of_each_is_kept() -> None:
    fix = ToolFix((Edit(Place("a.py", 3, 3), "pass"),), safe=True)
    ruff = replace(RUFF, fix=fix, remediation="Do not.")
    (found,) = merge([proven(3), ruff, replace(BANDIT, cwe=(78, 88))], FILES)
    assert found.message == "command-injection"
    assert (found.fix, found.remediation, found.cwe) == (fix, "Do not.", (78, 88))


def test_an_id_does_not_change_with_the_lines_above_or_with_more_engines() -> None:
    (alone,) = merge([RUFF], FILES)
    (more,) = merge([RUFF, BANDIT, proven(3)], FILES)
    moved = tree({"a.py": "# one\n\n" + TEXT})
    (lower,) = merge([replace(RUFF, place=replace(RUFF.place, line=5, end_line=5))], moved)
    assert alone.id == more.id == lower.id
    assert len(alone.id) == 16


def test_an_id_is_of_the_whole_statement_wherever_an_engine_points() -> None:
    ids = {
        merge([finding(engine, "x", line, end_line=end)], FILES)[0].id
        for engine, line, end in [
            ("ruff", 4, 4),
            ("bandit", 4, 7),
            ("flow", 5, 5),
            ("checks", 6, 6),
        ]
    }
    assert len(ids) == 1


def test_ids_tell_apart_what_reads_the_same() -> None:
    same = [finding("ruff", "S605", 3), finding("ruff", "S605", 9)]
    elsewhere = finding("ruff", "S605", 3, path="b.py")
    found = merge([*same, elsewhere], FILES)
    assert len({one.id for one in found}) == 3
    (second,) = merge([same[1]], FILES)
    assert second.id in {one.id for one in found}, "whether the first is told of or not"


def test_a_changed_statement_has_another_id() -> None:
    (one,) = merge([RUFF], FILES)
    (other,) = merge(
        [RUFF], tree({"a.py": TEXT.replace('"ls " + name)\n    sub', "name)\n    sub")})
    )
    assert one.id != other.id


def test_a_place_that_the_file_does_not_have_is_no_error() -> None:
    strange = [finding("x", "y", 900), finding("x", "y", 1, path="gone.py")]
    assert len({one.id for one in merge(strange, FILES)}) == 2


places = st.builds(
    lambda path, line, more, column, width: Place(
        path, line, line + more, column, column + width if width else 0
    ),
    st.sampled_from(["a.py", "b.py"]),
    st.integers(1, 9),
    st.integers(0, 2),
    st.integers(1, 30),
    st.integers(0, 20),
)
anything = st.builds(
    Finding,
    rule=st.sampled_from(["r1", "r2", "r3"]),
    engine=st.sampled_from(["flow", "ruff", "bandit", "checks"]),
    kind=st.sampled_from(get_args(Kind)),
    severity=st.sampled_from(get_args(Severity)),
    place=places,
    message=st.sampled_from(["one", "two"]),
    cwe=st.sampled_from([(), (78,), (77, 89), (89,), (1004,)]),
    flow=st.one_of(st.just(()), places.map(lambda place: (Step(place, "goes on"),))),
    confidence=st.sampled_from(get_args(Confidence)),
)


@given(st.lists(anything, max_size=12), st.randoms(use_true_random=False))
def test_the_order_does_not_matter_and_merging_again_changes_nothing(
    findings: list[Finding], chance: random.Random
) -> None:
    merged = merge(findings, FILES)
    chance.shuffle(findings)
    assert merge(findings, FILES) == merged
    assert merge(merged, FILES) == merged
    assert len({one.id for one in merged}) == len(merged)
    engines = {name for one in merged for name in one.engines}
    assert engines == {one.engine for one in findings}, "nobody's finding is lost without credit"


@pytest.mark.parametrize("count", [3_000])
def test_many_findings_in_one_file_take_no_square_of_time(count: int) -> None:
    """With pairs of all with all, this would not end within the time a test has."""
    large = Tree(root=FILES.root, files=tree({"a.py": "os.system(x)\n" * count}).files)
    several = [
        finding(engine, "r", line, 1, 9)
        for line in range(1, count + 1)
        for engine in ("ruff", "bandit", "checks")
    ]
    assert len(merge(several, large)) == count


def test_many_findings_on_one_line_take_no_square_of_time() -> None:
    """A file of one line, as only a hostile one is; each call in it is one defect."""
    count = 1_500
    line = tree({"a.py": "os.system(x);" * count})
    several = [
        finding(engine, "r", 1, 1 + 13 * number, 13 + 13 * number)
        for number in range(count)
        for engine in ("ruff", "bandit", "checks")
    ]
    merged = merge(several, line)
    assert len(merged) == count
    assert merge(merged, line) == merged


@pytest.mark.parametrize("hostile", ["\\'''\n", "\\'", '\\"', "`\\", "\\`", "/*", "'''", "('"])
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.rs"])
def test_quotes_that_nobody_closes_take_no_square_of_time(path: str, hostile: str) -> None:
    whole = tree({path: hostile * 100_000 + "\\"})
    (found,) = merge([finding("ruff", "S605", 1, path=path)], whole)
    assert len(found.id) == 16


def test_the_lifetimes_of_rust_are_no_quotes() -> None:
    """Read as a quote, the first would hide a bracket that is closed on the same line."""
    text = "fn f(x: &'a str) -> u8 {\n    run(x);\n    run(y);\n}\n"
    (one,) = merge([finding("semgrep", "r", 3, path="a.rs")], tree({"a.rs": text}))
    changed = tree({"a.rs": text.replace("u8", "u16").replace("run(x)", "go(x)")})
    (same,) = merge([finding("semgrep", "r", 3, path="a.rs")], changed)
    assert one.id == same.id
