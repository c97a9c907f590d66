"""Searching through providers that speak their own wire format over a real socket."""

import gzip
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr, ValidationError

from pointsman.agent_settings import SearchSettings
from pointsman.errors import ConfigError, InvalidInput, NoBackend, RateLimited
from pointsman.records import LOCAL, Principal
from tests.chaos import Exchange, Handler, chaos_upstream
from tests.fakes import SteadyClock
from tests.tools.search.upstreams import (
    ANSWERS,
    KEYS,
    answer,
    brave_says,
    exa_says,
    opened,
    provider_of,
    query_of,
    searxng_says,
    tavily_says,
)
from tools.search.found import Failed, Found, canonical, tidy
from tools.search.keyless import read_with_ddgs
from tools.search.web_search import WebSearchArguments, open_search, web_search_tool
from tools.tool import Caller

HTTP = ("searxng", "brave", "tavily", "exa")
EXPECTED = {
    "searxng": Found("Sea", "https://a.example/s", "c & d", None),
    "brave": Found("The Brave", "https://a.example/b", 'say "x" now', "2025-01-15T10:00:00"),
    "tavily": Found("Tav", "https://a.example/t", "text", None),
    "exa": Found("Exa", "https://a.example/e", "one … two", "2023-11-16T01:36:32.547Z"),
}
SAYS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "searxng": (searxng_says, "content"),
    "brave": (brave_says, "description"),
    "tavily": (tavily_says, "content"),
    "exa": (exa_says, "text"),
}


def saying(status: int = 200, body: object = b"", **headers: str) -> Handler:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    async def reply(exchange: Exchange) -> None:
        await exchange.reply(status, body, fields)

    return reply


async def silent(exchange: Exchange) -> None:
    await exchange.until_gone()


async def reset(exchange: Exchange) -> None:
    await exchange.reset()


async def huge(exchange: Exchange) -> None:
    await exchange.begin("application/json")
    while True:
        await exchange.chunk(b" " * 65536)


@pytest.mark.parametrize("name", HTTP)
async def test_each_provider_is_asked_and_read_in_its_own_way(name: str) -> None:
    async with opened(name) as at:
        found = await at.search.find("  what is\n it? ", 7, LOCAL)
        assert (found.provider, found.results) == (name, (EXPECTED[name],))
        assert at.asked == [name]
        request = at.upstream.requests[0]
    if name in ("searxng", "brave"):
        assert query_of(at.upstream)["q"] == ["what is it?"]
    else:
        assert request.json["query"] == "what is it?"
    if name == "searxng":
        assert query_of(at.upstream)["format"] == ["json"]
        assert request.path.startswith("/searxng/search?")
    if name == "brave":
        assert query_of(at.upstream)["count"] == ["7"]
        assert request.path.startswith("/brave/res/v1/web/search?")
    if name == "tavily":
        assert request.json["max_results"] == 7
    if name == "exa":
        assert (request.json["numResults"], request.json["contents"]) == (7, {"highlights": True})


