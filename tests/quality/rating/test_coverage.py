"""Coverage reports of every form, honest and hostile."""

import json
import os
from pathlib import Path

import pytest

from quality.rating.coverage.reports import read_coverage
from tests.quality.rating.trees import written

SIX = "a\nb\nc\nd\ne\nf\n"
# Six lines, of which 1 to 4 can run and 1 to 3 did; line 2 has two ways out and one was taken:
# (CT + CF + LC) / (2B + EL) = (1 + 3) / (2 + 4) = 66.7 %
COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7.6" line-rate="0.75"><sources><source>{source}</source></sources><packages>
<package name="pkg"><classes><class name="a.py" filename="{name}"><methods/><lines>
<line number="1" hits="1"/><line number="2" hits="4" branch="true"
 condition-coverage="50% (1/2)" missing-branches="4"/><line number="3" hits="1"/>
<line number="4" hits="0"/></lines></class></classes></package></packages></coverage>"""
JSON = json.dumps(
    {
        "meta": {"format": 3, "version": "7.6"},
        "files": {
            "pkg/a.py": {
                "executed_lines": [1, 2, 3],
                "missing_lines": [4],
                "excluded_lines": [],
                "executed_branches": [[2, 3]],
                "missing_branches": [[2, -1]],
            }
        },
    }
)
LCOV = """TN:
SF:pkg/a.py
FN:1,f
FNDA:1,f
DA:1,1
DA:2,4,hash
DA:3,1
DA:4,0
BRDA:2,0,0,1
BRDA:2,0,1,-
end_of_record
"""
JACOCO = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE report PUBLIC
 "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x"><sessioninfo id="a" start="1"
 dump="2"/><package name="pkg"><class name="pkg/a" sourcefilename="a.py"><method name="m"
 line="1"><counter type="LINE" missed="0" covered="1"/></method></class><sourcefile name="a.py">
<line nr="1" mi="0" ci="3" mb="0" cb="0"/><line nr="2" mi="1" ci="3" mb="1" cb="1"/>
<line nr="3" mi="0" ci="1" mb="0" cb="0"/><line nr="4" mi="2" ci="0" mb="0" cb="0"/>
<counter type="LINE" missed="1" covered="3"/></sourcefile></package></report>"""
REPORTS = {
    "coverage.xml": COBERTURA.format(source="", name="pkg/a.py"),
    "coverage.json": JSON,
    "coverage/lcov.info": LCOV,
    "target/site/jacoco/jacoco.xml": JACOCO,
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_form_gives_the_same_coverage(tmp_path: Path, name: str) -> None:
    tree = written(tmp_path, {"pkg/a.py": SIX, name: REPORTS[name]})
    coverage = read_coverage(tree)
    assert coverage is not None
    assert coverage.reports == (name,)
    share = coverage.of(["pkg/a.py"])
    assert (share.hit, share.lines, share.taken, share.branches) == (3, 4, 1, 2)
    assert share.pct == pytest.approx(100 * 4 / 6)
    assert share.line_pct == 75
    assert share.branch_pct == 50
    assert coverage.of_lines({"pkg/a.py": {3, 4, 6}}).pct == 50
    assert not coverage.notes


def test_several_reports_are_taken_together(tmp_path: Path) -> None:
    other = LCOV.replace("DA:4,0", "DA:4,2").replace("BRDA:2,0,1,-", "BRDA:2,0,1,3")
    texts = {"pkg/a.py": SIX, "coverage.xml": REPORTS["coverage.xml"], "lcov.info": other}
    coverage = read_coverage(written(tmp_path, texts))
    assert coverage is not None
    assert coverage.of(["pkg/a.py"]).pct == 100


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{root}", "pkg/a.py"),
        ("{root}/pkg", "a.py"),
        ("", "{root}/pkg/a.py"),
        ("/home/ci/build", "pkg/a.py"),
        ("/home/ci/build/pkg", "a.py"),
        ("", "/home/ci/build/pkg/a.py"),
        ("C:\\ci\\build\\pkg", "a.py"),
        ("", "./pkg/../pkg/a.py"),
        ("/elsewhere", "deep/a.py"),
    ],
)
def test_a_path_of_another_machine_finds_its_file(tmp_path: Path, source: str, name: str) -> None:
    here = "pkg/deep/a.py" if name == "deep/a.py" else "pkg/a.py"
    report = COBERTURA.format(source=source, name=name).replace("{root}", str(tmp_path))
    coverage = read_coverage(written(tmp_path, {here: SIX, "coverage.xml": report}))
    assert coverage is not None
    assert coverage.files.keys() == {here}


