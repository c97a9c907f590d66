"""Errors that are hidden, results that nobody reads, and checks that fail open."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, is_true, last_name
from quality.checks.web import read_part, route_of
from quality.checks.words import AUTH
from quality.python.walking import walk, walk_scope

_PURE = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize"})
_PURE |= frozenset({"casefold", "swapcase", "zfill", "removeprefix", "removesuffix", "center"})
_DECIDES = re.compile(
    r"(?i)^_?(is|has|can|check|verify|validate|authenticate|authori[sz]e|allow)(_|$)|auth|permission"
)
_EXITS = re.compile(r"(?i)exit|abort|fail|error|die|usage|quit|skip|panic|fatal|raise|stop")
_REFUSALS = re.compile(
    r"(?i)^(Base)?Exception$|bad|invalid|signature|auth|permission|expired|cert|ssl|verif|token|denied"
)
_OF_MATCH = frozenset({"group", "groups", "start", "end", "span", "groupdict"})
_TYPES = ("builtins.Exception", "builtins.BaseException")


def _swallowed(node: ast.ExceptHandler, code: Code) -> Iterator[ast.AST]:
    broad = node.type is None or code.full(node.type) in _TYPES
    silent = all(
        isinstance(each, ast.Pass | ast.Continue) or _is_ellipsis(each) for each in node.body
    )
    if broad and silent:
        yield node


def _swallowed_check(node: ast.Try, code: Code) -> Iterator[ast.AST]:
    """`try: verify(...)` / `except BadSignature: pass`, and on it goes."""
    if len(node.body) != 1 or not isinstance(node.body[0], ast.Expr):
        return
    called = [last_name(call.func) for call, _ in code.calls(node.body[0])]
    if not any(_DECIDES.search(name) for name in called):
        return
    for handler in node.handlers:
        kind = last_name(handler.type) if handler.type else "Exception"
        silent = all(isinstance(each, ast.Pass) for each in handler.body)
        if silent and _REFUSALS.search(kind):
            yield handler


def _claims_success(node: ast.ExceptHandler, code: Code) -> Iterator[ast.AST]:
    """`except: return True` where without an error it is True as well."""
    if len(node.body) != 1 or not isinstance(node.body[0], ast.Return):
        return
    if is_true(node.body[0].value) and (node.type is None or code.full(node.type) in _TYPES):
        parent = code.parent(node)
        if isinstance(parent, ast.Try):
            worked = [
                e.value for s in parent.body for e in code.inside(s) if isinstance(e, ast.Return)
            ]
            if any(is_true(each) for each in worked):
                yield node


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _unreachable_handler(node: ast.Try, code: Code) -> Iterator[ast.AST]:
    for index, handler in enumerate(node.handlers[:-1]):
        if handler.type is None or code.full(handler.type) in _TYPES:
            following = node.handlers[index + 1]
            if not (following.type and code.full(following.type) == "builtins.BaseException"):
                yield following


def _fails_open(node: ast.ExceptHandler, code: Code) -> Iterator[ast.AST]:
    """`except ...: return True` in what decides whether somebody may."""
    function = code.function(node)
    if function is None or not _DECIDES.search(function.name):
        return
    for each in node.body:
        match each:
            case ast.Return(value=value) if is_true(value) and AUTH.search(function.name.lower()):
                yield each
            case ast.Assign(targets=[target], value=value) if is_true(value):
                if AUTH.search(last_name(target).lower()):
                    yield each


def _unused_text(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    func = node.func
    if not isinstance(code.parent(node), ast.Expr) or not isinstance(func, ast.Attribute):
        return
    pure = func.attr in _PURE or (func.attr == "replace" and len(node.args) > 1)
    imported = code.full(func).split(".")[0] in ("os", "shutil", "dataclasses", "pandas")
    if pure and not node.keywords and not imported and not isinstance(func.value, ast.Call):
        yield node


def _unused(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    if isinstance(code.parent(node), ast.Expr):
        yield node


def _unchecked_run(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    keywords = {keyword.arg for keyword in node.keywords}
    if isinstance(code.parent(node), ast.Expr) and not keywords & {"check", None}:
        yield node


def _unchecked_send(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """A socket may send a part of what it is given."""
    if not isinstance(code.parent(node), ast.Expr) or not isinstance(node.func, ast.Attribute):
        return
    made = code.origin(node.func.value)
    if isinstance(made, ast.Call) and code.full(made.func) in (
        "socket.socket",
        "socket.create_connection",
    ):
        yield node


def _maybe_none(node: ast.Attribute, code: Code) -> Iterator[ast.AST]:
    """`re.match(...).group()`, and `m.group()` where nobody asked whether there is an `m`."""
    if node.attr not in _OF_MATCH:
        return
    value = node.value
    made = code.origin(value)
    if not isinstance(made, ast.Call):
        return
    searched = code.full(made.func) in ("re.match", "re.search", "re.fullmatch")
    compiled = isinstance(made.func, ast.Attribute) and _is_pattern(made.func, code)
    if not (searched or compiled):
        return
    if isinstance(value, ast.Call) or (isinstance(value, ast.Name) and not _asked(value, code)):
        yield node


def _is_pattern(func: ast.Attribute, code: Code) -> bool:
    made = code.origin(func.value)
    return (
        func.attr in ("match", "search", "fullmatch")
        and isinstance(made, ast.Call)
        and code.full(made.func) == "re.compile"
    )


def _asked(name: ast.Name, code: Code) -> bool:
    """Whether a condition looks at the name, or an error is caught where it is used."""
    for each in code.inside(code.scope(name)):
        if isinstance(each, ast.If | ast.While | ast.IfExp | ast.Assert | ast.comprehension):
            tests = each.ifs if isinstance(each, ast.comprehension) else [each.test]
            if any(_names(test, name.id) for test in tests):
                return True
        elif isinstance(each, ast.BoolOp | ast.NamedExpr | ast.Match) and _names(each, name.id):
            return True
    return any(isinstance(each, ast.Try) for each in code.above(name))


def _names(node: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in walk(node))


def _mean_of_nothing(node: ast.BinOp, code: Code) -> Iterator[ast.AST]:
    """`/ len(items)` of a parameter that nobody asked whether it is empty."""
    match node:
        case ast.BinOp(
            op=ast.Div() | ast.FloorDiv(),
            right=ast.Call(func=ast.Name(id="len"), args=[ast.Name() as items]),
        ) if function := code.function(node):
            arguments = {arg.arg for arg in code.inside(function.args) if isinstance(arg, ast.arg)}
            if items.id in arguments and not _asked(items, code):
                yield node


def _divides_by_input(node: ast.BinOp, code: Code) -> Iterator[ast.AST]:
    """`total / count` where the request says what `count` is."""
    if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and isinstance(node.right, ast.Name):
        made = code.origin(node.right)
        number = isinstance(made, ast.Call) and last_name(made.func) in ("int", "float")
        if number and isinstance(made, ast.Call) and made.args:
            asked = made.args[0]
            typed = isinstance(asked, ast.Call) and code.full(asked.func) == "builtins.input"
            if (typed or read_part(asked, code)) and not _asked(node.right, code):
                yield node


def _dropped_answer(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`redirect(...)` that is not returned: what follows runs all the same."""
    if isinstance(code.parent(node), ast.Expr) and code.function(node):
        yield node


