"""The questions we ask a SonarQube server."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from pointsman.errors import InvalidInput, NotFound, PointsmanError
from pointsman.quality_settings import SonarSettings
from quality.finding import Finding
from quality.sonarqube import answers, words
from quality.sonarqube.answers import METRICS, RATINGS, REACH, Found, Gate, Measures, Project
from quality.sonarqube.errors import SonarFailed
from quality.sonarqube.shapes import (
    ComponentPage,
    HotspotDetail,
    HotspotPage,
    IssuePage,
    MeasuresAnswer,
    Page,
    Rule,
    RuleAnswer,
    StatusAnswer,
)
from quality.sonarqube.wire import Wire

PAGE = 500  # results: the most that it gives at once
RULES_AT_ONCE = 4
Answer = TypeVar("Answer", bound=BaseModel)
Paged = TypeVar("Paged", bound=Page)


@asynccontextmanager
async def open_sonarqube(
    settings: SonarSettings, token: str | None
) -> AsyncGenerator["SonarQube", None]:
    """The server of `settings`; `token` is the one they name, read by who calls."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
        wire = Wire(client, settings.url, token=token, timeout_s=settings.timeout_s)
        yield SonarQube(wire, organization=settings.organization, project=settings.project)


class SonarQube:
    """One server. Every method raises what `quality.sonarqube.errors` lists."""

    def __init__(
        self, wire: Wire, *, organization: str | None = None, project: str | None = None
    ) -> None:
        self._wire = wire
        self._organization = organization
        self._project = project
        self._rules: dict[str, Rule] = {}

    async def projects(self, name: str | None = None) -> tuple[Project, ...]:
        """Those that the token sees, at most `REACH`, whose name or key has `name` in it."""
        params = {"qualifiers": "TRK"} | ({"q": name} if name else {}) | self._of_organization()
        pages = [page async for page in self._pages("api/components/search", params, ComponentPage)]
        return tuple(Project(c.key, c.name or c.key) for page in pages for c in page.components)

    async def gate(self, project: str | None = None, *, branch: str | None = None) -> Gate:
        answer = await self._ask(
            "api/qualitygates/project_status",
            {"projectKey": self.key(project)} | _branch(branch),
            StatusAnswer,
        )
        return answers.gate(answer.project_status)

    async def measures(
        self, project: str | None = None, *, path: str | None = None, branch: str | None = None
    ) -> Measures:
        """Those of a project, or of one file or folder of it."""
        answer = await self._ask(
            "api/measures/component",
            {
                "component": self._component(project, path),
                "metricKeys": ",".join((*RATINGS.values(), *METRICS.values())),
            }
            | _branch(branch),
            MeasuresAnswer,
        )
        return answers.measures(answer)

    async def issues(
        self,
        project: str | None = None,
        *,
        security: bool = False,
        path: str | None = None,
        branch: str | None = None,
        most: int = REACH,
    ) -> Found:
        """Open issues, all or only vulnerabilities, of a project or of one file or folder of it."""
        params = {
            "componentKeys": self._component(project, path),
            "resolved": "false",
            "s": "SEVERITY",
            "asc": "false",
        } | ({"types": "VULNERABILITY"} if security else {})
        params |= self._of_organization() | _branch(branch)
        findings: list[Finding] = []
        total = 0
        async for page in self._pages("api/issues/search", params, IssuePage):
            paths = words.paths_of(page.components)
            found = (words.finding(issue, paths) for issue in page.issues)
            findings += (each for each in found if not security or each.kind == "vulnerability")
            total = page.paging.total
            if len(findings) >= most:
                break
        return Found(tuple(findings[:most]), max(total, len(findings)))

    async def hotspots(
        self, project: str | None = None, *, path: str | None = None, branch: str | None = None
    ) -> Found:
        """Hotspots that nobody has reviewed yet, of a project or of one file or folder of it.

        Of a folder the server cannot be asked, so all are and the others left out.
        """
        params = {"projectKey": self.key(project), "status": "TO_REVIEW"} | _branch(branch)
        findings: list[Finding] = []
        total = 0
        async for page in self._pages("api/hotspots/search", params, HotspotPage):
            paths = words.paths_of(page.components)
            found = (words.hotspot(spot, paths) for spot in page.hotspots)
            findings += (each for each in found if words.is_within(each.place.path, path))
            total = page.paging.total
        return Found(tuple(findings), len(findings) if path else max(total, len(findings)))

    async def security_issues(
        self, project: str | None = None, *, path: str | None = None, branch: str | None = None
    ) -> Found:
        """Vulnerabilities, then hotspots, each with its CWEs and what its rule says to do."""
        issues = await self.issues(project, security=True, path=path, branch=branch)
        spots = await self.hotspots(project, path=path, branch=branch)
        findings = await self.explained((*issues.findings, *spots.findings))
        return Found(findings, issues.total + spots.total)

    async def finding(self, key: str) -> Finding:
        """The issue or the hotspot of this key, with what its rule says to do.

        Raises:
            NotFound: there is neither, or it is closed.
        """
        page = await self._ask("api/issues/search", {"issues": key, "ps": "1"}, IssuePage)
        paths = words.paths_of(page.components)
        found = [words.finding(issue, paths) for issue in page.issues if issue.key == key]
        if not found:
            found = [words.hotspot_shown(await self._hotspot(key))]
        return (await self.explained(tuple(found)))[0]

    async def explained(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """`findings` with the CWEs and the remediation of their rules; each rule is asked once."""
        limit = anyio.CapacityLimiter(RULES_AT_ONCE)

        async def learn(key: str) -> None:
            async with limit:
                try:
                    self._rules[key] = await self.rule(key)
                except NotFound:  # it was removed with its plugin, and its issues are still there
                    self._rules[key] = Rule(key=key)

        wanted = {f.rule for f in findings if ":" in f.rule} - self._rules.keys()
        try:
            async with anyio.create_task_group() as group:
                for key in sorted(wanted):
                    group.start_soon(learn, key)
        except BaseExceptionGroup as several:
            raise _first(several) from several
        return tuple(self._explained(finding) for finding in findings)

    def _explained(self, finding: Finding) -> Finding:
        rule = self._rules.get(finding.rule)
        if rule is None:
            return finding
        return replace(
            finding,
            cwe=words.weaknesses(rule),
            remediation=finding.remediation or words.remediation(rule),
        )

    async def rule(self, key: str) -> Rule:
        answer = await self._ask(
            "api/rules/show", {"key": key} | self._of_organization(), RuleAnswer
        )
        return answer.rule

    async def source(self, path: str, project: str | None = None) -> str:
        """The text of a file, as it was when it was analysed."""
        return await self._wire.text("api/sources/raw", {"key": f"{self.key(project)}:{path}"})

    def key(self, project: str | None = None) -> str:
        """The project that is asked about.

        Raises:
            InvalidInput: none is named, and there is no default.
        """
        key = project or self._project
        if not key:
            raise InvalidInput(
                "No SonarQube project is named.",
                hint="Give its key as `path`, or set [quality.sonarqube] project.",
            )
        return key

    def _component(self, project: str | None, path: str | None) -> str:
        return self.key(project) + (f":{path}" if path else "")

    async def _hotspot(self, key: str) -> HotspotDetail:
        return await self._ask("api/hotspots/show", {"hotspot": key}, HotspotDetail)

    def _of_organization(self) -> dict[str, str]:
        return {"organization": self._organization} if self._organization else {}

    async def _ask(self, path: str, params: Mapping[str, str], shape: type[Answer]) -> Answer:
        answer = await self._wire.json(path, params)
        try:
            return shape.model_validate(answer)
        except ValidationError as error:
            first = ".".join(str(step) for step in error.errors()[0]["loc"])
            raise SonarFailed(f"{path} answered without a proper {first}") from None

    async def _pages(
        self, path: str, params: Mapping[str, str], shape: type[Paged]
    ) -> AsyncGenerator[Paged, None]:
        for number in range(1, REACH // PAGE + 1):
            page = await self._ask(path, {**params, "p": str(number), "ps": str(PAGE)}, shape)
            yield page
            if number * PAGE >= page.paging.total:
                return


def _branch(branch: str | None) -> dict[str, str]:
    return {"branch": branch} if branch else {}


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The fault among those that ended together; all ask the same server, so one tells it."""
    faults, others = several.split(PointsmanError)
    if others is not None or faults is None:
        return several
    first: BaseException = faults
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
