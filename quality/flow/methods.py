"""The methods of texts and of Python's own containers."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from quality.flow.conditions import Given
from quality.flow.containers import (
    elements,
    exact_elements,
    item,
    keys_of,
    make,
    make_list,
    set_item,
    sorted_items,
    without,
)
from quality.flow.frame import Frame
from quality.flow.state import Obj
from quality.flow.values import (
    NONE,
    NUMBER,
    UNKNOWN,
    Value,
    constant,
    join,
    join_all,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method of a container."""

    receiver: Value
    given: Given
    where: object  # tells one place of the program from another
    frame: Frame


Method = Callable[[Call], Value]


def container_method(
    receiver: Value, attr: str, given: Given, where: object, frame: Frame
) -> Value | None:
    """What a method of a list, dict or set gives, and does to it; None: it is none of these."""
    kinds = {obj.kind for _, obj in frame.state.objects(receiver)}
    if len(kinds) != 1:
        return None
    method = _METHODS.get((kinds.pop(), attr))
    return method(Call(receiver, given, where, frame)) if method else None


def _append(call: Call) -> Value:
    value = _first(call.given)
    certain = len(call.receiver.refs) == 1

    def change(obj: Obj) -> Obj:
        if not certain or not obj.exact:
            return obj.blurred(value)
        return obj.set(len(obj.items), value)

    call.frame.change(call.receiver, change)
    return NONE


def _extend(call: Call) -> Value:
    found = exact_elements(_first(call.given), call.frame)
    if found is None:
        call.frame.change(
            call.receiver, lambda obj: obj.blurred(elements(_first(call.given), call.frame))
        )
    for value in found or ():
        _append(replace(call, given=Given([value])))
    return NONE


def _insert(call: Call) -> Value:
    value = call.given.args[1] if len(call.given.args) > 1 else UNKNOWN
    keys = keys_of(_first(call.given))

    def change(obj: Obj) -> Obj:
        match keys:
            case [int(at)] if obj.exact and len(call.receiver.refs) == 1:
                values = [each for _, each in sorted_items(obj)]
                values.insert(at, value)
                return Obj("list", dict(enumerate(values)), None, True, obj.cls)
        return obj.blurred(value)

    call.frame.change(call.receiver, change)
    return NONE


def _pop(call: Call) -> Value:
    key = call.given.args[0] if call.given.args else constant(-1)
    value = item(call.receiver, key, call.where, call.frame)
    _remove_at(call.receiver, key, call.frame)
    return (
        join(value, call.given.args[1]) if len(call.given.args) > 1 and value is UNKNOWN else value
    )


def _remove_at(receiver: Value, key: Value, frame: Frame) -> None:
    keys = keys_of(key)
    if len(receiver.refs) != 1:
        return
    if keys and len(keys) == 1:
        frame.change(receiver, lambda obj: without(obj, keys[0]))
    else:
        frame.change(receiver, lambda obj: obj.blurred())


def _remove(call: Call) -> Value:
    gone = _first(call.given)

    def change(obj: Obj) -> Obj:
        for at, value in sorted_items(obj):
            if value is gone or (gone.consts and value.consts == gone.consts):
                return without(obj, at)
        return obj.blurred()

    if len(call.receiver.refs) == 1:
        call.frame.change(call.receiver, change)
    return NONE


def _clear(call: Call) -> Value:
    if len(call.receiver.refs) == 1:
        call.frame.change(call.receiver, lambda obj: Obj(obj.kind, {}, None, True, obj.cls))
    return NONE


def _reorder(call: Call) -> Value:
    call.frame.change(call.receiver, lambda obj: obj.blurred())
    return NONE


def _reverse(call: Call) -> Value:
    def change(obj: Obj) -> Obj:
        if not obj.exact:
            return obj
        values = [value for _, value in sorted_items(obj)][::-1]
        return Obj("list", dict(enumerate(values)), obj.rest, True, obj.cls)

    call.frame.change(call.receiver, change)
    return NONE


def _copy(call: Call) -> Value:
    refs = tuple(call.frame.put(obj) for _, obj in call.frame.state.objects(call.receiver))
    return Value(call.receiver.taints, type=call.receiver.type, refs=refs)


