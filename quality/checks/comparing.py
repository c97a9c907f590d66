"""Comparisons and expressions that cannot mean what they say."""

import ast
from collections import Counter
from collections.abc import Iterator

from quality.checks.check import on, on_call
from quality.checks.code import Code, last_name, same, told, written
from quality.python.walking import walk

_CHANGING = (ast.Call, ast.Await, ast.Yield, ast.NamedExpr)
_IDENTITY = (ast.Is, ast.IsNot)
_EQUALITY = (ast.Eq, ast.NotEq, *_IDENTITY)


def _pure(node: ast.AST) -> bool:
    return not any(isinstance(each, _CHANGING) for each in walk(node))


def _same_sides(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    left, op, right = node.left, node.ops[0], node.comparators[0]
    # x != x is how one asks for NaN
    if isinstance(op, ast.NotEq | ast.In | ast.NotIn) or isinstance(left, ast.Constant):
        return
    if same(left, right) and _pure(left):
        yield node


def _same_operands(node: ast.BinOp | ast.BoolOp, code: Code) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp):
        pure = isinstance(
            node.op, ast.Sub | ast.Div | ast.Mod | ast.BitXor | ast.BitOr | ast.BitAnd
        )
        literal = isinstance(node.left, ast.Constant)
        if pure and not literal and same(node.left, node.right) and _pure(node.left):
            yield node
        return
    # Only what looks alike is worth being written out
    marks = [_marks(value, code) for value in node.values]
    alike = Counter(marks)
    seen: set[str] = set()
    for value, mark in zip(node.values, marks, strict=True):
        if alike[mark] > 1:
            text = written(value)
            if text in seen and _pure(value):
                yield value
            seen.add(text)


def _marks(node: ast.AST, code: Code) -> tuple[object, ...]:
    """Equal for what is written the same, and seldom for anything else."""
    inside = code.inside(node)
    return (*map(type, inside), *map(told, inside))


def _truthy_side(node: ast.BoolOp, code: Code) -> Iterator[ast.AST]:
    """`if x == "a" or "b"`."""
    if not isinstance(node.op, ast.Or) or not isinstance(node.values[0], ast.Compare):
        return
    parent = code.parent(node)
    asked = isinstance(parent, ast.If | ast.While | ast.Assert | ast.IfExp) and parent.test is node
    for value in node.values[1:]:
        if asked and isinstance(value, ast.Constant) and value.value:
            yield value


def _always(node: ast.If | ast.While | ast.BoolOp, code: Code) -> Iterator[ast.AST]:
    """`or True`, `and False`, `1 == 1` in a condition."""
    if isinstance(node, ast.BoolOp):
        asked = code.parent(node)
        if not isinstance(asked, ast.If | ast.While | ast.IfExp | ast.BoolOp | ast.UnaryOp):
            return
        deciding = isinstance(node.op, ast.Or)
        for value in node.values:
            if isinstance(value, ast.Constant) and value.value is deciding:
                yield value
        return
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = (test.left, test.comparators[0])
        if all(isinstance(side, ast.Constant) for side in sides):
            yield test


def _impossible(node: ast.BoolOp, _: Code) -> Iterator[ast.AST]:
    """`x < 3 and x > 5`, `x == "a" and x == "b"`, `x != "a" or x != "b"`."""
    wanted = ast.Eq if isinstance(node.op, ast.And) else ast.NotEq
    values: dict[str, object] = {}
    for part in node.values:
        match part:
            case ast.Compare(ops=[op], left=left, comparators=[ast.Constant(value=value)]):
                if not isinstance(op, wanted) or not _pure(left):
                    continue
                key = ast.dump(left)
                if key in values and values[key] != value:
                    yield node
                values[key] = value
    if isinstance(node.op, ast.And) and _empty_range(node):
        yield node


def _empty_range(node: ast.BoolOp) -> bool:
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for part in node.values:
        match part:
            case ast.Compare(
                left=left, ops=[op], comparators=[ast.Constant(value=int() | float() as bound)]
            ):
                if isinstance(op, ast.Gt | ast.GtE):
                    low[ast.dump(left)] = bound
                elif isinstance(op, ast.Lt | ast.LtE):
                    high[ast.dump(left)] = bound
    return any(key in high and low[key] > high[key] for key in low)


