"""The three tools, as an MCP client meets them, with the engines that are really there."""

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from pointsman.settings import Settings
from server.app import open_app
from server.mcp import make_mcp

DANGEROUS = """\
import os

from flask import Flask, request

app = Flask(__name__)


@app.route("/ping")
def ping():
    host = request.args.get("host")
    os.system("ping -c 1 " + host)
    return "done"
"""
LAME = "import os\nimport sys\n\n\ndef size(path):\n    return os.stat(path).st_size\n"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "web.py").write_text(DANGEROUS)
    (folder / "lame.py").write_text(LAME)
    return folder


@asynccontextmanager
async def opened(settings: Settings, home: Path) -> AsyncIterator[Client]:
    async with (
        open_app(settings, home, {}) as app,
        Client(make_mcp(app.tools, app.reading, app.toolsets)) as client,
    ):
        yield client


async def call(
    tool: str, arguments: dict[str, Any], folder: Path, *, home: Path, **quality: Any
) -> dict[str, Any]:
    """The structured result of `tool`, whose `error` is set if it failed; `folder` is open."""
    settings = Settings.model_validate(
        {
            "local": {"enabled": False},
            "tools": {"roots": [str(folder)]},
            "quality": {"engines": ["flow", "checks", "ruff", "metrics", "cognitive"], **quality},
        }
    )
    async with opened(settings, home) as client:
        result = await client.call_tool(tool, arguments)
    told: dict[str, Any] | None = result.structured_content
    assert told is not None
    return told


async def test_code_quality_tells_gate_ratings_measures_and_issues(
    project: Path, tmp_path: Path
) -> None:
    """CQ-01, CQ-05"""
    told = await call("code_quality", {"path": str(project)}, project, home=tmp_path / "home")
    assert told["gate"]["status"] == "failed"
    failed = [c for c in told["gate"]["conditions"] if c["status"] == "failed"]
    assert [(c["metric"], c["threshold"]) for c in failed] == [("security", "A")]
    assert told["ratings"]["security"] == "E"
    assert told["measures"]["files"] == 2
    assert told["measures"]["ncloc"] == 12
    assert sum(told["issues_by_severity"].values()) == len(told["issues"])
    worst = told["issues"][0]
    assert (worst["file"], worst["line"], worst["cwe"]) == ("web.py", 11, "CWE-78")
    assert {engine["state"] for engine in told["engines"]} <= {"ok", "skipped"}


async def test_find_security_issues_tells_the_way_of_outside_data(
    project: Path, tmp_path: Path
) -> None:
    told = await call(
        "find_security_issues",
        {"path": str(project), "severity": "HIGH"},
        project,
        home=tmp_path / "home",
    )
    (issue,) = told["issues"]
    assert issue["severity"] == "CRITICAL"
    assert issue["kind"] == "vulnerability"
    assert issue["remediation"]
    assert issue["flow"][0]["line"] == 10
    assert issue["flow"][-1]["line"] == 11


@pytest.mark.parametrize(("severity", "count"), [("LOW", 1), ("CRITICAL", 1)])
async def test_a_snippet_is_analysed_without_a_file(
    severity: str, count: int, tmp_path: Path
) -> None:
    told = await call(
        "find_security_issues",
        {"code": DANGEROUS, "language": "python", "severity": severity},
        tmp_path,
        home=tmp_path / "home",
    )
    assert len(told["issues"]) == count


@pytest.fixture
def committed(project: Path) -> None:
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*GIT, *words], cwd=project, check=True)  # noqa: S603


@pytest.mark.usefixtures("committed")
async def test_new_since_judges_what_changed(project: Path, tmp_path: Path) -> None:
    (project / "lame.py").write_text(LAME + "\n\ndef other(x):\n    return x == None\n")
    told = await call(
        "code_quality",
        {"path": str(project), "new_since": "HEAD"},
        project,
        home=tmp_path / "home",
        gate={"security": None},
    )
    assert told["new"]["lines"] == 4
    assert {issue["line"] for issue in told["issues"] if issue.get("new")} == {10}
    failed = [c for c in told["gate"]["conditions"] if c["status"] == "failed"]
    assert ("issues", "new") in [(c["metric"], c["on"]) for c in failed]


