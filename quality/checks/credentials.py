"""Passwords and keys that stand in the code."""

# pointsman: allow-file hard-coded-password -- examples of what is looked for
# pointsman: allow-file password-in-url -- examples of what is looked for
# pointsman: allow-file slow-pattern -- examples of what is looked for

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import Code, argument, last_name
from quality.checks.web import key_of
from quality.checks.words import is_password, is_secret

_PLACEHOLDER = re.compile(
    r"(?i)^[<\[{$%(]|x{4,}|\*{3,}|\.\.\.|^(none|null|true|false|todo|tbd|n/?a|unset|undefined|dummy"
    r"|placeholder|required|optional|invalid|missing|redacted|hidden|secret|token|password|string"
    r"|bearer|basic|prompt|default|env|auto|user|username|new|old|confirm)$|^your[-_ ]|_here$"
    r"|^insert|^enter|replace[-_ ]?me|os\.environ|getenv"
)
_WORDY = re.compile(r"^[A-Za-z_]+(?:[ ./:_-][A-Za-z_]+)*[:.?!]?$")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]+:([^/\s:@{}<>$%*]{3,})@", re.IGNORECASE)
_POSITIONS = {  # of the password among the arguments
    "pymysql.connect": 2,
    "MySQLdb.connect": 2,
    "ftplib.FTP": 2,
    "ftplib.FTP_TLS": 2,
    "requests.auth.HTTPBasicAuth": 1,
    "requests.auth.HTTPDigestAuth": 1,
    "httpx.BasicAuth": 1,
    "aiohttp.BasicAuth": 1,
    "jwt.encode": 1,
    "jwt.decode": 1,
    "jose.jwt.encode": 1,
    "jose.jwt.decode": 1,
    "hmac.new": 0,
    "hmac.digest": 0,
    "cryptography.fernet.Fernet": 0,
    "itsdangerous.URLSafeTimedSerializer": 0,
    "itsdangerous.URLSafeSerializer": 0,
    "itsdangerous.Signer": 0,
    "itsdangerous.TimestampSigner": 0,
    "Crypto.Cipher.AES.new": 0,
    "Cryptodome.Cipher.AES.new": 0,
    "Crypto.Cipher.DES.new": 0,
    "Crypto.Cipher.DES3.new": 0,
    "Crypto.Cipher.ARC4.new": 0,
    "Crypto.Cipher.ChaCha20.new": 0,
    "cryptography.hazmat.primitives.ciphers.algorithms.AES": 0,
    "cryptography.hazmat.primitives.ciphers.algorithms.ChaCha20": 0,
    "cryptography.hazmat.primitives.ciphers.algorithms.TripleDES": 0,
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM": 0,
    "cryptography.hazmat.primitives.ciphers.aead.ChaCha20Poly1305": 0,
    "nacl.secret.SecretBox": 0,
    "ldap3.Connection": 2,
}
_KEYWORDS = frozenset({"password", "passwd", "pwd", "secret_key", "key", "secret"})


def _is_real(value: object, name: str = "") -> bool:
    """Whether it looks like what somebody would really log in with."""
    if not isinstance(value, str | bytes) or len(value) < 4:
        return False
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if _PLACEHOLDER.search(text) or "\n" in text.strip() or text.startswith(("/", "http")):
        return False
    if text.lower().replace("-", "_") == name.lower() or " " in text.strip():
        return False
    return not (is_secret(text) or is_password(text)) or any(c.isdigit() for c in text)


def _assigned(node: ast.Assign | ast.AnnAssign, code: Code) -> Iterator[ast.AST]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if _is_credential(last_name(target), node.value, code):
            yield node


def _fallback(value: ast.expr | None, code: Code) -> ast.expr | None:
    """The literal that holds where a setting does not: `os.environ.get("KEY", "hunter2")`."""
    match value:
        case ast.Call(func=func, args=[_, ast.Constant() as given]):
            return given if code.full(func) in ("os.getenv", "os.environ.get") else value
        case ast.Call(func=func, args=[ast.Constant() as given]):
            return given if last_name(func) in ("Option", "Argument", "Field", "Query") else value
    return value


def _is_credential(name: str, value: ast.expr | None, code: Code) -> bool:
    value = _fallback(value, code)
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str | bytes):
        return False
    if is_password(name):
        return _is_real(value.value, name)
    # A key or token that is one plain word names something: grant_type="refresh_token"
    plain = isinstance(value.value, str) and _WORDY.match(value.value) and len(value.value) < 16
    return is_secret(name) and _is_real(value.value, name) and not plain


def _in_dict(node: ast.Dict, code: Code) -> Iterator[ast.AST]:
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(name, str) and _is_credential(name, value, code):
            yield value