def _get(call: Call) -> Value:
    value = item(call.receiver, _first(call.given), call.where, call.frame)
    default = call.given.args[1] if len(call.given.args) > 1 else NONE
    if value is UNKNOWN and not call.receiver.taints:
        objects = [obj for _, obj in call.frame.state.objects(call.receiver)]
        if objects and all(obj.exact and obj.rest is None for obj in objects):
            return default  # the key is not there
    key = keys_of(_first(call.given))
    if key and len(key) == 1 and _has(call.receiver, key[0], call.frame):
        return value
    return join(value, default) if default.taints else value


def _has(receiver: Value, key: object, frame: Frame) -> bool:
    return all(key in obj.items for _, obj in frame.state.objects(receiver))


def _setdefault(call: Call) -> Value:
    key = _first(call.given)
    if not _has(call.receiver, (keys_of(key) or [None])[0], call.frame):
        set_item(
            call.receiver, key, call.given.args[1] if len(call.given.args) > 1 else NONE, call.frame
        )
    return item(call.receiver, key, call.where, call.frame)


def _update(call: Call) -> Value:
    for name, value in call.given.keywords.items():
        set_item(call.receiver, constant(name), value, call.frame)
    for other in call.given.args:
        for _, obj in call.frame.state.objects(other):
            for key, value in obj.items.items():
                if not isinstance(key, tuple):
                    set_item(call.receiver, constant(key), value, call.frame)
        if other.taints:
            set_item(call.receiver, UNKNOWN, Value(other.taints), call.frame)
    return NONE


def _values(call: Call) -> Value:
    objects = [obj for _, obj in call.frame.state.objects(call.receiver)]
    if len(objects) == 1 and objects[0].exact:
        return make_list(call.frame, list(objects[0].items.values()))
    return make(
        call.frame, "list", rest=join_all(v for o in objects for v in o.values()), exact=False
    )


def _keys(call: Call) -> Value:
    found = exact_elements(call.receiver, call.frame)
    if found is not None:
        return make_list(call.frame, found)
    return make(call.frame, "list", rest=elements(call.receiver, call.frame), exact=False)


def _items(call: Call) -> Value:
    keys = exact_elements(call.receiver, call.frame)
    values = _values(call)
    found = exact_elements(values, call.frame)
    if keys is not None and found is not None and len(keys) == len(found):
        pairs = [
            make_list(call.frame, [k, v], "builtins.tuple")
            for k, v in zip(keys, found, strict=True)
        ]
        return make_list(call.frame, pairs)
    pair = make_list(
        call.frame,
        [elements(call.receiver, call.frame), elements(values, call.frame)],
        "builtins.tuple",
    )
    return make(call.frame, "list", rest=pair, exact=False)


def _first(given: Given) -> Value:
    return given.args[0] if given.args else given.rest or UNKNOWN


def _add(call: Call) -> Value:
    value = _first(call.given)
    call.frame.change(call.receiver, lambda obj: obj.set(len(obj.items), value))
    return NONE


_METHODS: dict[tuple[str, str], Method] = {
    ("list", "append"): _append,
    ("list", "extend"): _extend,
    ("list", "insert"): _insert,
    ("list", "pop"): _pop,
    ("list", "remove"): _remove,
    ("list", "clear"): _clear,
    ("list", "sort"): _reorder,
    ("list", "reverse"): _reverse,
    ("list", "copy"): _copy,
    ("list", "index"): lambda _: NUMBER,
    ("list", "count"): lambda _: NUMBER,
    ("set", "add"): _add,
    ("set", "update"): _extend,
    ("set", "clear"): _clear,
    ("set", "copy"): _copy,
    ("dict", "get"): _get,
    ("dict", "pop"): _pop,
    ("dict", "setdefault"): _setdefault,
    ("dict", "update"): _update,
    ("dict", "clear"): _clear,
    ("dict", "copy"): _copy,
    ("dict", "keys"): _keys,
    ("dict", "values"): _values,
    ("dict", "items"): _items,
}