async def test_a_fix_is_offered_verified_and_written_if_so_wished(
    project: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    found = await call("code_quality", {"path": str(project)}, project, home=home)
    lame = next(issue for issue in found["issues"] if issue["rule"] == "F401")
    at = {"path": str(project / "lame.py"), "line": lame["line"]}
    offered = await call("suggest_fixes", at, project, home=home)
    (fix,) = offered["fixes"]
    assert fix["source"] == "tool"
    assert fix["verified"] == {"reanalysed": True, "parses": True}
    assert "-import sys" in fix["diff"]
    assert (project / "lame.py").read_text() == LAME
    applied = await call("suggest_fixes", {**at, "apply": True}, project, home=home)
    assert applied["fixes"][0]["applied"] is True
    assert (project / "lame.py").read_text() == LAME.replace("import sys\n", "")


async def test_nothing_is_written_outside_the_open_folders(project: Path, tmp_path: Path) -> None:
    told = await call(
        "suggest_fixes",
        {"path": str(project / "lame.py"), "apply": True},
        tmp_path / "elsewhere",
        home=tmp_path / "home",
    )
    assert told["error"]["code"] == "invalid_input"
    assert (project / "lame.py").read_text() == LAME


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "word"),
    [
        ("code_quality", {}, "invalid_input", "path"),
        ("code_quality", {"path": "a", "code": "b", "language": "go"}, "invalid_input", "not both"),
        ("code_quality", {"code": "x = 1"}, "invalid_input", "language"),
        ("code_quality", {"code": "x", "language": "klingon"}, "invalid_input", "klingon"),
        ("code_quality", {"path": "nowhere"}, "invalid_input", "nowhere"),
        ("code_quality", {"path": "../.."}, "invalid_input", "outside"),
        ("code_quality", {"path": ".", "new_since": "-x"}, "invalid_input", "-x"),
        ("find_security_issues", {"path": ".", "severity": "BAD"}, "invalid_input", "severity"),
        ("suggest_fixes", {}, "invalid_input", "issue_id"),
        ("suggest_fixes", {"issue_id": "0" * 16}, "not_found", "code_quality"),
        ("suggest_fixes", {"issue_id": "a", "line": 3}, "invalid_input", "line"),
        ("suggest_fixes", {"path": "."}, "invalid_input", "file"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_done_is_explained(
    tool: str, arguments: dict[str, Any], code: str, word: str, project: Path, tmp_path: Path
) -> None:
    told = await call(tool, arguments, project, home=tmp_path / "home")
    assert told["error"]["code"] == code
    assert word in json.dumps(told["error"])


async def test_fifty_queries_end_without_an_error(project: Path, tmp_path: Path) -> None:
    """CQ-03, AT-305"""
    settings = Settings.model_validate(
        {"local": {"enabled": False}, "quality": {"engines": ["flow", "checks", "ruff"]}}
    )
    queries: list[tuple[str, dict[str, Any]]] = [
        ("code_quality", {"path": str(project)}),
        ("find_security_issues", {"path": str(project), "severity": "HIGH"}),
        ("suggest_fixes", {"path": str(project / "lame.py"), "line": 2}),
        ("code_quality", {"path": str(project), "question": "What is the worst problem?"}),
        ("find_security_issues", {"code": DANGEROUS, "language": "python"}),
    ]
    async with opened(settings, tmp_path / "home") as client:
        failed = [
            tool
            for tool, arguments in queries * 10
            if (await client.call_tool(tool, arguments)).is_error
        ]
    assert failed == []


async def test_a_file_that_says_it_is_generated_is_named(project: Path, tmp_path: Path) -> None:
    (project / "web.py").write_text("# @generated\n" + DANGEROUS)
    told = await call("code_quality", {"path": str(project)}, project, home=tmp_path / "home")
    assert told["skipped"] == {"generated": 1}
    assert any("web.py" in note for note in told["notes"])
