"""How passwords and other secrets are asked for, kept, compared and passed on."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import FUNCTIONS, Code, Function, argument, last_name
from quality.checks.web import key_of, methods_of, read_part, route_of
from quality.checks.words import HASHING, is_password, is_secret, is_sensitive
from quality.python.walking import walk

_SQL = re.compile(
    r"(?is)\b(insert|update|where)\b.*\b(password|passwd|pwd)\b"
    r"|\binsert into \w*(user|account|member)"
)
_MAC = re.compile(r"(?i)(^|_)(hmac|mac|signature|sig|digest|csrf_token|api_?key|auth_?token)$")
_PROOF = re.compile(r"(?i)(expected|computed|calculated|received|stored)_?\w*(token|key|hash|sign)")
_CHECKSUM = re.compile(r"(?i)checksum|sha1|sha256|md5|etag|crc|file|block|content|blob|fingerprint")
_REPEATED = re.compile(r"(?i)confirm|repeat|again|retype|2$|second|verif|new|old|current")
_USERS = re.compile(r"(?i)user|account|password|credential")
_PROMPT = re.compile(r"(?i)\b(password|passphrase|secret key|pin code)\b")
_ASKED = re.compile(r"[?&][\w-]*=$")  # an argument in an address, whose value follows
_OLD = re.compile(r"(?i)old|current|check_|verify|token|authenticate|confirm_|otp|existing|code$")
_CHANGES = re.compile(r"(?i)^(change|update|set|edit|reset)_?(user_?)?(password|passwd|pwd)")
_LOGOUT = re.compile(r"(?i)^(user_?)?(log|sign)_?out$")
_ENDS = re.compile(r"(?i)clear|pop|logout|sign_?out|delete|flush|revoke|blacklist|expire|invalid")


def _is_digest(node: ast.expr, code: Code) -> bool:
    match code.origin(node):
        case ast.Call(func=ast.Attribute(value=value, attr="hexdigest" | "digest")):
            made = code.origin(value)
            if not isinstance(made, ast.Call):
                return False
            called = code.full(made.func)
            secret = any(
                is_secret(word) or word == "token" for a in made.args for word in code.words(a)
            )
            return called in ("hmac.new", "hmac.HMAC") or (called.startswith("hashlib.") and secret)
        case ast.Call(func=func):
            return code.full(func) in ("hmac.digest", "bcrypt.hashpw", "crypt.crypt")
    return False


def _compared_in_time(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """`mac == expected` takes the longer the more of it is right."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    sides = (node.left, node.comparators[0])
    if any(isinstance(side, ast.Constant) for side in sides):
        return
    if isinstance(code.parent(node), ast.Assert):
        return
    names = [last_name(side) for side in sides]
    function = code.function(node)
    if function is not None and function.name in ("__eq__", "__ne__"):
        return
    if any(_CHECKSUM.search(name) for name in names) or _counts(sides):
        return
    signed = any(_MAC.search(n) or _PROOF.search(n) for n in names)
    if (
        any(_is_digest(side, code) for side in sides)
        or (signed and "hmac" in code.words(code.tree))
        or all(_SECRET_VALUE.search(name) for name in names)
    ):
        yield node


_SECRET_VALUE = re.compile(r"(?i)token$|signature$|secret$|api_?key$|_mac$|^mac$|password_hash$")


def _counts(sides: tuple[ast.expr, ...]) -> bool:
    return any(isinstance(side, ast.Call) and last_name(side.func) == "len" for side in sides)


