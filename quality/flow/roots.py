"""Where an analysis begins: each function is run with what it may be given from outside."""

import ast
from collections.abc import Iterator

from quality.flow.annotations import annotated
from quality.flow.bodies import run_body
from quality.flow.conditions import Given
from quality.flow.frame import Frame, Run
from quality.flow.functions import Class, Function, parameters
from quality.flow.invoking import instance
from quality.flow.options import checked_parameters
from quality.flow.schema import Source
from quality.flow.sinks import check_returned
from quality.flow.state import Obj, State, join_states
from quality.flow.taints import from_source, of_parameter
from quality.flow.values import NUMBERS, UNKNOWN, Value, join_all

CALLS_WORK = 3000  # steps for following the calls of one function ...
PER_LINE = 40  # ... and more for each of its lines
CLEAN_WORK = 400  # of those, where nothing from outside is given
_GIVEN = frozenset(  # parameters of these names are the program's own
    {"self", "cls", "db", "conn", "connection", "cursor", "cur", "session", "engine", "client"}
    | {"ctx", "context", "app", "logger", "log", "settings", "config", "loop", "pool"}
)


def is_given(function: Function, called: frozenset[str], run: Run) -> bool:
    """Whether its parameters come from outside, or from nobody that is seen."""
    return _source(function, run) is not None or _is_unseen(function, called)


def run_root(function: Function, called: frozenset[str], run: Run) -> None:
    """Follow `function` as if something called it that nobody sees.

    `called` has the names of all functions that the tree calls: what these are given is known.
    """
    unit = function.unit
    if unit.frame is None:
        return
    lines = (getattr(function.node, "end_lineno", None) or 0) - function.node.lineno
    run.calls_work, run.clean_work = CALLS_WORK + PER_LINE * lines, CLEAN_WORK
    frame = Frame(run, unit, State({}, {}, {}, run.base), function, function.closure)
    source = _source(function, run)
    unseen = source is None and _is_unseen(function, called)
    run.review = function.short not in called
    frame.state.env = _parameters(function, source, unseen, called, frame)
    if any(value.funcs for value in function.decorators):
        frame.state = _from_decorators(function, frame) or frame.state
    run_body(frame)
    kind = source.kind if source else ""
    for value, at, left in frame.results:
        frame.state = left
        check_returned(kind, value, at, frame)


def _is_unseen(function: Function, called: frozenset[str]) -> bool:
    return function.short not in called and not function.unit.tests


def _parameters(
    function: Function, source: Source | None, unseen: bool, called: frozenset[str], frame: Frame
) -> dict[str, Value]:
    node = function.node
    env: dict[str, Value] = {}
    checked = checked_parameters(function) if source else set()
    for place, arg in enumerate(parameters(node)):
        if place == 0 and function.owner and not _is_static(function):
            env[arg.arg] = _own(function.owner, function, called, frame)
            continue
        default = function.defaults[place] if place < len(function.defaults) else None
        value = _argument(arg, default, source, unseen, frame)
        env[arg.arg] = Value(type=value.type, safe=True) if arg.arg in checked else value
    for rest in (node.args.vararg, node.args.kwarg):
        if rest is not None:
            env[rest.arg] = _argument(rest, None, source, unseen, frame)
    return env


def _from_decorators(function: Function, frame: Frame) -> State | None:
    """What holds where the project's own decorators call the function; None: they do not."""
    top, run = function.unit.frame, frame.run
    if top is None or isinstance(function.node, ast.Lambda):
        return None
    value = Value(funcs=(function,))
    pairs = zip(function.node.decorator_list, function.decorators, strict=True)
    for node, bare in reversed(list(pairs)):
        if not bare.funcs:
            continue
        decorator = top.evaluate(node)
        wrapped = [run.invoke(each, Given([value]), node, frame) for each in decorator.funcs]
        value = join_all(each for each in wrapped if each.funcs)
    names = [*parameters(function.node)]
    given = Given([frame.state.env[arg.arg] for arg in names])
    run.awaited = function
    run.arrived.clear()
    for each in value.funcs:
        if each is not function:
            run.invoke(each, given, function.node, frame)
    run.awaited, frame.live = None, True
    found: State | None = None
    for state in run.arrived:
        found = join_states(found, state)
    return found


def _source(function: Function, run: Run) -> Source | None:
    """What gives this function its arguments from outside, if something does."""
    decorators = run.catalogue.decorators
    for name in _decorator_names(function):
        if name in decorators:
            return decorators[name]
    for base in function.owner.library() if function.owner else ():
        source, methods = run.catalogue.bases.get(base, (None, frozenset()))
        if source is not None and function.short in methods:
            return source
    return None


def _decorator_names(function: Function) -> Iterator[str]:
    for value in function.decorators:
        yield from value.names
    for node in () if isinstance(function.node, ast.Lambda) else function.node.decorator_list:
        bare = node.func if isinstance(node, ast.Call) else node
        if isinstance(bare, ast.Attribute):
            yield f"*.{bare.attr}"


def _is_static(function: Function) -> bool:
    return any("builtins.staticmethod" in value.names for value in function.decorators)


def _own(cls: Class, function: Function, called: frozenset[str], frame: Frame) -> Value:
    """The object, or the class, whose method is run."""
    if any("builtins.classmethod" in value.names for value in function.decorators):
        return Value(funcs=(cls,))
    if function.short == "__init__":
        ref = frame.put(Obj("object", {}, None, True, cls))
        return Value(type=cls.name, refs=(ref,))
    init = cls.find("__init__")
    given = Given()
    for each in init.funcs if init else ():
        if isinstance(each, Function):
            unseen = cls.node.name not in called
            names = parameters(each.node)[1:]
            given.keywords = {
                arg.arg: _argument(arg, _default(each, arg), None, unseen, frame) for arg in names
            }
    value = instance(cls, given, function.node, frame)
    frame.live = True
    return value


def _default(function: Function, arg: ast.arg) -> Value | None:
    names = [each.arg for each in parameters(function.node)]
    place = names.index(arg.arg)
    return function.defaults[place] if place < len(function.defaults) else None


def _argument(
    arg: ast.arg, default: Value | None, source: Source | None, unseen: bool, frame: Frame
) -> Value:
    """What a parameter may be."""
    if arg.arg in _GIVEN:
        return UNKNOWN
    known = annotated(arg, frame)
    if known.safe or known.type in NUMBERS:
        return known
    if default is not None and default.names:
        return known  # given by a framework, as FastAPI's Depends(...) or Query(...)
    if known.type is not None and not known.type.startswith("builtins."):
        return known
    if source is not None:
        found = from_source(source, ("parameter", arg.arg), arg, frame)
        return Value(found.taints, type=known.type, refs=known.refs)
    if unseen and (default is None or default.type in (None, "builtins.str", "builtins.NoneType")):
        found = of_parameter(arg.arg, frame.function, arg, frame)
        return Value(found.taints, type=known.type, refs=known.refs)
    return known if known.type else UNKNOWN
