"""Objects of libraries that keep values by name, such as configurations: set(...) and get(...)."""

from quality.flow.conditions import Given
from quality.flow.containers import item, make, set_item
from quality.flow.frame import Frame
from quality.flow.state import Obj
from quality.flow.values import NONE, UNKNOWN, Value

_PUTS = frozenset({"set", "put", "setdefault", "__setitem__"})
_GETS = frozenset({"get", "__getitem__"})


def store_method(receiver: Value, attr: str, given: Given, frame: Frame) -> Value | None:
    """What such a method gives; None: the rules for calls may say it."""
    objects = [obj for _, obj in frame.state.objects(receiver)]
    if not objects or any(obj.kind != "object" or obj.cls for obj in objects):
        return None
    if f"{receiver.type}.{attr}" in frame.run.catalogue.calls:
        return None
    if attr in _PUTS and len(given.args) in (2, 3):
        return _put(receiver, given.args[:-1], given.args[-1], frame)
    if attr in _GETS and 1 <= len(given.args) <= 2:
        return _get(receiver, given.args, frame)
    if attr == "add_section" and given.args:
        set_item(receiver, given.args[0], make(frame, "dict"), frame)
        return NONE
    return None


def _known(keys: list[Value]) -> bool:
    return all(key.consts is not None and len(key.consts) == 1 for key in keys)


def _put(receiver: Value, keys: list[Value], value: Value, frame: Frame) -> Value | None:
    if not _known(keys):
        return None
    if len(keys) == 2:
        inner = item(receiver, keys[0], keys[0], frame)
        if not inner.refs:
            inner = make(frame, "dict")
            set_item(receiver, keys[0], inner, frame)
        receiver = inner
    set_item(receiver, keys[-1], value, frame)
    return NONE


def _get(receiver: Value, keys: list[Value], frame: Frame) -> Value | None:
    if not _known(keys) or any(_rest(obj) for _, obj in frame.state.objects(receiver)):
        return None
    found = item(receiver, keys[0], keys[0], frame)
    if len(keys) == 2 and found.refs:
        found = item(found, keys[1], keys[1], frame)
    return None if found is UNKNOWN else frame.state.seen(found)


def _rest(obj: Obj) -> bool:
    return obj.rest is not None
