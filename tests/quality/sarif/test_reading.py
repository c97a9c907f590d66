"""What other tools found, from logs nobody trusts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pointsman.errors import InvalidInput
from quality.finding import Finding, Place
from quality.sarif.engine import open_sarif
from quality.sarif.reading import LARGEST, Read, read_sarif
from tests.quality.rating.trees import tree_of, written

TEXTS = {"src/a.py": "x = 1\n" * 20, "b.js": "𝄞 = '𝄞'; bad()\n" * 3}
HERE = {"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 3}}}


def result(**more: Any) -> dict[str, Any]:
    return {"ruleId": "X1", "message": {"text": "it is wrong"}, "locations": [HERE], **more}


def log(*results: Any, rules: Any = (), **run: Any) -> bytes:
    driver = {"name": "othertool", "rules": list(rules)}
    made = {"tool": {"driver": driver}, "results": list(results)} | run
    return json.dumps({"version": "2.1.0", "runs": [made]}).encode()


def read(data: bytes, texts: Mapping[str, str] = TEXTS, root: Path = Path("/work/tree")) -> Read:
    return read_sarif(data, tree_of(root, texts), root / "out/x.sarif")


def one(data: bytes) -> Finding:
    (found,) = read(data).findings
    return found


def test_a_result_becomes_a_finding_credited_to_its_tool() -> None:
    found = one(log(result()))
    assert (found.rule, found.engine, found.message) == ("X1", "othertool", "it is wrong")
    assert found.place == Place("src/a.py", 3, 3)
    assert (found.kind, found.severity) == ("smell", "major")


@pytest.mark.parametrize(
    ("more", "rule", "kind", "severity"),
    [
        ({"level": "error"}, {}, "bug", "critical"),
        ({"level": "note"}, {}, "smell", "minor"),
        ({"level": "none", "kind": "review"}, {}, "hotspot", "info"),
        ({}, {"defaultConfiguration": {"level": "error"}}, "bug", "critical"),
        ({}, {"properties": {"security-severity": "9.8"}}, "vulnerability", "blocker"),
        ({"level": "note"}, {"properties": {"security-severity": 7}}, "vulnerability", "critical"),
        ({}, {"properties": {"security-severity": "4.0"}}, "vulnerability", "major"),
        ({}, {"properties": {"security-severity": "0.1"}}, "vulnerability", "minor"),
        ({}, {"properties": {"security-severity": "nan"}}, "smell", "major"),
        ({}, {"properties": {"tags": ["security"]}}, "vulnerability", "major"),
        ({}, {"properties": {"tags": ["correctness", "external/cwe/cwe-571"]}}, "bug", "major"),
        ({}, {"properties": {"tags": ["maintainability", "cwe-561"]}}, "smell", "major"),
    ],
)
def test_kind_and_severity_come_from_level_score_and_tags(
    more: dict[str, Any], rule: dict[str, Any], kind: str, severity: str
) -> None:
    found = one(log(result(ruleIndex=0, **more), rules=[{"id": "X1", **rule}]))
    assert (found.kind, found.severity) == (kind, severity)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"taxa": [{"id": "89", "toolComponent": {"name": "CWE"}}]}, {}),
        ({"taxa": [{"id": "CWE-89", "toolComponent": {"name": "cwe"}}]}, {}),
        ({"properties": {"cwe": ["CWE-89: SQL Injection"]}}, {}),
        ({}, {"properties": {"tags": ["external/cwe/cwe-089"]}}),
        ({}, {"properties": {"tags": ["CWE-89: SQL Injection", "HIGH CONFIDENCE"]}}),
        ({}, {"properties": {"cwe": "CWE-89"}}),
        ({}, {"relationships": [{"target": {"id": "89", "toolComponent": {"name": "CWE"}}}]}),
    ],
)
def test_a_weakness_is_found_wherever_tools_write_it(
    more: dict[str, Any], rule: dict[str, Any]
) -> None:
    found = one(log(result(**more), rules=[{"id": "X1", **rule}]))
    assert found.cwe == (89,)
    assert found.kind == "vulnerability"


@pytest.mark.parametrize(
    "more",
    [
        {"ruleId": "X1/deep"},
        {"ruleId": "X1", "ruleIndex": 1},
        {"ruleId": None, "ruleIndex": 1},
        {"ruleId": None, "rule": {"index": 1}},
        {"ruleId": None, "rule": {"id": "X1"}},
        {"ruleId": "X1", "rule": {"index": 0, "toolComponent": {"index": 0}}},
        {"ruleId": "X1", "ruleIndex": 99},
    ],
)
def test_a_rule_is_found_by_place_or_name(more: dict[str, Any]) -> None:
    rules = [{"id": "X0"}, {"id": "X1", "help": {"text": "mend it"}}]
    extension = {"name": "pack", "rules": [{"id": "X1", "help": {"text": "mend it"}}]}
    tool = {"driver": {"name": "othertool", "rules": rules}, "extensions": [extension]}
    assert one(log(result(**more), tool=tool)).remediation == "mend it"


def test_messages_are_put_together_and_made_plain() -> None:
    strings = {"default": {"text": "{0} is \u202eevil\x1b[31m\n{1} {7}"}}
    rules = [{"id": "X1", "messageStrings": strings}]
    message = {"id": "default", "arguments": ["it", "so"]}
    assert one(log(result(message=message), rules=rules)).message == "it is evil [31m so"
    assert len(one(log(result(message={"text": "x" * 99_999}))).message) <= 2000


@pytest.mark.parametrize(
    ("location", "bases"),
    [
        ({"uri": "src/a.py"}, {}),
        ({"uri": "./src/../src/a.py"}, {}),
        ({"uri": "src/%61.py"}, {}),
        ({"uri": "file:///work/tree/src/a.py"}, {}),
        ({"uri": "file://host/work/tree/src/a.py"}, {}),
        ({"uri": "file:///home/runner/work/src/a.py"}, {}),
        ({"uri": "/work/tree/src/a.py"}, {}),
        ({"uri": "a.py", "uriBaseId": "S"}, {"S": {"uri": "file:///work/tree/src/"}}),
        (
            {"uri": "a.py", "uriBaseId": "S"},
            {"S": {"uri": "src/", "uriBaseId": "R"}, "R": {"uri": "file:///elsewhere/"}},
        ),
        ({"uri": "src/a.py", "uriBaseId": "S"}, {"S": {"uriBaseId": "S"}}),
        ({"uri": "src/a.py", "uriBaseId": "S"}, {"S": 7}),
        ({"index": 0}, {}),
    ],
)
def test_a_location_leads_to_its_file(location: dict[str, Any], bases: dict[str, Any]) -> None:
    place = {"physicalLocation": {"artifactLocation": location, "region": {"startLine": 3}}}
    run = {"originalUriBaseIds": bases, "artifacts": [{"location": {"uri": "src/a.py"}}]}
    assert one(log(result(locations=[place]), **run)).place.path == "src/a.py"


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "file:///etc/passwd",
        "src/../../x",
        "a.py",
        "",
        "%00",
        "https://example.com/passwd",
        "src",
        "file:",
    ],
)
def test_a_location_outside_the_tree_leads_nowhere_and_is_told(uri: str) -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    came = read(log(result(locations=[place])))
    assert not came.findings
    assert any("no file here" in note for note in came.notes)


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [("unicodeCodePoints", 10, 10), ("utf16CodeUnits", 12, 10), (None, 12, 10), (None, 99, 97)],
)
def test_columns_are_counted_in_characters(kind: str | None, column: int, expected: int) -> None:
    region = {"startLine": 1, "startColumn": column}
    place = {"physicalLocation": {"artifactLocation": {"uri": "b.js"}, "region": region}}
    run = {"columnKind": kind} if kind else {}
    assert one(log(result(locations=[place]), **run)).place.column == expected


def test_lines_that_are_not_there_end_at_the_last() -> None:
    region = {"startLine": 900, "endLine": 3}
    place = {"physicalLocation": {"artifactLocation": {"uri": "b.js"}, "region": region}}
    found = one(log(result(locations=[place])))
    assert found.place.line <= found.place.end_line <= 4


def test_a_flow_comes_along_and_is_bounded() -> None:
    step = {"location": {**HERE, "message": {"text": "goes on"}}}
    flow = [{"threadFlows": [{"locations": [step] * 9999}]}]
    found = one(log(result(codeFlows=flow)))
    assert 1 < len(found.flow) <= 100
    assert found.flow[0].says == "goes on"


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({"suppressions": []}, True),
        ({"suppressions": [{"kind": "inSource"}]}, False),
        ({"suppressions": [{"kind": "external", "status": "rejected"}]}, True),
        ({"baselineState": "absent"}, False),
        ({"baselineState": "unchanged"}, True),
        ({"kind": "pass"}, False),
        ({"kind": "notApplicable"}, False),
    ],
)
def test_what_is_no_open_defect_is_left_out_and_told(more: dict[str, Any], counts: bool) -> None:
    came = read(log(result(**more)))
    assert bool(came.findings) == counts == (not came.notes)


def test_fixes_of_strangers_are_not_taken_over() -> None:
    change = {
        "artifactLocation": {"uri": "src/a.py"},
        "replacements": [{"deletedRegion": {"startLine": 1}, "insertedContent": {"text": "evil"}}],
    }
    assert one(log(result(fixes=[{"artifactChanges": [change]}]))).fix is None


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        7,
        [],
        "x",
        {"message": 7},
        {"locations": {}},
        {"level": "worst"},
        {"ruleIndex": "x"},
        {"locations": [{"physicalLocation": {"region": {"startLine": -1}}}]},
    ],
)
def test_a_damaged_result_costs_only_itself(damaged: Any) -> None:
    came = read(log(damaged, result()))
    assert len(came.findings) == 1
    assert len(came.notes) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"version": "2.0.0", "runs": []}',
        b'{"version": "2.1.0"}',
        b'{"version": "2.1.0", "runs": [{}]}',
        b'{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"version": 1' + b"0" * 5000 + b"}",
        b"\xff\xfe\x00",
        b" " * (LARGEST + 1),
    ],
    ids=range(14),
)
def test_what_is_no_log_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(data)
    assert "x.sarif" in caught.value.message


async def test_logs_are_an_engine_beside_ours(tmp_path: Path) -> None:
    texts = {**TEXTS, "out/x.sarif": log(result(), None).decode(), "y.sarif": log().decode()}
    tree = written(tmp_path, texts)
    engine = await open_sarif(tree, ["out/x.sarif"])
    assert engine is not None
    assert len(engine.notes) == 1
    analysis = await engine.analyse(tree.files, tree)
    assert [one.engine for one in analysis.findings] == ["othertool"]
    untouched = [file for file in tree.files if file.path != "src/a.py"]
    assert not (await engine.analyse(untouched, tree)).findings
    other = await open_sarif(tree, ["y.sarif"])
    assert other is not None
    assert engine.keys(tree) != other.keys(tree), "another log makes every result stale"


async def test_a_log_of_the_settings_that_is_not_in_this_part_of_a_project_is_told(
    tmp_path: Path,
) -> None:
    """Else no file, folder or snippet could be analysed by itself."""
    engine = await open_sarif(written(tmp_path, TEXTS), ["out/none.sarif"])
    assert engine
    assert "out/none.sarif" in engine.notes[0]


@pytest.mark.parametrize("name", ["none.sarif", "bad.sarif"])
async def test_a_log_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    tree = written(tmp_path, {**TEXTS, "bad.sarif": "{"})
    assert await open_sarif(tree, []) is None
    with pytest.raises(InvalidInput) as caught:
        await open_sarif(tree, [str(tmp_path / name)])
    assert name in caught.value.message