def _is_literal(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    if not any(isinstance(op, _IDENTITY) for op in node.ops):
        return
    for op, right in zip(node.ops, node.comparators, strict=True):
        for side in (node.left, right):
            match side:
                case ast.Constant(value=str() | bytes() | int() | float() as value):
                    if isinstance(op, ast.Is | ast.IsNot) and not isinstance(value, bool):
                        yield node
                        return
                case ast.List() | ast.Dict() | ast.Set() | ast.Tuple():
                    if isinstance(op, ast.Is | ast.IsNot):
                        yield node
                        return


def _float_equality(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    if not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    for side in (node.left, node.comparators[0]):
        for each in code.inside(side):
            match each:
                case ast.Constant(value=float() as value) if not (value * 64).is_integer():
                    yield node
                    return
                case ast.Call():
                    break


def _nan(node: ast.Compare, code: Code) -> Iterator[ast.AST]:
    if not isinstance(node.ops[0], _EQUALITY) or not code.speaks_of("nan"):
        return
    for side in (node.left, node.comparators[0]):
        known = code.full(side) in ("math.nan", "numpy.nan", "numpy.NaN", "numpy.NAN")
        match side:
            case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]):
                known = text.lower() == "nan"
        if known:
            yield node


def _type_name(node: ast.Compare, _: Code) -> Iterator[ast.AST]:
    """`x.__class__.__name__ == "Admin"`, which any class may be called."""
    sides = (node.left, node.comparators[0])
    if isinstance(node.ops[0], ast.Eq) and _texts(sides) and any(map(_names_class, sides)):
        yield node


def _names_class(node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr not in ("__name__", "__qualname__"):
        return False
    return last_name(node.value) == "__class__" or _is_type(node.value)


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "type"


def _texts(sides: tuple[ast.expr, ...]) -> bool:
    return any(isinstance(s, ast.Constant) and isinstance(s.value, str) for s in sides)


def _spaced_operator(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    """`x =+ 1`."""
    value = node.value
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.UAdd | ast.USub):
        line = code.lines[value.lineno - 1].encode()
        near = line[max(0, value.col_offset - 1) : value.col_offset + 2]
        if near[:1] == b"=" and near[2:] == b" ":
            yield node


def _assert_tuple(node: ast.Assert, _: Code) -> Iterator[ast.AST]:
    if isinstance(node.test, ast.Tuple) and node.test.elts:
        yield node


def _zero(node: ast.BinOp, _: Code) -> Iterator[ast.AST]:
    divides = isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
    match node.right:
        case ast.Constant(value=int() | float() as value) if divides and value == 0:
            if not (isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)):
                yield node


def _unused_comparison(node: ast.Expr, code: Code) -> Iterator[ast.AST]:
    if not isinstance(node.value, ast.Compare):
        return
    # `with raises(...): a < b` is a comparison made for its effect
    if not any(isinstance(each, ast.With | ast.Try) for each in code.above(node)):
        yield node


def _duplicate_keys(node: ast.Dict, _: Code) -> Iterator[ast.AST]:
    seen: set[str] = set()
    for key in node.keys:
        if isinstance(key, ast.Constant):
            name = repr(key.value)
            if name in seen:
                yield key
            seen.add(name)


def _assigned_itself(node: ast.Assign, code: Code) -> Iterator[ast.AST]:
    if len(node.targets) == 1 and isinstance(node.value, ast.Name | ast.Attribute):
        # In a module or class it takes what is further out in: `open = open`
        outer = code.function(node) is None or isinstance(code.parent(node), ast.ClassDef)
        if same(node.targets[0], node.value) and not outer:
            yield node


def _run_of_thread(node: ast.Call, code: Code) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Attribute):
        made = code.origin(node.func.value)
        if isinstance(made, ast.Call) and code.full(made.func) == "threading.Thread":
            yield node


CHECKS = (
    on("compared-with-itself", _same_sides, ast.Compare),
    on("same-operands", _same_operands, ast.BinOp, ast.BoolOp),
    on("always-true-text", _truthy_side, ast.BoolOp),
    on("constant-condition", _always, ast.If, ast.BoolOp),
    on("impossible-condition", _impossible, ast.BoolOp),
    on("identity-of-literal", _is_literal, ast.Compare),
    # A test may well ask for just this number
    on("float-equality", _float_equality, ast.Compare, tests=False),
    on("compared-with-nan", _nan, ast.Compare),
    on("compared-by-class-name", _type_name, ast.Compare),
    on("spaced-operator", _spaced_operator, ast.Assign),
    on("assert-on-tuple", _assert_tuple, ast.Assert),
    on("division-by-zero", _zero, ast.BinOp),
    on("unused-comparison", _unused_comparison, ast.Expr, tests=False),
    on("duplicate-key", _duplicate_keys, ast.Dict),
    on("assigned-to-itself", _assigned_itself, ast.Assign),
    on_call("thread-run-directly", _run_of_thread, ".run"),
)
