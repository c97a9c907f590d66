"""What searching finds, made fit to be read: no markup, nothing invisible, nothing twice."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from tools.workbench.web.clean import visible

MOST_SNIPPET = 500  # characters
MOST_TITLE = 200
MOST_URL = 2_000

# The markup that providers put into titles and snippets; other angle brackets are code.
_TAG = re.compile(
    r"</?(?:a|b|br|code|div|em|font|i|iframe|img|li|mark|p|script|span|strong|style|sub|sup|u|ul)"
    r"\b[^<>]{0,500}>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    url: str
    snippet: str
    published: str | None = None  # as the provider says it: a date, or "2 days ago"


class Failed(Exception):
    """One provider gave no results. The text may be shown: it holds no key and no query."""

    def __init__(self, message: str, *, code: str = "failed", retry_after_s: float | None = None):
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class Source(Protocol):
    """Somebody who can be asked."""

    @property
    def name(self) -> str: ...

    async def find(self, query: str, count: int) -> Sequence[Found]:
        """Up to `count` results, best first, as they came.

        Raises:
            Failed: it could not be asked, or its answer could not be read.
        """
        ...


def tidy(found: Iterable[Found], count: int) -> tuple[Found, ...]:
    """The first `count` with an address of the web, each page once."""
    seen: dict[str, Found] = {}
    for item in found:
        url = visible(item.url).strip()
        page = canonical(url)
        if page is None or page in seen:
            continue
        seen[page] = Found(
            title=plain(item.title, MOST_TITLE) or url,
            url=url,
            snippet=plain(item.snippet, MOST_SNIPPET),
            published=plain(item.published or "", 40) or None,
        )
        if len(seen) == count:
            break
    return tuple(seen.values())


def plain(text: str, most: int) -> str:
    """`text` on one line, without markup, cut at `most` characters."""
    text = text[: most * 10]
    for _ in range(2):  # a tag may come as `&lt;b&gt;`
        text = html.unescape(_TAG.sub("", text)) if len(text) < 10_000 else text
    text = " ".join(visible(_TAG.sub("", text)).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def canonical(url: str) -> str | None:
    """What two addresses of one page have in common; None: it is no address of the web."""
    if len(url) > MOST_URL or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip(".").removeprefix("www."), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    query = [(k, v) for k, v in parse_qsl(parts.query, True) if not k.lower().startswith("utm_")]
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    return f"{where}{parts.path.rstrip('/')}?{urlencode(sorted(query))}"
