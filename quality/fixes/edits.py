"""Edits put into a text."""

from collections.abc import Iterable
from itertools import accumulate, pairwise

from quality.finding import Edit, Place
from quality.fixes.content import lines
from quality.fixes.errors import Refused


def edited(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` in it, whose places are those of `text` as it is.

    Raises:
        Refused: two overlap, or one is not within the text.
    """
    starts = [0, *accumulate(len(line) for line in lines(text))]
    spans = sorted(
        ((*_span(text, starts, edit.place), edit.text) for edit in edits),
        key=lambda span: span[:2],
    )
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise Refused("two of its edits overlap")
    pieces, done = list[str](), 0
    for start, end, new in spans:
        pieces += text[done:start], new
        done = end
    return "".join([*pieces, text[done:]])


def _span(text: str, starts: list[int], place: Place) -> tuple[int, int]:
    start = _offset(text, starts, place.line, place.column)
    if place.end_column:
        end = _offset(text, starts, place.end_line, place.end_column)
    else:
        end = _line_end(text, starts, place.end_line)
    if end < start:
        raise Refused("an edit ends before it begins")
    return start, end


def _offset(text: str, starts: list[int], line: int, column: int) -> int:
    last = len(starts)
    if line == last and column == 1:  # after the last line
        return len(text)
    if not 1 <= line < last or not 1 <= column <= starts[line] - starts[line - 1] + 1:
        raise Refused("an edit is outside the file")
    return starts[line - 1] + column - 1


def _line_end(text: str, starts: list[int], line: int) -> int:
    if not 1 <= line < len(starts):
        raise Refused("an edit is outside the file")
    return starts[line] - (text[starts[line] - 1] == "\n")
