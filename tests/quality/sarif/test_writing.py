"""An analysis as a SARIF log."""

import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
import pytest

from pointsman.quality_settings import QualitySettings
from quality.finding import Edit, FileMeasures, Finding, Place, Step, ToolFix
from quality.rating.judging import Judgement, judge
from quality.report import EngineRun, Report
from quality.sarif.reading import read_sarif
from quality.sarif.writing import FINGERPRINT, sarif_log
from quality.source import Tree
from tests.quality.rating.findings import finding, report
from tests.quality.rating.trees import tree_of, written
from tests.quality.sarif.opening import checked, viewed

ODD = ["a b.py", "ü/ñ.py", "100%.py", "c:d.py", "q?x#y.py", "br[0].py", 'quo"te.py', "new\nline.py"]
ODD += ["caf\udce9.py", "back\\slash.py", "+plus&and=.py", "-dash.py", "~/x.py"]
REFERENCE = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?#%]*")  # RFC 3986
RUNS = (
    EngineRun(name="flow", state="ok", version="1", files=1, unread={"odd.py": "no syntax"}),
    EngineRun(name="ruff", state="failed", version="0.17", why="it fell"),
    EngineRun(name="jscpd", state="missing", why="pip install it"),
)


def findings() -> list[Finding]:
    fix = ToolFix((Edit(Place("a.py", 2, 2, 3, 5), "sha256"), Edit(Place("a.py", 3, 3), "")), True)
    return [
        finding(
            "a.py", 2, kind="vulnerability", severity="blocker", cwe=(89, 20), engine="flow",
            rule="sql-injection", engines=("flow", "ruff"), fix=fix, remediation="Bind it.",
            flow=(Step(Place("b.py", 1, 1), "read"), Step(Place("a.py", 2, 2, 3, 9), "sent")),
        ),
        finding("a.py", 3, kind="hotspot", cwe=(89,), engine="ruff", rule="S608"),
        finding("a.py", 4, kind="smell", severity="info", rule="E501", end_line=6),
        finding("b.py", 1, kind="bug", severity="minor", rule="F821", message=""),
        finding("b.py", 1, kind="smell", severity="critical", rule="C901", id=""),
    ]  # fmt: skip


async def judged(tree: Tree, found: list[Finding]) -> tuple[Report, Judgement]:
    sizes = {"a.py": FileMeasures(ncloc=10, duplicated=())}
    analysed = report(found, sizes, RUNS)
    return analysed, await judge(analysed, tree, QualitySettings())


@pytest.mark.parametrize("baseline", [False, True])
async def test_a_log_is_valid_and_a_viewer_opens_it(tmp_path: Path, baseline: bool) -> None:
    tree = tree_of(tmp_path, {"a.py": "x = 1\n" * 9, "b.py": "y\n"})
    if baseline:
        (tmp_path / "quality-baseline.json").write_text('{"version": 1, "findings": {}}')
    analysed, judgement = await judged(tree, findings())
    log = sarif_log(analysed, judgement, tmp_path, "1.2.3")
    checked(log)
    opened = viewed(log, tmp_path)
    assert opened.get_result_count() == len(judgement.findings) == 5
    assert opened.get_distinct_tool_names() == ["Pointsman"]
    levels = Counter(record["Severity"] for record in opened.get_records())
    assert levels == {"error": 2, "warning": 1, "note": 2}


