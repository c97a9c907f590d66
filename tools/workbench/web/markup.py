"""HTML as tags and text, in time linear in its length.

`html.parser` takes quadratic time on `<!--<!--<!--...` and 0.8 GB on a tag with a million
attributes; the fast parsers in C hang, or overflow their stack, on a hundred thousand nested tags.
As the standard has it, a tag, comment or script that never ends takes the rest of the page with it.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_TAGS = 200_000  # of a page; they take up to a second
MOST_ATTRIBUTES = 20_000  # characters of a tag's attributes that are looked at

_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_TAG = re.compile(
    r"<(/?)([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|))*+)>",
)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)(?:\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_COMMENT_END = re.compile(r"--!?>")
# What is between these tags is no markup.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp")
}


class Tag(NamedTuple):
    name: str  # lower case
    end: bool
    attributes: str  # as they were written


def attributes_of(tag: Tag) -> dict[str, str]:
    """By name in lower case; of several of a name the first counts, as in a browser."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(tag.attributes[:MOST_ATTRIBUTES]):
        found.setdefault(name.lower(), unescaped(double or single or bare))
    return found


def unescaped(text: str) -> str:
    """`text` with its character references replaced."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a reference with thousands of digits
        return text


class TooManyTags(Exception):
    """The page goes on, but has had its share of work."""


def pieces(source: str) -> Iterator[Tag | str]:
    """Tags and the text between them; text is as written, with its character references.

    Raises:
        TooManyTags: after `MOST_TAGS` of them.
    """
    at, tags = 0, 0
    while opened := _MARKUP.search(source, at):
        start = opened.start()
        if start > at:
            yield source[at:start]
        tags += 1
        if tags > MOST_TAGS:
            raise TooManyTags
        match = _TAG.match(source, start)
        if match is None:
            at = _after_bogus(source, start)
            continue
        at = match.end()
        tag = Tag(match[2].lower(), match[1] == "/", match[3])
        yield tag
        if tag.name in _RAW and not tag.end:
            end = _RAW[tag.name].search(source, at)
            if end is None:
                return
            yield source[at : end.start()]
            at = end.start()
    if at < len(source):
        yield source[at:]


def _after_bogus(source: str, start: int) -> int:
    """Where the comment, declaration or unfinished tag at `start` ends."""
    if source.startswith("<!--", start):
        end = _COMMENT_END.search(source, start + 2)  # `<!-->` is a whole comment
        return end.end() if end else len(source)
    second, third = source[start + 1], source[start + 2 : start + 3]
    if second.isalpha() or (second == "/" and third.isalpha()):
        return len(source)
    end_at = source.find(">", start)
    return len(source) if end_at < 0 else end_at + 1
