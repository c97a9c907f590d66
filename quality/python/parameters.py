"""The parameters of functions and lambdas, and type parameters."""

import ast

from tree_sitter import Node

from quality.python.reading import Reading, Unreadable, at, field, identifier, parts, span

_SPLATS = {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}
TYPE_PARAMETERS = "type_params" in ast.FunctionDef._fields  # Python 3.12 and above


def arguments(reading: Reading, node: Node | None) -> ast.arguments:
    found = ast.arguments([], [], None, [], [], None, [])
    named_only = False
    for part in parts(node) if node else ():
        if part.type == "positional_separator":
            found.posonlyargs, found.args = found.args, []
        elif part.type == "keyword_separator":
            named_only = True
        elif star := _star(part):
            _put_star(found, star, _parameter(reading, part))
            named_only |= star == "*"
        else:
            _put(reading, found, part, named_only=named_only)
    return found


def _star(node: Node) -> str | None:
    inner = parts(node)[0] if node.type == "typed_parameter" else node
    return _SPLATS.get(inner.type)


def _put_star(found: ast.arguments, star: str, parameter: ast.arg) -> None:
    if star == "*":
        found.vararg = parameter
    else:
        found.kwarg = parameter


def _put(reading: Reading, found: ast.arguments, node: Node, *, named_only: bool) -> None:
    default = node.child_by_field_name("value")
    value = reading.expression(default) if default else None
    if named_only:
        found.kwonlyargs.append(_parameter(reading, node))
        found.kw_defaults.append(value)
        return
    found.args.append(_parameter(reading, node))
    if value:
        found.defaults.append(value)


def _parameter(reading: Reading, node: Node) -> ast.arg:
    if node.type == "tuple_pattern":  # of Python 2, which named it so itself
        return ast.arg(f".{node.start_byte}", **at(node))
    name = node.child_by_field_name("name") or _name(node)
    if name.type == "tuple_pattern":
        return ast.arg(f".{name.start_byte}", **at(name))
    kind = node.child_by_field_name("type")
    annotation = reading.expression(kind) if kind else None
    return ast.arg(identifier(name), annotation, **span(name, kind or name))


def _name(node: Node) -> Node:
    while node.type != "identifier":
        inner = parts(node)
        if not inner:
            raise Unreadable(node.type)
        node = inner[0]
    return node


def type_parameters(reading: Reading, node: Node | None) -> list[ast.AST]:
    """Of `def f[T: int]`; none where the running Python has no nodes for them."""
    if not TYPE_PARAMETERS or node is None:
        return []
    return [_type_parameter(reading, part) for part in parts(node)]


def _type_parameter(reading: Reading, node: Node) -> ast.AST:
    inner = parts(node)[0] if node.type == "type" else node
    if inner.type == "splat_type":
        kind = "TypeVarTuple" if inner.children[0].type == "*" else "ParamSpec"
        made: ast.AST = getattr(ast, kind)(identifier(parts(inner)[0]), **at(node))
        return made
    bound = None
    if inner.type == "constrained_type":
        inner, bound_node = parts(inner)
        bound = reading.expression(bound_node)
    var: ast.AST = ast.TypeVar(identifier(_name(inner)), bound, **at(node))  # type: ignore[attr-defined, unused-ignore]
    return var


def definition_name(node: Node) -> str:
    return identifier(field(node, "name"))
