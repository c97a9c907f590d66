"""Values and comparisons that are wrong for what they are used for."""

import ast
import re
from collections.abc import Iterator

from quality.fixes.codemods.site import Rewrite, Site, Swap, is_constant
from quality.fixes.content import lines
from quality.python.walking import walk

_PASSWORD = re.compile(r"pass(?:w|phrase)|pwd|login|credential", re.IGNORECASE)
_GUARD = re.compile(r"token|secret|sign|auth|hmac|session|csrf|nonce|api_?key", re.IGNORECASE)
_PLAIN = re.compile(
    r"cache|etag|check_?sum|fingerprint|dedup|digest_of|bucket|shard|content|file|unique",
    re.IGNORECASE,
)
_SECRET = re.compile(r"pass(?:w|phrase)|pwd|secret|token|key|credential", re.IGNORECASE)
_WEAK = ("hashlib.md5", "hashlib.sha1")


def digest(site: Site) -> Iterator[Rewrite]:
    """A weak digest.

    Where the names around say that it only tells things apart, it stays and is marked as guarding
    nothing: its value may be stored somewhere. Else it becomes SHA-256, and digests made before
    do not match: never called safe. Of a password no plain digest is right, so a model is asked.
    """
    context = _context(site)
    if _PASSWORD.search(context):
        return
    for call in site.calls(*_WEAK):
        if not isinstance(call.func, ast.Attribute):
            continue
        if _PLAIN.search(context) and not _GUARD.search(context):
            swaps = site.with_keyword(call, "usedforsecurity", "False")
            yield from site.rewrite(swaps, "the digest is marked as guarding nothing", safe=True)
        else:
            new = f"{site.source(call.func.value)}.sha256"
            says = "SHA-256 is used; digests that were kept do not match any more"
            yield from site.rewrite([site.swap(call.func, new)], says)


def _context(site: Site) -> str:
    """The names around the finding: of the function, and in its line."""
    row = site.finding.place.line
    inside = [
        node.name
        for node in walk(site.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= row <= (node.end_lineno or 0)
    ]
    return " ".join([*inside, *lines(site.text)[row - 1 : row]])


def chance(site: Site) -> Iterator[Rewrite]:
    """Numbers that cannot be foretold."""
    says = "numbers come from the system's own randomness"
    for call in site.calls("random."):
        if not isinstance(call.func, ast.Attribute) or call.func.attr in {"seed", "SystemRandom"}:
            continue
        new = "secrets.choice" if call.func.attr == "choice" else ""
        new = new or f"secrets.SystemRandom().{call.func.attr}"
        swap = site.swap(call.func, new)
        yield from site.rewrite([swap], says, imports=["import secrets"])


def literal(site: Site) -> Iterator[Rewrite]:
    for call in site.calls("builtins.eval"):
        if len(call.args) == 1 and not call.keywords:
            swap = site.swap(call.func, "ast.literal_eval")
            yield from site.rewrite([swap], "only literals are read", imports=["import ast"])


def mode(site: Site) -> Iterator[Rewrite]:
    """Others get no rights to a file."""
    for call in site.calls("os.chmod", "os.fchmod", "os.mkdir", "os.makedirs"):
        for node in [*call.args[1:], *(each.value for each in call.keywords)]:
            if isinstance(node, ast.Constant) and type(node.value) is int and node.value & 0o077:
                swap = site.swap(node, f"0o{node.value & 0o700:o}")
                yield from site.rewrite([swap], "only the owner has rights to it")


def binding(site: Site) -> Iterator[Rewrite]:
    for node in site.nodes:
        if isinstance(node, ast.Constant) and node.value == "0.0.0.0":  # noqa: S104
            quote = site.source(node)[0]
            swap = site.swap(node, f"{quote}127.0.0.1{quote}")
            yield from site.rewrite([swap], "only this machine can connect")


def same_time(site: Site) -> Iterator[Rewrite]:
    for node in site.nodes:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
                negated = "not " if isinstance(op, ast.NotEq) else ""
                call = f"hmac.compare_digest({site.source(left)}, {site.source(right)})"
                yield from site.rewrite(
                    [site.swap(node, negated + call)],
                    "the comparison takes as long whatever differs",
                    imports=["import hmac"],
                )


def none_or_bool(site: Site) -> Iterator[Rewrite]:
    """`is None` for `== None`; not called safe, since `==` may be a class's own."""
    for node in site.nodes:
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
                if is_constant(right, None):
                    word = "is not" if isinstance(op, ast.NotEq) else "is"
                    new = f"{site.source(left)} {word} None"
                    yield from site.rewrite([site.swap(node, new)], "None is compared by identity")


def secret(site: Site) -> Iterator[Rewrite]:
    """A secret in the code comes from the environment, under the name it has."""
    for node in site.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name) | ast.Attribute(attr=name)],
                value=ast.Constant(value=str()) as value,
            ):
                pairs = [(name, value)]
            case ast.Call(keywords=keywords):
                pairs = [
                    (each.arg, each.value)
                    for each in keywords
                    if each.arg and isinstance(each.value, ast.Constant) and each.value.value
                ]
            case _:
                continue
        for name, value in pairs:
            if _SECRET.search(name) and isinstance(value.value, str):
                swap = site.swap(value, f'os.environ["{name.upper()}"]')
                says = f"the secret comes from the environment variable {name.upper()}"
                yield from site.rewrite([swap], says, imports=["import os"])


def default(site: Site) -> Iterator[Rewrite]:
    """A list, dict or set as a default value is made anew for each call."""
    for node in walk(site.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _near(site, node):
            arguments = [*node.args.posonlyargs, *node.args.args]
            pairs = [
                *zip(arguments[len(arguments) - len(node.args.defaults) :], node.args.defaults,
                     strict=True),
                *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
            ]  # fmt: skip
            found = [
                (arg, value)
                for arg, value in pairs
                if isinstance(value, ast.List | ast.Dict | ast.Set) and _at(site, value)
            ]
            yield from _with_none(site, node, found)


def _with_none(
    site: Site,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    found: list[tuple[ast.arg, ast.List | ast.Dict | ast.Set]],
) -> Iterator[Rewrite]:
    first = node.body[0]
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if first.lineno == node.lineno or (docstring and len(node.body) == 1) or not found:
        return
    start, _ = site.span(node.body[1] if docstring else first)
    indent = " " * first.col_offset
    swaps = list[Swap]()
    for arg, value in found:
        swaps.append(site.swap(value, "None"))
        if arg.annotation is not None and "None" not in site.source(arg.annotation):
            swaps.append(site.swap(arg.annotation, f"{site.source(arg.annotation)} | None"))
        made = f"if {arg.arg} is None:\n{indent}    {arg.arg} = {site.source(value)}\n{indent}"
        swaps.append(Swap(start, start, made))
    yield from site.rewrite(swaps, "each call gets a value of its own")


def _near(site: Site, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.lineno <= site.finding.place.line <= node.body[0].lineno


def _at(site: Site, value: ast.expr) -> bool:
    place = site.finding.place
    if not place.line <= value.lineno <= max(place.line, place.end_line):
        return False
    narrow = place.end_column and place.line == place.end_line == value.lineno
    return not narrow or place.column - 1 <= value.col_offset < place.end_column
