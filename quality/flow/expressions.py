"""The value of an expression."""

import ast
from collections.abc import Callable
from typing import Any

from quality.flow import attributes
from quality.flow.annotations import INJECTED, is_plain
from quality.flow.assigning import assign
from quality.flow.branches import choice, test_value
from quality.flow.calls import call
from quality.flow.conditions import is_open
from quality.flow.containers import elements, exact_elements, item, make, make_list, slice_of
from quality.flow.definitions import default_values
from quality.flow.folding import binary, known, percent, text
from quality.flow.frame import Frame
from quality.flow.functions import Function
from quality.flow.state import Key, join_states
from quality.flow.taints import after_first, built, place_key
from quality.flow.values import (
    NUMBER,
    TRUTH,
    UNKNOWN,
    Value,
    constant,
    join,
    join_all,
    join_taints,
)

_GIVEN = frozenset({INJECTED, "fastapi.Security", "fastapi.params.Depends"})
_WRAPPERS = frozenset({"typing.Annotated", "typing.Optional", "typing_extensions.Annotated"})


def evaluate(node: ast.expr, frame: Frame) -> Value:
    """The value of `node` where `frame` is."""
    compute = _KINDS.get(type(node))
    return compute(node, frame) if compute else UNKNOWN


def _constant(node: ast.Constant, _frame: Frame) -> Value:
    return known([node.value]) or Value(type=f"builtins.{type(node.value).__name__}")


def _joined(node: ast.JoinedStr, frame: Frame) -> Value:
    return text([frame.evaluate(each) for each in node.values])


def _formatted(node: ast.FormattedValue, frame: Frame) -> Value:
    value = frame.evaluate(node.value)
    taints = frame.state.taints(value) if value.refs else value.taints
    match node.format_spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(spec))]) if spec[-1:] in "dxXeEfFgG%":
            return NUMBER
    if value.consts is not None or value.parts is not None:
        return value
    return Value(taints, type=value.type, names=value.names, safe=value.safe)


def _binary(node: ast.BinOp, frame: Frame) -> Value:
    chain = [node.right]
    left = node.left
    # A long sum is a deep tree to the left; it is gone through without going down.
    while isinstance(left, ast.BinOp) and type(left.op) is type(node.op):
        chain.append(left.right)
        left = left.left
    value = frame.evaluate(left)
    for right in reversed(chain):
        value = _operate(node.op, value, frame.evaluate(right), right, frame)
    return value


def _operate(op: ast.operator, a: Value, b: Value, _right: ast.expr, frame: Frame) -> Value:
    if isinstance(op, ast.Mod) and a.type == "builtins.str":
        values = exact_elements(b, frame) if b.type == "builtins.tuple" else [b]
        found = percent(a, values) if values is not None else None
        if found is not None:
            return found
        b = Value(frame.state.taints(b), type=b.type, safe=b.safe)
    lists = [exact_elements(each, frame) for each in (a, b)] if a.refs and b.refs else []
    if lists and isinstance(op, ast.Add):
        return _sum(a, b, lists, frame)
    if isinstance(op, ast.Div) and (is_path(a) or is_path(b) or "builtins.str" in (a.type, b.type)):
        return join_path(a, b, frame)
    if a.refs or b.refs:
        taints = join_taints(frame.state.taints(a), frame.state.taints(b))
        return Value(taints, type=a.type if a.refs else b.type, refs=(*a.refs, *b.refs)[:8])
    return binary(op, a, b)


def is_path(value: Value) -> bool:
    names = (value.type, *value.names)
    return any(name is not None and name.startswith("pathlib.") for name in names)


def join_path(a: Value, b: Value, frame: Frame) -> Value:
    """`a / b` of paths."""
    first = frame.state.taints(a)
    taints = after_first(first, built(join_taints(first, frame.state.taints(b))))
    kind = a.type if a.type and is_path(a) else "pathlib.Path"
    return Value(taints, type=kind, safe=not is_open(a) and not is_open(b))


def _sum(a: Value, b: Value, lists: list[list[Value] | None], frame: Frame) -> Value:
    first, second = lists
    if first is not None and second is not None:
        return make_list(frame, first + second, a.type)
    both = join(elements(a, frame), elements(b, frame))
    return make(frame, "list", rest=both, type=a.type, exact=False)


def _unary(node: ast.UnaryOp, frame: Frame) -> Value:
    if isinstance(node.op, ast.Not):
        return test_value(node, frame)
    value = frame.evaluate(node.operand)
    if isinstance(node.op, ast.USub) and value.consts is not None:
        numbers = [-const for const in value.consts if isinstance(const, int | float)]
        return known(numbers) or NUMBER
    return Value(value.taints, type=value.type, safe=value.safe)


def _compare(node: ast.Compare, frame: Frame) -> Value:
    if len(node.ops) == 1:
        return test_value(node, frame)
    for each in (node.left, *node.comparators):
        frame.evaluate(each)
    return TRUTH


