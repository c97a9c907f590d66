"""Which ways a test leaves open, and what is known on each."""

import ast

from quality.flow.containers import exact_elements
from quality.flow.folding import compare
from quality.flow.frame import Frame
from quality.flow.guards import by_comparing, by_emptiness, narrowed
from quality.flow.state import State, join_states
from quality.flow.values import TRUTH, Cleared, Facts, Value, constant, join

Ways = tuple[State | None, State | None]  # where it is true, where it is false; None: never


def assume(node: ast.expr, frame: Frame) -> Ways:
    """Evaluate a test. The frame's own state is used up."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            true, false = frame.run.assume(operand, frame)
            return false, true
        case ast.BoolOp(op=op, values=values):
            return _chain(isinstance(op, ast.And), values, frame)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(left, op, right, frame)
    return ways(frame.evaluate(node), frame)


def ways(value: Value, frame: Frame) -> Ways:
    """The ways that a value leaves open."""
    may_hold, may_fail = truth(value, frame)
    true = frame.state if may_hold else None
    false = frame.state if may_fail else None
    if true is not None and false is not None:
        false = true.copy()
    if value.facts and true is not None:
        true.clear(value.facts.true)
    if value.facts and false is not None:
        false.clear(value.facts.false)
    if value.taints and false is not None:
        false.clear(by_emptiness(value, frame))
    return true, false


def truth(value: Value, frame: Frame) -> tuple[bool, bool]:
    """Whether it may be true, and whether it may be false."""
    if value.consts is not None:
        return any(value.consts), not all(value.consts)
    if (value.funcs or value.names) and not value.taints:
        return True, not value.funcs
    if value.refs and value.type in ("builtins.list", "builtins.dict"):
        found = exact_elements(value, frame)
        return (True, True) if found is None else (bool(found), not found)
    return True, True


def _chain(every: bool, values: list[ast.expr], frame: Frame) -> Ways:
    """`and` where `every`, otherwise `or`."""
    done: State | None = None
    for value in values:
        true, false = frame.run.assume(value, frame)
        on, off = (true, false) if every else (false, true)
        done = join_states(done, off)
        if on is None:
            return (None, done) if every else (done, None)
        frame.state = on
    return (frame.state, done) if every else (done, frame.state)


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr, frame: Frame) -> Ways:
    a, b = frame.evaluate(left), frame.evaluate(right)
    found = _known(op, a, b, frame)
    shown_true, shown_false = by_comparing(op, a, b, frame)
    true, false = ways(found or TRUTH, frame)
    for state, shown in ((true, shown_true), (false, shown_false)):
        if state is not None:
            state.clear(shown)
    _narrow(true, false, left, op, b, frame)
    if isinstance(op, ast.Eq | ast.NotEq):
        _narrow(true, false, right, op, a, frame)
    return true, false


def _known(op: ast.cmpop, a: Value, b: Value, frame: Frame) -> Value | None:
    found = compare(op, a, b)
    if found is not None or not isinstance(op, ast.In | ast.NotIn) or a.consts is None:
        return found
    items = exact_elements(b, frame)
    if items is None or any(each.consts is None for each in items):
        return None
    inside = {const for each in items for const in each.consts or ()}
    results = {(const in inside) == isinstance(op, ast.In) for const in a.consts}
    return constant(*sorted(results))


def _narrow(
    true: State | None,
    false: State | None,
    node: ast.expr,
    op: ast.cmpop,
    other: Value,
    frame: Frame,
) -> None:
    state = true if isinstance(op, ast.Eq | ast.Is | ast.In) else false
    if isinstance(op, ast.In | ast.NotIn):
        items = exact_elements(other, frame) if state is not None else None
        consts = tuple(c for each in items or () for c in each.consts or ())
        if items and 0 < len(consts) <= 8 and all(each.consts for each in items):
            narrowed(state, node, consts)
    elif other.consts is not None and isinstance(op, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        narrowed(state, node, other.consts)


def test_value(node: ast.expr, frame: Frame) -> Value:
    """A comparison or `not` as a value that remembers what it shows."""
    before = frame.state.guarded
    true, false = assume(node, frame)
    facts = Facts(_shown(true, before), _shown(false, before))
    joined = join_states(true.copy() if true else None, false)
    if joined is not None:
        frame.state = joined
    if true is None or false is None:
        return constant(false is None)
    if not facts.true and not facts.false:
        return TRUTH
    return Value((), None, "builtins.bool", facts=facts, safe=True)


def _shown(state: State | None, before: Cleared) -> Cleared:
    if state is None or state.guarded is before:
        return {}
    return {o: flows for o, flows in state.guarded.items() if before.get(o) != flows}


def choice(node: ast.BoolOp, frame: Frame) -> Value:
    """`a or b` as a value: `b` where `a` is false."""
    every = isinstance(node.op, ast.And)
    found: Value | None = None
    left: State | None = None
    shown: Cleared = {}  # by all that must hold for `and` to do so, or fail for `or`
    for operand in node.values[:-1]:
        value = frame.evaluate(operand)
        _also(shown, value, every=every)
        true, false = ways(value, frame)
        on, off = (true, false) if every else (false, true)
        if off is not None:
            found = value if found is None else join(found, value)
            left = join_states(left, off)
        if on is None:
            frame.state = left or frame.state
            return found or value
        frame.state = on
    value = frame.evaluate(node.values[-1])
    _also(shown, value, every=every)
    frame.state = join_states(frame.state, left) or frame.state
    value = value if found is None else join(found, value)
    return value.showing(Facts(shown, {}) if every else Facts({}, shown)) if shown else value


def _also(shown: Cleared, value: Value, *, every: bool) -> None:
    """Put into `shown` what the value shows where it is true, or with `or` where it is false."""
    if value.facts is not None:
        for origin, flows in (value.facts.true if every else value.facts.false).items():
            shown[origin] = shown.get(origin, frozenset()) | flows
