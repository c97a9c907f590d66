"""What a program that shows Markdown fetches, or offers to fetch, judged by real parsers."""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Chat programs make links of these by themselves, and some fetch a preview of them.
_BARE = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'`)\]]+", re.IGNORECASE)
_SHOWN = ("text", "code_inline", "fence", "code_block")


def reached_by_showing(text: str) -> set[str]:
    """Every address that is loaded, linked or made into a link, and HTML that could load one."""
    return loaded_by_showing(text) | {
        address
        for token in _tokens(text)
        for address in (
            *(str(token.attrs["href"]) for _ in range("href" in token.attrs)),
            *(_BARE.findall(token.content) if token.type in _SHOWN else ()),
        )
    }


def loaded_by_showing(text: str) -> set[str]:
    """What is fetched with nobody's doing."""
    tokens = list(_tokens(text))
    html = _Elements()
    html.feed("".join(t.content for t in tokens if t.type in ("html_block", "html_inline")))
    html.close()
    return html.found | {str(t.attrs["src"]) for t in tokens if "src" in t.attrs}


class _Elements(HTMLParser):
    """Attributes, and what stands in styles and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {f"{tag} {name}={value}" for name, value in attrs}
        if tag in ("style", "script"):
            self.found.add(tag)


def _tokens(text: str) -> Iterator[Token]:
    return _flat(MarkdownIt("commonmark", {"html": True}).parse(text))


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())
