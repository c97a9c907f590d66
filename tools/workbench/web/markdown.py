"""HTML to Markdown: what a reader of the page would see, in one pass over its tags.

Nothing here recurses, so no page is too deep for it.
"""

from collections import Counter
from dataclasses import dataclass

from tools.workbench.web.clean import visible
from tools.workbench.web.elements import (
    BLOCKS,
    CELLS,
    ENDS,
    NEAR,
    TABLE_PARTS,
    UNSEEN,
    VOID,
    is_hidden,
)
from tools.workbench.web.markup import Tag, TooManyTags, pieces, unescaped
from tools.workbench.web.sheet import Close, Full, Link, Sheet

MOST_DEPTH = 200  # elements inside each other; what is deeper is text, or hidden
_Open = tuple[str, Close | None, bool]  # its name, what to do at its end, whether it is a wall


@dataclass(frozen=True, slots=True)
class Document:
    title: str | None
    text: str
    links: tuple[Link, ...]
    cut: bool  # there was more


def to_markdown(source: str, url: str, limit: int) -> Document:
    """The page as Markdown of at most `limit` characters, links made absolute from `url`."""
    sheet = Sheet(url, limit)
    elements = _Elements(sheet)
    cut = False
    try:
        for piece in pieces(source):
            elements.take(piece)
    except (TooManyTags, Full):
        cut = True
    elements.end_all()
    text = visible(sheet.written())
    title = visible(" ".join(sheet.title.split()))[:300] or None
    return Document(title, text[:limit], tuple(sheet.links.values()), cut or len(text) > limit)


class _Elements:
    """Which elements are open, and whether a reader sees what is in them."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._open: list[_Open] = []
        self._counts = [Counter[str]()]  # of the open ones, since each open table cell
        self._parts = Counter[str]()  # of the open ones, of tables
        self._hidden = 0  # of the open ones

    def take(self, piece: Tag | str) -> None:
        if isinstance(piece, str):
            self._text(piece)
        elif piece.end:
            self._end(piece.name)
        else:
            self._start(piece)

    def end_all(self) -> None:
        while self._open:
            self._pop()

    def _text(self, raw: str) -> None:
        if self._hidden:
            return
        if self._open and self._open[-1][0] == "title":
            self._sheet.title = self._sheet.title or unescaped(raw)
        else:
            self._sheet.text(unescaped(raw))

    def _start(self, tag: Tag) -> None:
        self._end_what_it_ends(tag.name)
        hides = tag.name in UNSEEN or is_hidden(tag)
        if tag.name in VOID:
            if not self._hidden and not hides:
                self._sheet.void(tag)
            return
        shallow = len(self._open) < MOST_DEPTH
        wall = shallow and tag.name in CELLS
        close: Close | None = None
        if self._hidden or hides:
            self._hidden += 1
            close = self._reveal
        elif shallow:
            close = self._sheet.enter(tag)
        self._count(tag.name, 1)
        self._open.append((tag.name, close, wall))
        if wall:
            self._counts.append(Counter())

    def _count(self, name: str, by: int) -> None:
        self._counts[-1][name] += by
        if name in TABLE_PARTS:
            self._parts[name] += by

    def _end(self, name: str) -> None:
        """Ends the element and all inside it; nothing in a cell ends what is round the cell."""
        if self._parts[name] if name in TABLE_PARTS else self._counts[-1][name]:
            while self._pop() != name:
                pass
        elif name == "p" and not self._hidden:
            self._sheet.end_paragraph()

    def _pop(self) -> str:
        name, close, wall = self._open.pop()
        if wall:
            self._counts.pop()
        self._count(name, -1)
        if close:
            close()
        return name

    def _end_what_it_ends(self, name: str) -> None:
        if name in BLOCKS and self._open and self._open[-1][0] == "p":
            self._pop()
        ended, walls = ENDS.get(name, ((), ()))
        for opened, *_ in self._open[: -NEAR - 1 : -1] if ended else ():
            if opened in ended:
                while self._pop() != opened:
                    pass
                return
            if opened in walls:
                return

    def _reveal(self) -> None:
        self._hidden -= 1
