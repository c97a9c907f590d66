"""What a page's bytes say: their kind, their characters, their text."""

import re
from dataclasses import dataclass
from typing import Literal

from pointsman.errors import InvalidInput
from tools.workbench.web.clean import visible
from tools.workbench.web.markdown import to_markdown
from tools.workbench.web.sheet import Link

MOST_TEXT = 1_000_000  # characters of a page

Kind = Literal["html", "text", "unsaid", "binary"]

_HTML = ("text/html", "application/xhtml+xml")
_TEXT = (
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/x-ndjson",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/sql",
    "application/x-sh",
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
# By name, since Python's registry also has codecs that are no encodings of pages, or slow.
_CODECS = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "usascii": "cp1252",
    "ascii": "cp1252",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "iso88599": "cp1254",
    "big5": "big5hkscs",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "eucjp": "euc_jp",
    "iso2022jp": "iso2022_jp",
    "euckr": "cp949",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "macintosh": "mac_roman",
    **{f"windows125{n}": f"cp125{n}" for n in range(9)},
    **{f"iso8859{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Page:
    """What a server gave."""

    url: str  # where it was found in the end
    status: int
    content_type: str  # as the server says
    body: bytes
    cut: bool  # there was more


@dataclass(frozen=True, slots=True)
class Content:
    """What there is to read."""

    title: str | None
    text: str  # Markdown, if the page was HTML
    links: tuple[Link, ...]
    cut: bool  # there was more


def kind_of(content_type: str) -> Kind:
    bare = content_type.partition(";")[0].strip().lower()
    if bare in _HTML:
        return "html"
    if bare.startswith("text/") or bare in _TEXT or bare.endswith(("+json", "+xml")):
        return "text"
    return "binary" if bare else "unsaid"


def content_of(page: Page) -> Content:
    """The text of a page. It computes, for up to a second: call it in a thread.

    Raises:
        InvalidInput: it is not text, whatever its type says.
    """
    text = _decoded(page)
    kind = kind_of(page.content_type)
    if kind == "html" or (kind == "unsaid" and _looks_like_html(text)):
        document = to_markdown(text, page.url, MOST_TEXT)
        return Content(document.title, document.text, document.links, page.cut or document.cut)
    return Content(None, visible(text[:MOST_TEXT]), (), page.cut or len(text) > MOST_TEXT)


def _decoded(page: Page) -> str:
    for mark, codec in _MARKS:
        if page.body.startswith(mark):
            return page.body[len(mark) :].decode(codec, "replace")
    named = _CHARSET.search(page.content_type.encode("utf-8", "replace"))
    named = named or _CHARSET.search(page.body[:1024])
    label = re.sub(rb"[^a-z0-9]", b"", named[1].lower()).decode() if named else "utf8"
    codec = _CODECS.get(label, "utf-8")
    if b"\0" in page.body[:4096] and not codec.startswith("utf-16"):
        raise InvalidInput("This is no text: it has zero bytes in it.")
    return page.body.decode(codec, "replace")


def _looks_like_html(text: str) -> bool:
    return text[:1000].lstrip().lower().startswith(("<!doctype html", "<html", "<head", "<body"))