def _if(node: ast.IfExp, frame: Frame) -> Value:
    true, false = frame.run.assume(node.test, frame)
    values: list[Value] = []
    left = None
    for state, branch in ((true, node.body), (false, node.orelse)):
        if state is not None:
            frame.state = state
            values.append(frame.evaluate(branch))
            left = join_states(left, frame.state)
    frame.state = left or frame.state
    return join_all(values)


def _subscript(node: ast.Subscript, frame: Frame) -> Value:
    container = frame.evaluate(node.value)
    if isinstance(node.slice, ast.Slice):
        bounds = [
            None if each is None else frame.evaluate(each)
            for each in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        return slice_of(container, tuple(bounds), place_key(node, frame), frame)
    key = frame.evaluate(node.slice)
    if container.names and container.names[0] in _WRAPPERS:  # Annotated[str, ...] is a str
        first, *more = exact_elements(key, frame) or [key]
        given = any(each.type in _GIVEN for each in more) and is_plain(first)
        return Value(names=(INJECTED,)) if given else first
    return frame.state.seen(item(container, key, place_key(node, frame), frame))


def _list(node: ast.List | ast.Tuple | ast.Set, frame: Frame) -> Value:
    values: list[Value] = []
    loose: Value | None = None
    for each in node.elts:
        if not isinstance(each, ast.Starred):
            values.append(frame.evaluate(each))
            continue
        value = frame.evaluate(each.value)
        found = exact_elements(value, frame)
        if found is not None:
            values += found
        else:
            inner = elements(value, frame)
            loose = inner if loose is None else join(loose, inner)
    if loose is not None:
        return make(frame, "list", rest=join_all([loose, *values]), exact=False)
    if isinstance(node, ast.Set):
        return make(frame, "set", dict(enumerate(values)))
    return make_list(frame, values, "builtins.tuple" if isinstance(node, ast.Tuple) else None)


def _dict(node: ast.Dict, frame: Frame) -> Value:
    items: dict[Key, Value] = {}
    rest: Value | None = None
    for key, each in zip(node.keys, node.values, strict=True):
        value = frame.evaluate(each)
        if key is None:
            rest = _merge(value, items, rest, frame)
            continue
        name = frame.evaluate(key)
        if name.consts is not None and len(name.consts) == 1:
            items[name.consts[0]] = value
        else:
            both = join(value, Value(name.taints)) if name.taints else value
            rest = both if rest is None else join(rest, both)
    return make(frame, "dict", items, rest, exact=rest is None)


def _merge(value: Value, items: dict[Key, Value], rest: Value | None, frame: Frame) -> Value | None:
    """`**value` in a dict."""
    objects = frame.state.objects(value)
    for _, obj in objects:
        items |= obj.items
    if objects and all(obj.exact and obj.rest is None for _, obj in objects):
        return rest
    more = Value(frame.state.taints(value))
    return more if rest is None else join(rest, more)


def _lambda(node: ast.Lambda, frame: Frame) -> Value:
    defaults = default_values(node, frame)
    function = Function(node, frame.unit, "<lambda>", frame, None, defaults)
    return Value(funcs=(function,))


def _comprehension(node: Any, frame: Frame) -> Value:
    """Evaluated once, for any of its elements."""
    saved = dict(frame.state.env)
    for part in node.generators:
        assign(part.target, elements(frame.evaluate(part.iter), frame), frame)
        for test in part.ifs:
            true, _ = frame.run.assume(test, frame)
            if true is None:
                frame.state.env = saved
                return make_list(frame, [])
            frame.state = true
    if isinstance(node, ast.DictComp):
        key, value = frame.evaluate(node.key), frame.evaluate(node.value)
        found = make(frame, "dict", rest=join(value, Value(key.taints)), exact=False)
    else:
        value = frame.evaluate(node.elt)
        found = make(frame, "list", rest=value, exact=False)
    walrus = {name: v for name, v in frame.state.env.items() if name not in _targets(node)}
    frame.state.env = {**saved, **walrus}
    return found


def _targets(node: Any) -> set[str]:
    return {
        each.id
        for part in node.generators
        for each in ast.walk(part.target)
        if isinstance(each, ast.Name)
    }


def _walrus(node: ast.NamedExpr, frame: Frame) -> Value:
    value = frame.evaluate(node.value)
    assign(node.target, value, frame)
    return value


def _yield(node: ast.Yield, frame: Frame) -> Value:
    value = frame.evaluate(node.value) if node.value else constant(None)
    frame.yields.append(value)
    frame.results.append((value, node, frame.state))
    return UNKNOWN


def _yield_from(node: ast.YieldFrom, frame: Frame) -> Value:
    frame.yields.append(elements(frame.evaluate(node.value), frame))
    return UNKNOWN


def _inner(node: ast.Await | ast.Starred, frame: Frame) -> Value:
    return frame.evaluate(node.value)


_KINDS: dict[type[ast.expr], Callable[[Any, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: attributes.name,
    ast.Attribute: attributes.attribute,
    ast.Call: call,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: choice,
    ast.Compare: _compare,
    ast.IfExp: _if,
    ast.Subscript: _subscript,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.NamedExpr: _walrus,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Await: _inner,
    ast.Starred: _inner,
}