def _asserted_permission(node: ast.Assert, code: Code) -> Iterator[ast.AST]:
    """`python -O` leaves assertions out."""
    function = code.function(node)
    if function and function.name.startswith("test"):
        return
    names = [
        n for n in code.inside(node.test) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript)
    ]
    narrows = isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.IsNot)
    checks_input = function is not None and route_of(function) and not narrows
    if checks_input or any(_PERMISSION.search(last_name(each)) for each in names):
        yield node


_PERMISSION = re.compile(
    r"(?i)^(is_)?(admin|staff|superuser|auth\w*|logged_in|owner|allowed)$|permission|privilege|role"
    r"|^has_access|password|signature|csrf|^(access_|auth_)?token$"
)


def _generic_raise(node: ast.Raise, code: Code) -> Iterator[ast.AST]:
    exc = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if exc and code.full(exc) in _TYPES:
        yield node


def _reread(node: Function, code: Code) -> Iterator[ast.AST]:
    """A name that only `try` assigns, read after an `except` that goes on."""
    going_on = [each for each in node.body if isinstance(each, ast.Try) and _goes_on(each)]
    if not going_on:
        return
    known = {arg.arg for arg in code.inside(node.args) if isinstance(arg, ast.arg)}
    for index, each in enumerate(node.body):
        if isinstance(each, ast.Try) and each in going_on:
            made = {n for s in each.body for n in _stored(s)} - known
            lost = made - {n for h in each.handlers for s in h.body for n in _stored(s)}
            if lost:
                yield from _reads(node.body[index + 1 :], lost)
            if each is going_on[-1]:
                return
        known |= set(_stored(each))


