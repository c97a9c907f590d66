"""Patterns and filters that let through what they should not, or take for ever."""

import ast
import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]  # the stdlib's own, undocumented
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from quality.checks.check import on, on_call
from quality.checks.code import Code, last_name

_FUNCTIONS = (
    "compile",
    "match",
    "search",
    "fullmatch",
    "sub",
    "subn",
    "findall",
    "finditer",
    "split",
)
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_ADDRESS = re.compile(r"(?i)(^|_)(url|uri|host|hostname|origin|referer|referrer|domain|netloc)$")
_DOMAIN = re.compile(
    r"^\.?[\w-]+(\.[\w-]+)*\.(com|org|net|io|dev|co|app|gov|edu|example|internal)$"
)
_ADDRESS_PATTERN = re.compile(r"\^?\(?(\?:)?https?\??:?")
_BARE_DOT = re.compile(
    r"[a-z0-9+*)\]](?<!\\)\.[a-z0-9-]+(\\?\.[a-z0-9-]+)*$|[a-z+*)\]]\.(com|org|net|io)\b"
)
_CHECKED = re.compile(
    r"(?i)(^|_)(user_?name|name|email|mail|phone|zip_?code|postcode|ip|ip_?addr(ess)?|host_?name|port"
    r"|filename|slug|code|id|uuid|domain|account|iban|date|input|value|number|key|param)$"
)