async def test_without_a_key_public_result_pages_are_read() -> None:
    loop_thread = threading.get_ident()
    seen: list[tuple[str, int, bool]] = []

    def read(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        seen.append((query, count, threading.get_ident() == loop_thread))
        return [{"title": "T", "href": "https://a.example/d", "body": "b"}, {"title": "no page"}]

    async with opened(keyless=read) as at:
        found = await at.search.find("q", 3, LOCAL)
    assert found.results == (Found("T", "https://a.example/d", "b", None),)
    assert (found.provider, seen) == ("ddgs", [("q", 3, False)])


async def test_providers_are_asked_in_order_until_one_answers() -> None:
    def read(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        return [{"title": "T", "href": "https://a.example/d", "body": "b"}]

    async with opened(*HTTP, keyless=read, cache_s=0) as at:
        for failing in range(5):
            at.upstream.requests.clear()
            at.upstream.script(*[saying(500)] * failing)
            found = await at.search.find("q", 5, LOCAL)
            assert at.asked == list(HTTP[: failing + 1])
            assert found.provider == (*HTTP, "ddgs")[failing]


BOMB = gzip.compress(b" " * 50_000_000)
FAULTS: Mapping[str, tuple[Handler, str]] = {
    "status": (saying(503, b"<html>busy"), "failed"),
    "key": (saying(401, {"error": "invalid key"}), "unauthorized"),
    "forbidden": (saying(403), "unauthorized"),
    "limit": (saying(429, retry_after="7"), "rate_limited"),
    "plan": (saying(432), "rate_limited"),
    "redirect": (saying(302, location="http://127.0.0.1:1/"), "failed"),
    "html": (saying(200, b"<html>"), "invalid_answer"),
    "empty": (saying(200, b""), "invalid_answer"),
    "null": (saying(200, b"null"), "invalid_answer"),
    "list": (saying(200, b"[]"), "invalid_answer"),
    "other": (saying(200, {"results": {"a": 1}, "web": [], "type": 3}), "invalid_answer"),
    "deep": (saying(200, b"[" * 500_000), "invalid_answer"),
    "huge": (huge, "invalid_answer"),
    "bomb": (
        saying(200, gzip.compress(b" " * 50_000_000), content_encoding="gzip"),
        "invalid_answer",
    ),
    "packed": (saying(200, b"x", content_encoding="br"), "failed"),
    "slow": (silent, "timeout"),
    "reset": (reset, "failed"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", HTTP)
async def test_a_failure_is_told_and_no_key_with_it(name: str, fault: str) -> None:
    handler, code = FAULTS[fault]
    async with opened(name, timeout_s=0.5 if fault == "slow" else 10) as at:
        at.upstream.script(handler)
        with anyio.fail_after(30), pytest.raises(NoBackend) as told:
            await at.search.find("CANARY of a query", 5, LOCAL)
        [cause] = told.value.causes
        assert (cause.provider, cause.code) == (name, code)
        assert isinstance(told.value, RateLimited) == (code == "rate_limited")
        assert "CANARY" not in str(told.value) + cause.message
        assert told.value.__cause__ is None
        assert len(at.upstream.requests) == 1
        with anyio.fail_after(5):
            await at.upstream.quiet()


async def test_nobody_at_the_address_is_a_failure_too() -> None:
    async with chaos_upstream(answer) as gone:
        url = gone.url
    opening = open_search(SearchSettings(searxng_url=url, keyless=False), {}, SteadyClock().clock())
    async with opening as search:
        with pytest.raises(NoBackend) as told:
            await search.find("q", 5, LOCAL)
    assert [cause.code for cause in told.value.causes] == ["failed"]


async def test_all_causes_are_told() -> None:
    async with opened(*HTTP) as at:
        at.upstream.script(*[saying(status) for status in (500, 401, 429, 200)])
        with pytest.raises(NoBackend) as told:
            await at.search.find("q", 5, LOCAL)
        assert [(c.provider, c.code) for c in told.value.causes] == [
            ("searxng", "failed"),
            ("brave", "unauthorized"),
            ("tavily", "rate_limited"),
            ("exa", "invalid_answer"),
        ]
        assert not isinstance(told.value, RateLimited)


async def test_nothing_set_up_says_what_to_set() -> None:
    def missing(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        raise Failed("the extra `search` is not installed", code="not_set_up")

    for keyless in (None, missing):
        async with opened(keyless=keyless) as at:
            with pytest.raises(NoBackend) as told:
                await at.search.find("q", 5, LOCAL)
            assert "BRAVE_API_KEY" in (told.value.hint or "")


async def test_engines_that_do_not_answer_are_no_empty_result() -> None:
    async with opened("searxng", "tavily", cache_s=0) as at:
        at.upstream.script(saying(200, searxng_says(unresponsive_engines=[["brave", "CAPTCHA"]])))
        assert (await at.search.find("q", 5, LOCAL)).provider == "tavily"
        at.upstream.script(saying(200, searxng_says()))
        found = await at.search.find("q", 5, LOCAL)
        assert (found.provider, found.results) == ("searxng", ())


async def test_brave_says_nothing_of_the_web_where_it_found_nothing() -> None:
    async with opened("brave") as at:
        at.upstream.script(saying(200, {"type": "search", "query": {"original": "q"}}))
        assert (await at.search.find("q", 5, LOCAL)).results == ()


async def test_brave_is_sent_no_more_words_than_it_takes() -> None:
    async with opened("brave") as at:
        await at.search.find("w " * 80, 5, LOCAL)
        assert len(query_of(at.upstream)["q"][0].split()) == 50


@pytest.mark.parametrize("name", HTTP)
async def test_results_are_tidied(name: str) -> None:
    """One page once, no markup, nothing invisible, no address that is none; no more than asked."""
    says, snippet = SAYS[name]
    rows = [
        {"title": "<b>One</b>\u202e", "url": "https://a.example/p/?utm_source=x#top"},
        {"title": "again", "url": "http://www.a.example/p"},
        {"title": "script", "url": "javascript:alert(1)"},
        {"title": "login", "url": "https://user@evil.example/"},
        {"title": None, "url": "https://b.example/", snippet: "&lt;script&gt;x List<int> a\n\nb"},
        {"title": "no address"},
        "no result",
        {"title": "long", "url": "https://c.example/", snippet: "word " * 1000},
        {"title": "more", "url": "https://d.example/"},
    ]
    body = says()
    (body["web"] if name == "brave" else body)["results"] = rows
    async with opened(name) as at:
        at.upstream.script(saying(200, body))
        one, two, three = (await at.search.find("q", 3, LOCAL)).results
    assert (one.title, one.url) == ("One", "https://a.example/p/?utm_source=x#top")
    assert (two.title, two.snippet) == ("https://b.example/", "x List<int> a b")
    assert (three.title, len(three.snippet)) == ("long", 500)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("http://a.example", "https://www.a.example/", True),
        ("https://a.example/x?b=1&a=2", "https://A.example:443/x/?a=2&b=1&utm_medium=m", True),
        ("https://a.example/x", "https://a.example/X", False),
        ("https://a.example/x", "https://a.example/x?a=1", False),
        ("https://a.example:8443/", "https://a.example/", False),
    ],
)
def test_which_addresses_are_one_page(one: str, two: str, *, same: bool) -> None:
    assert (canonical(one) == canonical(two)) == same
    assert len(tidy([Found("", one, ""), Found("", two, "")], 9)) == (1 if same else 2)


async def test_an_answer_is_remembered_for_its_time_by_who_asked() -> None:
    async with opened("tavily", cache_s=60) as at:
        first = await at.search.find("q", 5, LOCAL)
        assert await at.search.find(" q ", 5, LOCAL) == first
        assert len(at.asked) == 1
        await at.search.find("q", 6, LOCAL)
        await at.search.find("q", 5, Principal(id="other"))
        assert len(at.asked) == 3
        at.time.advance(61)
        await at.search.find("q", 5, LOCAL)
        assert len(at.asked) == 4


async def test_failures_are_not_remembered_and_what_is_is_bounded() -> None:
    async with opened("tavily") as at:
        at.upstream.script(saying(500))
        with pytest.raises(NoBackend):
            await at.search.find("q0", 5, LOCAL)
        for number in range(300):
            await at.search.find(f"q{number}", 5, LOCAL)
        await at.search.find("q299", 5, LOCAL)
        assert len(at.asked) == 301
        await at.search.find("q0", 5, LOCAL)
        assert len(at.asked) == 302


async def test_who_fails_five_times_is_left_alone_for_a_minute() -> None:
    async with opened("brave", "exa", cache_s=0) as at:
        find = partial(at.search.find, "q", 5, LOCAL)

        async def failing_brave(exchange: Exchange) -> None:
            brave = provider_of(exchange.request.path) == "brave"
            await (exchange.reply(500) if brave else answer(exchange))

        at.upstream.otherwise = failing_brave
        for _ in range(7):
            assert (await find()).provider == "exa"
        assert at.asked.count("brave") == 5
        at.time.advance(61)
        for _ in range(3):  # one of them tries it
            await find()
        assert at.asked.count("brave") == 6
        at.time.advance(61)
        at.upstream.otherwise = answer
        assert [(await find()).provider for _ in range(3)] == ["brave"] * 3


async def test_only_one_call_tries_who_was_left_alone() -> None:
    async with opened("brave", "exa", cache_s=0) as at:
        at.upstream.script(*[saying(500), answer] * 5)
        for _ in range(5):
            await at.search.find("q", 5, LOCAL)
        at.time.advance(61)
        tried, go_on = anyio.Event(), anyio.Event()

        async def held(exchange: Exchange) -> None:
            tried.set()
            await go_on.wait()
            await answer(exchange)

        at.upstream.requests.clear()
        at.upstream.script(held)
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(at.search.find, "q", 5, LOCAL)
                await tried.wait()
                assert (await at.search.find("other", 5, LOCAL)).provider == "exa"
                go_on.set()
        assert at.asked == ["brave", "exa"]


async def test_who_says_when_to_come_back_is_asked_again_then() -> None:
    async with opened("tavily", cache_s=0) as at:
        at.upstream.script(saying(429, retry_after="90"))
        for _ in range(3):
            with pytest.raises(RateLimited) as told:
                await at.search.find("q", 5, LOCAL)
            assert told.value.retry_after_s == 90
        assert len(at.asked) == 1
        at.time.advance(91)
        assert (await at.search.find("q", 5, LOCAL)).provider == "tavily"


async def test_a_slow_keyless_search_is_given_up() -> None:
    let_go = threading.Event()

    def stuck(query: str, count: int, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        let_go.wait(30)
        return []

    try:
        async with opened(keyless=stuck, timeout_s=0.1) as at:
            with anyio.fail_after(10), pytest.raises(NoBackend) as told:
                await at.search.find("q", 5, LOCAL)
        assert [cause.code for cause in told.value.causes] == ["timeout"]
    finally:
        let_go.set()


DDGS = """
from . import exceptions
class DDGS:
    def __init__(self, proxy=None, timeout=5, *, verify=True):
        assert isinstance(timeout, int) and timeout >= 1
    def text(self, query, **kwargs):
        assert set(kwargs) == {"max_results"}
        if query == "rows":
            return [{"title": "T", "href": "https://a.example/", "body": "B"}]
        raise getattr(exceptions, query)("CANARY")
"""
ERRORS = """
class DDGSException(Exception): pass
class RatelimitException(DDGSException): pass
class TimeoutException(DDGSException): pass
"""


def test_the_package_for_searching_without_a_key_is_called_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signatures and errors are those of ddgs 9.16."""
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "ddgs", None)
        with pytest.raises(Failed) as absent:
            read_with_ddgs("rows", 3, 0.5)
    (tmp_path / "ddgs").mkdir()
    (tmp_path / "ddgs" / "__init__.py").write_text(DDGS)
    (tmp_path / "ddgs" / "exceptions.py").write_text(ERRORS)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("ddgs", "ddgs.exceptions"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    rows = read_with_ddgs("rows", 3, 0.5)
    codes = [absent.value.code]
    for error in ("RatelimitException", "TimeoutException", "DDGSException"):
        with pytest.raises(Failed) as told:
            read_with_ddgs(error, 3, 0.5)
        assert "CANARY" not in str(told.value)
        codes.append(told.value.code)
    for name in ("ddgs", "ddgs.exceptions"):
        monkeypatch.delitem(sys.modules, name)
    assert rows == [{"title": "T", "href": "https://a.example/", "body": "B"}]
    assert codes == ["not_set_up", "rate_limited", "failed", "failed"]


async def test_a_key_of_the_settings_goes_before_one_that_is_handed_in() -> None:
    async with chaos_upstream(answer) as upstream:
        settings = SearchSettings(exa_api_key=SecretStr(KEYS["EXA_API_KEY"]), keyless=False)
        addresses = dict.fromkeys(ANSWERS, f"{upstream.url}/exa")
        async with open_search(
            settings, {"EXA_API_KEY": "other"}, SteadyClock().clock(), addresses=addresses
        ) as search:
            assert (await search.find("q", 5, LOCAL)).provider == "exa"


@pytest.mark.parametrize("key", ["a\r\nHost: evil", "schlüssel", "a\0b"])
async def test_a_key_that_cannot_be_one_is_told_at_the_start(key: str) -> None:
    with pytest.raises(ConfigError) as told:
        async with open_search(SearchSettings(), {"BRAVE_API_KEY": key}, SteadyClock().clock()):
            pass
    assert key not in str(told.value)


async def test_the_tool_says_what_it_is_and_gives_the_shape_of_the_contract() -> None:
    async with opened("brave") as at:
        tool = web_search_tool(at.search)
        assert (tool.toolset, tool.risk, tool.untrusted) == ("search", "network", True)
        result = await tool.run(WebSearchArguments(query="q"), Caller())
        assert result.model_dump() == {
            "results": [
                {
                    "title": "The Brave",
                    "url": "https://a.example/b",
                    "snippet": 'say "x" now',
                    "published": "2025-01-15T10:00:00",
                }
            ],
            "provider": "brave",
        }
        assert tool.read(result).startswith(
            "1. The Brave (2025-01-15T10:00:00)\nhttps://a.example/b"
        )
        for given in ({"query": ""}, {"query": "q", "count": 0}, {"query": "q", "count": 21}):
            with pytest.raises(ValidationError):
                WebSearchArguments.model_validate(given)
        with pytest.raises(InvalidInput):
            await tool.run(WebSearchArguments(query=" "), Caller())
        assert at.asked == ["brave"]
