"""Decisions on what the other side says about itself."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, last_name
from quality.checks.web import answers, key_of, path_of, read_part
from quality.python.walking import walk

_RANKS = re.compile(
    r"(?i)^(is_?)?(admin|administrator|role|superuser|staff|privileged?|access_level|user_?type"
    r"|authenticated|logged_?in|auth|debug|is_auth|group)$"
)
_CLAIMED = re.compile(r"(?i)^(x-forwarded-for|x-real-ip|x-client-ip|client-ip|referer"
                      r"|x-forwarded-host|x-user|x-role|x-admin|x-auth-user|x-remote-user"
                      r"|http_x_forwarded_for|http_referer)$")  # fmt: skip
_CLAIMED_START = re.compile(r"(?i)^(referer|referrer|x-forwarded-for|x-real-ip)$")
_HOOK = re.compile(r"(?i)web_?hook|callback/pay|payment.?callback|/ipn")
_LINK = re.compile(r"(?i)reset|confirm|verify|activate|token=")
_PAID = re.compile(
    r"(?i)charge|pay|order|checkout|purchase|buy|invoice|transfer|debit|refund|insert|execute|save"
    r"|commit|create|update|append|add|sell|book|process|confirm|capture|intent"
)
_PRICES = re.compile(r"(?i)^(unit_?)?(price|total|discount|amount_due|total_price|cost)$")
_AMOUNTS = re.compile(r"(?i)^(amount|quantity|qty|count|transfer_amount|units)$")
_HASHES = ("password_hash", "passwordhash", "pwd_hash", "hashed_password", "pass_hash")
_LOCAL_USER = ("os.getlogin", "getpass.getuser")
_SIGNED = re.compile(r"(?i)sign|hmac|verify|construct_event|secret|token|compare_digest|digest")


def _rank_from_request(node: ast.Compare | ast.If | ast.IfExp, code: Code) -> Iterator[ast.AST]:
    """`request.cookies.get("role") == "admin"`."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        if not any(isinstance(code.origin(side), ast.Constant) for side in sides):
            return
    else:
        sides = [node.test]
    for side in sides:
        if not _RANKS.match(key_of(side, code)):
            continue
        if read_part(side, code) in ("cookies", "query", "body", "headers"):
            yield node if isinstance(node, ast.Compare) else node.test
            return


