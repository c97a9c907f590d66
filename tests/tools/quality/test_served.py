"""The tools answered by a SonarQube server, against the stub of its Web API."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pointsman.errors import InvalidInput
from pointsman.quality_settings import SonarSettings
from quality.sonarqube.server import SonarQube, open_sonarqube
from tests.quality.sonarqube.stub import TOKEN, hotspot, issue, open_sonar
from tools.quality.forms import QualityArguments, SecurityArguments
from tools.quality.reading import read_quality
from tools.quality.served import dangers_of, local_of, quality_of


@asynccontextmanager
async def serving(**held: Any) -> AsyncGenerator[SonarQube, None]:
    async with open_sonar(**held) as sonar:
        settings = SonarSettings(url=sonar.url, project="shop")
        async with open_sonarqube(settings, TOKEN) as server:
            yield server


async def test_the_quality_of_a_project_is_what_the_server_says() -> None:
    """CQ-01, AT-305"""
    held = [issue("AY1"), issue("AY2", severity="MINOR", type="CODE_SMELL", impacts=[])]
    async with serving(issues=held, hotspots=[hotspot("H1")]) as server:
        result = await quality_of(server, QualityArguments(path="."))
    assert result.gate["status"] == "failed"
    assert [(c["metric"], c["on"], c["blocks"]) for c in result.gate["conditions"]] == [
        ("new_coverage", "new", True),
        ("new_duplicated_lines_density", "new", False),
    ]
    assert result.ratings == {"reliability": "A", "security": "E", "maintainability": "B"}
    assert (result.measures["ncloc"], "coverage_pct" in result.measures) == (1204, False)
    assert {s: n for s, n in result.issues_by_severity.items() if n} == {"blocker": 1, "minor": 1}
    assert [one["id"] for one in result.issues] == ["AY1", "AY2"]
    assert [one["id"] for one in result.hotspots] == ["H1"]


@pytest.mark.parametrize(("severity", "told"), [("LOW", 2), ("HIGH", 1), ("CRITICAL", 1)])
async def test_dangers_are_those_of_a_level(severity: str, told: int) -> None:
    minor = issue("AY2", severity="MINOR", impacts=[])
    async with serving(issues=[issue("AY1"), minor]) as server:
        asked = SecurityArguments.model_validate({"path": "shop", "severity": severity})
        result = await dangers_of(server, asked)
    assert len(result.issues) == told
    assert (result.issues[0]["severity"], result.issues[0]["cwe"]) == ("CRITICAL", "CWE-89")


async def test_an_issue_is_mended_where_it_is_here() -> None:
    async with serving(issues=[issue("AY1")]) as server:
        given = await local_of(server, "AY1", apply=False)
    assert (given.path, given.line) == ("src/orders.py", 12)


@pytest.mark.parametrize(
    "more", [{"new_since": "main"}, {"coverage": "c.xml"}, {"baseline": "b"}, {"question": "Why?"}]
)
async def test_what_the_server_does_not_answer_is_refused_and_not_passed_over(
    more: dict[str, str],
) -> None:
    async with serving() as server:
        with pytest.raises(InvalidInput):
            await quality_of(server, QualityArguments.model_validate({"path": "."} | more))


async def test_all_hotspots_are_counted_though_the_first_are_named() -> None:
    held = [hotspot(f"H{n}") for n in range(60)]
    async with serving(hotspots=held) as server:
        result = await quality_of(server, QualityArguments(path="."))
    assert len(result.hotspots) == 50
    assert "hotspots: 60" in read_quality(result)


async def test_a_part_of_a_project_is_measured_by_itself() -> None:
    held = [hotspot("H1"), hotspot("H2", component="shop:web/keys.py")]
    async with serving(hotspots=held) as server:
        result = await quality_of(server, QualityArguments(path="shop:src"))
    assert result.measures["ncloc"] == 204
    assert [one["id"] for one in result.hotspots] == ["H1"]
