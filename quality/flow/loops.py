"""Loops: run for each element where these are known, otherwise until nothing new comes."""

import ast
from collections.abc import Callable, Sequence

from quality.flow.assigning import assign
from quality.flow.containers import elements, exact_elements
from quality.flow.frame import Frame, Loop
from quality.flow.state import State, join_states, same_states
from quality.flow.taints import part, place_key
from quality.flow.values import Value

MOST_ROUNDS = 3
MOST_ELEMENTS = 6  # that are gone through one by one


def for_loop(node: ast.For | ast.AsyncFor, frame: Frame) -> None:
    iterable = frame.evaluate(node.iter)
    found = exact_elements(iterable, frame)
    if found is not None and len(found) <= MOST_ELEMENTS and len(frame.loops) < 2:
        _one_by_one(node, found, frame)
        return
    element = elements(iterable, frame)
    if element.taints and iterable.taints and not element.refs:
        element = part(element, place_key(node, frame), frame)

    def enter() -> State | None:
        assign(node.target, element, frame)
        return frame.state

    _until_same(node.body, node.orelse, enter, lambda: frame.state, frame)


def _one_by_one(node: ast.For | ast.AsyncFor, found: Sequence[Value], frame: Frame) -> None:
    loop = Loop()
    frame.loops.append(loop)
    for element in found:
        assign(node.target, element, frame)
        state = _round(node.body, loop, frame)
        if state is None:
            break
        frame.state, frame.live = state, True
    frame.loops.pop()
    if frame.live:
        frame.execute(node.orelse)
    _leave(frame.state if frame.live else None, loop, frame)


def _round(body: Sequence[ast.stmt], loop: Loop, frame: Frame) -> State | None:
    """What holds after the body has run once; None: it never comes to its end."""
    frame.execute(body)
    state = frame.state if frame.live else None
    for other in loop.continues:
        state = join_states(state, other)
    loop.continues.clear()
    return state


def while_loop(node: ast.While, frame: Frame) -> None:
    left: State | None = None

    def enter() -> State | None:
        nonlocal left
        true, left = frame.run.assume(node.test, frame)
        return true

    _until_same(node.body, node.orelse, enter, lambda: left, frame)


def _until_same(
    body: Sequence[ast.stmt],
    orelse: Sequence[ast.stmt],
    enter: Callable[[], State | None],
    passed: Callable[[], State | None],
    frame: Frame,
) -> None:
    """Run `body` until its end adds nothing to its beginning.

    `enter` goes from the beginning into the body, or gives None; `passed` is what holds where
    the loop ends by itself.
    """
    loop = Loop()
    frame.loops.append(loop)
    head = frame.state
    for _ in range(MOST_ROUNDS if len(frame.loops) < 3 else 1):
        frame.state, frame.live = head.copy(), True
        state = enter()
        if state is None:
            break
        frame.state = state
        end = _round(body, loop, frame)
        before = head.copy()
        head = join_states(head, end) or head
        if end is None or same_states(head, before):
            break
    frame.state, frame.live = head, True
    enter()
    frame.loops.pop()
    done = passed()
    if done is not None:
        frame.state, frame.live = done, True
        frame.execute(orelse)
        done = frame.state if frame.live else None
    _leave(done, loop, frame)


def _leave(done: State | None, loop: Loop, frame: Frame) -> None:
    for state in loop.breaks:
        done = join_states(done, state)
    frame.live = done is not None
    if done is not None:
        frame.state = done
