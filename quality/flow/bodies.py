"""The body of a function: what running it gives, and what holds after it."""

import ast
from collections.abc import Sequence

from quality.flow.clearing import common
from quality.flow.containers import make
from quality.flow.frame import Frame
from quality.flow.state import State, join_states
from quality.flow.values import NONE, UNKNOWN, Cleared, Facts, Value, join_all


def run_body(inner: Frame) -> Value:
    """Run the function that `inner` is for, and give what it returns."""
    node = inner.function.node if inner.function else None
    if isinstance(node, ast.Lambda):
        value = inner.evaluate(node.body)
        inner.returns.append((value, inner.state))
        inner.live = False
    elif node is not None:
        inner.execute(node.body)
    if inner.live:
        inner.returns.append((NONE, inner.state))
    return _result(inner)


def _result(inner: Frame) -> Value:
    if inner.yields:
        return make(inner, "list", rest=join_all(inner.yields), type="generator", exact=False)
    if not inner.returns:
        return UNKNOWN
    found = join_all(value for value, _ in inner.returns)
    if len(inner.returns) == 1 and inner.returns[0][0].facts is None:
        return found
    facts = _facts(inner.returns)
    if facts.true or facts.false:
        return Value(
            found.taints,
            found.consts,
            found.type,
            names=found.names,
            refs=found.refs,
            funcs=found.funcs,
            facts=facts,
            safe=found.safe,
        )
    return found


def _facts(returns: Sequence[tuple[Value, State]]) -> Facts:
    """What is shown wherever a function gives something true, and wherever something false."""
    true: Cleared | None = None
    false: Cleared | None = None
    for value, state in returns:
        may_hold = value.consts is None or any(value.consts)
        may_fail = value.consts is None or not all(value.consts)
        if may_hold:
            shown = _with(state, value.facts.true if value.facts else {})
            true = shown if true is None else common(true, shown)
        if may_fail and not value.taints:
            shown = _with(state, value.facts.false if value.facts else {})
            false = shown if false is None else common(false, shown)
    return Facts(true or {}, false or {})


def _with(state: State, facts: Cleared) -> Cleared:
    known = State({}, {}, state.guarded, {})
    known.clear(facts)
    return known.guarded


def last_state(inner: Frame) -> State | None:
    """What holds after the function; None: it never ends."""
    done: State | None = None
    for _, state in inner.returns:
        done = join_states(done, state.inner({}))
    if done is None and inner.yields:
        return inner.state
    return done