def _default(node: ast.arguments, code: Code) -> Iterator[ast.AST]:
    named = [*node.posonlyargs, *node.args]
    pairs = list(zip(reversed(named), reversed(node.defaults), strict=False))
    pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d]
    for arg, default in pairs:
        if _is_credential(arg.arg, default, code):
            yield default


def _compared(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    """`if password == "letmein"`."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    for side, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
        if not isinstance(other, ast.Constant) or not isinstance(other.value, str | bytes):
            continue
        name = key_of(side, code)
        if (is_password(name) or is_secret(name)) and _is_real(other.value, name):
            yield node


def _passed(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """The key that a function is given at a place where it takes one."""
    position = _POSITIONS.get(code.full(node.func))
    if position is None:
        return
    given = node.args[position] if position < len(node.args) else None
    for each in [given, *(k.value for k in node.keywords if k.arg in _KEYWORDS)]:
        if each is None or isinstance(each, ast.Starred):
            continue
        value = code.constant(_undressed(each, code))
        if isinstance(value, str | bytes) and len(value) >= 4 and not _is_named(each, code):
            yield each


def _undressed(node: ast.expr, code: Code) -> ast.expr:
    """`"key".encode()`, `bytes("key", "utf-8")`, `b64decode("...")` are as fixed as "key"."""
    found = code.origin(node)
    match found:
        case ast.Call(func=ast.Attribute(value=value, attr="encode"), args=_):
            return code.origin(value)
        case ast.Call(func=func, args=[first, *_]):
            name = last_name(func)
            if name in ("bytes", "b64decode", "fromhex", "unhexlify", "urlsafe_b64decode"):
                return code.origin(first)
    return found


def _is_named(node: ast.expr, code: Code) -> bool:
    """Already told where it was assigned."""
    return isinstance(node, ast.Name) and any(
        True for each in _assignments(node, code) for _ in _assigned(each, code)
    )


def _assignments(name: ast.Name, code: Code) -> Iterator[ast.Assign]:
    value = code.names.value(name)
    parent = code.parent(value) if value else None
    if isinstance(parent, ast.Assign):
        yield parent


def _keyword(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    for keyword in node.keywords:
        name = keyword.arg or ""
        if _is_credential(name, keyword.value, code):
            told = is_password(name) and code.full(node.func) in _POSITIONS
            yield from () if told else [keyword.value]


def _login(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    """`server.login("bot", "hunter2")`, `auth=("bot", "hunter2")`."""
    given = node.args[1] if len(node.args) == 2 else argument(node, "password")
    value = code.constant(given) if isinstance(given, ast.Constant | ast.Name) else None
    public = "anonymous" in code.words(node)
    if given and _is_real(value) and not public and not _is_named(given, code):
        yield given


def _pair(node: ast.keyword, _: Code) -> Iterator[ast.AST]:
    match node:
        case ast.keyword(
            arg="auth" | "basic_auth" | "http_auth", value=ast.Tuple(elts=[_, second])
        ):
            if isinstance(second, ast.Constant) and _is_real(second.value):
                yield second


def _url(node: ast.Constant, _: Code) -> Iterator[ast.AST]:
    """`postgresql://shop:hunter2@db/shop`."""
    if isinstance(node.value, str) and "://" in node.value:
        found = _URL.match(node.value)
        if found and not _PLACEHOLDER.search(found[1]) and found[1] not in ("pass", "pwd", "guest"):
            yield node


def _empty(node: ast.keyword, code: Code) -> Iterator[ast.AST]:
    """`connect(password="")`."""
    if node.arg not in ("password", "passwd", "pwd"):
        return
    call = code.parent(node)
    if isinstance(call, ast.Call):
        opens = last_name(call.func).lower() in ("connect", "create_engine", "connection", "pool")
        if opens and isinstance(node.value, ast.Constant) and node.value.value == "":
            yield node.value


CHECKS = (
    on("hard-coded-credential", _assigned, ast.Assign, ast.AnnAssign, tests=False),
    on("hard-coded-credential", _in_dict, ast.Dict, tests=False),
    on("hard-coded-credential", _default, ast.arguments, tests=False),
    on("hard-coded-credential", _compared, ast.Compare, tests=False),
    on("hard-coded-credential", _keyword, ast.Call, tests=False),
    on("hard-coded-credential", _pair, ast.keyword, tests=False),
    on("hard-coded-credential", _url, ast.Constant, tests=False),
    on_call(
        "hard-coded-credential",
        _login,
        ".login",
        ".simple_bind_s",
        ".simple_bind",
        ".bind_s",
        tests=False,
    ),
    on_call("hard-coded-key", _passed, *_POSITIONS, tests=False),
    on("empty-password", _empty, ast.keyword, tests=False),
)
