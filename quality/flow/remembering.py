"""What calls of functions gave, so that the same call is followed once."""

from dataclasses import dataclass

from quality.flow.conditions import Given
from quality.flow.frame import Frame
from quality.flow.functions import Bound, Class, Function
from quality.flow.taints import collected
from quality.flow.values import Cleared, Value

_DEEPEST = 3  # objects in objects that are told apart
_LARGEST = 24  # things in an object


@dataclass(frozen=True, slots=True)
class Known:
    """The outcome of a call that changed no object."""

    value: Value
    shown: Cleared

    def replay(self, frame: Frame) -> Value:
        frame.state.clear(self.shown)
        return self.value


def remembered(function: Function, given: Given, frame: Frame) -> object | None:
    """What tells this call from others; None: it must be followed anew."""
    if function.closure is not None:
        return None
    try:
        args = tuple(_print(value, frame, 0) for value in given.args)
        keywords = tuple((k, _print(v, frame, 0)) for k, v in sorted(given.keywords.items()))
        rest = _print(given.rest, frame, 0) if given.rest else None
    except _Unlike:
        return None
    home = frame
    while home.caller:
        home = home.caller
    # A path that is told begins where this analysis began.
    began = id(home.function) if collected(given.all(), frame) else 0
    return (id(function), id(home.unit), began, args, keywords, rest)


class _Unlike(Exception):
    """Too much to compare."""


def _print(value: Value, frame: Frame, depth: int) -> object:
    if value.refs and depth >= _DEEPEST:
        raise _Unlike
    objects = []
    for _, obj in frame.state.objects(value):
        if len(obj.items) > _LARGEST:
            raise _Unlike
        items = tuple((repr(k), _print(v, frame, depth + 1)) for k, v in obj.items.items())
        rest = _print(obj.rest, frame, depth + 1) if obj.rest else None
        objects.append((obj.kind, items, rest, obj.exact, id(obj.cls)))
    parts = None
    if value.parts is not None:
        parts = tuple(p if isinstance(p, str) else None for p in value.parts)
    consts = None if value.consts is None else tuple((type(c), c) for c in value.consts)
    return (
        tuple(taint.print for taint in value.taints),
        consts,
        value.type,
        value.names,
        tuple(_callee(each) for each in value.funcs),
        parts,
        value.safe,
        tuple(objects),
    )


def _callee(each: object) -> object:
    if isinstance(each, Function | Class):
        return id(each)
    if isinstance(each, Bound) and not each.receiver.refs:
        return (id(each.function), tuple(t.print for t in each.receiver.taints))
    raise _Unlike


def remember(key: object, value: Value, before: Cleared, frame: Frame) -> None:
    now = frame.state.guarded
    shown = {o: flows for o, flows in now.items() if before.get(o) != flows}
    frame.run.memory[key] = Known(value, shown)
