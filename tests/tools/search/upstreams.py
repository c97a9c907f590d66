"""Search providers on the loopback, each with its own door and its own way of answering."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pointsman.agent_settings import SearchSettings
from tests.chaos import ChaosUpstream, Exchange, chaos_upstream
from tests.fakes import SteadyClock
from tools.search.keyless import Read
from tools.search.search import Search
from tools.search.web_search import open_search

KEYS = {
    "BRAVE_API_KEY": "BSA-CANARY-1",
    "TAVILY_API_KEY": "tvly-CANARY-2",
    "EXA_API_KEY": "exa-CANARY-3",
}
ORDER = ("searxng", "brave", "tavily", "exa", "ddgs")

Json = dict[str, Any]


def searxng_says(*results: Json, **more: object) -> Json:
    common = {"engine": "mojeek", "engines": ["mojeek"], "template": "default.html", "score": 1.0}
    return {
        "query": "q",
        "number_of_results": 0,
        "results": [{**common, "category": "general", "positions": [1], **r} for r in results],
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": ["other"],
        "unresponsive_engines": [],
        **more,
    }


def brave_says(*results: Json) -> Json:
    common = {"type": "search_result", "subtype": "generic", "family_friendly": True}
    web = {"type": "search", "results": [{**common, **result} for result in results]}
    return {"type": "search", "query": {"original": "q"}, "mixed": {}, "web": web}


def tavily_says(*results: Json) -> Json:
    return {
        "query": "q",
        "follow_up_questions": None,
        "answer": None,
        "images": [],
        "results": [{"score": 0.8, "raw_content": None, **result} for result in results],
        "response_time": 1.09,
        "request_id": "r",
    }


def exa_says(*results: Json) -> Json:
    return {
        "requestId": "r",
        "resolvedSearchType": "neural",
        "results": [{"id": "i", "author": None, **result} for result in results],
        "searchType": "auto",
        "costDollars": {"total": 0.005},
    }


ANSWERS: Mapping[str, Json] = {
    "searxng": searxng_says(
        {
            "title": "Sea",
            "url": "https://a.example/s",
            "content": "c &amp; d",
            "publishedDate": None,
        }
    ),
    "brave": brave_says(
        {
            "title": "The <strong>Brave</strong>",
            "url": "https://a.example/b",
            "description": "say &quot;x&quot; <strong>now</strong>",
            "page_age": "2025-01-15T10:00:00",
            "age": "January 15, 2025",
            "extra_snippets": ["more"],
        }
    ),
    "tavily": tavily_says({"title": "Tav", "url": "https://a.example/t", "content": "text"}),
    "exa": exa_says(
        {
            "title": "Exa",
            "url": "https://a.example/e",
            "publishedDate": "2023-11-16T01:36:32.547Z",
            "highlights": ["one", "two"],
            "highlightScores": [0.5, 0.4],
        }
    ),
}


def provider_of(path: str) -> str:
    return path.split("/")[1]


def may_ask(name: str, headers: Mapping[str, str]) -> bool:
    """Whether the provider's own kind of key is there, and nobody else's."""
    sent = " ".join(headers.values())
    wanted = {
        "searxng": True,
        "brave": headers.get("x-subscription-token") == KEYS["BRAVE_API_KEY"],
        "tavily": headers.get("authorization") == f"Bearer {KEYS['TAVILY_API_KEY']}",
        "exa": headers.get("x-api-key") == KEYS["EXA_API_KEY"],
    }
    return wanted[name] and sent.count("CANARY") == (name != "searxng")


async def answer(exchange: Exchange) -> None:
    """As the provider of that path does."""
    name = provider_of(exchange.request.path)
    if may_ask(name, exchange.request.headers):
        await exchange.reply(200, ANSWERS[name])
    else:
        await exchange.reply(401, {"error": "no key"})


def query_of(upstream: ChaosUpstream, number: int = -1) -> dict[str, list[str]]:
    return parse_qs(urlsplit(upstream.requests[number].path).query)


@dataclass
class Opened:
    search: Search
    upstream: ChaosUpstream
    time: SteadyClock

    @property
    def asked(self) -> list[str]:
        """Which providers were asked, in order."""
        return [provider_of(request.path) for request in self.upstream.requests]


def nothing(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
    raise AssertionError("asked without a key")


@asynccontextmanager
async def opened(
    *names: str, keyless: Read | None = None, **settings: Any
) -> AsyncGenerator[Opened, None]:
    """A search with these providers set up, all at one upstream."""
    time = SteadyClock()
    async with chaos_upstream(answer) as upstream:
        given = {key: value for key, value in KEYS.items() if key.split("_")[0].lower() in names}
        if "searxng" in names:
            given["SEARXNG_URL"] = f"{upstream.url}/searxng/"
        addresses = {name: f"{upstream.url}/{name}" for name in ORDER}
        async with open_search(
            SearchSettings(keyless=keyless is not None, **settings),
            given,
            time.clock(),
            addresses=addresses,
            keyless=keyless or nothing,
        ) as search:
            yield Opened(search, upstream, time)
