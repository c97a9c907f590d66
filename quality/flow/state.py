"""What holds at one point of the program: its names, its objects, and what has been checked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from quality.flow.clearing import common, shown
from quality.flow.values import (
    UNKNOWN,
    Cleared,
    Origin,
    Scalar,
    Taint,
    Value,
    join,
    join_taints,
)

if TYPE_CHECKING:
    from quality.flow.functions import Class

Key = Scalar | tuple[Scalar, ...]
_NONE = frozenset[str]()
MOST_LAYERS = 6
MOST_INSIDE = 100  # objects in an object that are looked into
ObjKind = Literal["dict", "list", "set", "object"]


class Obj:
    """An object of the program: what is known to be inside. It is never changed, but replaced."""

    __slots__ = ("cls", "exact", "items", "kind", "rest")

    def __init__(
        self,
        kind: ObjKind,
        items: dict[Key, Value] | None = None,
        rest: Value | None = None,
        exact: bool = True,
        cls: "Class | None" = None,
    ) -> None:
        self.kind = kind
        self.items = {} if items is None else items  # by key, position or attribute
        self.rest = rest  # what may be at any other key; None: nothing
        self.exact = exact  # the keys are known, and those of a list are 0, 1, 2...
        self.cls = cls

    def set(self, key: Key, value: Value) -> "Obj":
        return Obj(self.kind, {**self.items, key: value}, self.rest, self.exact, self.cls)

    def values(self) -> Iterator[Value]:
        yield from self.items.values()
        if self.rest is not None:
            yield self.rest

    def blurred(self, more: Value | None = None) -> "Obj":
        """The same where no key or position is certain any more, and `more` may be inside."""
        rest = self.rest
        for value in (*self.items.values(), *([more] if more else [])):
            rest = value if rest is None else join(rest, value)
        items = {} if self.kind in ("list", "set") else self.items
        return Obj(self.kind, items, rest, False, self.cls)


class Layer:
    """Objects as they were when the program branched; they stay so."""

    __slots__ = ("depth", "objects", "under")

    def __init__(self, objects: dict[int, Obj], under: "Layer | None") -> None:
        self.objects = objects
        self.under = under
        self.depth: int = under.depth + 1 if under else 0


class State:
    """Branches share the layers that were there before them, so that only what is new is joined."""

    __slots__ = ("base", "env", "guarded", "heap", "layer")

    def __init__(
        self,
        env: dict[str, Value],
        heap: dict[int, Obj],
        guarded: Cleared,
        base: dict[int, Obj],
        layer: Layer | None = None,
    ) -> None:
        self.env = env
        self.heap = heap  # the objects that are new, or have changed, since `layer`
        self.guarded = guarded  # what tests have cleared; replaced, never changed
        self.base = base  # the objects of the modules
        self.layer = layer

    def copy(self) -> "State":
        if self.heap:
            under = self.layer
            if under is not None and under.depth >= MOST_LAYERS:
                self.heap, under = self.since(None), None
            self.layer, self.heap = Layer(self.heap, under), {}
        return State(dict(self.env), {}, self.guarded, self.base, self.layer)

    def inner(self, env: dict[str, Value]) -> "State":
        """The same objects under other names: what a function that is called sees."""
        return State(env, self.heap, self.guarded, self.base, self.layer)

    def take(self, other: "State") -> None:
        """Go on with the objects that `other` left."""
        self.heap, self.guarded, self.layer = other.heap, other.guarded, other.layer

    def since(self, layer: Layer | None) -> dict[int, Obj]:
        """The objects that are new, or have changed, since `layer`, which is under this."""
        found: list[dict[int, Obj]] = [self.heap]
        each = self.layer
        while each is not layer and each is not None:
            found.append(each.objects)
            each = each.under
        if len(found) == 1:
            return self.heap
        objects: dict[int, Obj] = {}
        for new in reversed(found):
            objects.update(new)
        return objects

    def obj(self, ref: int) -> Obj | None:
        if ref in self.heap:
            return self.heap[ref]
        return _below(self.layer, ref) or self.base.get(ref)

    def objects(self, value: Value) -> list[tuple[int, Obj]]:
        if not value.refs:
            return []
        return [(ref, obj) for ref in value.refs if (obj := self.obj(ref))]

    def clear(self, facts: Cleared) -> None:
        """Note what a test has shown."""
        if facts:
            guarded = dict(self.guarded)
            for origin, flows in facts.items():
                guarded[origin] = guarded.get(origin, frozenset()) | flows
            self.guarded = guarded

    def forget(self, origin: Origin) -> None:
        """`origin` is read anew: what was shown of it no longer holds."""
        if origin in self.guarded:
            self.guarded = {k: flows for k, flows in self.guarded.items() if k != origin}

    def seen(self, value: Value) -> Value:
        """`value` as it is known here, after what tests have shown."""
        if not self.guarded or not value.taints:
            return value
        taints: list[Taint] = []
        changed = False
        for taint in value.taints:
            flows = self.shown(taint.origin)
            if "*" in flows:
                changed = True
                continue
            if flows <= taint.cleared:
                taints.append(taint)
            else:
                taints.append(taint.but(cleared=taint.cleared | flows))
                changed = True
        if not changed:
            return value
        clean = value.but(tuple(taints))
        if not taints:
            clean.safe = True
        return clean

    def shown(self, origin: Origin) -> frozenset[str]:
        return shown(self.guarded, origin)

    def inside(self, value: Value) -> Iterator[Value]:
        """`value` and all that can be reached from it."""
        yield value
        todo = list(value.refs)
        known = set(todo)
        while todo and len(known) < MOST_INSIDE:
            obj = self.obj(todo.pop())
            for each in obj.values() if obj else ():
                yield each
                new = [ref for ref in each.refs if ref not in known]
                known.update(new)
                todo += new

    def taints(self, value: Value) -> tuple[Taint, ...]:
        """All that taints `value` or anything in it."""
        if not value.refs:
            return self.seen(value).taints
        taints: tuple[Taint, ...] = ()
        for each in self.inside(value):
            if each.taints:
                taints = join_taints(taints, self.seen(each).taints)
        return taints


def _below(layer: Layer | None, ref: int) -> Obj | None:
    while layer is not None:
        if ref in layer.objects:
            return layer.objects[ref]
        layer = layer.under
    return None


def join_states(a: State | None, b: State | None) -> State | None:
    """What holds after either way; None: there is no such way. `a` is used up."""
    if a is None or b is None or a is b:
        return a or b
    _join_env(a, b)
    if a.heap is not b.heap or a.layer is not b.layer:
        _join_heaps(a, b)
    if a.guarded is not b.guarded:
        a.guarded = common(a.guarded, b.guarded)
    return a


def _join_heaps(a: State, b: State) -> None:
    layer = _shared(a.layer, b.layer)
    mine, others = a.since(layer), b.since(layer)
    joined = dict(mine)
    for ref, obj in others.items():
        known = mine.get(ref) or _below(layer, ref)
        if known is None:
            joined[ref] = obj
        elif known is not obj:
            joined[ref] = join_objects(known, obj)
    for ref, obj in mine.items():
        if ref not in others and (known := _below(layer, ref)) and known is not obj:
            joined[ref] = join_objects(known, obj)
    a.heap, a.layer = joined, layer


def _shared(a: Layer | None, b: Layer | None) -> Layer | None:
    """The newest layer that both stand on."""
    while a is not b:
        if a is None or b is None:
            return None
        if a.depth >= b.depth:
            a = a.under
        else:
            b = b.under
    return a


def _join_env(a: State, b: State) -> None:
    """Names that both have hold either; what each way has shown of its own goes into them."""
    env = a.env
    for name, value in b.env.items():
        known = env.get(name)
        if known is None:
            env[name] = b.seen(value)
        elif known is not value:
            env[name] = join(a.seen(known), b.seen(value))


def join_objects(a: Obj, b: Obj) -> Obj:
    if a.kind != b.kind or (a.kind in ("list", "set") and a.items.keys() != b.items.keys()):
        return _mixed(a, b)
    items = dict(a.items)
    for key, value in b.items.items():
        items[key] = join(items[key], value) if key in items else value
    rest = a.rest if b.rest is None else b.rest if a.rest is None else join(a.rest, b.rest)
    if items == a.items and rest is a.rest and a.exact == (a.exact and b.exact):
        return a
    return Obj(a.kind, items, rest, a.exact and b.exact, a.cls)


def _mixed(a: Obj, b: Obj) -> Obj:
    one, other = a.blurred(), b.blurred()
    rest = join(one.rest or UNKNOWN, other.rest) if other.rest else one.rest
    return Obj(a.kind, one.items | other.items, rest, False, a.cls)


def same_states(a: State, b: State) -> bool:
    """Whether nothing more is known or feared in `b` than in `a`, both of one loop."""
    return (
        a.guarded == b.guarded
        and a.env.keys() == b.env.keys()
        and all(b.env[name] is value for name, value in a.env.items())
        and all(b.obj(ref) is obj for ref, obj in a.since(_shared(a.layer, b.layer)).items())
    )
