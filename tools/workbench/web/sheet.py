"""What elements write: each gives what is to be done when it ends."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin

from tools.workbench.web.clean import visible
from tools.workbench.web.elements import BLOCKS, CELLS, HEADINGS, LINES, MARKS
from tools.workbench.web.markup import Tag, attributes_of
from tools.workbench.web.writing import Writer, fenced, table

MOST_LINKS = 2_000  # whose addresses are in the text
MOST_LISTED = 50  # that are told beside the text
MOST_ADDRESS = 2_000  # characters of an address
MOST_TABLES = 3  # inside each other; what is deeper is running text
MOST_INDENT = 6  # levels of a list that are shown

_LANGUAGE = re.compile(r"\blang(?:uage)?-([\w+#-]{1,20})")

Close = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str


class Full(Exception):
    """There is as much text as may be."""


class Sheet:
    def __init__(self, url: str, limit: int) -> None:
        self.title = ""
        self.links: dict[str, Link] = {}  # by address
        self._base = url
        self._left = limit
        self._addresses = 0
        self._marks = Counter[str]()  # that are open
        self._writer = Writer()
        self._pre: list[str] | None = None
        self._language = ""  # of what is preformatted
        self._lists: list[int | None] = []  # the number of the next item; None: no numbers
        self._tables: list[list[list[str]]] = []  # rows of cells

    def written(self) -> str:
        return self._writer.text()

    def text(self, text: str) -> None:
        left = max(self._left, 0)
        if self._pre is not None:
            self._pre.append(text[:left])
            self._spend(len(text))
        else:
            words = text[:left] if self._marks["`"] else text[:left].replace("![", "!\\[")
            self._writer.words(words)
            self._spend(len(text.strip()))

    def void(self, tag: Tag) -> None:
        """An element without an inside."""
        if tag.name == "base":
            self._base = self._address(attributes_of(tag).get("href", "")) or self._base
        elif tag.name == "br" and self._pre is not None:
            self._pre.append("\n")
        elif self._pre is not None:
            return
        elif tag.name == "br":
            self._writer.line_break()
        elif tag.name == "hr":
            self._writer.block("---")
        elif tag.name == "img":
            self._image(attributes_of(tag).get("alt", ""))

    def enter(self, tag: Tag) -> Close | None:
        name = tag.name
        if self._pre is not None:
            self._language = self._language or (_language(tag) if name == "code" else "")
            return None
        if name in MARKS:
            return self._mark(MARKS[name])
        if name == "a":
            return self._link(tag)
        if name in CELLS:
            return self._cell()
        if name in LINES or name in BLOCKS:
            return self._block(tag)
        return None

    def end_paragraph(self) -> None:
        self._writer.gap(2)

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise Full

    def _image(self, alt: str) -> None:
        """Its words only: nobody is to be led to load what a page names."""
        alt = " ".join(alt.split())[:300].replace("![", "!\\[")
        if alt:
            self._spend(len(alt))
            self._writer.words(f"(image: {alt})")

    def _mark(self, mark: str) -> Close | None:
        if self._marks[mark]:
            return None
        writer = self._writer
        self._marks[mark] += 1
        writer.mark(mark)

        def close() -> None:
            self._marks[mark] -= 1
            writer.unmark(mark)

        return close

    def _link(self, tag: Tag) -> Close | None:
        if self._addresses >= MOST_LINKS:
            return None
        address = self._address(attributes_of(tag).get("href", ""))
        if address is None:
            return None
        self._addresses += 1
        self._spend(len(address))
        writer, at = self._writer, self._writer.at
        writer.mark("[")

        def close() -> None:
            text = visible(" ".join(writer.since(at).partition("[")[2].split()))[:200]
            writer.unmark(f"]({address})")
            if text and len(self.links) < MOST_LISTED:
                self.links.setdefault(address, Link(text, address))

        return close

    def _address(self, href: str) -> str | None:
        """Where a link leads; None if not to another page of the web."""
        if not href or href.startswith("#"):
            return None
        try:
            address = visible(urljoin(self._base, href.strip()))
        except ValueError:
            return None
        if not address.startswith(("http://", "https://")) or len(address) > MOST_ADDRESS:
            return None
        return re.sub(r"[\s()<>\\\[\]]", lambda found: f"%{ord(found[0]):02X}", address)

    def _block(self, tag: Tag) -> Close:
        if tag.name in HEADINGS:
            return self._heading(HEADINGS[tag.name])
        lines = 1 if tag.name in LINES or (tag.name in ("ol", "ul") and self._lists) else 2
        self._writer.gap(lines)
        if tag.name not in KINDS:
            return self._end_line if lines == 1 else self.end_paragraph
        close = KINDS[tag.name](self, tag)

        def after() -> None:
            if close:
                close()
            self._writer.gap(lines)

        return after

    def _end_line(self) -> None:
        self._writer.gap(1)

    def _heading(self, lead: str) -> Close:
        writer = self._writer
        writer.gap(2)
        writer.lead(lead)

        def close() -> None:
            writer.lead("")
            writer.gap(2)

        return close

    def _preformatted(self, tag: Tag) -> Close:
        lines: list[str] = []
        self._pre, self._language = lines, _language(tag)

        def close() -> None:
            self._pre = None
            code = "".join(lines).strip("\n")
            if code.strip():
                self._writer.block(fenced(code, self._language))

        return close

    def _table(self, _: Tag) -> Close:
        rows: list[list[str]] = []
        self._tables.append(rows)

        def close() -> None:
            self._tables.pop()
            written = table(rows)
            for block in [cell for row in rows for cell in row] if written is None else [written]:
                if block:
                    self._writer.block(block)

        return close

    def _row(self, _: Tag) -> None:
        if self._tables:
            self._tables[-1].append([])

    def _cell(self) -> Close | None:
        self._writer.words(" ")
        if not self._tables or not self._tables[-1] or len(self._tables) > MOST_TABLES:
            return None
        outer, row = self._writer, self._tables[-1][-1]
        self._writer = Writer()

        def close() -> None:
            row.append(self._writer.text())
            self._writer = outer

        return close

    def _list(self, tag: Tag) -> Close:
        self._lists.append(1 if tag.name == "ol" else None)

        def close() -> None:
            self._lists.pop()

        return close

    def _item(self, _: Tag) -> Close:
        number = self._lists[-1] if self._lists else None
        indent = "  " * min(max(len(self._lists) - 1, 0), MOST_INDENT)
        self._writer.lead(indent + ("- " if number is None else f"{number}. "))
        if number is not None:
            self._lists[-1] = number + 1
        return partial(self._writer.lead, "")

    def _quote(self, _: Tag) -> Close:
        writer = self._writer
        writer.quotes += 1

        def close() -> None:
            writer.quotes -= 1

        return close


def _language(tag: Tag) -> str:
    named = _LANGUAGE.search(tag.attributes[:1000])
    return named[1] if named else ""


KINDS: dict[str, Callable[[Sheet, Tag], Close | None]] = {
    "blockquote": Sheet._quote,
    "li": Sheet._item,
    "ol": Sheet._list,
    "pre": Sheet._preformatted,
    "table": Sheet._table,
    "tr": Sheet._row,
    "ul": Sheet._list,
}
