"""Which functions answer requests, and which expressions read them."""

import ast
import re
from collections.abc import Iterator

from quality.checks.code import Code, Function, last_name
from quality.python.walking import walk

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_ROUTERS = _VERBS | {"route", "websocket", "api_view", "view_config", "expose", "api_route", "view"}
_VIEWS = re.compile(r"View$|ViewSet$|Handler$|Resource$|APIView$|Endpoint$|MethodView$")
_FRAMEWORKS = frozenset(
    {"flask", "django", "fastapi", "starlette", "tornado", "bottle", "sanic", "quart", "aiohttp"}
    | {"falcon", "pyramid", "rest_framework", "cherrypy", "flask_restful", "http", "litestar"}
)
_PARTS = {  # of a request, by how frameworks name them
    **dict.fromkeys(("args", "GET", "query_params", "query", "rel_url", "query_string"), "query"),
    **dict.fromkeys(("form", "POST", "json", "data", "body", "values", "params"), "body"),
    **dict.fromkeys(("get_json", "get_data", "forms", "get_argument", "get_body_argument"), "body"),
    **dict.fromkeys(("cookies", "COOKIES", "get_cookie", "get_signed_cookie"), "cookies"),
    **dict.fromkeys(("headers", "META", "get_header", "referrer"), "headers"),
    **dict.fromkeys(("files", "FILES"), "files"),
    **dict.fromkeys(("remote_addr", "host", "host_url", "url_root", "get_host"), "headers"),
}


def is_web(code: Code) -> bool:
    """Whether the file has to do with a web framework."""
    return any(
        (name or "").split(".")[0] in _FRAMEWORKS
        for each in [*code.nodes.get(ast.Import, ()), *code.nodes.get(ast.ImportFrom, ())]
        for name in _imported(each)
    )


def _imported(node: ast.AST) -> Iterator[str | None]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module


def route_of(function: Function) -> ast.Call | None:
    """The decorator that gives the function its path."""
    for mark in function.decorator_list:
        match mark:
            case ast.Call(func=ast.Attribute(attr=name)) if name in _ROUTERS:
                return mark
    return None


def path_of(function: Function) -> str:
    """ "/users/<int:id>"; "" if it is not a literal."""
    route = route_of(function)
    match route.args if route else []:
        case [ast.Constant(value=str(path)), *_]:
            return path
    return ""


def methods_of(function: Function) -> frozenset[str]:
    """ "GET" and the like, in capitals."""
    route = route_of(function)
    if route is None:
        return frozenset()
    name = last_name(route.func)
    if name in _VERBS:
        return frozenset({name.upper()})
    for keyword in route.keywords:
        if keyword.arg in ("methods", "method"):
            texts = [e.value for e in walk(keyword.value) if isinstance(e, ast.Constant)]
            return frozenset(str(text).upper() for text in texts)
    return frozenset({"GET"})


def answers(function: Function, code: Code) -> bool:
    """Whether the function answers requests."""
    if route_of(function):
        return True
    first = [arg.arg for arg in function.args.args[:2]]
    if "request" in first and is_web(code):
        return True
    owner = code.parent(function)
    if not isinstance(owner, ast.ClassDef):
        return False
    views = any(_VIEWS.search(last_name(base)) for base in owner.bases)
    return views and (function.name.lower() in _VERBS or function.name.startswith("do_"))


def reads_web(code: Code) -> bool:
    """Whether it can read a request at all; asked first, since it is cheap."""
    return code.speaks_of("request", "req", "headers", "rfile")


def read_part(node: ast.expr, code: Code) -> str:
    """ "query", "body", "cookies", "headers" or "files" if it reads that of a request; else ""."""
    inner: ast.AST = code.origin(node)
    part = ""
    while True:
        match inner:
            case ast.Subscript(value=value) | ast.Await(value=value):
                inner = value
            case ast.Attribute(value=value, attr=name):
                part = _PARTS.get(name, part)
                inner = value
            case ast.Call(func=ast.Name(id="int" | "str" | "float" | "bool"), args=[value, *_]):
                inner = value
            case ast.Call(func=ast.Attribute() as func):
                inner = func
            case ast.Name(id=name):
                return part if name in ("request", "req", "self", "bottle", "flask") else ""
            case _:
                return ""


def key_of(node: ast.expr, code: Code) -> str:
    """The name that is read: `password` of `request.form["password"]`."""
    found = code.origin(node)
    match found:
        case ast.Call(func=ast.Name(id="int" | "str" | "float" | "bool"), args=[inner, *_]):
            found = inner
    match found:
        case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Constant(value=str(key)), *_]):
            return key if attr.startswith("get") or attr in _PARTS else ""
    return last_name(found)
