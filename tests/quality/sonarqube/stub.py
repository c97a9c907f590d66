"""A SonarQube server with as much of its Web API as we use, on a real socket.

Shapes and limits are those of its own documentation: pages of at most 500, nothing beyond the
10,000th result, errors as `{"errors": [{"msg": ...}]}`, an empty body with 401.
"""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

TOKEN = "squ_0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - nobody's
WORST_FIRST = ("BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO")
Json = dict[str, Any]

RULES: dict[str, Json] = {
    "python:S3649": {
        "name": "Database queries should not be vulnerable to injection attacks",
        "securityStandards": ["cwe:89", "owaspTop10-2021:a3"],
        "descriptionSections": [
            {"key": "root_cause", "content": "<p>Injection.</p>"},
            {"key": "how_to_fix", "content": "<p>Use <code>parameters</code> &amp; no text.</p>"},
            {"key": "resources", "content": "<ul><li>CWE - CWE-20</li></ul>"},
        ],
    },
    "python:S4790": {
        "name": "Using weak hashing algorithms is security-sensitive",
        "htmlDesc": "<p>Use SHA-256.</p><p>See MITRE, CWE-1240</p>",
    },
    "python:S1481": {"name": "Unused local variables should be removed", "htmlDesc": ""},
}


def issue(key: str, **changed: Any) -> Json:
    """An issue as it is sent by a server of today."""
    return {
        "key": key,
        "rule": "python:S3649",
        "severity": "BLOCKER",
        "component": "shop:src/orders.py",
        "project": "shop",
        "line": 12,
        "hash": "a227e508d6646b55a086ee11d63b21e9",
        "textRange": {"startLine": 12, "endLine": 12, "startOffset": 4, "endOffset": 30},
        "flows": [],
        "status": "OPEN",
        "issueStatus": "OPEN",
        "message": "Change this code to not construct SQL queries from user-controlled data.",
        "effort": "1h30min",
        "debt": "1h30min",
        "tags": ["cwe", "sql"],
        "type": "VULNERABILITY",
        "cleanCodeAttribute": "COMPLETE",
        "impacts": [{"softwareQuality": "SECURITY", "severity": "HIGH"}],
    } | changed


def hotspot(key: str, **changed: Any) -> Json:
    return {
        "key": key,
        "component": "shop:src/keys.py",
        "project": "shop",
        "securityCategory": "weak-cryptography",
        "vulnerabilityProbability": "HIGH",
        "status": "TO_REVIEW",
        "line": 3,
        "message": "Make sure this weak hash algorithm is not used in a sensitive context here.",
        "ruleKey": "python:S4790",
        "flows": [],
    } | changed


