"""How each search provider is asked, and what its answer looks like.

From the providers' references: SearXNG `/search`, Brave `web/search`, Tavily `POST /search`, Exa
`POST /search`. Readers take what they need; what else there is, or is missing from one result, does
not matter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ValidationError

from tools.search.found import Failed, Found

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a provider."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""  # with one it is a POST


@dataclass(frozen=True, slots=True)
class Backend:
    name: str
    ask: Callable[[str, int], Asked]
    read: Callable[[bytes], Sequence[Found]]  # raises ValidationError, Failed
    forbidden: str = "it does not accept the key"  # what 401 and 403 mean


class _Item(BaseModel):
    title: str | None = None
    url: str


class _SearxngItem(_Item):
    content: str | None = None
    publishedDate: str | None = None  # noqa: N815 - their names


class _Searxng(BaseModel):
    results: list[Any]
    unresponsive_engines: list[Any] = []


class _BraveItem(_Item):
    description: str | None = None
    page_age: str | None = None
    age: str | None = None


class _BraveWeb(BaseModel):
    results: list[Any] = []


class _Brave(BaseModel):
    type: str  # "search"; without it this is no answer of theirs
    web: _BraveWeb | None = None  # not there when nothing was found


class _TavilyItem(_Item):
    content: str | None = None
    published_date: str | None = None  # of news only


class _Tavily(BaseModel):
    results: list[Any]


class _ExaItem(_Item):
    highlights: list[str] | None = None
    text: str | None = None
    summary: str | None = None
    publishedDate: str | None = None  # noqa: N815


class _Exa(BaseModel):
    results: list[Any]


def searxng(base: str) -> Backend:
    def ask(query: str, count: int) -> Asked:
        del count  # it gives a page of results, whatever is asked
        fields = urlencode({"q": query, "format": "json"})
        return Asked(f"{base.rstrip('/')}/search?{fields}", {"accept": "application/json"})

    def read(body: bytes) -> Sequence[Found]:
        answer = _Searxng.model_validate_json(body)
        if not answer.results and answer.unresponsive_engines:
            raise Failed("none of its engines answers")
        return [
            Found(item.title or "", item.url, item.content or "", item.publishedDate)
            for item in _each(_SearxngItem, answer.results)
        ]

    return Backend("searxng", ask, read, "it does not give JSON: add it to its search.formats")


def brave(base: str, key: str) -> Backend:
    def ask(query: str, count: int) -> Asked:
        words = " ".join(query.split()[:50])  # more are an error there
        fields = {"q": words, "count": count, "text_decorations": "false", "result_filter": "web"}
        headers = {"accept": "application/json", "x-subscription-token": key}
        return Asked(f"{base}/res/v1/web/search?{urlencode(fields)}", headers)

    def read(body: bytes) -> Sequence[Found]:
        web = _Brave.model_validate_json(body).web or _BraveWeb()
        return [
            Found(item.title or "", item.url, item.description or "", item.page_age or item.age)
            for item in _each(_BraveItem, web.results)
        ]

    return Backend("brave", ask, read)


def tavily(base: str, key: str) -> Backend:
    def ask(query: str, count: int) -> Asked:
        body = {"query": query, "max_results": count, "search_depth": "basic"}
        return _post(f"{base}/search", {"authorization": f"Bearer {key}"}, body)

    def read(body: bytes) -> Sequence[Found]:
        return [
            Found(item.title or "", item.url, item.content or "", item.published_date)
            for item in _each(_TavilyItem, _Tavily.model_validate_json(body).results)
        ]

    return Backend("tavily", ask, read)


def exa(base: str, key: str) -> Backend:
    def ask(query: str, count: int) -> Asked:
        body = {
            "query": query,
            "numResults": count,
            "type": "auto",
            "contents": {"highlights": True},
        }
        return _post(f"{base}/search", {"x-api-key": key}, body)

    def read(body: bytes) -> Sequence[Found]:
        return [
            Found(
                item.title or "",
                item.url,
                " … ".join(item.highlights or ()) or item.summary or item.text or "",
                item.publishedDate,
            )
            for item in _each(_ExaItem, _Exa.model_validate_json(body).results)
        ]

    return Backend("exa", ask, read)


def _post(url: str, headers: Mapping[str, str], body: Mapping[str, object]) -> Asked:
    sent = {"accept": "application/json", "content-type": "application/json", **headers}
    return Asked(url, sent, orjson.dumps(body))


def _each(model: type[M], items: Sequence[object]) -> list[M]:
    """Those of the results that can be read."""
    read: list[M] = []
    for item in items:
        try:
            read.append(model.model_validate(item))
        except ValidationError:
            continue
    return read