def _plain_compare(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """`user.password == password`: what is stored can be read."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    sides = (node.left, node.comparators[0])
    if not any(isinstance(side, ast.Attribute | ast.Subscript) for side in sides):
        return
    names = [_password_name(side) for side in sides]
    if all(names) and not any(_REPEATED.search(name) for name in names):
        function = code.scope(node)
        if not code.mentions(function, HASHING):
            yield node


def _password_name(node: ast.expr) -> str:
    match node:
        case ast.Subscript(value=value, slice=ast.Name(id=key)):
            known = last_name(value).lower() in ("users", "passwords", "credentials", "accounts")
            return "password" if known and "user" in key.lower() else ""
    name = last_name(node)
    return name if is_password(name) else ""


def _stored_plain(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`execute("INSERT ... password ...", (name, password))`, and asking for it by `WHERE`."""
    text = code.text(node.args[0]) if node.args else None
    if not text or not _SQL.search(text) or code.mentions(code.scope(node), HASHING):
        return
    for argument_given in node.args[1:]:
        for each in code.inside(argument_given):
            if isinstance(each, ast.Name | ast.Subscript | ast.Attribute):
                found = code.origin(each)
                if is_password(last_name(each)) or is_password(last_name(found)):
                    yield each
                    return


def _kept_plain(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """`users[name] = password`, `user.password = request.form["password"]`."""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Subscript | ast.Attribute):
        return
    function = code.function(node)
    if function is None or code.mentions(function, HASHING):
        return
    match target:
        case ast.Subscript(value=held, slice=key) if not isinstance(key, ast.Constant):
            users = _USERS.search(last_name(held))
            if users and _gives_password(value, code):
                yield node
        case ast.Attribute(attr=name) if is_password(name) and read_part(value, code) == "body":
            yield node


def _gives_password(value: ast.expr, code: Code) -> bool:
    if isinstance(value, ast.Dict):
        return any(_gives_password(each, code) for each in value.values)
    return isinstance(value, ast.Name | ast.Subscript) and is_password(last_name(value))


def _shown_input(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`input("Password: ")`."""
    prompt = code.text(node.args[0]) if node.args else ""
    if prompt and _PROMPT.search(prompt):
        yield node


def _encoded(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`b64encode(password)` hides nothing."""
    given = argument(node, "s", 0)
    if given is not None and is_password(last_name(code.origin(given))):
        yield node


def _encrypted(node: ast.Call, _: Code) -> Iterator[ast.AST]:
    """`fernet.encrypt(password)`: whoever has the key has all passwords."""
    given = node.args[0] if node.args else None
    if given is not None and is_password(last_name(given)):
        yield node


def _in_query(node: ast.Call | ast.Subscript, code: Code) -> Iterator[ast.AST]:
    """`request.args["password"]`: the address is logged and remembered."""
    if isinstance(code.parent(node), ast.Attribute | ast.Subscript):
        return
    if read_part(node, code) == "query" and is_sensitive(key_of(node, code)):
        yield node


def _in_url(node: ast.JoinedStr, _: Code) -> Iterator[ast.AST]:
    """f"https://api/?password={password}"."""
    before = ""
    for value in node.values:
        if isinstance(value, ast.Constant):
            before += str(value.value)
        elif isinstance(value, ast.FormattedValue):
            if _ASKED.search(before) and is_sensitive(last_name(value.value)):
                yield node
                return
            before += "_"


def _sent_in_query(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    params = argument(node, "params", 1)
    found = code.origin(params) if params else None
    if isinstance(found, ast.Dict):
        for key in found.keys:
            if isinstance(key, ast.Constant) and is_sensitive(str(key.value)):
                yield node
                return


def _query_parameter(node: ast.FunctionDef | ast.AsyncFunctionDef, _: Code) -> Iterator[ast.AST]:
    """FastAPI reads `password: str` of a GET from the address."""
    route = route_of(node)
    if route is None or methods_of(node) != {"GET"} or last_name(route.func) != "get":
        return
    defaults = len(node.args.defaults)
    for index, arg in enumerate(node.args.args):
        from_body = index >= len(node.args.args) - defaults and isinstance(
            node.args.defaults[index - len(node.args.args)], ast.Call
        )
        if is_sensitive(arg.arg) and not from_body:
            yield arg


def _short(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    """`len(password) >= 4`."""
    match node:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[asked]),
            ops=[op],
            comparators=[ast.Constant(value=int(least))],
        ):
            strict = isinstance(op, ast.Gt | ast.LtE)
            lower = isinstance(op, ast.Lt | ast.GtE) or strict
            short = 0 < least + strict < 8
            if lower and short and is_password(last_name(asked)):
                yield node


def _changed_unasked(node: Function, code: Code) -> Iterator[ast.AST]:
    if not _CHANGES.search(node.name):
        return
    known = {word for part in node.body for word in code.words(part)}
    given = {arg.arg for arg in code.inside(node.args) if isinstance(arg, ast.arg)}
    web = any(read_part(e, code) for e in _read(node)) or route_of(node)
    if web and not any(_OLD.search(w) for w in known | given):
        yield node


def _read(node: Function) -> Iterator[ast.expr]:
    for each in walk(node):
        if isinstance(each, ast.Call | ast.Subscript):
            yield each


def _logout(node: Function, code: Code) -> Iterator[ast.AST]:
    """A logout that leaves the session as it is."""
    if not _LOGOUT.match(node.name) or not route_of(node):
        return
    said = {word for part in node.body for word in code.words(part)} - {node.name}
    deleted = any(isinstance(each, ast.Delete) for each in code.inside(node))
    if not deleted and not any(_ENDS.search(word) for word in said):
        yield node


CHECKS = (
    on("compared-in-time", _compared_in_time, ast.Compare, tests=False),
    on("plain-password", _plain_compare, ast.Compare, tests=False),
    on("plain-password", _kept_plain, ast.Assign, tests=False),
    on_call("plain-password", _stored_plain, ".execute", ".fetchone", ".fetchrow", tests=False),
    on_call("password-shown", _shown_input, "builtins.input", "builtins.raw_input"),
    on_call(
        "encoded-password", _encoded, "base64.b64encode", "base64.urlsafe_b64encode", tests=False
    ),
    on_call("reversible-password", _encrypted, ".encrypt", tests=False),
    on("secret-in-address", _in_query, ast.Call, ast.Subscript, tests=False, web=True),
    on("secret-in-address", _in_url, ast.JoinedStr, tests=False),
    on("secret-in-address", _query_parameter, *FUNCTIONS),
    on_call("secret-in-address", _sent_in_query, "requests.get", "httpx.get", ".get", tests=False),
    on("short-password", _short, ast.Compare, tests=False),
    on("password-changed-unasked", _changed_unasked, *FUNCTIONS),
    on("logout-keeps-session", _logout, *FUNCTIONS),
)
