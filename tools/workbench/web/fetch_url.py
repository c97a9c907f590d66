"""The `fetch_url` tool: a public web page as Markdown, a part at a time."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from pydantic import Field

from pointsman.agent_settings import ToolSettings
from pointsman.errors import DeadlineExceeded
from tools.tool import Arguments, Caller, Result, Tool

if TYPE_CHECKING:  # httpcore and the names' tables take 0.2 s to import
    from tools.workbench.web.content import Content, Page
    from tools.workbench.web.visit import Reach

MEBIBYTE = 1024 * 1024


class FetchUrlArguments(Arguments):
    url: str = Field(min_length=1, max_length=4096)
    start: int = Field(default=0, ge=0, description="character to begin at")
    max_chars: int = Field(default=20_000, ge=1, le=100_000)


class LinkOut(Result):
    text: str
    url: str


class FetchUrlResult(Result):
    url: str  # where it was found in the end
    status: int
    title: str | None
    content_type: str
    text: str
    start: int
    total_chars: int
    next_start: int | None = Field(description="where the rest begins; null: there is none")
    truncated: bool = Field(description="the page is longer than what is read of one")
    links: list[LinkOut] = Field(description="the page's first 50; told once, at start 0")


def fetch_url_tool(settings: ToolSettings, reach: "Reach | None" = None) -> Tool:
    """The tool; `reach` says where it may go, and without it that is the public internet."""
    cap = int(settings.fetch_mb * MEBIBYTE)

    async def run(given: FetchUrlArguments, caller: Caller) -> FetchUrlResult:
        del caller
        try:
            with anyio.fail_after(settings.fetch_s):
                visit, content_of = await anyio.to_thread.run_sync(_load, reach, cap)
                page = await visit(given.url)
                content = await anyio.to_thread.run_sync(content_of, page, abandon_on_cancel=True)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"The page took longer than {settings.fetch_s:g} s.",
                hint="Raise tools.fetch_s, or read another page.",
            ) from error
        return _part(page, content, given)

    return Tool(
        name="fetch_url",
        title="Read a web page",
        description="Read a web page as Markdown.",
        arguments=FetchUrlArguments,
        result=FetchUrlResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=True,
        idempotent=True,
        risk="network",
        untrusted=True,
        toolset="workbench",
    )


def _load(
    reach: "Reach | None", cap: int
) -> tuple[Callable[[str], Awaitable["Page"]], Callable[["Page"], "Content"]]:
    """What does the work, imported at the first call."""
    from tools.workbench.web.content import content_of
    from tools.workbench.web.visit import Reach, visit

    may = reach or Reach()
    return lambda url: visit(url, may, cap), content_of


def _part(page: "Page", content: "Content", given: FetchUrlArguments) -> FetchUrlResult:
    total = len(content.text)
    end = min(given.start + given.max_chars, total)
    return FetchUrlResult(
        url=page.url,
        status=page.status,
        title=content.title,
        content_type=page.content_type.partition(";")[0].strip().lower()[:100],
        text=content.text[given.start : end],
        start=given.start,
        total_chars=total,
        next_start=end if end < total else None,
        truncated=content.cut,
        links=[LinkOut(text=x.text, url=x.url) for x in content.links if given.start == 0],
    )


def _read(page: FetchUrlResult) -> str:
    lines = [f"{page.title or 'Page'} <{page.url}>"]
    if page.status != 200:
        lines.append(f"HTTP status {page.status}")
    lines += ["", page.text or "(no text)"]
    if page.next_start is not None:
        lines += ["", f"[{page.total_chars} characters; go on with start={page.next_start}]"]
    elif page.truncated:
        lines += ["", "[the page is longer; this is all that is read of it]"]
    return "\n".join(lines)
