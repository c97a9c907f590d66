"""Who may do what: routes that ask nobody, sessions that anybody may take."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, is_true, last_name
from quality.checks.web import answers, key_of, methods_of, path_of, read_part, route_of
from quality.checks.words import AUTH

_ADMIN = re.compile(
    r"(?i)(^|[/_])(admin|delete|remove|destroy|drop|purge|reset|shutdown|restart|config|settings"
    r"|users?|export|backup|grant|revoke|promote|ban|refund|transfer|payout)([/_-]|$)"
)
_LIVES = re.compile(r"(?i)(^|[/_])(health|ping|status|static|docs|login|signup|register|public)")
_RISKY = re.compile(
    r"(?i)^(delete|remove|drop|destroy|unlink|rmtree|truncate|shutdown|execute|commit|kick|grant"
    r"|run|system|popen|update|transfer|save|fetchall|all|update_one|delete_one|delete_many)$"
)
_CHANGING = re.compile(r"(?i)^(delete|remove|drop|destroy|unlink|commit|transfer|update|rmtree)$")
_OWNED = re.compile(
    r"(?i)^(?:(user|account|order|invoice|document|doc|message|profile|payment|patient|record|file"
    r"|note|customer|member|statement|report|ticket|booking|card|cart|address|post|item)_?id|id|pk"
    r"|uid|user|username|account|account_number)$"
)
_LOOKS_UP = re.compile(r"(?i)^(get|get_or_404|get_object_or_404|find|find_one|fetchone|first|filter"
                       r"|filter_by|query|execute|one|scalar|load|lookup|select)$")  # fmt: skip
_PROOF = re.compile(
    r"(?i)password|passwd|pwd|check|verify|authenticate|token|oauth|code|otp|signature|hash|ldap"
    r"|credential|secret|saml|sso|bind"
)
_LIFETIME = re.compile(
    r"(?i)(permanent_session_lifetime|session_cookie_age|session_timeout|session_lifetime"
    r"|remember_cookie_duration)$"
)
_SESSION_ID = re.compile(r"(?i)^(session_?id|sid|session|sessionid|phpsessid|session_?key)$")
_ADMINISTERS = re.compile(r"(?i)(^|[/_])(admin|delete|remove|purge|shutdown|reset)([/_-]|$)")
_PRIVATE = re.compile(
    r"(?i)account|invoice|order|message|profile|payment|patient|document|statement|record|card"
    r"|salary|medical|customer|private|booking"
)
_LOGS_IN = re.compile(r"(?i)^(do_?)?(log|sign)_?in(_\w+)?$|^authenticate")
_CHANGES = re.compile(r"(?i)^(delete|remove|destroy|transfer|purge|cancel|drop)_")
_RANK = re.compile(r"(?i)^(is_)?(admin|superuser|staff|root)$")
_ROLE = re.compile(r"(?i)^(user_)?role$")


def _asks(function: Function, code: Code) -> bool:
    """Whether anything in it, or its class, has to do with who is asking."""
    own = {function.name.lower()}
    words = {word for part in function.body for word in code.words(part)}
    words |= {w for mark in function.decorator_list[:] for w in code.words(mark)} - _path_words(
        function, code
    )
    words |= code.words(function.args)
    owner = code.parent(function)
    if isinstance(owner, ast.ClassDef):
        words |= {w for base in [*owner.bases, *owner.decorator_list] for w in code.words(base)}
        words |= {w for s in owner.body if isinstance(s, ast.Assign) for w in code.words(s)}
    return any(AUTH.search(word) for word in words - own)


def _path_words(function: Function, code: Code) -> frozenset[str]:
    route = route_of(function)
    return code.words(route.args[0]) if route and route.args else frozenset()


def _guarded_elsewhere(code: Code) -> bool:
    """By the whole application, or a router that depends on who asks."""
    words = code.words(code.tree)
    return bool(
        {"before_request", "middleware", "add_middleware", "httpbasicauth", "dependencies"} & words
    )


def _unguarded(node: Function, code: Code) -> Iterator[ast.AST]:
    """A route that by its name should ask who is there, and does not."""
    route = route_of(node)
    if route is None or _guarded_elsewhere(code) or _asks(node, code):
        return
    path = path_of(node)
    said = f"{path}/{node.name}"
    called = {last_name(call.func) for call, _ in code.calls(node)}
    risky = any(_RISKY.match(name) for name in called)
    methods = methods_of(node)
    deletes = "DELETE" in methods
    if _LIVES.search(said) or not (risky or deletes):
        return
    if deletes or _is_admin(said):
        yield node


def _is_admin(said: str) -> bool:
    return bool(_ADMINISTERS.search(said))


def _someone_elses(node: Function, code: Code) -> Iterator[ast.AST]:
    """A record that is looked up by an id from the request, with no word on whose it is."""
    if not answers(node, code) or _guarded_elsewhere(code):
        return
    names = [arg.arg for arg in node.args.args if _OWNED.match(arg.arg)]
    asked = [e for e in code.inside(node) if isinstance(e, ast.Call | ast.Subscript)]
    names += [k for e in asked if read_part(e, code) and _OWNED.match(k := key_of(e, code))]
    private = _PRIVATE.search(f"{path_of(node)}/{node.name}")
    if not names or not private or _names_owner(node, code):
        return
    looked_up = [call for call, _ in code.calls(node) if _LOOKS_UP.match(last_name(call.func))]
    if any(not read_part(call, code) for call in looked_up):
        yield node


def _names_owner(function: Function, code: Code) -> bool:
    """Whether its body has to do with whose it is; a login alone does not say that."""
    said = {word for part in function.body for word in code.words(part)}
    said |= code.words(function.args) - {arg.arg for arg in function.args.args}
    asked = {arg.arg for arg in function.args.args}
    user = any(
        isinstance(each, ast.Attribute)
        and each.attr == "user"
        and last_name(each.value) == "request"
        for each in code.inside(function)
    )
    return user or any(AUTH.search(word) for word in said - asked)


def _trusted_login(node: Function, code: Code) -> Iterator[ast.AST]:
    """A login that asks for no proof."""
    if not _LOGS_IN.match(node.name) or not answers(node, code):
        return
    words = {word for part in node.body for word in code.words(part)}
    enters = [
        each
        for each in code.inside(node)
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Subscript)
        and last_name(each.targets[0].value) == "session"
    ]
    called = [call for call, name in code.calls(node) if name.endswith("login_user")]
    if (enters or called) and not any(_PROOF.search(word) for word in words):
        yield (enters or called)[0]


def _changes_on_get(node: Function, code: Code) -> Iterator[ast.AST]:
    """A GET that deletes: any page may have the browser send it."""
    if not _CHANGES.match(node.name) or methods_of(node) != {"GET"}:
        return
    if any(_CHANGING.match(last_name(call.func)) for call, _ in code.calls(node)):
        yield node


def _session_from_outside(node: ast.Call | ast.Assign, code: Code) -> Iterator[ast.AST]:
    """A session whose id the request brings along."""
    if isinstance(node, ast.Call):
        given = node.args[:2]
        match given:
            case [key, value] if _SESSION_ID.match(code.text(key) or ""):
                if read_part(value, code) in ("query", "body"):
                    yield node
        return
    for target in node.targets:
        if not isinstance(target, ast.Subscript | ast.Attribute):
            continue
        named = _SESSION_ID.match(last_name(target)) or (
            isinstance(target, ast.Attribute) and target.attr in ("sid", "session_key")
        )
        if named and read_part(node.value, code) in ("query", "body"):
            yield node


def _lasting_session(node: ast.Assign | ast.keyword, code: Code) -> Iterator[ast.AST]:
    """A session that lasts for months."""
    name = node.arg if isinstance(node, ast.keyword) else last_name(node.targets[0])
    if name and _LIFETIME.match(name) and _seconds(node.value, code) > 60 * 86_400:
        yield node.value


def _seconds(node: ast.expr, code: Code) -> float:
    """How long a number of seconds or a timedelta of literals is; 0 if nobody knows."""
    match code.origin(node):
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _seconds(left, code) * _seconds(right, code)
        case ast.Call(func=func, keywords=keywords) if last_name(func) == "timedelta":
            units = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
            given = [(units.get(k.arg or "", 0), _seconds(k.value, code)) for k in keywords]
            return sum(unit * value for unit, value in given)
    return 0


def _endless_token(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`jwt.encode({"sub": user}, ...)` that never expires."""
    payload = code.origin(node.args[0]) if node.args else None
    if isinstance(payload, ast.Dict) and None not in payload.keys:
        keys = {key.value for key in payload.keys if isinstance(key, ast.Constant)}
        function = code.scope(node)
        later = isinstance(node.args[0], ast.Name) and "exp" in code.words(function)
        if "exp" not in keys and not later and len(keys) == len(payload.keys):
            yield node


