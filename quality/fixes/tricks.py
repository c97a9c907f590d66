"""What turns up in a model's fix that is no fix: addresses, back doors, swallowed errors."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from quality.fixes.errors import Refused
from quality.python.walking import walk

MOST_TEXT = 200  # characters of a new string
_ADDRESS = re.compile(
    r"""
    \w+://[\w\[%{] | \b\d{1,3}(?:\.\d{1,3}){3}\b | [\w.+-]+@[\w-]+\.\w
    | \b[\w-]+\.(?:com|net|org|io|dev|app|sh|ru|cn|xyz|info|biz|co|me|onion|top|site|cloud)\b
    | ^~?/\w | ^[A-Za-z]:\\ | /etc/ | \.ssh | /dev/
    """,
    re.VERBOSE,
)
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{40,}|(?:[0-9a-fA-F]{2}){16,}|(?:\\x[0-9a-fA-F]{2}){8,}")
_HOME = frozenset({"127.0.0.1", "localhost", "::1"})
# Switched so, each makes the code less safe, whatever was found.
_LOOSE = {
    "verify": False,
    "check_hostname": False,
    "shell": True,
    "debug": True,
    "autoescape": False,
    "usedforsecurity": False,
    "verify_signature": False,
    "verify_exp": False,
    "httponly": False,
    "secure": False,
    "allow_pickle": True,
    "resolve_entities": True,
    "trusted": True,
    "allow_dangerous_deserialization": True,
    "trust_remote_code": True,
}


def check_tricks(old: ast.AST, new: ast.AST) -> None:
    """
    Raises:
        Refused: the new code holds something that no mending needs.
    """
    for text in set(_texts(new)) - set(_texts(old)):
        _check_text(text)
    for what, count in (
        ("switches a protection off", _loosened),
        ("swallows errors", _swallowed),
        ("lets a value of its own decide", _doors),
    ):
        if count(new) - count(old):
            raise Refused(f"it {what}")


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


def _check_text(text: str) -> None:
    if text not in _HOME and _ADDRESS.search(text):
        raise Refused("it holds an address or a path that the code did not")
    if len(text) > MOST_TEXT or _OPAQUE.search(text):
        raise Refused("it holds a long text that nobody can read")


def _loosened(tree: ast.AST) -> Counter[str]:
    pairs: list[tuple[str, ast.expr]] = []
    for node in walk(tree):
        match node:
            case ast.keyword(arg=str(name), value=value):
                pairs.append((name, value))
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
                pairs.append((name, value))
            case ast.Dict(keys=keys, values=values):
                pairs += [
                    (str(key.value), value)
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                ]
    return Counter(
        name
        for name, value in pairs
        if isinstance(value, ast.Constant) and _LOOSE.get(name.lower()) is value.value
    )


def _swallowed(tree: ast.AST) -> Counter[str]:
    """Handlers of everything that do not raise, and the like."""
    return Counter(
        "handler"
        for node in walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node.type)
        and not any(isinstance(child, ast.Raise) for child in walk(node))
    )


def _catches_all(kind: ast.expr | None) -> bool:
    return kind is None or (
        isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}
    )


def _doors(tree: ast.AST) -> Counter[str]:
    """Comparisons with a word of the code's own that let something happen, not stop."""
    stopping = {
        id(child) for node in walk(tree) if isinstance(node, ast.If) and _stops(node)
        for child in walk(node.test)
    }  # fmt: skip
    return Counter(
        text
        for node in walk(tree)
        if isinstance(node, ast.Compare) and id(node) not in stopping
        for text in _words(node)
    )


def _words(node: ast.Compare) -> Iterator[str]:
    if not any(isinstance(op, ast.Eq | ast.In | ast.Is) for op in node.ops):
        return
    for side in (node.left, *node.comparators):
        for part in walk(side):
            if isinstance(part, ast.Constant) and isinstance(part.value, str | bytes | int):
                yield repr(part.value)


def _stops(node: ast.If) -> bool:
    """Whether its body refuses: raises, aborts, or gives back nothing."""
    match node.body[-1]:
        case ast.Raise() | ast.Continue():
            return True
        case ast.Return(value=None | ast.Constant(value=None | False | "" | 0)):
            return True
        case ast.Return(value=ast.Tuple(elts=[_, ast.Constant(value=int(status))])):
            return 400 <= status < 500
        case ast.Expr(value=ast.Call(func=ast.Name(id="abort"))):
            return True
        case ast.Return(value=ast.Call() as call):
            return _refuses(call)
    return False


def _refuses(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name == "abort" or name.startswith(("HttpResponse", "Forbid", "BadRequest"))
    return False
