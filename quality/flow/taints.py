"""How taint begins, goes on and ends."""

import ast
from collections.abc import Iterable

from quality.flow.frame import Frame
from quality.flow.schema import Source
from quality.flow.values import (
    UNKNOWN,
    Origin,
    Taint,
    Trail,
    Value,
    join_taints,
)

LONGEST = 16  # steps of a path that are told


def from_source(source: Source, key: object, node: ast.AST, frame: Frame) -> Value:
    """Data that has just come in."""
    origin = Origin(source.kind, key, source.says or source.kind, source.trust == "outside")
    frame.state.forget(origin)
    frame.run.read += 1
    trail = Trail(frame.unit.file.path, node, f"read from {origin.says}")
    return Value((Taint(origin, trail),))


def of_parameter(name: str, key: object, node: ast.AST, frame: Frame) -> Value:
    """What a caller that nobody knows may give."""
    origin = Origin("parameter", (name, key), name, False)
    trail = Trail(frame.unit.file.path, node, f"parameter '{name}'")
    return Value((Taint(origin, trail),))


def collected(values: Iterable[Value], frame: Frame) -> tuple[Taint, ...]:
    """The taint of all these values and of what is in them."""
    taints: tuple[Taint, ...] = ()
    for value in values:
        if value.taints or value.refs:
            taints = join_taints(taints, frame.state.taints(value))
    return taints


def stepped(value: Value, node: ast.AST, says: str, frame: Frame) -> Value:
    """`value` with one more step on its path."""
    if not value.taints:
        return value
    return value.but(tuple(_step(taint, node, says, frame) for taint in value.taints))


def _step(taint: Taint, node: ast.AST, says: str, frame: Frame) -> Taint:
    before = taint.trail
    if before.length >= LONGEST or (before.node is node and before.says == says):
        return taint
    path = frame.unit.file.path
    return taint.but(trail=Trail(path, node, says, before, before.length + 1))


def built(taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """The same in a text with others."""
    if all(taint.built for taint in taints):
        return taints
    return tuple(taint if taint.built else taint.but(built=True) for taint in taints)


def after_first(first: tuple[Taint, ...], taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """The taint of a path: the folder that it begins with is not put together with others."""
    alone = {taint.origin: taint for taint in first if not taint.built}
    return tuple(alone.get(taint.origin, taint) for taint in taints)


def part(value: Value, key: object, frame: Frame, via: str = "") -> Value:
    """A part of what is tainted: what is shown of it alone is not shown of the whole."""
    if not value.taints:
        return UNKNOWN
    taints = tuple(t.but(origin=t.origin.part(key, via)) for t in value.taints)
    return frame.state.seen(Value(taints))


def place_key(node: ast.AST, frame: Frame) -> tuple[object, ...]:
    """One for each place in the program."""
    return (frame.unit.file.path, getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def cleared(value: Value, flows: Iterable[str]) -> Value:
    """`value` without danger for these flows; "*" for all."""
    names = frozenset(flows)
    if "*" in names:
        return Value(type=value.type, refs=(), safe=True)
    return value.but(tuple(t.but(cleared=t.cleared | names) for t in value.taints))