def _default_admin(node: ast.Assign | ast.AnnAssign, code: Code) -> Iterator[ast.AST]:
    """A column that makes everybody an administrator who is not said to be none."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(code.parent(node), ast.ClassDef):
        return
    rank = _RANK.match(last_name(target))
    role = _ROLE.match(last_name(target))
    if not rank and not role:
        return
    value = node.value
    given = value
    if isinstance(value, ast.Call):
        given = next((k.value for k in value.keywords if k.arg == "default"), None)
    if (rank and is_true(given)) or (
        role and (code.text(given) or "").lower() in ("admin", "root")
    ):
        yield node


def _open_permission(node: ast.Assign, _: Code) -> Iterator[ast.AST]:
    """Django REST framework asked to let everybody in."""
    if last_name(node.targets[0]) != "permission_classes":
        return
    given = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else []
    if [last_name(each) for each in given] == ["AllowAny"]:
        yield node


def _as_root(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`os.setuid(0)`, but for a try whether it still could, which is to fail."""
    if not node.args or code.constant(node.args[0]) != 0:
        return
    tries = (each for each in code.above(node) if isinstance(each, ast.Try))
    caught = (handler.type for each in tries for handler in each.handlers if handler.type)
    if not any(last_name(kind) in ("PermissionError", "OSError") for kind in caught):
        yield node


CHECKS = (
    on("route-asks-nobody", _unguarded, *FUNCTIONS, tests=False),
    on("anybodys-record", _someone_elses, *FUNCTIONS, tests=False),
    on("login-without-proof", _trusted_login, *FUNCTIONS, tests=False),
    on("change-on-get", _changes_on_get, *FUNCTIONS, tests=False),
    on("session-from-outside", _session_from_outside, ast.Assign),
    on_call("session-from-outside", _session_from_outside, ".set_cookie"),
    on("lasting-session", _lasting_session, ast.Assign, ast.keyword),
    on_call("endless-token", _endless_token, "jwt.encode", "jose.jwt.encode", tests=False),
    on("default-admin", _default_admin, ast.Assign, ast.AnnAssign, tests=False),
    on_call("run-as-root", _as_root, "os.setuid", "os.seteuid", "os.setgid", "os.setegid"),
    on("open-permission", _open_permission, ast.Assign),
)
