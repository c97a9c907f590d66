"""
Going through the nodes of an `ast`, without recursion: source may nest deeper than the stack.

`ast.walk` looks into every field. This looks only where nodes can be, at a third of the cost.
"""

import ast
from collections.abc import Iterator

_LEAVES = frozenset(
    [
        "ctx",
        "op",
        "ops",
        "id",
        "attr",
        "arg",
        "asname",
        "type_comment",
        "kind",
        "level",
        "module",
        "conversion",
        "simple",
        "is_async",
        "rest",
        "kwd_attrs",
        "type_ignores",
        "tag",
        "str",
    ]
)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchStar)
_NAMED_TOO = (ast.MatchAs, ast.alias)  # their `name` is a text, as that of _NAMED
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(
        field
        for field in kind._fields
        if field not in _LEAVES
        and not (field == "name" and issubclass(kind, (*_NAMED, *_NAMED_TOO)))
    )
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
for _kind in (ast.Global, ast.Nonlocal, ast.Constant, ast.MatchSingleton):
    _FIELDS[_kind] = ()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right under `node`, in the order of its fields; no contexts or operators."""
    found: list[ast.AST] = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if type(value) is list:
            found += [item for item in value if item is not None]
        elif value is not None:
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and all under it, each before what is under it."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(children(node))


def walk_scope(node: ast.AST) -> Iterator[ast.AST]:
    """All under `node` that runs as part of it: not the bodies of functions, lambdas, classes.

    A function that is defined in it is itself given, and so are its decorators and defaults.
    """
    stack = list(reversed(children(node)))
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(_outside(node))


def _outside(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        case ast.ClassDef():
            return [*node.decorator_list, *node.bases, *node.keywords]
        case ast.Lambda():
            return [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        case _:
            return children(node)
