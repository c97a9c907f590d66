"""What the tests of a program show: that data is harmless where they hold."""

import ast
from collections.abc import Iterable

from quality.flow.catalogue import Entry
from quality.flow.conditions import Given, at, meets
from quality.flow.frame import Frame
from quality.flow.schema import Guard
from quality.flow.state import State
from quality.flow.taints import collected
from quality.flow.values import Cleared, Facts, Origin, Scalar, Taint, Value

Shown = tuple[Cleared, Cleared]  # where the test is true, and where it is false


def shown_by(entries: Iterable[Entry], given: Given, frame: Frame) -> tuple[Facts | None, Cleared]:
    """What the result of a call shows; and what it shows by having ended at all."""
    true: Cleared = {}
    false: Cleared = {}
    always: Cleared = {}
    for guard in (guard for entry in entries for guard in entry.guards):
        if meets(guard.when, guard.unless, given, frame.state):
            values = [value for spec in guard.args for value in at(spec, given, frame.state)]
            to = always if guard.raises else true if guard.holds else false
            add(to, guard, collected(values, frame))
    return (Facts(true, false) if true or false else None), always


def add(to: Cleared, guard: Guard, taints: Iterable[Taint]) -> None:
    """Put into `to` what `guard` clears of `taints`."""
    for taint in taints:
        if not set(guard.needs) <= taint.marks:
            continue
        origin = _tested(guard, taint.origin)
        if origin is not None:
            to[origin] = to.get(origin, frozenset()) | frozenset(guard.clears)


def _tested(guard: Guard, origin: Origin) -> Origin | None:
    """What the guard speaks of: the origin, or that which the call it asks for was given."""
    if not guard.of:
        return origin
    return next((each.parent for each in origin.chain() if each.via in guard.of), None)


def by_comparing(op: ast.cmpop, left: Value, right: Value, frame: Frame) -> Shown:
    """What `left op right` shows."""
    true: Cleared = {}
    false: Cleared = {}
    equal = isinstance(op, ast.Eq | ast.Is | ast.In)
    if isinstance(op, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        _equal(true if equal else false, left, right, frame)
        _equal(true if equal else false, right, left, frame)
        _asked(true, false, left, right, equal=equal)
    elif isinstance(op, ast.In | ast.NotIn):
        _member(true if equal else false, left, right, frame)
        _contains(false if equal else true, left, right, frame)
    return true, false


def _equal(to: Cleared, tested: Value, other: Value, frame: Frame) -> None:
    if not tested.taints or _is_foreign(other, frame) or other.consts == (None,):
        return  # that what was made of it is None, as a match, tells nothing of it
    for guard in frame.run.catalogue.tests:
        if guard.equal:
            add(to, guard, tested.taints)


def _is_foreign(value: Value, frame: Frame) -> bool:
    """Whether somebody outside has a say in it; who runs the program may set its environment."""
    origins = [taint.origin for taint in frame.state.taints(value)]
    return any(origin.outside or origin.kind == "parameter" for origin in origins)


def _asked(true: Cleared, false: Cleared, tested: Value, other: Value, *, equal: bool) -> None:
    """`pattern.match(x) is None`, `allowed(x) is True`: what such a call shows, the test shows."""
    if tested.facts is None or other.consts not in ((None,), (True,), (False,)):
        return
    holds = equal == (other.consts == (True,))
    true |= tested.facts.true if holds else tested.facts.false
    false |= tested.facts.false if holds else tested.facts.true


def _member(to: Cleared, tested: Value, collection: Value, frame: Frame) -> None:
    if not tested.taints or _is_foreign(collection, frame):
        return
    if collection.type == "builtins.str" and collection.consts is None:
        return  # a part of a text that nobody knows
    for guard in frame.run.catalogue.tests:
        if guard.member:
            add(to, guard, tested.taints)


def _contains(to: Cleared, piece: Value, tested: Value, frame: Frame) -> None:
    if not tested.taints or piece.consts is None:
        return
    for guard in frame.run.catalogue.tests:
        if guard.contains and any(const in guard.contains for const in piece.consts):
            add(to, guard, tested.taints)


def by_emptiness(tested: Value, frame: Frame) -> Cleared:
    """What it shows that `tested` is empty."""
    shown: Cleared = {}
    for guard in frame.run.catalogue.tests:
        if guard.empty:
            add(shown, guard, tested.taints)
    return shown


def narrowed(state: State | None, node: ast.expr, consts: tuple[Scalar, ...]) -> None:
    """Note that the name `node` is one of these constants."""
    if state is not None and isinstance(node, ast.Name) and node.id in state.env:
        state.env[node.id] = Value((), consts, f"builtins.{type(consts[0]).__name__}")