def _claimed_origin(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """`request.headers.get("X-Forwarded-For") == "127.0.0.1"`."""
    for side in [node.left, *node.comparators]:
        key = key_of(side, code)
        named = _CLAIMED.match(key) or key == "referrer"
        if named and read_part(side, code) == "headers" and not _is_none_test(node):
            yield node
            return


def _is_none_test(node: ast.Compare) -> bool:
    return any(isinstance(c, ast.Constant) and c.value in (None, "") for c in node.comparators)


def _claimed_prefix(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`request.headers["Referer"].startswith(...)`."""
    func = node.func
    if isinstance(func, ast.Attribute):
        claims = _CLAIMED_START.match(key_of(func.value, code))
        if claims and read_part(func.value, code) == "headers":
            yield node


def _local_user(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """`getpass.getuser() == "root"`: the environment says so."""
    if not code.speaks_of("getlogin", "getuser", "user", "logname", "username"):
        return
    for side in [node.left, *node.comparators]:
        found = code.origin(side)
        match found:
            case ast.Call(func=func) if code.full(func) in _LOCAL_USER:
                yield node
            case ast.Call(args=[ast.Constant(value="USER" | "LOGNAME" | "USERNAME"), *_]):
                if code.full(found.func) in ("os.environ.get", "os.getenv"):
                    yield node


def _named_host(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """A name that reverse DNS gives is what the owner of the address wants."""
    if not code.speaks_of("gethostbyaddr", "getfqdn", "getnameinfo"):
        return
    for side in [node.left, *node.comparators]:
        found = code.origin(side)
        while isinstance(found, ast.Subscript | ast.Attribute):
            found = code.origin(found.value)
        if isinstance(found, ast.Call) and code.full(found.func) in (
            "socket.gethostbyaddr",
            "socket.getfqdn",
            "socket.getnameinfo",
        ):
            yield node


def _price_from_request(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """`price = float(request.form["price"])`."""
    name = last_name(node.targets[0])
    named = _PRICES.match(name) and _PRICES.match(key_of(node.value, code))
    if not named or read_part(node.value, code) not in ("query", "body", "cookies"):
        return
    # One that is only computed with costs nobody anything.
    if any(_PAID.search(last_name(call.func)) for call, _ in code.calls(code.scope(node))):
        yield node


def _unbounded_amount(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """An amount from a request that may be negative."""
    match node:
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(func=ast.Name(id="int" | "float"), args=[asked]),
        ):
            function = code.function(node)
            if not (_AMOUNTS.match(name) and function and read_part(asked, code)):
                return
            if not _bounded(function, name):
                yield node


def _bounded(function: Function, name: str) -> bool:
    """Whether it is compared with a number, or put into bounds."""
    for each in walk(function):
        match each:
            case ast.Compare(left=left, comparators=comparators):
                sides = [left, *comparators]
                named = any(isinstance(s, ast.Name) and s.id == name for s in sides)
                if named and any(isinstance(s, ast.Constant) for s in sides):
                    return True
            case ast.Call(func=func):
                if last_name(func) in ("abs", "max", "clamp") or "valid" in last_name(func):
                    return True
    return False


def _unsigned_hook(node: Function, code: Code) -> Iterator[ast.AST]:
    """A webhook that believes whoever calls it."""
    if not _HOOK.search(path_of(node)):
        return
    if answers(node, code) and not any(_SIGNED.search(word) for word in code.words(node)):
        yield node


def _host_in_link(node: ast.JoinedStr | ast.BinOp, code: Code) -> Iterator[ast.AST]:
    """A link for a mail that begins with the host that the request names."""
    parts = list(code.inside(node))
    texts = " ".join(
        p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)
    )
    if not _LINK.search(texts):
        return
    for part in parts:
        if isinstance(part, ast.expr):
            key = key_of(part, code)
            hosted = key.lower() in ("host", "host_url", "url_root", "get_host", "x-forwarded-host")
            called = isinstance(part, ast.Call) and last_name(part.func) == "get_host"
            if (hosted or called) and read_part(part, code) == "headers":
                yield node
                return


def _client_hash(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """A hash that the client sends is as good as the password."""
    for side in [node.left, *node.comparators]:
        key = key_of(side, code).lower()
        if key in _HASHES and read_part(side, code) in ("body", "query", "cookies"):
            yield node


def _any_origin(node: Function, code: Code) -> Iterator[ast.AST]:
    """`check_origin` of a websocket that always says yes."""
    if node.name != "check_origin":
        return
    match node.body[-1]:
        case ast.Return(value=ast.Constant(value=True)):
            if len(node.body) <= 2 and isinstance(code.parent(node), ast.ClassDef):
                yield node


CHECKS = (
    on(
        "rank-from-request",
        _rank_from_request,
        ast.Compare,
        ast.If,
        ast.IfExp,
        tests=False,
        web=True,
    ),
    on("claimed-origin", _claimed_origin, ast.Compare, tests=False, web=True),
    on_call("claimed-origin", _claimed_prefix, ".startswith", tests=False),
    on("user-from-environment", _local_user, ast.Compare),
    on("host-by-reverse-lookup", _named_host, ast.Compare),
    on("price-from-request", _price_from_request, ast.Assign, tests=False),
    on("unbounded-amount", _unbounded_amount, ast.Assign, tests=False),
    on("unsigned-webhook", _unsigned_hook, *FUNCTIONS),
    on("host-of-request-in-link", _host_in_link, ast.JoinedStr, ast.BinOp, tests=False),
    on("hash-from-client", _client_hash, ast.Compare, web=True),
    on("any-websocket-origin", _any_origin, *FUNCTIONS),
)
