"""Markdown as it is written: gaps between blocks, spaces between words, marks round them.

What opens something (a gap, a list item's dash, `**`, the `[` of a link) waits until there is text
for it, so what turns out to be empty leaves nothing behind.
"""

from collections.abc import Iterable, Sequence

MOST_QUOTES = 5  # levels that are shown


class Writer:
    __slots__ = ("_gap", "_lead", "_marks", "_parts", "_space", "quotes")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._gap = 0  # line ends before the next text
        self._space = False
        self._lead = ""  # of the next line: "- ", "## "
        self._marks: list[str] = []  # opened, not written yet
        self.quotes = 0

    @property
    def at(self) -> int:
        """A place to read on from, with `since`."""
        return len(self._parts)

    def since(self, at: int) -> str:
        return "".join(self._parts[at:])

    def text(self) -> str:
        return "".join(self._parts).strip("\n")

    def gap(self, lines: int) -> None:
        if not self._lead:
            self._gap = max(self._gap, lines)

    def line_break(self) -> None:
        if not self._lead:
            self._gap = min(self._gap + 1, 2)

    def lead(self, text: str) -> None:
        """What the next text begins its line with; an empty `text` takes it back."""
        self._lead = text

    def words(self, text: str) -> None:
        """Running text, its white space collapsed as a browser does."""
        body = " ".join(text.split())
        self._space = self._space or text[:1].isspace()
        if body:
            self._put(body)
            self._space = text[-1].isspace()

    def mark(self, opening: str) -> None:
        self._marks.append(opening)

    def unmark(self, closing: str) -> None:
        if self._marks:
            self._marks.pop()
        else:
            self._parts.append(closing)

    def block(self, text: str) -> None:
        """Text whose lines stay as they are, set apart."""
        self.gap(2)
        marks, self._marks = self._marks, []  # a block inside a link is no part of its text
        self._put(text.replace("\n", "\n" + self._margin))
        self._marks = marks
        self.gap(2)

    def _put(self, text: str) -> None:
        before = self._between()
        text = self._lead + "".join(self._marks) + text
        if not before and self._parts and self._parts[-1].endswith("!") and text[0] == "[":
            before = " "  # else a mark of exclamation and a link become an image
        if before:
            self._parts.append(before)
        self._parts.append(text)
        self._gap, self._space, self._lead = 0, False, ""
        self._marks.clear()

    def _between(self) -> str:
        if not self._parts:
            return self._margin
        if self._gap:
            return ("\n" + self._margin.rstrip()) * (self._gap - 1) + "\n" + self._margin
        return " " if self._space else ""

    @property
    def _margin(self) -> str:
        return "> " * min(self.quotes, MOST_QUOTES)


def fenced(code: str, language: str = "") -> str:
    fence = "```"
    while fence in code and len(fence) < 20:
        fence += "`"
    return f"{fence}{language}\n{code}\n{fence}"


def table(rows: Sequence[Sequence[str]]) -> str | None:
    """A table in Markdown; None if it is not one but a page's layout."""
    rows = [row for row in rows if any(row)]
    cells = [cell for row in rows for cell in row]
    if max(map(len, rows), default=0) < 2:
        return None
    if any(len(cell) > 500 or cell.count("\n") > 3 for cell in cells):
        return None
    head, *body = rows
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, body)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
