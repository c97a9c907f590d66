"""Checks of who somebody is, or what they may do, that do not hold."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, argument, last_name
from quality.checks.web import answers, key_of, read_part, route_of
from quality.checks.words import is_password

_RANKS = frozenset({"is_superuser", "is_admin", "is_staff", "role", "roles", "is_owner"})
_PERMISSION = re.compile(
    r"(?i)permission|has_perm|admin_required|staff_member|user_passes_test|require_?\w*role|abort"
    r"|forbidden|40[13]$|is_admin|is_staff|is_superuser|superuser_required|role_required|can_"
    r"|authorize|current_admin|get_admin|security|verify"
)
_USER = re.compile(r"(?i)user|login|email")
_QUESTION = re.compile(r"(?i)(secret|security|recovery)_?(answer|question)|mothers?_maiden")
_LOGS_IN = re.compile(r"(?i)^(user_?)?(log|sign)_?in(_user)?$|^authenticate$|^do_login$")
_NEW_SESSION = re.compile(r"(?i)cycle_key|flush|^login$|auth_login|clear|regenerate|new_session")
_SESSION_ID = re.compile(r"(?i)^(session_?id|sid|session_?key|sess_id)$")
_IDENTITY = re.compile(
    r"(?i)^x-(auth(enticated)?-|remote-|forwarded-)?(user|username|user-?name|user-?id|email|role"
    r"|user-?role|admin|account|groups?)$"
)
_LIMITED = re.compile(r"(?i)limit|throttle|axes|attempt|lockout|captcha")


def _either_is_enough(node: ast.If, _: Code) -> Iterator[ast.AST]:
    """`if not same(user, USER) and not same(password, PASSWORD): refuse`."""
    match node.test:
        case ast.BoolOp(op=ast.And(), values=[first, second]):
            names = [_refused(first), _refused(second)]
        case _:
            return
    user = any(any(_USER.search(n) for n in each) for each in names)
    secret = any(any(is_password(n) for n in each) for each in names)
    if (
        all(names)
        and user
        and secret
        and isinstance(node.body[-1], ast.Raise | ast.Return | ast.Expr)
    ):
        yield node.test


def _refused(node: ast.expr) -> list[str]:
    """The names that a negative test compares."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(args=args)):
            return [last_name(each) for each in args]
        case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[right]):
            return [last_name(left), last_name(right)]
    return []


def _empty_bind(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """LDAP takes a bind with an empty password for an anonymous one, and says yes."""
    given = argument(node, "cred", 1)
    if not isinstance(given, ast.Name) or not any("ldap" in w for w in code.words(code.tree)):
        return
    function = code.function(node)
    if function is not None and function.name == "__init__":
        return  # the program's own account, not somebody who logs in
    for each in code.inside(code.scope(node)):
        tested = each.test if isinstance(each, ast.If | ast.Assert | ast.IfExp) else None
        if tested and any(
            isinstance(n, ast.Name) and n.id == given.id for n in code.inside(tested)
        ):
            return
    yield node


def _grants_rank(node: Function, code: Code) -> Iterator[ast.AST]:
    """A request that makes somebody an administrator, and no word on who may ask for that."""
    if not answers(node, code):
        return
    granted = [
        each
        for each in code.inside(node)
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Attribute)
        and each.targets[0].attr in _RANKS
    ]
    words = {w for part in [*node.body, *node.decorator_list] for w in code.words(part)}
    words |= code.words(node.args)
    if granted and not any(_PERMISSION.search(word) for word in words - _RANKS):
        yield granted[0]


def _asks_question(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    """An answer that friends know, and strangers find."""
    if isinstance(node.ops[0], ast.Eq | ast.NotEq):
        names = [last_name(_lowered(side)) for side in (node.left, *node.comparators)]
        if any(_QUESTION.search(name) for name in names):
            yield node


def _lowered(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="lower" | "strip" | "casefold")):
            return _lowered(value)
    return node


def _kept_session(node: Function, code: Code) -> Iterator[ast.AST]:
    """A login in Django that writes into the session that was there before."""
    first = node.args.args[0].arg if node.args.args else ""
    if first != "request" or not _LOGS_IN.match(node.name) or route_of(node):
        return
    words = {word for part in node.body for word in code.words(part)}
    for each in code.inside(node):
        match each:
            case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="session"))]):
                if not any(_NEW_SESSION.search(word) for word in words):
                    yield each
                    return


def _session_reused(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """`sid = request.cookies.get("sid") or new_id()` at login."""
    if not any(_SESSION_ID.match(last_name(target)) for target in node.targets):
        return
    function = code.function(node)
    if function is None or not _LOGS_IN.match(function.name) or not answers(function, code):
        return
    asked = node.value.values if isinstance(node.value, ast.BoolOp) else [node.value]
    if any(read_part(each, code) in ("cookies", "query", "body") for each in asked):
        yield node


def _claimed_identity(node: ast.Call | ast.Subscript, code: Code) -> Iterator[ast.AST]:
    """`request.headers["X-Username"]`, taken as who it is."""
    if isinstance(code.parent(node), ast.Attribute | ast.Subscript):
        return
    if _IDENTITY.match(key_of(node, code)) and read_part(node, code) == "headers":
        proxied = {"compare_digest", "trusted_proxy", "trusted_proxies", "remote_addr"}
        if not proxied & code.words(code.scope(node)):
            yield node


def _unlimited_login(node: Function, code: Code) -> Iterator[ast.AST]:
    """The application has a limiter, and its login none."""
    if not _LOGS_IN.match(node.name) or not route_of(node):
        return
    if not code.speaks_of("limiter", "flask_limiter"):
        return
    said = {word for part in [*node.decorator_list, *node.body] for word in code.words(part)}
    everywhere = {"default_limits", "application_limits", "slowapimiddleware"}
    if not any(_LIMITED.search(w) for w in said) and not everywhere & code.words(code.tree):
        yield node


CHECKS = (
    on("either-is-enough", _either_is_enough, ast.If),
    on_call("empty-bind", _empty_bind, ".simple_bind_s", ".bind_s", ".simple_bind"),
    on("grants-rank", _grants_rank, *FUNCTIONS, tests=False),
    on("asks-question", _asks_question, ast.Compare, tests=False),
    on("session-from-outside", _kept_session, *FUNCTIONS, tests=False),
    on("session-from-outside", _session_reused, ast.Assign),
    on("claimed-identity", _claimed_identity, ast.Call, ast.Subscript, tests=False, web=True),
    on("unlimited-login", _unlimited_login, *FUNCTIONS, tests=False),
)