async def test_a_result_tells_all_that_is_known(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"a.py": "x = 1\n" * 9, "b.py": "y\n"})
    run = checked(sarif_log(*await judged(tree, findings()), tmp_path, "1.2.3"))
    driver = run["tool"]["driver"]
    result = run["results"][0]
    rule = driver["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "flow:sql-injection"
    assert rule["help"]["text"] == "Bind it."
    assert {"security", "external/cwe/cwe-089"} <= set(rule["properties"]["tags"])
    assert float(rule["properties"]["security-severity"]) >= 9
    target = rule["relationships"][1]["target"]
    taxonomy = run["taxonomies"][target["toolComponent"]["index"]]
    assert taxonomy["name"] == "CWE"
    assert taxonomy["taxa"][target["index"]]["id"] == target["id"] == "89"
    assert result["partialFingerprints"] == {FINGERPRINT: findings()[0].id}
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == ["read", "sent"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0] == {
        "deletedRegion": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 5},
        "insertedContent": {"text": "sha256"},
    }
    assert "endColumn" not in change["replacements"][1]["deletedRegion"], "to the end of the line"
    assert result["properties"]["engines"] == ["flow", "ruff"]
    assert "baselineState" not in result
    assert run["columnKind"] == "unicodeCodePoints"
    assert {one["name"] for one in run["tool"]["extensions"]} == {"flow", "ruff", "jscpd"}


async def test_an_engine_that_failed_is_a_notification(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"a.py": "x\n"})
    run = checked(sarif_log(*await judged(tree, []), tmp_path, "1"))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    told = {
        (one["descriptor"]["id"], one["level"]): one
        for one in invocation["toolExecutionNotifications"]
    }
    assert "ruff" in told["engine-failed", "error"]["message"]["text"]
    assert "jscpd" in told["engine-missing", "warning"]["message"]["text"]
    place = told["file-unread", "warning"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "odd.py"
    described = {one["id"] for one in run["tool"]["driver"]["notifications"]}
    assert {name for name, _ in told} <= described


async def test_what_is_suppressed_or_known_is_marked_so(tmp_path: Path) -> None:
    text = "f()  # pointsman: allow ruff:R1 -- it is ours\ng()\nh()\n"
    tree = written(tmp_path, {"a.py": text})
    found = [finding("a.py", 1), finding("a.py", 2), finding("a.py", 3)]
    with (tmp_path / "quality-baseline.json").open("w") as file:
        json.dump({"version": 1, "findings": {found[1].id: {"rule": "R1", "path": "a.py"}}}, file)
    run = checked(sarif_log(*await judged(tree, found), tmp_path, "1"))
    first, second, third = run["results"]
    (suppression,) = first["suppressions"]
    assert (suppression["kind"], suppression["justification"]) == ("inSource", "it is ours")
    assert second["suppressions"] == third["suppressions"] == []
    assert (second["baselineState"], third["baselineState"]) == ("unchanged", "new")


async def test_odd_paths_are_written_so_that_they_come_back(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, dict.fromkeys(ODD, "x = 1\n"))
    found = [finding(path, id=f"id{n}") for n, path in enumerate(ODD)]
    log = sarif_log(*await judged(tree, found), tmp_path / "ro ot", "1")
    run = checked(log)
    locations = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"]]
    for location in locations:
        assert REFERENCE.fullmatch(location["uri"])
        assert not urlsplit(location["uri"]).scheme
        assert not urlsplit(location["uri"]).fragment
        assert not urlsplit(location["uri"]).query
        assert location["uriBaseId"] in run["originalUriBaseIds"]
    back = {unquote_to_bytes(one["uri"]).decode("utf-8", "surrogateescape") for one in locations}
    assert back == set(ODD)
    base = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    assert base.endswith("/ro%20ot/")


async def test_our_own_log_is_read_back(tmp_path: Path) -> None:
    texts = dict.fromkeys((path for path in ODD if "\\" not in path), "x = 1\n" * 9)
    tree = tree_of(tmp_path, texts)
    found = [
        finding(path, 2, 3, id=f"id{n}", kind="vulnerability", cwe=(89,))
        for n, path in enumerate(texts)
    ]  # fmt: skip
    log = json.dumps(sarif_log(*await judged(tree, found), tmp_path, "1")).encode()
    read = await anyio.to_thread.run_sync(read_sarif, log, tree, tmp_path / "x.sarif")
    assert {one.place for one in read.findings} == {one.place for one in found}
    assert {(one.kind, one.cwe, one.severity) for one in read.findings} == {
        ("vulnerability", (89,), "major")
    }
    assert read.tools == ("Pointsman",)
    assert not read.notes
