"""The settings of the agent and of the tools it works with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from pointsman.section import Section

Rule = Literal["allow", "ask", "deny"]
Approve = Literal["ask", "never", "all"]
ContextStrategy = Literal["sliding", "importance", "summary", "hybrid"]
ToolsetName = Literal[
    "core",
    "panel",
    "search",
    "cache",
    "conversations",
    "experiments",
    "admin",
    "workbench",
    "all",
]


class ToolSettings(Section):
    enabled: tuple[ToolsetName, ...] = ("core",)
    roots: tuple[Path, ...] = ()  # folders that the file tools may reach; none: no files
    max_file_mb: float = Field(default=10, gt=0, le=1024)  # of a file that is read or written
    code: Literal["auto", "monty", "bubblewrap", "off"] = "auto"  # what may run programs
    code_s: float = Field(default=10, gt=0, le=600)  # of a program, at most
    code_memory_mb: float = Field(default=256, gt=0, le=65_536)
    fetch_s: float = Field(default=20, gt=0, le=300)
    fetch_mb: float = Field(default=5, gt=0, le=100)  # of a page, unpacked

    @field_validator("roots")
    @classmethod
    def _from_home(cls, roots: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(root.expanduser() for root in roots)


class SearchSettings(Section):
    """Where `web_search` asks; the first that is set up and answers."""

    searxng_url: str | None = None  # of an instance that gives JSON; it may be a private host
    brave_api_key: SecretStr | None = None
    tavily_api_key: SecretStr | None = None
    exa_api_key: SecretStr | None = None
    keyless: bool = True  # fall back on `ddgs`, which reads public result pages
    cache_s: float = Field(default=3600, ge=0)
    timeout_s: float = Field(default=10, gt=0, le=60)

    @field_validator("searxng_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url


class AgentSettings(Section):
    servers: Path | None = None  # an mcp.json; none: the one in the home, if there is one
    approve: Approve = "ask"  # of a run that says nothing
    rules: Mapping[str, Rule] = Field(default_factory=dict[str, Rule])  # by tool name, or pattern
    model: str = "auto"
    max_turns: int = Field(default=12, ge=1, le=200)
    max_cost_usd: float = Field(default=1.0, ge=0, le=1e6)
    max_tokens: int = Field(default=500_000, ge=1)  # of all turns, in and out
    deadline_s: float = Field(default=900, gt=0, le=86_400)  # people's answers not counted
    approval_s: float = Field(default=300, gt=0, le=86_400)  # no answer by then is a no
    parallel: int = Field(default=4, ge=1, le=64)  # tool calls at once
    tool_s: float = Field(default=60, gt=0, le=3600)  # of a tool that gives no sign of life
    result_kb: float = Field(default=16, gt=0, le=1024)  # of a result that the model is shown
    definitions_tokens: int = Field(default=8_000, ge=100)  # of tools; past them they are searched
    context: ContextStrategy = "hybrid"  # what is done where a conversation grows too long
    runs_days: float = Field(default=30, gt=0)  # that records are kept

    @field_validator("servers")
    @classmethod
    def _from_home(cls, servers: Path | None) -> Path | None:
        return None if servers is None else servers.expanduser()
