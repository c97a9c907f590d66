"""The match statement."""

import ast
from collections.abc import Callable
from typing import Any

from quality.flow.assigning import assign
from quality.flow.containers import elements, item
from quality.flow.control import branch, go_on
from quality.flow.folding import known
from quality.flow.frame import Frame
from quality.flow.guards import by_comparing, narrowed
from quality.flow.state import State, join_states
from quality.flow.taints import place_key
from quality.flow.values import UNKNOWN, Scalar, Value, constant, same_constant


def match(node: ast.Match, frame: Frame) -> None:
    value = frame.evaluate(node.subject)
    left: State | None = frame.state
    done: State | None = None
    for case in node.cases:
        if left is None:
            break
        state, left = _enter(case, node.subject, value, left, frame)
        done = join_states(done, branch(case.body, state, frame))
    done = join_states(done, left)
    frame.live = True
    go_on(done, frame)


def _enter(
    case: ast.match_case, subject: ast.expr, value: Value, state: State, frame: Frame
) -> tuple[State | None, State | None]:
    """What holds in the case; and behind it, where it does not match."""
    consts = constants(case.pattern)
    if consts is not None and value.consts is not None:
        inside = [c for c in value.consts if any(same_constant(c, each) for each in consts)]
        if not inside:
            return None, state
        if len(inside) == len(value.consts) and case.guard is None:
            return state, None
    rest = state.copy()
    frame.state = state
    if consts:
        shown, _ = by_comparing(ast.Eq(), value, known(consts) or UNKNOWN, frame)
        state.clear(shown)
        narrowed(state, subject, tuple(consts))
    capture(case.pattern, value, frame)
    if case.guard is not None:
        true, false = frame.run.assume(case.guard, frame)
        return true, join_states(rest, false)
    return frame.state, None if is_any(case.pattern) else rest


def is_any(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def constants(pattern: ast.pattern) -> list[Scalar] | None:
    """The constants that a pattern stands for; None: it is another."""
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=const)):
            return [const] if isinstance(const, str | bytes | int | float) else None
        case ast.MatchSingleton(value=single):
            return [single]
        case ast.MatchOr(patterns=patterns):
            found = [constants(each) for each in patterns]
            if all(each is not None for each in found):
                return [const for each in found for const in each or ()]
        case ast.MatchAs(pattern=inner) if inner is not None:
            return constants(inner)
    return None


def capture(pattern: ast.pattern, value: Value, frame: Frame) -> None:
    """Bind the names of a pattern."""
    take = _CAPTURES.get(type(pattern))
    if take:
        take(pattern, value, frame)


def _as(pattern: ast.MatchAs, value: Value, frame: Frame) -> None:
    if pattern.pattern is not None:
        capture(pattern.pattern, value, frame)
    if pattern.name:
        target = ast.copy_location(ast.Name(pattern.name, ast.Store()), pattern)
        assign(target, value, frame)


def _sequence(pattern: ast.MatchSequence, value: Value, frame: Frame) -> None:
    for at, each in enumerate(pattern.patterns):
        key = (*place_key(each, frame), at)
        capture(each, item(value, constant(at), key, frame), frame)


def _star(pattern: ast.MatchStar, value: Value, frame: Frame) -> None:
    if pattern.name:
        frame.state.env[pattern.name] = elements(value, frame)


def _mapping(pattern: ast.MatchMapping, value: Value, frame: Frame) -> None:
    for key, each in zip(pattern.keys, pattern.patterns, strict=True):
        found = item(value, frame.evaluate(key), place_key(each, frame), frame)
        capture(each, found, frame)
    if pattern.rest:
        frame.state.env[pattern.rest] = value


def _class(pattern: ast.MatchClass, value: Value, frame: Frame) -> None:
    for each in (*pattern.patterns, *pattern.kwd_patterns):
        capture(each, Value(frame.state.taints(value)), frame)


def _or(pattern: ast.MatchOr, value: Value, frame: Frame) -> None:
    for each in pattern.patterns:
        capture(each, value, frame)


_CAPTURES: dict[type[ast.pattern], Callable[[Any, Value, Frame], None]] = {
    ast.MatchAs: _as,
    ast.MatchSequence: _sequence,
    ast.MatchStar: _star,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
    ast.MatchOr: _or,
}