@dataclass
class Sonar:
    """What it holds, and what it was asked."""

    issues: list[Json] = field(default_factory=list[Json])
    hotspots: list[Json] = field(default_factory=list[Json])
    gate: str = "ERROR"
    asked: list[Request] = field(default_factory=list[Request])
    fault: Callable[[Request], Response] | None = None  # answers in the place of the API
    url: str = ""

    async def answer(self, request: Request) -> Response:
        self.asked.append(request)
        if self.fault:
            return self.fault(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Response(status_code=401)
        answers: dict[str, Callable[[dict[str, str]], Response]] = {
            "components/search": self._components,
            "qualitygates/project_status": self._gate,
            "measures/component": self._measures,
            "issues/search": self._issues,
            "hotspots/search": self._hotspots,
            "hotspots/show": self._hotspot,
            "rules/show": self._rule,
            "sources/raw": self._source,
        }
        endpoint = answers.get(request.path_params["path"])
        if endpoint is None:
            return wrong(404, f"Unknown url : {request.url.path}")
        return endpoint(dict(request.query_params))

    def _components(self, asked: dict[str, str]) -> Response:
        found = [
            {"key": key, "name": key.title(), "qualifier": "TRK"}
            for key in ("shop", "depot")
            if asked.get("q", "") in key
        ]
        return JSONResponse({"paging": paging(asked, len(found)), "components": found})

    def _gate(self, asked: dict[str, str]) -> Response:
        if asked.get("projectKey") != "shop":
            return wrong(404, f"Project '{asked.get('projectKey')}' not found")
        conditions = [
            condition("ERROR", "new_coverage", "LT", "80", "62.5"),
            condition("OK", "new_duplicated_lines_density", "GT", "3", "0.0"),
        ]
        return JSONResponse(
            {
                "projectStatus": {
                    "status": self.gate,
                    "ignoredConditions": False,
                    "caycStatus": "compliant",
                    "conditions": conditions if self.gate != "NONE" else [],
                }
            }
        )

    def _measures(self, asked: dict[str, str]) -> Response:
        if asked.get("component") not in ("shop", "shop:src"):
            return wrong(404, f"Component key '{asked.get('component')}' not found")
        held = {
            "reliability_rating": "1.0",
            "security_rating": "5.0",
            "sqale_rating": "2.0",
            "ncloc": "1204",
            "duplicated_lines_density": "3.4",
            "sqale_index": "95",
        }
        if asked["component"] == "shop:src":
            held["ncloc"] = "204"
        measures = [
            {"metric": metric, "value": held[metric], "bestValue": False}
            for metric in asked["metricKeys"].split(",")
            if metric in held
        ]
        component = {"key": "shop", "name": "Shop", "qualifier": "TRK", "measures": measures}
        return JSONResponse({"component": component})

    def _issues(self, asked: dict[str, str]) -> Response:
        found = [
            each
            for each in self.issues
            if each["key"] == asked.get("issues", each["key"])
            and asked.get("componentKeys", "shop") in (each["project"], each["component"])
            and ("types" not in asked or each["type"] in asked["types"].split(","))
        ]
        if asked.get("s") == "SEVERITY":
            found.sort(key=lambda each: WORST_FIRST.index(each["severity"]))
        return self._page(asked, found, "issues")

    def _hotspots(self, asked: dict[str, str]) -> Response:
        if asked.get("projectKey") != "shop":
            return wrong(404, f"Project '{asked.get('projectKey')}' not found")
        status = asked.get("status")
        return self._page(asked, [h for h in self.hotspots if h["status"] == status], "hotspots")

    def _page(self, asked: dict[str, str], found: list[Json], name: str) -> Response:
        page, size = int(asked.get("p", 1)), int(asked.get("ps", 100))
        if size > 500:
            return wrong(400, f"'ps' value ({size}) must be less than 500")
        if page * size > 10_000:
            return wrong(
                400, f"Can return only the first 10000 results. {page * size}th result asked."
            )
        part = found[(page - 1) * size : page * size]
        keys = sorted({each["component"] for each in part})
        components = [
            {"key": key, "qualifier": "FIL", "name": key, "path": key.removeprefix("shop:")}
            for key in keys
        ]
        return JSONResponse(
            {"paging": paging(asked, len(found)), name: part, "components": components}
        )

    def _hotspot(self, asked: dict[str, str]) -> Response:
        for each in self.hotspots:
            if each["key"] == asked["hotspot"]:
                path = each["component"].removeprefix("shop:")
                return JSONResponse(
                    each
                    | {
                        "component": {"key": each["component"], "qualifier": "FIL", "path": path},
                        "rule": {
                            "key": each["ruleKey"],
                            "securityCategory": each["securityCategory"],
                            "vulnerabilityProbability": each["vulnerabilityProbability"],
                            "fixRecommendations": "<h2>Do</h2><p>Use <b>SHA-256</b>.</p>",
                        },
                    }
                )
        return wrong(404, f"Hotspot '{asked['hotspot']}' does not exist")

    def _rule(self, asked: dict[str, str]) -> Response:
        rule = RULES.get(asked["key"])
        if rule is None:
            return wrong(404, f"Rule not found: {asked['key']}")
        return JSONResponse({"rule": {"key": asked["key"], "lang": "py"} | rule, "actives": []})

    def _source(self, asked: dict[str, str]) -> Response:
        if asked["key"] != "shop:src/orders.py":
            return wrong(404, f"Component key '{asked['key']}' not found")
        return PlainTextResponse("import sqlite3\n")


def wrong(status: int, says: str) -> JSONResponse:
    return JSONResponse({"errors": [{"msg": says}]}, status)


def paging(asked: dict[str, str], total: int) -> Json:
    return {
        "pageIndex": int(asked.get("p", 1)),
        "pageSize": int(asked.get("ps", 100)),
        "total": total,
    }


def condition(status: str, metric: str, comparator: str, threshold: str, actual: str) -> Json:
    return {
        "status": status,
        "metricKey": metric,
        "comparator": comparator,
        "periodIndex": 1,
        "errorThreshold": threshold,
        "actualValue": actual,
    }


@asynccontextmanager
async def open_sonar(**held: Any) -> AsyncGenerator[Sonar, None]:
    """A server that listens on a port of its own."""
    sonar = Sonar(**held)
    listener = socket.create_server(("127.0.0.1", 0))
    sonar.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(routes=[Route("/api/{path:path}", sonar.answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off"))
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve, [listener])
        try:
            yield sonar
        finally:
            server.should_exit = True
