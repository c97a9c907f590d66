"""Secrets that are put where others find them: files, cookies, mails."""

import ast
import re
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import Code, argument, last_name
from quality.checks.words import HASHING, PERSONAL, is_password, is_sensitive

_MAILERS = ("send_mail", "sendmail", "send_message", "mail_user", "send_email", "email_user")
_SENDS = re.compile(r"(?i)wfile|socket|sock|response|stdin|channel|writer")
_PROTECTED = re.compile(r"(?i)encrypt|fernet|keyring|vault|mask|redact|token_urlsafe|tokeni[sz]e")


def _tells(node: ast.expr, code: Code) -> bool:
    """Whether a secret is in it as it is."""
    found = code.origin(node)
    for each in code.inside(found):
        match each:
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                if any(_is_pair(key, value) for key, value in pairs):
                    return True
            case ast.FormattedValue(value=value) if is_sensitive(last_name(value)):
                return True
    return isinstance(found, ast.Name | ast.Attribute) and is_sensitive(last_name(found))


def _is_pair(key: ast.expr | None, value: ast.expr) -> bool:
    named = isinstance(key, ast.Constant) and is_sensitive(str(key.value))
    given = isinstance(value, ast.Name | ast.Attribute | ast.Subscript)
    return named and given and is_sensitive(last_name(value))


def _into_file(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    given = node.args[0] if node.args else None
    if given is None:
        return
    scope = code.scope(node)
    if code.mentions(scope, HASHING) or code.mentions(scope, _PROTECTED):
        return
    # A socket's answer is written too; that is looked at elsewhere
    receiver = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if _SENDS.search(receiver):
        return
    inner = given.args[0] if isinstance(given, ast.Call) and given.args else given
    if _tells(inner, code):
        yield node


def _into_cookie(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    name, value = argument(node, "key", 0), argument(node, "value", 1)
    if value is None or isinstance(value, ast.Constant):
        return
    key = code.text(name) or "" if name else ""
    plain = is_password(key) or PERSONAL.search(key)
    if plain or is_password(last_name(value)) or PERSONAL.search(last_name(value)):
        yield node


def _into_mail(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    if last_name(node.func) not in _MAILERS:
        return
    for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
        found = code.origin(given)
        shown = [e.value for e in code.inside(found) if isinstance(e, ast.FormattedValue)]
        if any(is_password(last_name(each)) for each in shown):
            yield node
            return


CHECKS = (
    on_call(
        "secret-in-file",
        _into_file,
        ".write",
        ".write_text",
        "json.dump",
        "pickle.dump",
        tests=False,
    ),
    on_call("secret-in-cookie", _into_cookie, ".set_cookie", tests=False),
    on("password-in-mail", _into_mail, ast.Call, tests=False),
)
