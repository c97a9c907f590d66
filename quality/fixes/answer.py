"""A model's answer as a changed file: it is read kindly, since it is judged hard afterwards."""

import re
from collections.abc import Iterator

from quality.fixes.blocks import blocks, with_blocks
from quality.fixes.code import with_code
from quality.fixes.errors import Refused
from quality.fixes.imports import without_unused
from quality.fixes.passage import Passage
from quality.fixes.patch import is_patch, patched
from quality.python.parse import parse

MOST_ANSWERED = 60_000  # characters
UNCHANGED = "it changes nothing"
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCE = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?P=mark)[`~]*[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)


def proposed(answer: str, text: str, path: str, around: Passage) -> str:
    """The file `text` as `answer` would have it.

    A fenced function, blocks of what to search and its replacement, or a unified diff.

    Imports that it leaves without use go too.

    Raises:
        Refused: it is none of these, does not apply, or is about another file.
    """
    return without_unused(_proposed(answer, text, path, around), parse(text).tree)


def _proposed(answer: str, text: str, path: str, around: Passage) -> str:
    if len(answer) > MOST_ANSWERED:
        raise Refused(f"the answer is longer than {MOST_ANSWERED} characters")
    answer = _THOUGHT.sub("", answer.replace("\r\n", "\n"))
    if found := list(blocks(answer, path)):
        return with_blocks(text, around, found)
    codes = list(_codes(answer))
    if patch := next((code for code in (*codes, answer) if is_patch(code)), None):
        return patched(text, path, patch)
    why = Refused("there is no code in the answer")
    for code in reversed(codes or [answer]):  # the last is the most likely to be the result
        try:
            result = with_code(text, around, code)
        except Refused as refused:
            why = refused
            continue
        if result != text:
            return result
        why = Refused(UNCHANGED)
    raise why


def _codes(answer: str) -> Iterator[str]:
    for fence in _FENCE.finditer(answer):
        if fence["code"].strip():
            yield fence["code"]
