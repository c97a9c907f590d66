"""The `web_search` tool, and what is opened for it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread
from pydantic import Field, SecretStr

from pointsman.agent_settings import SearchSettings
from pointsman.errors import ConfigError
from pointsman.seams import Clock
from tools.search.backends import Backend, brave, exa, searxng, tavily
from tools.search.found import Source
from tools.search.keyless import Keyless, Read, read_with_ddgs
from tools.search.search import Search
from tools.tool import Arguments, Caller, Result, Tool

if TYPE_CHECKING:  # httpcore takes 0.1 s to import
    import httpcore

    from tools.search.upstream import Upstream

ADDRESSES = {
    "brave": "https://api.search.brave.com",
    "tavily": "https://api.tavily.com",
    "exa": "https://api.exa.ai",
}


class WebSearchArguments(Arguments):
    query: str = Field(min_length=1, max_length=400)
    count: int = Field(default=5, ge=1, le=20)


class FoundOut(Result):
    title: str
    url: str
    snippet: str
    published: str | None


class WebSearchResult(Result):
    results: list[FoundOut]
    provider: str


@asynccontextmanager
async def open_search(
    settings: SearchSettings,
    keys: Mapping[str, str],
    clock: Clock,
    *,
    addresses: Mapping[str, str] = ADDRESSES,
    keyless: Read = read_with_ddgs,
) -> AsyncGenerator[Search, None]:
    """The providers that are set up, in order, and the connections to them.

    `keys` has what the settings leave out: SEARXNG_URL, BRAVE_API_KEY, TAVILY_API_KEY, EXA_API_KEY.

    Raises:
        ConfigError: a key has characters that cannot be in one.
    """
    backends = _backends(settings, keys, addresses)
    sources: list[Source] = []
    async with AsyncExitStack() as stack:
        if backends:
            upstreams, pool = await anyio.to_thread.run_sync(_connect, backends, settings.timeout_s)
            sources += upstreams
            await stack.enter_async_context(pool)
        if settings.keyless:
            sources.append(Keyless(settings.timeout_s, keyless))
        yield Search(sources, settings.cache_s, clock)


def web_search_tool(search: Search) -> Tool:
    async def run(given: WebSearchArguments, caller: Caller) -> WebSearchResult:
        answer = await search.find(given.query, given.count, caller.principal)
        return WebSearchResult(
            results=[
                FoundOut(title=f.title, url=f.url, snippet=f.snippet, published=f.published)
                for f in answer.results
            ],
            provider=answer.provider,
        )

    return Tool(
        name="web_search",
        title="Search the web",
        description="Search the web; gives titles, addresses and snippets.",
        arguments=WebSearchArguments,
        result=WebSearchResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=True,
        idempotent=True,
        risk="network",
        untrusted=True,
        toolset="search",
    )


def _backends(
    settings: SearchSettings, keys: Mapping[str, str], addresses: Mapping[str, str]
) -> list[Backend]:
    backends: list[Backend] = []
    if base := settings.searxng_url or keys.get("SEARXNG_URL"):
        backends.append(searxng(base))
    for name, kept, variable, make in (
        ("brave", settings.brave_api_key, "BRAVE_API_KEY", brave),
        ("tavily", settings.tavily_api_key, "TAVILY_API_KEY", tavily),
        ("exa", settings.exa_api_key, "EXA_API_KEY", exa),
    ):
        if key := _key(name, kept, keys.get(variable)):
            backends.append(make(addresses[name], key))
    return backends


def _key(name: str, kept: SecretStr | None, given: str | None) -> str:
    key = (kept.get_secret_value() if kept else given or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"The key for {name} has characters that no key has.")
    return key


def _connect(
    backends: Sequence[Backend], timeout_s: float
) -> tuple["list[Upstream]", "httpcore.AsyncConnectionPool"]:
    """Imports what speaks HTTP, which is not needed where no provider is set up."""
    from tools.search.upstream import Upstream, make_pool

    pool = make_pool()
    return [Upstream(backend, pool, timeout_s) for backend in backends], pool


def _read(found: WebSearchResult) -> str:
    lines: list[str] = []
    for number, item in enumerate(found.results, 1):
        date = f" ({item.published})" if item.published else ""
        lines += [f"{number}. {item.title}{date}", item.url, item.snippet, ""]
    return "\n".join(lines).strip() or "Nothing was found."