def _regex(node: ast.Call, code: Code) -> str | None:
    given = node.args[0] if node.args else None
    value = code.constant(given) if given else None
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def _takes_for_ever(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`(a+)+$`: the same text can be read in more ways than can be tried."""
    written = _regex(node, code)
    if not written or len(written) > 2_000 or not re.search(r"[*+}]", written):
        return
    try:
        parsed = parser.parse(written)
    except (re.error, OverflowError, RecursionError):
        return
    if any(_explodes(list(parsed)[i:]) for i in range(len(list(parsed)))) or _inside(list(parsed)):
        yield node


def _inside(items: list[Any]) -> bool:
    for op, value in items:
        groups: list[Any] = []
        if op is codes.SUBPATTERN:
            groups = [value[-1]]
        elif op is codes.BRANCH:
            groups = list(value[1])
        for group in groups:
            inner = list(group)
            if any(_explodes(inner[i:]) for i in range(len(inner))) or _inside(inner):
                return True
    return False


def _explodes(items: list[Any]) -> bool:
    """Whether the first is an ambiguous repeat whose end something else must follow."""
    op, value = items[0]
    if op not in _REPEATS or value[1] is not codes.MAXREPEAT or len(items) < 2:
        return False
    return _ambiguous(_unwrapped(list(value[2])))


def _unwrapped(items: list[Any]) -> list[Any]:
    while len(items) == 1 and items[0][0] is codes.SUBPATTERN:
        items = list(items[0][1][-1])
    return items


def _ambiguous(items: list[Any]) -> bool:
    if len(items) == 1 and items[0][0] is codes.BRANCH:
        firsts = [_characters(list(each)[:1]) for each in items[0][1][1] if list(each)]
        repeats = any(_ambiguous(_unwrapped(list(each))) for each in items[0][1][1])
        overlap = any(a & b for i, a in enumerate(firsts) for b in firsts[i + 1 :])
        single = all(len(list(each)) == 1 for each in items[0][1][1])
        return repeats or (overlap and single)
    repeated = [each for each in items if _is_open(each)]
    needed = [each for each in items if not _is_open(each) and not _may_be_empty(each)]
    if not repeated:
        return False
    # What must stand between keeps the repeats apart, unless they can eat it too
    eaten = _characters(repeated)
    return not needed or all(_characters([each]) & eaten for each in needed)


def _is_open(item: Any) -> bool:
    return item[0] in _REPEATS and item[1][1] is codes.MAXREPEAT


def _may_be_empty(item: Any) -> bool:
    return item[0] in _REPEATS and item[1][0] == 0


def _characters(items: list[Any]) -> frozenset[int]:
    """Which of the first 128 characters they may begin with."""
    found: set[int] = set()
    for op, value in items:
        if op is codes.LITERAL:
            found.add(value)
        elif op is codes.NOT_LITERAL:
            found |= set(range(128)) - {value}
        elif op is codes.ANY:
            found |= set(range(128))
        elif op is codes.IN:
            found |= _set(value)
        elif op in _REPEATS:
            found |= _characters(list(value[2])[:1])
        elif op is codes.SUBPATTERN:
            found |= _characters(list(value[-1])[:1])
    return frozenset(found)


_CLASSES = {
    codes.CATEGORY_DIGIT: re.compile(r"\d"),
    codes.CATEGORY_WORD: re.compile(r"\w"),
    codes.CATEGORY_SPACE: re.compile(r"\s"),
    codes.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    codes.CATEGORY_NOT_WORD: re.compile(r"\W"),
    codes.CATEGORY_NOT_SPACE: re.compile(r"\S"),
}


def _set(items: list[Any]) -> set[int]:
    found: set[int] = set()
    for op, value in items:
        if op is codes.LITERAL:
            found.add(value)
        elif op is codes.RANGE:
            found |= set(range(value[0], min(value[1], 127) + 1))
        elif op is codes.CATEGORY:
            found |= {n for n in range(128) if _CLASSES[value].match(chr(n))}
    negated = bool(items) and items[0][0] is codes.NEGATE
    return set(range(128)) - found if negated else found


def _removed_once(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`path.replace("../", "")` leaves "../" of "....//"."""
    if len(node.args) == 2 and code.text(node.args[1]) == "":
        removed = code.text(node.args[0]) or ""
        if removed in ("../", "..\\", "..") or re.match(
            r"(?i)^</?script>?$|^javascript:$", removed
        ):
            yield node


def _part_of_address(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    """`"example.com" in url` holds for http://evil.test/?example.com too."""
    match node:
        case ast.Compare(left=ast.Constant(value=str(text)), ops=[ast.In()], comparators=[inside]):
            if _DOMAIN.match(text) and _ADDRESS.search(last_name(inside)):
                yield node


def _open_ended_address(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`url.startswith("https://example.com")` holds for https://example.com.evil.test too."""
    func = node.func
    if not isinstance(func, ast.Attribute) or len(node.args) != 1:
        return
    text, name = code.text(node.args[0]) or "", last_name(func.value)
    if func.attr == "startswith":
        open_ended = re.match(r"^https?://[\w.-]+\.[a-z]+$", text)
    else:
        open_ended = _DOMAIN.match(text) if not text.startswith(".") else None
    if open_ended and _ADDRESS.search(name):
        yield node


def _without_end(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`re.match(r"\\d+", value)` as the only check of a value."""
    written = _regex(node, code)
    if not written or len(node.args) < 2 or not _CHECKED.search(last_name(node.args[1])):
        return
    ends = written.endswith(("$", "\\Z", "\\z", "/", ":", ".*", ".+"))
    anywhere = code.full(node.func) == "re.search" and not written.startswith("^")
    whole = re.match(r"^\^?[\\[(].*[+*}\])?\w]$", written) and "|" not in written
    if not ends and not anywhere and whole and _is_asked(node, code):
        yield node


def _compiled(node: ast.Call, code: Code) -> tuple[str, bool] | None:
    """The pattern that `NAME.match(value)` uses, and whether lines have their own ends."""
    func = node.func
    made = code.origin(func.value) if isinstance(func, ast.Attribute) else None
    if not isinstance(made, ast.Call) or code.full(made.func) != "re.compile":
        return None
    lines = any(code.full(flag) in ("re.M", "re.MULTILINE") for flag in made.args[1:])
    written = _regex(made, code)
    return (written, lines) if written else None


def _any_line(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`re.MULTILINE` lets one good line among bad ones pass."""
    found = _compiled(node, code)
    if found is None or not found[1]:
        return
    if found[0].startswith("^") and found[0].endswith("$") and _is_asked(node, code):
        yield node


def _without_start(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`re.search(r"[a-z]+$", slug)` finds the good end of a bad value."""
    function = code.function(node)
    written = _regex(node, code)
    checks = function is not None and re.match(r"(?i)_?(is_)?valid|_?check|_?is_", function.name)
    if not checks or not written or not _is_asked(node, code) or len(node.args) < 2:
        return
    if written.endswith("$") and not written.startswith(("^", "\\A", ".*")):
        yield node


def _unescaped_dot(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`https?://www.example.com` as a pattern."""
    written = _regex(node, code) or ""
    if _ADDRESS_PATTERN.match(written) and _BARE_DOT.search(written):
        yield node


def _is_asked(node: ast.Call, code: Code) -> bool:
    """It decides, by itself, on an `if` or on what is returned."""
    parent = code.parent(node)
    while isinstance(parent, ast.UnaryOp | ast.BoolOp):
        parent = code.parent(parent)
    match parent:
        case ast.If(test=_) | ast.Return() | ast.IfExp():
            return True
        case ast.Call(func=ast.Name(id="bool")):
            return True
        case ast.Compare(comparators=[ast.Constant(value=None)]):
            return True
    return False


CHECKS = (
    on_call("slow-pattern", _takes_for_ever, *(f"re.{name}" for name in _FUNCTIONS)),
    on_call("removed-once", _removed_once, ".replace"),
    on("part-of-address", _part_of_address, ast.Compare, tests=False),
    on_call("open-ended-address", _open_ended_address, ".startswith", ".endswith", tests=False),
    on_call("pattern-without-end", _any_line, ".match", ".search", tests=False),
    on_call("pattern-without-end", _without_start, "re.search", tests=False),
    on_call("unescaped-dot", _unescaped_dot, "re.compile", "re.match", "re.search", tests=False),
    on_call("pattern-without-end", _without_end, "re.match", "re.search", tests=False),
)