def _goes_on(node: ast.Try) -> bool:
    """Whether what follows it may run after an error."""
    return not (node.finalbody or node.orelse) and any(not _ends(h.body) for h in node.handlers)


def _stored(statement: ast.stmt) -> list[str]:
    inside = [statement, *walk_scope(statement)]
    named = [e.id for e in inside if isinstance(e, ast.Name) and isinstance(e.ctx, ast.Store)]
    defined = [e.name for e in inside if isinstance(e, (*FUNCTIONS, ast.ClassDef))]
    imported = [e.asname or e.name.split(".")[0] for e in inside if isinstance(e, ast.alias)]
    return [*named, *defined, *imported]


def _ends(block: list[ast.stmt]) -> bool:
    last = block[-1]
    called = (
        last.value.func if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else None
    )
    exits = called is not None and bool(_EXITS.search(last_name(called)))
    return exits or isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break)


def _reads(block: list[ast.stmt], lost: set[str]) -> Iterator[ast.AST]:
    for statement in block:
        if isinstance(statement, ast.If | ast.Try | ast.While):
            return  # it may well be asked there
        for each in walk(statement):
            if isinstance(each, ast.Name) and each.id in lost and isinstance(each.ctx, ast.Load):
                yield each
                return


CHECKS = (
    on("swallowed-error", _swallowed, ast.ExceptHandler),
    on("swallowed-error", _claims_success, ast.ExceptHandler, tests=False),
    on("fails-open", _swallowed_check, ast.Try, tests=False),
    on("unreachable-handler", _unreachable_handler, ast.Try),
    on("fails-open", _fails_open, ast.ExceptHandler),
    on_call("unused-result", _unused_text, *(f".{name}" for name in [*_PURE, "replace"])),
    on_call("unused-result", _unused, "builtins.sorted", "builtins.reversed", "os.path.join"),
    on_call("unchecked-result", _unchecked_run, "subprocess.run", tests=False),
    on_call("unchecked-result", _unused, "subprocess.call", "os.system"),
    on_call("partly-sent", _unchecked_send, ".send"),
    on("maybe-none", _maybe_none, ast.Attribute, tests=False),
    on("mean-of-nothing", _mean_of_nothing, ast.BinOp, tests=False),
    on("divides-by-input", _divides_by_input, ast.BinOp),
    on("asserted-permission", _asserted_permission, ast.Assert, tests=False),
    on("generic-error", _generic_raise, ast.Raise, tests=False),
    on("maybe-unassigned", _reread, *FUNCTIONS),
    on_call(
        "runs-on-after-redirect",
        _dropped_answer,
        "flask.redirect",
        "werkzeug.utils.redirect",
        "django.shortcuts.redirect",
        "django.http.HttpResponseRedirect",
        "django.http.HttpResponseForbidden",
        "quart.redirect",
        "starlette.responses.RedirectResponse",
        "fastapi.responses.RedirectResponse",
    ),
)
