"""Statements that the program runs through in more than one way: if, with, try."""

import ast
from collections.abc import Sequence

from quality.flow.assigning import assign
from quality.flow.conditions import Given
from quality.flow.containers import elements
from quality.flow.frame import Frame
from quality.flow.state import State, join_states
from quality.flow.taints import from_source
from quality.flow.values import Value


def go_on(state: State | None, frame: Frame) -> None:
    """Go on with `state`; None: the program does not come here."""
    if state is None:
        frame.die()
    else:
        frame.state = state


def if_statement(node: ast.If, frame: Frame) -> None:
    done: State | None = None
    # An `elif` stands in the `else` of the one before, so that a long chain nests deeply.
    while True:
        true, false = frame.run.assume(node.test, frame)
        done = join_states(done, branch(node.body, true, frame))
        match node.orelse:
            case [ast.If() as following] if false is not None:
                node, frame.state, frame.live = following, false, True
                continue
        done = join_states(done, branch(node.orelse, false, frame))
        break
    frame.live = True
    go_on(done, frame)


def branch(body: Sequence[ast.stmt], state: State | None, frame: Frame) -> State | None:
    """What holds after `body` run from `state`; None: it does not end there."""
    if state is None:
        return None
    frame.state, frame.live = state, True
    frame.execute(body)
    return frame.state if frame.live else None


def with_statement(node: ast.With | ast.AsyncWith, frame: Frame) -> None:
    for each in node.items:
        value = frame.evaluate(each.context_expr)
        if each.optional_vars is not None:
            assign(each.optional_vars, _entered(value, each.context_expr, frame), frame)
    frame.execute(node.body)


def _entered(value: Value, node: ast.AST, frame: Frame) -> Value:
    """What `with value as x` gives."""
    if value.type == "generator":
        return elements(value, frame)
    for _, obj in frame.state.objects(value):
        method = obj.cls.find("__enter__") if obj.cls else None
        if method is not None and method.funcs:
            found = frame.run.invoke(method.funcs[0], Given([value]), node, frame)
            return found if found.refs or found.taints or found.type else value
    return value


def try_statement(node: ast.Try, frame: Frame) -> None:
    raised: list[State] = []
    start = frame.state.copy()
    frame.tries.append(raised)
    for each in node.body:
        if frame.live:
            raised.append(frame.state.copy())
            frame.execute([each])
    frame.tries.pop()
    done = frame.state if frame.live else None
    if done is not None:
        raised.append(done.copy())
        done = branch(node.orelse, done, frame)
    failed: State | None = start
    for state in raised:
        failed = join_states(failed, state)
    for handler in node.handlers:
        done = join_states(done, _handle(handler, failed, frame))
    _finally(node, done, failed, frame)


def _handle(handler: ast.ExceptHandler, failed: State | None, frame: Frame) -> State | None:
    state = failed.copy() if failed else None
    if state is not None:
        frame.state, frame.live = state, True
        if handler.type is not None:
            kind = frame.evaluate(handler.type)
            if handler.name:
                state.env[handler.name] = _caught(kind, handler, frame)
    return branch(handler.body, state, frame)


def _caught(kind: Value, handler: ast.ExceptHandler, frame: Frame) -> Value:
    """The exception that is caught."""
    names = {name for each in frame.state.inside(kind) for name in each.names}
    sources = frame.run.catalogue.caught
    known = sorted(names & sources.keys())
    taints = from_source(sources[known[0]], known[0], handler, frame).taints if known else ()
    return Value(taints, type=min(names) if len(names) == 1 else None)


def _finally(node: ast.Try, done: State | None, failed: State | None, frame: Frame) -> None:
    if done is not None:
        done = branch(node.finalbody, done, frame)
    elif node.finalbody and failed is not None:
        branch(node.finalbody, failed, frame)
    frame.live = True
    go_on(done, frame)
