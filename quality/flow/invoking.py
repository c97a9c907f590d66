"""Calls of the project's own functions and classes: each is followed with what it is given."""

import ast

from quality.flow.acting import acts
from quality.flow.annotations import returned
from quality.flow.bodies import last_state, run_body
from quality.flow.conditions import Given
from quality.flow.containers import make, make_list
from quality.flow.frame import MOST_CALLS, Frame, Run
from quality.flow.functions import Bound, Callee, Class, Function, Partial, parameters
from quality.flow.remembering import remember, remembered
from quality.flow.state import Obj
from quality.flow.taints import collected, stepped
from quality.flow.values import (
    UNKNOWN,
    Taint,
    Value,
    join,
    join_all,
)

SHORT = 15  # lines of a function that is followed for what it gives


def invoke(callee: Callee, given: Given, node: ast.AST, frame: Frame) -> Value:
    """What calling `callee` gives; the frame's state is then what it left."""
    match callee:
        case Class():
            return instance(callee, given, node, frame)
        case Bound(function=function, receiver=receiver):
            given = Given([receiver, *given.args], given.keywords, receiver, given.rest)
            return _invoke(function, given, node, frame)
        case Partial(function=value, args=args, keywords=keywords):
            given = Given(
                [*args, *given.args], {**dict(keywords), **given.keywords}, None, given.rest
            )
            return join_all(invoke(each, given, node, frame) for each in value.funcs)
        case Function():
            return _invoke(callee, given, node, frame)


def instance(cls: Class, given: Given, node: ast.AST, frame: Frame) -> Value:
    """A new object of a class of the project."""
    obj = Obj("object", {}, None, True, cls)
    library = cls.library()
    value = Value(type=cls.name, refs=(frame.put(obj),))
    init = cls.find("__init__")
    if init is not None and init.funcs:
        for each in init.funcs:
            if isinstance(each, Function):
                invoke(Bound(each, value), given, node, frame)
        return value
    fields = _fields(cls)
    items = [*zip(fields, given.args, strict=False), *given.keywords.items()]
    frame.change(
        value, lambda known: Obj("object", {**known.items, **dict(items)}, given.rest, True, cls)
    )
    if library and not items:
        return Value(collected(given.all(), frame), type=cls.name, refs=value.refs)
    return value


def _fields(cls: Class) -> list[str]:
    """The fields of a dataclass, a named tuple or a model, the bases' first."""
    return [
        statement.target.id
        for each in reversed(cls.mro())
        for statement in each.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]


def _invoke(function: Function, given: Given, node: ast.AST, frame: Frame) -> Value:
    run = frame.run
    if run.awaited is function:
        state = frame.state.copy()
        state.env = bind(function, given, frame)
        run.arrived.append(state)
        return UNKNOWN
    if frame.depth >= MOST_CALLS or run.work < 0 or _repeats(function, frame):
        return Value(collected(given.all(), frame))
    passed = collected(given.all(), frame)
    clean = not passed
    spent = run.calls_work < 0 or (frame.depth > 0 and run.work < run.floor)
    if spent or not _matters(function, given, passed, frame):
        return returned(function, frame) if clean else Value(passed)
    key = remembered(function, given, frame)
    if key is not None and (known := run.memory.get(key)) is not None:
        return known.replay(frame)
    first, before = run.last, run.oldest
    run.oldest = run.last + 1
    guarded = frame.state.guarded
    work = run.work
    if frame.depth == 0:
        run.floor = work - (min(run.clean_work, run.calls_work) if clean else run.calls_work)
    value = _follow(function, given, node, frame)
    if frame.depth == 0:
        _charge(work - run.work, clean, run)
    changed = run.oldest <= first
    run.oldest = min(before, run.oldest)
    if key is not None and not changed and not value.refs and frame.live:
        remember(key, value, guarded, frame)
    return value


def _charge(work: int, clean: bool, run: Run) -> None:
    run.calls_work -= work
    if clean:
        run.clean_work -= work


def _matters(function: Function, given: Given, taints: tuple[Taint, ...], frame: Frame) -> bool:
    """Whether a call is worth following.

    It is where outside data is given to it or read by it; with an unknown caller's data where
    that may do harm; and if it is short, for what it gives.
    """
    if any(taint.origin.kind != "parameter" for taint in taints):
        return True
    node = function.node
    lines = (getattr(node, "end_lineno", None) or node.lineno) - node.lineno
    if function.short == "__init__":
        return frame.depth < 2 and lines < SHORT * 2
    if taints:
        return (function.short in frame.run.sinks and frame.depth < 4) or lines < SHORT
    if frame.run.clean_work < 0:
        return False
    if any(value.funcs for value in given.all()):
        return frame.depth < 3
    if function.short in frame.run.sources and frame.depth < 3 and acts(function, frame.run):
        return True
    return frame.depth == 0 and lines < SHORT // 2


def _repeats(function: Function, frame: Frame) -> bool:
    each: Frame | None = frame
    count = 0
    while each:
        count += each.function is function
        each = each.caller
    return count > 1


def _follow(function: Function, given: Given, node: ast.AST, frame: Frame) -> Value:
    state = frame.state.inner(bind(function, given, frame))
    inner = Frame(
        frame.run,
        function.unit,
        state,
        function,
        function.closure,
        caller=frame,
        site=node,
        depth=frame.depth + 1,
    )
    says = f"passed to {function.short}()"
    for name, value in state.env.items():
        state.env[name] = stepped(value, node, says, frame)
    result = run_body(inner)
    done = last_state(inner)
    if done is None:
        frame.state.take(inner.state)
        frame.die()
        return UNKNOWN
    frame.state.take(done)
    return result


def bind(function: Function, given: Given, frame: Frame) -> dict[str, Value]:
    """The parameters by name."""
    node = function.node
    env: dict[str, Value] = {}
    positional = [*node.args.posonlyargs, *node.args.args]
    args = list(given.args)
    keywords = dict(given.keywords)
    for place, arg in enumerate(parameters(node)):
        if arg in positional and args:
            env[arg.arg] = args.pop(0)
        elif arg.arg in keywords:
            env[arg.arg] = keywords.pop(arg.arg)
        else:
            default = function.defaults[place] if place < len(function.defaults) else None
            env[arg.arg] = _missing(default, given)
    if node.args.vararg:
        rest = [*args, *([given.rest] if given.rest else [])]
        exact = given.rest is None
        value = (
            make_list(frame, args)
            if exact
            else make(frame, "list", rest=join_all(rest), exact=False)
        )
        env[node.args.vararg.arg] = value
    if node.args.kwarg:
        env[node.args.kwarg.arg] = make(frame, "dict", dict(keywords.items()), given.rest)
    return env


def _missing(default: Value | None, given: Given) -> Value:
    if given.rest is None:
        return default or UNKNOWN
    return given.rest if default is None else join(given.rest, default)
