"""Lists, dicts, sets, tuples and the attributes of objects: what goes in and what comes out."""

from quality.flow.folding import sliced
from quality.flow.frame import Frame
from quality.flow.state import Key, Obj, ObjKind
from quality.flow.taints import part
from quality.flow.values import UNKNOWN, Value, constant, join, join_all

MOST_ITEMS = 64  # elements that are kept apart
_TYPES: dict[ObjKind, str] = {
    "dict": "builtins.dict",
    "list": "builtins.list",
    "set": "builtins.set",
}


def make(
    frame: Frame,
    kind: ObjKind,
    items: dict[Key, Value] | None = None,
    rest: Value | None = None,
    type: str | None = None,
    exact: bool = True,
) -> Value:
    """A new container."""
    items = items or {}
    obj = Obj(kind, items, rest, exact)
    if len(items) > MOST_ITEMS:
        joined = join_all([*items.values(), *([rest] if rest else [])])
        obj = Obj(kind, {}, joined, False)
    return Value(type=type or _TYPES.get(kind), refs=(frame.put(obj),))


def make_list(frame: Frame, values: list[Value], type: str | None = None) -> Value:
    return make(frame, "list", dict(enumerate(values)), type=type)


def keys_of(value: Value) -> list[Key] | None:
    """The keys that `value` may be; None: any."""
    return None if value.consts is None else list(value.consts)


def item(container: Value, key: Value, where: object, frame: Frame) -> Value:
    """`container[key]`; `where` tells one place of the program from another."""
    objects = frame.state.objects(container)
    keys = keys_of(key)
    found = [_of_object(obj, keys) for _, obj in objects]
    if container.consts is not None or container.parts is not None:
        found.append(_letter(container, keys))
    elif container.taints:
        found.append(part(container, keys[0] if keys and len(keys) == 1 else where, frame))
    return join_all(found) if found else UNKNOWN


def _letter(container: Value, keys: list[Key] | None) -> Value:
    match keys:
        case [int(at)]:
            found = sliced(container, at, at + 1 or None, None)
            if found is not None:
                return found
    return container.but(container.taints) if container.taints else UNKNOWN


def _of_object(obj: Obj, keys: list[Key] | None) -> Value:
    if keys is None:
        return join_all(obj.values())
    return join_all(_of_key(obj, key) for key in keys)


def _of_key(obj: Obj, key: Key) -> Value:
    if obj.kind == "list":
        if obj.exact and isinstance(key, int):
            return obj.items.get(key + len(obj.items) if key < 0 else key, UNKNOWN)
        return join_all(obj.values())
    found = obj.items.get(key)
    if found is not None and (obj.exact or obj.kind != "dict"):
        return found
    if found is not None:
        return join(found, obj.rest) if obj.rest is not None else found
    return obj.rest if obj.rest is not None else UNKNOWN


def set_item(container: Value, key: Value, value: Value, frame: Frame) -> None:
    """`container[key] = value`."""
    keys = keys_of(key)
    surely = len(container.refs) == 1 and keys is not None and len(keys) == 1

    def change(obj: Obj) -> Obj:
        at = keys[0] if keys else None
        if obj.kind == "list":
            at = at + len(obj.items) if isinstance(at, int) and at < 0 else at
            if not (surely and obj.exact and at in obj.items):
                return obj.blurred(value)
        if surely:
            return obj.set(at, value)
        return _perhaps(obj, keys, value)

    frame.change(container, change)


def _perhaps(obj: Obj, keys: list[Key] | None, value: Value) -> Obj:
    if keys is None:
        rest = value if obj.rest is None else join(obj.rest, value)
        return Obj(obj.kind, obj.items, rest, False, obj.cls)
    items = dict(obj.items)
    for key in keys:
        items[key] = join(items[key], value) if key in items else value
    return Obj(obj.kind, items, obj.rest, obj.exact, obj.cls)


def delete_item(container: Value, key: Value, frame: Frame) -> None:
    keys = keys_of(key)
    if keys is not None and len(keys) == 1 and len(container.refs) == 1:
        frame.change(container, lambda obj: without(obj, keys[0]))


def without(obj: Obj, key: Key) -> Obj:
    """`obj` after what is at `key` has gone; the positions of a list move up."""
    if obj.kind == "list":
        if not obj.exact or not isinstance(key, int):
            return obj
        at = key + len(obj.items) if key < 0 else key
        left = [value for position, value in sorted_items(obj) if position != at]
        return Obj("list", dict(enumerate(left)), obj.rest, True, obj.cls)
    items = {name: value for name, value in obj.items.items() if name != key}
    return Obj(obj.kind, items, obj.rest, obj.exact, obj.cls)


def sorted_items(obj: Obj) -> list[tuple[int, Value]]:
    return sorted((at, value) for at, value in obj.items.items() if isinstance(at, int))


def slice_of(
    container: Value, bounds: tuple[Value | None, ...], where: object, frame: Frame
) -> Value:
    """`container[start:stop:step]`; a bound is None where it is not given."""
    numbers = [_number(bound) for bound in bounds]
    exact = all(known for known, _ in numbers)
    start, stop, step = (number for _, number in numbers)
    if exact and (found := sliced(container, start, stop, step)) is not None:
        return found
    lists = [obj for _, obj in frame.state.objects(container) if obj.kind == "list"]
    if len(lists) == 1 and exact and lists[0].exact:
        values = [value for _, value in sorted_items(lists[0])]
        return make_list(frame, values[start:stop:step], container.type)
    if lists:
        return make(frame, "list", rest=elements(container, frame), exact=False)
    if container.taints:
        cut = part(container, where, frame)
        return Value(cut.taints, type=container.type, safe=cut.safe)
    return Value(type=container.type, safe=container.safe)


def _number(bound: Value | None) -> tuple[bool, int | None]:
    if bound is None:
        return True, None
    match bound.consts:
        case (int(number),):
            return True, number
        case (None,):
            return True, None
    return False, None


def elements(container: Value, frame: Frame) -> Value:
    """What going through `container` may give; the keys of a dict."""
    found = [_going_through(obj) for _, obj in frame.state.objects(container)]
    if container.consts is not None and not found:
        texts = "".join(c for c in container.consts if isinstance(c, str))
        return constant(*dict.fromkeys(texts[:8])) if 0 < len(texts) <= 8 else Value(safe=True)
    if container.taints:
        found.append(Value(frame.state.seen(container).taints))
    return join_all(found) if found else Value(safe=container.safe)


def _going_through(obj: Obj) -> Value:
    if obj.kind == "dict":
        keys = [constant(key) for key in obj.items if not isinstance(key, tuple)]
        return join_all(keys) if obj.exact and keys else Value(obj.rest.taints if obj.rest else ())
    return join_all(obj.values())


def exact_elements(container: Value, frame: Frame) -> list[Value] | None:
    """The elements one by one, in order; None: they are not known."""
    objects = frame.state.objects(container)
    if len(objects) != 1 or len(container.refs) != 1 or container.taints:
        return None
    obj = objects[0][1]
    if not obj.exact or obj.rest is not None:
        return None
    if obj.kind == "list":
        return [value for _, value in sorted_items(obj)]
    if obj.kind == "dict":
        return [constant(key) for key in obj.items if not isinstance(key, tuple)]
    return None
