"""The adapter against a stub of the Web API, over a real socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from pointsman.errors import (
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    PointsmanError,
    RateLimited,
)
from pointsman.quality_settings import SonarSettings
from quality.finding import Finding, Place
from quality.sonarqube.errors import SonarFailed, SonarForbidden, SonarUnauthorized
from quality.sonarqube.server import SonarQube, open_sonarqube
from quality.sonarqube.wire import Wire
from tests.quality.sonarqube.stub import TOKEN, Sonar, hotspot, issue, open_sonar, wrong


@asynccontextmanager
async def asked(
    sonar: Sonar, token: str | None = TOKEN, **settings: Any
) -> AsyncGenerator[SonarQube, None]:
    chosen = SonarSettings(url=sonar.url, token=SecretStr("unused"), project="shop", **settings)
    async with open_sonarqube(chosen, token) as sonarqube:
        yield sonarqube


async def test_the_quality_of_a_project_is_its_gate_its_ratings_and_its_measures() -> None:
    """CQ-01, AT-305."""
    async with open_sonar() as sonar, asked(sonar) as sonarqube:
        gate = await sonarqube.gate()
        measures = await sonarqube.measures()
    assert gate.status == "failed"
    assert [(c.metric, c.passed, c.threshold, c.actual) for c in gate.conditions] == [
        ("new_coverage", False, "80", "62.5"),
        ("new_duplicated_lines_density", True, "3", "0.0"),
    ]
    assert measures.ratings == {"reliability": "A", "security": "E", "maintainability": "B"}
    assert measures.values["ncloc"] == 1204
    assert measures.values["debt_min"] == 95
    assert measures.values["coverage_pct"] is None


@pytest.mark.parametrize(
    ("told", "status"),
    [("OK", "passed"), ("WARN", "passed"), ("ERROR", "failed"), ("NONE", "none")],
)
async def test_a_gate_says_whether_it_passed(told: str, status: str) -> None:
    async with open_sonar(gate=told) as sonar, asked(sonar) as sonarqube:
        assert (await sonarqube.gate()).status == status


async def test_projects_are_found_by_a_part_of_their_name() -> None:
    async with open_sonar() as sonar, asked(sonar) as sonarqube:
        assert [project.key for project in await sonarqube.projects("dep")] == ["depot"]
        assert len(await sonarqube.projects()) == 2


async def test_security_issues_are_vulnerabilities_and_hotspots_with_what_their_rules_say() -> None:
    """CQ-01, AT-305."""
    held = [
        issue("AY1"),
        issue("AY2", type="CODE_SMELL", rule="python:S1481", severity="MINOR", impacts=[]),
    ]
    spots = [hotspot("H1"), hotspot("H2", status="REVIEWED")]
    async with open_sonar(issues=held, hotspots=spots) as sonar, asked(sonar) as sonarqube:
        found = await sonarqube.security_issues()
    vulnerability, spot = found.findings
    assert found.total == 2
    assert (vulnerability.id, vulnerability.kind, vulnerability.engine) == (
        "AY1",
        "vulnerability",
        "sonarqube",
    )
    assert vulnerability.place == Place("src/orders.py", 12, 12, 5, 31)
    assert vulnerability.cwe == (89, 20)
    assert vulnerability.remediation == "Use parameters & no text."
    assert vulnerability.effort_min == 90
    assert (spot.id, spot.kind, spot.severity, spot.cwe) == ("H1", "hotspot", "critical", (1240,))


@pytest.mark.parametrize(
    ("severity", "impact", "ours"),
    [
        ("BLOCKER", None, "blocker"),
        ("CRITICAL", None, "critical"),
        ("MAJOR", None, "major"),
        ("MINOR", None, "minor"),
        ("INFO", None, "info"),
        (None, "BLOCKER", "blocker"),
        (None, "HIGH", "critical"),
        (None, "MEDIUM", "major"),
        (None, "LOW", "minor"),
        (None, "INFO", "info"),
        ("BLOCKER", "HIGH", "blocker"),
        ("CRITICAL", "BLOCKER", "blocker"),
        (None, None, "major"),
    ],
)
async def test_severities_old_and_new_become_ours(
    severity: str | None, impact: str | None, ours: str
) -> None:
    """X-44."""
    impacts = [{"softwareQuality": "SECURITY", "severity": impact}] if impact else []
    held = issue("AY1", impacts=impacts, severity=severity)
    if severity is None:
        del held["severity"]
    found = await the_issue(held)
    assert found.severity == ours


@pytest.mark.parametrize(
    ("kind", "quality", "ours"),
    [
        ("BUG", "SECURITY", "bug"),
        (None, "SECURITY", "vulnerability"),
        (None, "RELIABILITY", "bug"),
        (None, "MAINTAINABILITY", "smell"),
        (None, None, "smell"),
    ],
)
async def test_the_kind_is_the_type_else_what_it_has_an_impact_on(
    kind: str | None, quality: str | None, ours: str
) -> None:
    impacts = [{"softwareQuality": quality, "severity": "LOW"}] if quality else []
    found = await the_issue(issue("AY1", type=kind, impacts=impacts))
    assert found.kind == ours


async def test_the_flow_leads_from_the_source_to_the_sink() -> None:
    def stop(line: int, says: str) -> dict[str, object]:
        stretch = {"startLine": line, "endLine": line, "startOffset": 0, "endOffset": 9}
        return {"component": "shop:src/orders.py", "textRange": stretch, "msg": says}

    found = await the_issue(
        issue("AY1", flows=[{"locations": [stop(12, "sink"), stop(7, "read")]}])
    )
    assert [(step.place.line, step.says) for step in found.flow] == [(7, "read"), (12, "sink")]


async def the_issue(held: dict[str, Any]) -> Finding:
    async with open_sonar(issues=[held]) as sonar, asked(sonar) as sonarqube:
        return await sonarqube.finding(held["key"])


async def test_one_finding_is_looked_up_by_its_key() -> None:
    """AT-305: what `suggest_fixes` starts from."""
    async with (
        open_sonar(issues=[issue("AY1")], hotspots=[hotspot("H1")]) as sonar,
        asked(sonar) as sonarqube,
    ):
        assert (await sonarqube.finding("AY1")).remediation == "Use parameters & no text."
        spot = await sonarqube.finding("H1")
        assert (spot.place.path, spot.remediation) == ("src/keys.py", "Do\nUse SHA-256.")
        assert await sonarqube.source("src/orders.py") == "import sqlite3\n"
        with pytest.raises(NotFound):
            await sonarqube.finding("H2")


async def test_a_rule_is_asked_for_once_and_a_removed_one_is_no_error() -> None:
    held = [issue(f"AY{n}") for n in range(20)] + [issue("AY99", rule="python:gone")]
    async with open_sonar(issues=held) as sonar, asked(sonar) as sonarqube:
        first = await sonarqube.security_issues()
        await sonarqube.security_issues()
    keys = [r.query_params["key"] for r in sonar.asked if r.url.path == "/api/rules/show"]
    assert sorted(keys) == ["python:S3649", "python:gone"]
    assert first.findings[-1].cwe == ()


async def test_all_pages_are_read_and_no_more_than_the_server_gives() -> None:
    held = [issue(f"AY{n}", severity="MINOR", impacts=[]) for n in range(10_600)]
    held[10_550] = issue("WORST")
    async with open_sonar(issues=held) as sonar, asked(sonar) as sonarqube:
        found = await sonarqube.issues()
    assert len(found.findings) == 10_000
    assert found.total == 10_600
    assert found.findings[0].id == "WORST"


async def test_reading_stops_when_there_is_enough() -> None:
    held = [issue(f"AY{n}") for n in range(2_000)]
    async with open_sonar(issues=held) as sonar, asked(sonar) as sonarqube:
        found = await sonarqube.issues(most=50)
    assert (len(found.findings), found.total, len(sonar.asked)) == (50, 2_000, 1)


async def test_fifty_queries_end_without_an_error() -> None:
    """CQ-03, AT-305."""
    async with (
        open_sonar(issues=[issue("AY1")], hotspots=[hotspot("H1")]) as sonar,
        asked(sonar) as sonarqube,
    ):
        for _ in range(17):
            assert (await sonarqube.gate()).status == "failed"
            assert len((await sonarqube.security_issues()).findings) == 2
            assert (await sonarqube.finding("AY1")).rule == "python:S3649"


async def test_cloud_is_told_the_organization() -> None:
    async with (
        open_sonar(issues=[issue("AY1")]) as sonar,
        asked(sonar, organization="acme") as sonarqube,
    ):
        await sonarqube.projects()
        await sonarqube.security_issues()
    asked_of = {r.url.path: r.query_params.get("organization") for r in sonar.asked}
    assert asked_of["/api/components/search"] == "acme"
    assert asked_of["/api/issues/search"] == "acme"
    assert asked_of["/api/rules/show"] == "acme"


async def test_without_a_project_the_caller_is_asked_for_one() -> None:
    async with httpx.AsyncClient() as client:
        sonarqube = SonarQube(Wire(client, "http://127.0.0.1:9", token=None))
        with pytest.raises(InvalidInput):
            await sonarqube.gate()


def answers(response: Response) -> Any:
    return lambda _: response


def cut(request: Request) -> Response:
    async def half() -> AsyncGenerator[bytes, None]:
        yield b'{"projectStatus": {"sta'

    return StreamingResponse(
        half(), media_type="application/json", headers={"content-length": "99"}
    )


FAULTS = [
    (Response(status_code=401), SonarUnauthorized, "unauthorized"),
    (wrong(403, "Insufficient privileges"), SonarForbidden, "forbidden"),
    (wrong(404, "Project 'shop' not found"), NotFound, "not_found"),
    (Response(status_code=429, headers={"retry-after": "30"}), RateLimited, "rate_limited"),
    (wrong(400, "The 'metricKeys' parameter is missing"), InvalidInput, "invalid_input"),
    (Response("boom", 500), SonarFailed, "no_backend"),
    (wrong(503, "SonarQube is starting"), SonarFailed, "no_backend"),
    (HTMLResponse("<html>Log in</html>"), SonarFailed, "no_backend"),
    (RedirectResponse("/sessions/new?return_to=%2F"), SonarUnauthorized, "unauthorized"),
    (RedirectResponse("https://elsewhere.example/api"), SonarFailed, "no_backend"),
    (Response('{"projectStatus": {"sta', media_type="application/json"), SonarFailed, "no_backend"),
    (Response("[]", media_type="application/json"), SonarFailed, "no_backend"),
    (Response("[" * 100_000, media_type="application/json"), SonarFailed, "no_backend"),
    (Response("{}", media_type="application/json"), SonarFailed, "no_backend"),
    (wrong(400, f"bad token {TOKEN}"), InvalidInput, "invalid_input"),
]


@pytest.mark.parametrize(("response", "error", "code"), FAULTS)
async def test_a_failure_is_told_by_its_kind_and_never_with_the_token(
    response: Response, error: type[PointsmanError], code: str
) -> None:
    async with open_sonar(fault=answers(response)) as sonar, asked(sonar) as sonarqube:
        with pytest.raises(error) as told:
            await sonarqube.gate()
    assert told.value.code == code
    assert TOKEN not in f"{told.value} {told.value!r}"
    assert {request.url.hostname for request in sonar.asked} == {"127.0.0.1"}


async def test_a_throttled_token_says_when_to_come_back() -> None:
    slow = Response(status_code=429, headers={"retry-after": "30"})
    async with open_sonar(fault=answers(slow)) as sonar, asked(sonar) as sonarqube:
        with pytest.raises(RateLimited) as told:
            await sonarqube.gate()
    assert told.value.retry_after_s == 30


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    async with open_sonar() as other:
        away = RedirectResponse(f"{other.url}/api/qualitygates/project_status")
        async with open_sonar(fault=answers(away)) as sonar, asked(sonar) as sonarqube:
            with pytest.raises(SonarFailed):
                await sonarqube.gate()
    assert other.asked == []


async def test_a_fault_in_one_of_several_rules_is_told_as_itself() -> None:
    held = [issue(f"AY{n}", rule=f"python:S{n}") for n in range(9)]
    async with open_sonar(issues=held) as sonar, asked(sonar) as sonarqube:
        found = await sonarqube.issues()
        sonar.fault = answers(wrong(403, "Insufficient privileges"))
        with pytest.raises(SonarForbidden):
            await sonarqube.explained(found.findings)


async def test_half_an_answer_is_a_failure() -> None:
    async with open_sonar(fault=cut) as sonar, asked(sonar) as sonarqube:
        with pytest.raises(SonarFailed):
            await sonarqube.gate()


async def test_an_answer_without_measure_is_given_up() -> None:
    def too_much(request: Request) -> Response:
        async def more() -> AsyncGenerator[bytes, None]:
            for _ in range(64):
                yield b"[" * 65_536

        return StreamingResponse(more(), media_type="application/json")

    async with open_sonar(fault=too_much) as sonar, httpx.AsyncClient() as client:
        sonarqube = SonarQube(Wire(client, sonar.url, token=TOKEN, cap=2**20), project="shop")
        with pytest.raises(SonarFailed):
            await sonarqube.gate()


async def test_a_server_that_is_silent_or_not_there_is_told() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    def absent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    for transport, error in ((silent, DeadlineExceeded), (absent, SonarFailed)):
        async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as client:
            sonarqube = SonarQube(Wire(client, "http://sonar.test", token=TOKEN), project="shop")
            with pytest.raises(error):
                await sonarqube.gate()


async def test_a_connection_that_had_idled_is_tried_once_more() -> None:
    calls: list[httpx.Request] = []

    def closes_first(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            raise httpx.RemoteProtocolError("closed", request=request)
        return httpx.Response(200, json={"projectStatus": {"status": "OK", "conditions": []}})

    async with httpx.AsyncClient(transport=httpx.MockTransport(closes_first)) as client:
        sonarqube = SonarQube(Wire(client, "http://sonar.test", token=TOKEN), project="shop")
        assert (await sonarqube.gate()).status == "passed"
    assert len(calls) == 2
