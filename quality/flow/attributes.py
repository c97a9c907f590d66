"""What a name and an attribute stand for."""

import ast
import builtins

from quality.flow.conditions import Given
from quality.flow.frame import Frame
from quality.flow.functions import Bound, Class, Function
from quality.flow.sinks import check
from quality.flow.taints import cleared, from_source, part
from quality.flow.values import UNKNOWN, Origin, Taint, Trail, Value, join, join_all

_BUILTINS = frozenset(dir(builtins)) | {"unicode", "raw_input", "execfile", "xrange", "reduce"}
_BARE = frozenset({"builtins.property", "functools.cached_property", "property"})
OBJECTS = frozenset(  # the types that no rule speaks of
    {"builtins.str", "builtins.bytes", "builtins.list", "builtins.dict", "builtins.set"}
    | {"builtins.tuple", "builtins.int", "builtins.float", "builtins.bool", "generator", "import"}
)


def name(node: ast.Name, frame: Frame) -> Value:
    """The value of a name that is used."""
    value = look_up(node.id, frame)
    if value is None:
        full = f"builtins.{node.id}"
        if node.id not in _BUILTINS:
            return _named(node.id, UNKNOWN, node, frame)
        return _read([full], node, frame) or Value(names=(full,))
    if value.type == "import":
        value = resolved(value, node, frame)
    value = frame.state.seen(value)
    if not value.taints and value.consts is None and frame.run.catalogue.named:
        return _named(node.id, value, node, frame)
    return value


def look_up(word: str, frame: Frame) -> Value | None:
    """What `word` is bound to where `frame` is; None: nothing that is known."""
    each: Frame | None = frame
    while each:
        env = each.state.env
        if word in env and word not in each.elsewhere:
            return env[word]
        each = each.closure
    top = frame.unit.frame
    return top.state.env.get(word) if top else None


def resolved(value: Value, node: ast.AST, frame: Frame) -> Value:
    """What was imported: a part of the project, or of a library."""
    full = value.names[0]
    found = frame.run.units.member(full, frame.unit.file.path)
    if found is not None:
        return found
    return _read([full], node, frame) or Value(names=value.names)


def _named(word: str, value: Value, node: ast.AST, frame: Frame) -> Value:
    """`value` as the source that its name says it is, if any does."""
    if value.funcs or value.names:
        return value
    source = frame.run.catalogue.source_named(word)
    if source is None:
        return value
    frame.run.read += 1
    origin = Origin(source.kind, word, word, source.trust == "outside")
    trail = Trail(frame.unit.file.path, node, f"'{word}' is {source.says or source.kind}")
    return join(Value((Taint(origin, trail),), type=value.type, refs=value.refs), value)


def _read(names: list[str], node: ast.AST, frame: Frame) -> Value | None:
    """What the rules say that reading one of `names` gives."""
    catalogue = frame.run.catalogue
    entries = catalogue.find(catalogue.reads, names)
    if not entries:
        return None
    check([entry for entry in entries if entry.patterns], Given(), node, "", frame)
    types = [returns.type for entry in entries for returns in entry.returns]
    kind = types[0] if types else None
    for source in (source for entry in entries for source in entry.sources):
        found = from_source(source, names[0], node, frame)
        return Value(frame.state.seen(found).taints, type=kind)
    return Value(type=kind) if types else None


def attribute(node: ast.Attribute, frame: Frame) -> Value:
    return read(frame.evaluate(node.value), node.attr, node, frame)


def read(value: Value, attr: str, node: ast.AST, frame: Frame) -> Value:
    """`value.attr`."""
    if value.type == "super":
        return _of_super(value, attr, frame)
    found = [_of_library(name, attr, node, frame) for name in value.names]
    found += [_of_class(each, attr, value, frame) for each in _classes(value)]
    objects = frame.state.objects(value)
    found += [each for _, obj in objects if (each := _of_object(obj.items.get(attr), frame))]
    if not found:
        found += [_of_cls(obj.cls, attr, value, node, frame) for _, obj in objects if obj.cls]
    if not any(each is not UNKNOWN for each in found):
        return _typed(value, attr, node, frame)
    return join_all(each for each in found if each is not UNKNOWN)


