"""Simple statements as tree-sitter reads them, as `ast` nodes."""

import ast
from collections.abc import Callable

from tree_sitter import Node

from quality.python.expressions import tuple_of
from quality.python.operators import operator
from quality.python.parameters import TYPE_PARAMETERS, type_parameters
from quality.python.reading import (
    DEL,
    LOAD,
    STORE,
    Reading,
    Unreadable,
    at,
    field,
    has_token,
    identifier,
    into,
    parts,
    text,
)


def expression_statement(reading: Reading, node: Node) -> ast.stmt:
    inner = parts(node)
    if has_token(node, ","):
        return ast.Expr(tuple_of(reading, node), **at(node))
    match inner:
        case [only] if only.type == "assignment":
            return _assignment(reading, only)
        case [only] if only.type == "augmented_assignment":
            target = reading.target(field(only, "left"))
            if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                raise Unreadable(only.type)
            op = operator(field(only, "operator").type[:-1])
            return ast.AugAssign(target, op, reading.expression(field(only, "right")), **at(only))
        case [only]:
            return ast.Expr(reading.expression(only), **at(node))
    raise Unreadable(node.type)


def _assignment(reading: Reading, node: Node) -> ast.stmt:
    if node.child_by_field_name("type"):
        return _annotated(reading, node)
    targets, right = [], node
    while right.type == "assignment":
        targets.append(reading.target(field(right, "left")))
        right = field(right, "right")
    return ast.Assign(targets, reading.expression(right), **at(node))


def _annotated(reading: Reading, node: Node) -> ast.AnnAssign:
    left = field(node, "left")
    target = reading.target(left)
    if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
        raise Unreadable(node.type)
    right = node.child_by_field_name("right")
    return ast.AnnAssign(
        target,
        reading.expression(field(node, "type")),
        reading.expression(right) if right else None,
        int(left.type == "identifier"),
        **at(node),
    )


def _return(reading: Reading, node: Node) -> ast.Return:
    inner = reading.expressions(node)
    return ast.Return(inner[0] if inner else None, **at(node))


def _delete(reading: Reading, node: Node) -> ast.Delete:
    (inner,) = parts(node)
    values = reading.expressions(inner) if inner.type == "expression_list" else None
    targets = values or [reading.expression(inner)]
    return ast.Delete([into(target, DEL) for target in targets], **at(node))


def _raise(reading: Reading, node: Node) -> ast.Raise:
    cause = node.child_by_field_name("cause")
    inner = [part for part in parts(node) if part != cause]
    exc = reading.expression(inner[0]) if inner else None
    if inner and inner[0].type == "expression_list" and isinstance(exc, ast.Tuple):
        # Python 2: the class, its argument, a traceback
        exc = ast.Call(exc.elts[0], exc.elts[1:2], [], **at(inner[0]))
    return ast.Raise(exc, reading.expression(cause) if cause else None, **at(node))


def _assert(reading: Reading, node: Node) -> ast.Assert:
    test, *message = reading.expressions(node)
    return ast.Assert(test, message[0] if message else None, **at(node))


def _print(reading: Reading, node: Node) -> ast.Expr:
    """Of Python 2, as the call that it is since."""
    values, keywords = [], []
    for part in parts(node):
        if part.type == "chevron":
            keywords.append(ast.keyword("file", reading.expression(parts(part)[0]), **at(part)))
        else:
            values.append(reading.expression(part))
    func = ast.Name("print", LOAD, **at(node.children[0]))
    return ast.Expr(ast.Call(func, values, keywords, **at(node)), **at(node))


def _exec(reading: Reading, node: Node) -> ast.Expr:
    func = ast.Name("exec", LOAD, **at(node.children[0]))
    return ast.Expr(ast.Call(func, reading.expressions(node), [], **at(node)), **at(node))


def _pass(_: Reading, node: Node) -> ast.Pass:
    return ast.Pass(**at(node))


def _break(_: Reading, node: Node) -> ast.Break:
    return ast.Break(**at(node))


def _continue(_: Reading, node: Node) -> ast.Continue:
    return ast.Continue(**at(node))


def _global(_: Reading, node: Node) -> ast.Global:
    return ast.Global([identifier(part) for part in parts(node)], **at(node))


def _nonlocal(_: Reading, node: Node) -> ast.Nonlocal:
    return ast.Nonlocal([identifier(part) for part in parts(node)], **at(node))


def _dotted(node: Node) -> str:
    return ".".join(identifier(part) for part in parts(node))


def _alias(node: Node) -> ast.alias:
    if node.type == "aliased_import":
        name, alias = field(node, "name"), field(node, "alias")
        return ast.alias(_dotted(name), identifier(alias), **at(node))
    if node.type == "wildcard_import":
        return ast.alias("*", **at(node))
    return ast.alias(_dotted(node), **at(node))


def _import(_: Reading, node: Node) -> ast.Import:
    return ast.Import([_alias(part) for part in parts(node)], **at(node))


def _future(_: Reading, node: Node) -> ast.ImportFrom:
    return ast.ImportFrom("__future__", [_alias(part) for part in parts(node)], 0, **at(node))


def _import_from(_: Reading, node: Node) -> ast.ImportFrom:
    source, *names = parts(node)
    if source.type != "relative_import":
        module, level = _dotted(source), 0
    else:
        prefix, *rest = parts(source)
        module, level = "".join(map(_dotted, rest)), text(prefix).count(".")
    return ast.ImportFrom(module or None, [_alias(name) for name in names], level, **at(node))


def _type_alias(reading: Reading, node: Node) -> ast.stmt:
    """`type X[T] = ...`; an assignment where the running Python has no node for it."""
    left = parts(field(node, "left"))[0]
    if left.type not in ("identifier", "generic_type"):
        return _assigned_in_type(node)
    generic = parts(left) if left.type == "generic_type" else [left]
    name = into(reading.expression(generic[0]), STORE)
    value = reading.expression(field(node, "right"))
    if not TYPE_PARAMETERS:
        return ast.Assign([name], value, **at(node))
    params = type_parameters(reading, generic[1] if len(generic) > 1 else None)
    alias: ast.stmt = ast.TypeAlias(name, params, value, **at(node))  # type: ignore[attr-defined, unused-ignore]
    return alias


def _assigned_in_type(node: Node) -> ast.stmt:
    """`type(x).y = z`, which the grammar takes for a type alias."""
    try:
        (made,) = ast.parse(text(node)).body
    except (SyntaxError, ValueError, MemoryError) as error:
        raise Unreadable(node.type) from error
    row, column = node.start_point
    for each in ast.walk(made):
        if isinstance(each, ast.stmt | ast.expr | ast.keyword):
            each.col_offset += column if each.lineno == 1 else 0
            each.end_col_offset = (each.end_col_offset or 0) + (
                column if each.end_lineno == 1 else 0
            )
    return ast.increment_lineno(made, row)


Statement = Callable[[Reading, Node], ast.stmt]
SIMPLE: dict[str, Statement] = {
    "expression_statement": expression_statement,
    "return_statement": _return,
    "delete_statement": _delete,
    "raise_statement": _raise,
    "assert_statement": _assert,
    "print_statement": _print,
    "exec_statement": _exec,
    "pass_statement": _pass,
    "break_statement": _break,
    "continue_statement": _continue,
    "global_statement": _global,
    "nonlocal_statement": _nonlocal,
    "import_statement": _import,
    "import_from_statement": _import_from,
    "future_import_statement": _future,
    "type_alias_statement": _type_alias,
}
