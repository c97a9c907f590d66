"""The comments of a file in any language, told from strings that only look like one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

# A string ends at the end of its line at the latest, a block at that of the file: a pattern that
# could fail after reading on would take a hostile file quadratic time.
_DOUBLE, _SINGLE = r'"(?:\\.|[^"\\\n])*"?', r"'(?:\\.|[^'\\\n])*'?"
_TICK = r"`(?:\\.|[^`\\])*`?"
_TRIPLE = r'"""(?:\\.|[^\\])*?(?:"""|\\?\Z)' + r"|'''(?:\\.|[^\\])*?(?:'''|\\?\Z)"
_BLOCK = r"/\*.*?(?:\*/|\Z)"
_NONE = r"(?!)"
_SIGNS: dict[str, tuple[str, str]] = {  # family -> comments, strings
    "hash": (r"#[^\n]*", f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}"),
    "plain": (r"(?<!\S)#[^\n]*", _NONE),  # an apostrophe is often only that
    "slash": (rf"//[^\n]*|{_BLOCK}", f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}|{_TICK}"),
    "rust": (rf"//[^\n]*|{_BLOCK}", _DOUBLE),  # an apostrophe may begin a lifetime
    "both": (rf"//[^\n]*|#[^\n]*|{_BLOCK}", f"{_DOUBLE}|{_SINGLE}"),
    "dash": (rf"--[^\n]*|{_BLOCK}", f"{_DOUBLE}|{_SINGLE}"),
    "percent": (r"%[^\n]*", f"{_DOUBLE}|{_SINGLE}"),
    "semicolon": (r"(?<!\S)[;#][^\n]*", _NONE),
    "markup": (rf"<!--.*?(?:-->|\Z)|//[^\n]*|{_BLOCK}", _NONE),
    "bang": (r"![^\n]*", f"{_DOUBLE}|{_SINGLE}"),
}
_IN_FAMILY = {
    "hash": "python ruby perl r elixir julia",
    "both": "php terraform",
    "slash": "javascript typescript go java kotlin scala groovy c cpp objective-c csharp swift zig "
    "dart solidity css",
    "rust": "rust",
    "markup": "html xml markdown vue svelte",
    "dash": "sql lua",
    "percent": "erlang",
    "semicolon": "ini",
    "bang": "fortran",
}
_FAMILY = {name: family for family, names in _IN_FAMILY.items() for name in names.split()}


_INDENT = 1000  # characters; what stands further from the begin of its line is not alone on it


@dataclass(frozen=True, slots=True)
class Comment:
    line: int  # where it begins; the first is 1
    last: int  # where it ends
    text: str  # with its signs
    alone: bool  # no code stands before it on its line


def comments(text: str, language: str) -> Iterator[Comment]:
    """The comments of `text`; a language that is not known is read as if "#" began them."""
    line, seen = 1, 0
    for match in _pattern(_FAMILY.get(language, "plain")).finditer(text):
        if match["comment"] is None:
            continue
        line += text.count("\n", seen, match.start())
        seen = match.start()
        near = max(0, seen - _INDENT)
        before = text[max(near, text.rfind("\n", near, seen) + 1) : seen]
        last = line + match[0].count("\n")
        yield Comment(line, last, match[0], alone=not before.strip())


@cache
def _pattern(family: str) -> re.Pattern[str]:
    comment, string = _SIGNS[family]
    return re.compile(f"(?P<comment>{comment})|{string}", re.DOTALL)
