"""Calls that are dangerous as they are made, and made as they should be."""

import ast
import shlex
from collections.abc import Iterator

from quality.fixes.codemods.site import Rewrite, Site, Swap, is_constant, keyword

TIMEOUT_S = 10
_HTTP = ("requests.", "httpx.")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
_SHELL = frozenset("|&;<>()$`\\\"'*?[]#~=%!{}\n")  # what a shell reads as more than a word


def yaml_load(site: Site) -> Iterator[Rewrite]:
    for call in site.calls("yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all"):
        if not call.args or not isinstance(call.func, ast.Attribute):
            continue
        name = "safe_load_all" if call.func.attr.endswith("_all") else "safe_load"
        start, end = site.span(call)
        new = f"{site.source(call.func.value)}.{name}({site.source(call.args[0])})"
        yield from site.rewrite([Swap(start, end, new)], "yaml.safe_load builds plain data only")


def timeout(site: Site) -> Iterator[Rewrite]:
    for call in site.calls(*_HTTP):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _VERBS:
            swaps = site.with_keyword(call, "timeout", str(TIMEOUT_S))
            yield from site.rewrite(swaps, f"a request ends after {TIMEOUT_S} s without a word")


def verify(site: Site) -> Iterator[Rewrite]:
    """Certificates are looked at again, whoever makes the request."""
    for node in site.nodes:
        if isinstance(node, ast.Call) and is_constant(keyword(node, "verify"), False):
            yield from site.rewrite(
                site.without_keyword(node, "verify"), "the server's certificate is verified"
            )
    for node in site.nodes:
        if (
            isinstance(node, ast.Attribute)
            and site.names.full(node) == "ssl._create_unverified_context"
            and isinstance(node.value, ast.Name)
        ):
            swap = site.swap(node, f"{node.value.id}.create_default_context")
            yield from site.rewrite([swap], "the server's certificate is verified")
    for call in site.calls("paramiko.AutoAddPolicy", "paramiko.WarningPolicy", "paramiko.client."):
        name = site.source(call.func).rpartition(".")[0]
        new = f"{name}.RejectPolicy()" if name else ""
        yield from site.rewrite(
            [site.swap(call, new)] if new else [], "a host that is not known is refused"
        )


def shell(site: Site) -> Iterator[Rewrite]:
    """A constant command needs no shell."""
    says = "the command is run without a shell"
    for call in site.calls("subprocess."):
        if call.args and is_constant(keyword(call, "shell"), True):
            words = _words(call.args[0])
            gone = site.without_keyword(call, "shell")
            if words and gone:
                yield from site.rewrite([*gone, site.swap(call.args[0], words)], says)
    for call in site.calls("os.system"):
        statements = (n for n in site.nodes if isinstance(n, ast.Expr) and n.value is call)
        words = _words(call.args[0]) if len(call.args) == 1 else ""
        if words and next(statements, None):
            new = f"subprocess.run({words}, check=False)"
            yield from site.rewrite([site.swap(call, new)], says, imports=["import subprocess"])


def _words(node: ast.expr) -> str:
    """The list of a constant command's words, as code; "": it is no plain command."""
    match node:
        case ast.Constant(value=str(command)) if command.strip() and not _SHELL & set(command):
            parts = ", ".join(f'"{word}"' for word in shlex.split(command))
            return f"[{parts}]"
    return ""


def temporary(site: Site) -> Iterator[Rewrite]:
    for node in site.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case _:
                continue
        if site.names.full(call.func) != "tempfile.mktemp":
            continue
        start, end = site.span(node)
        indent = " " * node.col_offset
        new = site.source(call).replace("mktemp", "mkstemp", 1)
        text = f"{name}_handle, {name} = {new}\n{indent}os.close({name}_handle)"
        says = "the file is made at once, so that nobody else can put one there"
        yield from site.rewrite([Swap(start, end, text)], says, imports=["import os"])


def cookie(site: Site) -> Iterator[Rewrite]:
    flags = ("secure", "True"), ("httponly", "True"), ("samesite", '"Lax"')
    for node in site.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr != "set_cookie" or any(each.arg is None for each in node.keywords):
            continue
        missing = [(n, v) for n, v in flags if n != "samesite" or keyword(node, n) is None]
        swaps = [swap for n, v in missing for swap in site.with_keyword(node, n, v)]
        yield from site.rewrite(_joined(swaps), "the cookie stays out of scripts and plain HTTP")


def _joined(swaps: list[Swap]) -> list[Swap]:
    """Swaps at one place as one, in their order."""
    together: dict[tuple[int, int], str] = {}
    for swap in swaps:
        together[swap.start, swap.end] = together.get((swap.start, swap.end), "") + swap.new
    return [Swap(*span, new) for span, new in together.items()]


def token(site: Site) -> Iterator[Rewrite]:
    """A JWT's signature is verified, where the key and the algorithms are already named."""
    for call in site.calls("jwt.decode"):
        if len(call.args) < 2 and keyword(call, "key") is None:
            continue
        if keyword(call, "algorithms") is None:
            continue
        swaps = site.without_keyword(call, "verify") or site.without_keyword(call, "options")
        yield from site.rewrite(swaps, "the token's signature is verified")


def debug(site: Site) -> Iterator[Rewrite]:
    for node in site.nodes:
        if isinstance(node, ast.Call) and is_constant(keyword(node, "debug"), True):
            swaps = site.with_keyword(node, "debug", "False")
            yield from site.rewrite(swaps, "no debugger is offered")


def archive(site: Site) -> Iterator[Rewrite]:
    for node in site.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="extractall" | "extract")):
                swaps = site.with_keyword(node, "filter", '"data"')
                yield from site.rewrite(swaps, "what would land outside the folder is refused")


def xml(site: Site) -> Iterator[Rewrite]:
    for call in site.calls("lxml.etree."):
        swaps = [
            swap
            for name, bad, good in (
                ("resolve_entities", True, "False"),
                ("no_network", False, "True"),
                ("load_dtd", True, "False"),
            )
            if is_constant(keyword(call, name), bad)
            for swap in site.with_keyword(call, name, good)
        ]
        yield from site.rewrite(swaps, "entities from outside are not read")


def escape(site: Site) -> Iterator[Rewrite]:
    for call in site.calls("jinja2.Environment", "jinja2.environment.Environment"):
        swaps = site.with_keyword(call, "autoescape", "True")
        yield from site.rewrite(swaps, "templates escape what is put into them")