def _of_object(value: Value | None, frame: Frame) -> Value | None:
    return None if value is None else frame.state.seen(value)


def _classes(value: Value) -> list[Class]:
    return [each for each in value.funcs if isinstance(each, Class)]


def _of_library(name: str, attr: str, node: ast.AST, frame: Frame) -> Value:
    full = f"{name}.{attr}"
    member = frame.run.units.member(full, frame.unit.file.path)
    if member is not None:
        return member
    return _read([full], node, frame) or Value(names=(full,))


def _of_class(cls: Class, attr: str, value: Value, frame: Frame) -> Value:
    found = cls.find(attr)
    if found is None:
        names = tuple(f"{base}.{attr}" for base in cls.library())
        return Value(names=names) if names else UNKNOWN
    return _bound(found, value, "builtins.classmethod", frame)


def _of_cls(cls: Class, attr: str, value: Value, node: ast.AST, frame: Frame) -> Value:
    """An attribute of an object that its class has."""
    found = cls.find(attr)
    if found is None:
        bases = [f"{base}.{attr}" for base in cls.library()]
        return (_read(bases, node, frame) or Value(names=tuple(bases))) if bases else UNKNOWN
    for each in found.funcs:
        if isinstance(each, Function) and any(n in _BARE for n in _decorators(each)):
            return frame.run.invoke(Bound(each, value), Given(receiver=value), node, frame)
    return _bound(found, value, "", frame)


def _bound(found: Value, value: Value, only: str, frame: Frame) -> Value:
    """The methods of `found` bound to the object; with `only`, just those so decorated."""
    funcs = tuple(
        Bound(each, value)
        if isinstance(each, Function)
        and each.owner
        and "builtins.staticmethod" not in (names := _decorators(each))
        and (not only or only in names)
        else each
        for each in found.funcs
    )
    if funcs == found.funcs:
        return frame.state.seen(found)
    return Value(found.taints, type=found.type, names=found.names, funcs=funcs)


def _decorators(function: Function) -> list[str]:
    return [name for value in function.decorators for name in value.names]


def _of_super(value: Value, attr: str, frame: Frame) -> Value:
    owner = frame.function.owner if frame.function else None
    if owner is None:
        return UNKNOWN
    for cls in owner.mro()[1:]:
        if attr in cls.members:
            return _bound(cls.members[attr], Value(type=owner.name, refs=value.refs), "", frame)
    return Value(names=tuple(f"{base}.{attr}" for base in owner.library()))


def _typed(value: Value, attr: str, node: ast.AST, frame: Frame) -> Value:
    """An attribute of an object of which its type is all that is known."""
    names: tuple[str, ...] = ()
    if value.type and value.type not in OBJECTS:
        names = (f"{value.type}.{attr}",)
    via = next((name for name in names if name in frame.run.catalogue.via), "")
    if names and (found := _read(list(names), node, frame)):
        return join(found, part(value, attr, frame, via)) if value.taints else found
    own = _cleaned(part(value, attr, frame, via), names, frame) if value.taints else UNKNOWN
    inside = _inside(value, frame)
    return Value((own.taints or inside), names=names, safe=own.safe or value.safe)


def _cleaned(value: Value, names: tuple[str, ...], frame: Frame) -> Value:
    """An attribute is clean where the rules name it as a sanitiser: `path.name`."""
    catalogue = frame.run.catalogue
    for entry in catalogue.find(catalogue.calls, names):
        for sanitiser in entry.sanitisers:
            value = cleared(value, sanitiser.clears)
    return value


def _inside(value: Value, frame: Frame) -> tuple[Taint, ...]:
    """The taint of what an object of a library holds in places that nobody knows."""
    rests = [obj.rest for _, obj in frame.state.objects(value) if obj.rest is not None]
    return join_all(frame.state.seen(rest) for rest in rests).taints if rests else ()