@pytest.mark.parametrize(
    "name", ["a.py", "/other/a.py", "../../../etc/passwd", "/etc/passwd", "x/y/b.py", "", "/", ".."]
)
def test_a_file_that_is_not_here_is_told_and_not_guessed(tmp_path: Path, name: str) -> None:
    texts = {"pkg/a.py": SIX, "lib/a.py": SIX, "p/y/b.py": SIX, "q/y/b.py": SIX}
    report = LCOV.replace("pkg/a.py", name) + LCOV
    coverage = read_coverage(written(tmp_path, texts | {"lcov.info": report}))
    assert coverage is not None
    assert coverage.files.keys() == {"pkg/a.py"}


def test_a_report_of_another_project_gives_no_coverage_and_is_told(tmp_path: Path) -> None:
    texts = {"mine.py": SIX, "coverage.xml": REPORTS["coverage.xml"]}
    coverage = read_coverage(written(tmp_path, texts))
    assert coverage is not None
    assert not coverage.reports
    assert coverage.of(["mine.py"]).pct is None
    assert any("pkg/a.py" in note for note in coverage.notes)


def test_a_report_older_than_its_sources_is_told(tmp_path: Path) -> None:
    tree = written(tmp_path, {"pkg/a.py": SIX, "lcov.info": LCOV})
    os.utime(tmp_path / "lcov.info", (1_000_000, 1_000_000))
    coverage = read_coverage(tree)
    assert coverage is not None
    assert coverage.of(["pkg/a.py"]).pct is not None
    assert any("older" in note for note in coverage.notes)


def test_lines_past_the_end_are_told_and_do_not_count(tmp_path: Path) -> None:
    coverage = read_coverage(written(tmp_path, {"pkg/a.py": "a\nb\n", "lcov.info": LCOV}))
    assert coverage is not None
    assert coverage.files["pkg/a.py"].keys() == {1, 2}
    assert any("older" in note for note in coverage.notes)


def test_files_in_no_report_are_told(tmp_path: Path) -> None:
    texts = {"pkg/a.py": SIX, "pkg/never_imported.py": SIX, "x.js": "", "lcov.info": LCOV}
    coverage = read_coverage(written(tmp_path, texts))
    assert coverage is not None
    assert [note for note in coverage.notes if "never_imported" in note]
    assert not [note for note in coverage.notes if "x.js" in note]


BOMB = """<?xml version="1.0"?><!DOCTYPE coverage [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;">]><coverage><sources><source>&b;</source></sources></coverage>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE coverage [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<coverage><sources><source>&x;</source></sources></coverage>"""


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        OUTSIDE,
        "<coverage>",
        "<coverage>" + "<a>" * 100 + "</a>" * 100 + "</coverage>",
        "<html></html>",
        '<coverage><packages><class filename="pkg/a.py"><line number="one"/></class></packages>'
        "</coverage>",
        '<?xml version="1.0" encoding="no-such"?><coverage/>',
        "<coverage/>",
        "{",
        "[" * 100_000,
        '{"files": 1}',
        '{"files": {"pkg/a.py": {}}}',
        '{"files": {"pkg/a.py": {"executed_lines": ["x"], "missing_lines": []}}}',
        '{"files": {"pkg/a.py": {"executed_lines": [1], "missing_lines": [], '
        '"executed_branches": [[1]]}}}',
        "SF:pkg/a.py\nDA:x,1\nend_of_record\n",
        "SF:pkg/a.py\nDA:1,1e999\nend_of_record\n",
        "",
        "\0\1\2",
    ],
)
def test_a_damaged_or_hostile_report_is_told_and_breaks_nothing(tmp_path: Path, text: str) -> None:
    tree = written(tmp_path, {"pkg/a.py": SIX, "coverage.xml": text, "lcov.info": LCOV})
    coverage = read_coverage(tree)
    assert coverage is not None
    assert coverage.reports == ("lcov.info",)
    assert [note for note in coverage.notes if "coverage.xml" in note]


def test_a_named_report_is_read_and_a_missing_one_told(tmp_path: Path) -> None:
    tree = written(tmp_path, {"pkg/a.py": SIX, "out/mine.txt": LCOV, "lcov.info": LCOV})
    coverage = read_coverage(tree, ["out/mine.txt", "out/none.xml"])
    assert coverage is not None
    assert coverage.reports == ("out/mine.txt",)
    assert [note for note in coverage.notes if "out/none.xml" in note]


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lcov.info").write_text(LCOV)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/lcov.info").symlink_to(tmp_path / "lcov.info")
    coverage = read_coverage(written(tmp_path / "tree", {"pkg/a.py": SIX}))
    assert coverage is not None
    assert not coverage.files


def test_without_a_report_there_is_no_coverage(tmp_path: Path) -> None:
    assert read_coverage(written(tmp_path, {"pkg/a.py": SIX})) is None
