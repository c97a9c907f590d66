"""Settings and arguments that switch a protection off, and bodies of any length."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on
from quality.checks.code import Code, is_false, is_true, last_name

_ANY_ORIGIN = re.compile(r"\^?(https?\??://)?\.[*+]\$?")


def _is_settings(code: Code) -> bool:
    return "settings" in code.path.rsplit("/", 1)[-1] or "INSTALLED_APPS" in code.assigned


def _django(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    name = last_name(node.targets[0])
    if name in ("SECURE_CONTENT_TYPE_NOSNIFF", "SECURE_BROWSER_XSS_FILTER"):
        off = is_false(node.value)
    elif name == "X_FRAME_OPTIONS":
        off = (code.text(node.value) or "DENY").upper() == "ALLOWALL"
    else:
        return
    if off and _is_settings(code):
        yield node


def _no_validators(node: ast.Assign, _: Code) -> Iterator[ast.AST]:
    if last_name(node.targets[0]) != "AUTH_PASSWORD_VALIDATORS":
        return
    if isinstance(node.value, ast.List | ast.Tuple) and not node.value.elts:
        yield node


def _middleware(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """Django's list of middleware without what keeps pages out of frames."""
    if last_name(node.targets[0]) not in ("MIDDLEWARE", "MIDDLEWARE_CLASSES"):
        return
    texts = [str(e.value) for e in code.inside(node.value) if isinstance(e, ast.Constant)]
    sessions = any(text.endswith("SessionMiddleware") for text in texts)
    framed = any(text.endswith("XFrameOptionsMiddleware") for text in texts)
    if sessions and not framed and "csp" not in " ".join(texts).lower():
        yield node


def _remote_code(node: ast.keyword, _: Code) -> Iterator[ast.AST]:
    """`from_pretrained(..., trust_remote_code=True)`."""
    if node.arg == "trust_remote_code" and is_true(node.value):
        yield node.value


def _any_origin(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """A pattern of allowed origins that all of them match, with cookies."""
    for keyword in node.keywords:
        if keyword.arg == "allow_origin_regex":
            break
    else:
        return
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    pattern = code.text(given["allow_origin_regex"]) or ""
    if _ANY_ORIGIN.fullmatch(pattern) and is_true(given.get("allow_credentials")):
        yield node


def _body_of_any_length(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`self.rfile.read(int(self.headers["Content-Length"]))`."""
    match node:
        case ast.Call(func=ast.Attribute(value=source, attr="read"), args=[size]):
            if last_name(source) not in ("rfile", "stream", "input"):
                return
        case _:
            return
    made = code.origin(size)
    lengths = [
        e for e in code.inside(made) if isinstance(e, ast.Constant) and isinstance(e.value, str)
    ]
    if not any(str(each.value).lower() in ("content-length", "content_length") for each in lengths):
        return
    name = size.id if isinstance(size, ast.Name) else None
    for each in code.inside(code.scope(node)):
        compared = code.inside(each) if isinstance(each, ast.Compare) else ()
        if any(isinstance(e, ast.Name) and e.id == name for e in compared):
            return
    if not isinstance(made, ast.Call) or last_name(made.func) != "min":
        yield node


CHECKS = (
    on("protection-off", _django, ast.Assign, tests=False),
    on("protection-off", _middleware, ast.Assign, tests=False),
    on("short-password", _no_validators, ast.Assign, tests=False),
    on("remote-code-trusted", _remote_code, ast.keyword, tests=False),
    on("any-origin-pattern", _any_origin, ast.Call),
    on("body-of-any-length", _body_of_any_length, ast.Call),
)
