"""The settings of the code quality tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from pointsman.section import Section

EngineName = Literal[
    "flow",
    "checks",
    "ruff",
    "bandit",
    "metrics",
    "cognitive",
    "duplication",
    "dead_code",
    "types",
    "secrets",
    "javascript",
    "dependencies",
    "sarif",
    "model",
]
Letter = Literal["A", "B", "C", "D", "E"]


class SonarSettings(Section):
    """A SonarQube server, or SonarQube Cloud, that answers in the place of our engines."""

    url: str
    token: SecretStr | None = None
    token_env: str | None = None
    organization: str | None = None  # of SonarQube Cloud
    project: str | None = None  # its key, for paths that name none
    timeout_s: float = Field(default=30, gt=0, le=300)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url.rstrip("/")


class GateSettings(Section):
    """What must hold for the gate to pass; a condition that is None ("none") is not asked."""

    # Of all code, whether new or not. The letter is the worst that passes.
    reliability: Letter | None = "C"
    security: Letter | None = "A"
    maintainability: Letter | None = "B"
    duplication_pct: float | None = Field(default=10.0, ge=0, le=100)  # at most
    coverage_pct: float | None = Field(default=None, ge=0, le=100)  # at least
    issues: Mapping[Literal["info", "minor", "major", "critical", "blocker"], int] = Field(
        default_factory=dict[Literal["info", "minor", "major", "critical", "blocker"], int]
    )  # at most so many of a severity
    # Of new code, asked where there is something to compare with: SonarQube's "Sonar way".
    new_issues: int | None = Field(default=0, ge=0)
    new_coverage_pct: float | None = Field(default=80.0, ge=0, le=100)  # at least, where measured
    new_duplication_pct: float | None = Field(default=3.0, ge=0, le=100)
    new_hotspots: int | None = Field(default=0, ge=0)

    @field_validator("*", mode="before")
    @classmethod
    def _or_none(cls, value: object) -> object:
        return None if value == "none" else value  # TOML has no null


class QualitySettings(Section):
    engines: tuple[EngineName, ...] | None = None  # None: all that are there, but for `model`
    exclude: tuple[str, ...] = ()  # as .gitignore writes them
    rules: tuple[Path, ...] = ()  # TOML files with sources, sinks and patterns of your own
    suppressed_rules: tuple[str, ...] = ()  # "engine:rule", not wanted in this project
    max_function_lines: int = Field(default=50, ge=5)
    max_file_lines: int = Field(default=1000, ge=50)
    max_cognitive: int = Field(default=15, ge=1)  # of a function, as SonarQube asks
    max_complexity: int = Field(default=10, ge=1)
    engine_s: float = Field(default=120, gt=0, le=3600)  # of one engine
    max_files: int = Field(default=50_000, ge=1)
    max_file_mb: float = Field(default=2, gt=0, le=100)
    test_command: tuple[str, ...] = ()  # what must pass before a fix is offered
    test_s: float = Field(default=300, gt=0, le=3600)
    fix_attempts: int = Field(default=3, ge=1, le=10)  # asks of a model for one fix
    fix_cost_usd: float = Field(default=0.10, ge=0, le=100)  # for one finding
    review: bool = False  # let a model review functions for what no engine covers
    review_cost_usd: float = Field(default=0.50, ge=0, le=100)
    phrase: bool = False  # let a model word the answers to questions, checked against the facts
    gate: GateSettings = GateSettings()
    # From the root of what is analysed:
    baseline: str = "quality-baseline.json"  # findings that are known and put off
    coverage: tuple[str, ...] = ()  # reports of test coverage; empty: where they usually are
    sarif: tuple[str, ...] = ()  # SARIF files of other tools, whose findings count too
    sonarqube: SonarSettings | None = None

    @field_validator("rules")
    @classmethod
    def _from_home(cls, rules: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(path.expanduser() for path in rules)
