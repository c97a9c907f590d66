"""What a call gives, and what the rules say of it."""

import ast
import sys

from quality.flow.arguments import arguments
from quality.flow.attributes import read
from quality.flow.builtin import BUILTIN
from quality.flow.catalogue import Entry
from quality.flow.conditions import Given, at, meets
from quality.flow.containers import exact_elements
from quality.flow.frame import Frame
from quality.flow.functions import Class
from quality.flow.guards import shown_by
from quality.flow.methods import container_method
from quality.flow.options import parsed
from quality.flow.schema import Passes, Sanitiser
from quality.flow.sinks import check
from quality.flow.state import Key, Obj
from quality.flow.stores import store_method
from quality.flow.taints import cleared, collected, from_source, place_key
from quality.flow.texts import text_method
from quality.flow.values import (
    UNKNOWN,
    Taint,
    Value,
    join_all,
    join_taints,
)

_KEYED = frozenset({"get", "getlist", "getone", "getall", "get_all", "pop", "__getitem__"})
ALL = ("*", "self")
_TEXT_TYPES = (None, "builtins.str", "builtins.bytes")


def call(node: ast.Call, frame: Frame) -> Value:
    func = node.func
    receiver: Value | None = None
    if isinstance(func, ast.Attribute):
        receiver = frame.evaluate(func.value)
        given = arguments(node, frame)
        given.receiver = receiver
        own = _of_python(receiver, func.attr, given, node, frame)
        if own is not None:
            return own
        callee = read(receiver, func.attr, func, frame)
    else:
        callee = frame.evaluate(func)
        given = arguments(node, frame)
    return apply(callee, given, node, frame)


def _of_python(
    receiver: Value, attr: str, given: Given, node: ast.Call, frame: Frame
) -> Value | None:
    """What a method of Python's own types gives, where the rules have no say."""
    where = place_key(node, frame)
    if receiver.refs:
        found = container_method(receiver, attr, given, where, frame)
        found = found or store_method(receiver, attr, given, frame)
        if found is not None:
            return found
    if receiver.consts is not None or receiver.parts is not None or attr == "join":
        found = text_method(receiver, attr, given, frame)
        if found is not None:
            return found
    opaque = receiver.taints and not receiver.refs and receiver.type in _TEXT_TYPES
    if attr in _KEYED and given.args and opaque:
        return _keyed(receiver, where, given, frame)
    return None


def _keyed(receiver: Value, where: object, given: Given, frame: Frame) -> Value:
    """What is at a key of something tainted, such as the arguments of a request."""
    consts = given.args[0].consts
    key = consts[0] if consts and len(consts) == 1 else where
    taints = tuple(t.but(origin=t.origin.part(key)) for t in receiver.taints)
    found = frame.state.seen(Value(taints))
    default = [*given.args[1:2], *(v for k, v in given.keywords.items() if k == "default")]
    kind = given.keywords.get("type")
    if kind is not None and set(kind.names) & {"builtins.int", "builtins.float"}:
        return Value(type=kind.names[0], safe=True)
    return join_all([found, *(each for each in default if each.taints)])


def apply(callee: Value, given: Given, node: ast.Call, frame: Frame) -> Value:
    """What calling `callee` gives."""
    results = [frame.run.invoke(each, given, node, frame) for each in callee.funcs]
    if callee.names or not results:
        results.append(_library(callee, given, node, frame))
    return join_all(results)


def _library(callee: Value, given: Given, node: ast.Call, frame: Frame) -> Value:
    attr = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    near = _text(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    entries = _entries(callee, attr, given, frame)
    if entries:
        check(entries, given, node, near, frame)
    _call_back(given, node, frame)
    cleaning = any(each.sanitisers for each in entries)
    for name in callee.names:
        compute = BUILTIN.get(name)
        found = compute(given, node, frame) if compute else None
        if found is not None and (found.consts is not None or found.facts or not cleaning):
            return found
    return _result(callee, entries, given, node, frame)


def _entries(callee: Value, attr: str, given: Given, frame: Frame) -> list[Entry]:
    """What the rules say of what is called."""
    catalogue = frame.run.catalogue
    entries = catalogue.find(catalogue.calls, callee.names)
    if not attr or (entries and not given.receiver):
        return entries
    loose = catalogue.find(catalogue.calls, [f"*.{attr}"])
    kind = given.receiver.type if given.receiver else None
    if not entries and not (kind in catalogue.types or _is_standard(callee)):
        return loose
    return entries + [_mild(each) for each in loose if given.receiver and not given.receiver.names]


def _is_standard(callee: Value) -> bool:
    """It is a function of Python's own library."""
    return any(name.partition(".")[0] in sys.stdlib_module_names for name in callee.names)


def _mild(entry: Entry) -> Entry:
    """What is said of a method of any object holds for one whose type has nothing to say."""
    return Entry(sanitisers=entry.sanitisers, guards=entry.guards, passes=entry.passes)


def _text(node: ast.expr) -> str:
    words: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            words.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return ".".join(reversed(words))
    return ".".join([node.id, *reversed(words)])


def _result(
    callee: Value, entries: list[Entry], given: Given, node: ast.Call, frame: Frame
) -> Value:
    for source in (source for entry in entries for source in entry.sources):
        if meets(source.when, {}, given, frame.state):
            found = from_source(source, place_key(node, frame), node, frame)
            found = parsed(found, given.receiver, frame)
            return found if found.refs else _typed(found, callee.names, entries, given, frame)
    if any(each.never for entry in entries for each in entry.returns):
        frame.die()
        return UNKNOWN
    passed = _passed(callee, entries, given, frame)
    passed = passed.but(_new_part(passed.taints, callee, node, frame))
    facts, always = shown_by(entries, given, frame)
    frame.state.clear(always)
    value = _typed(passed, callee.names, entries, given, frame)
    if facts:
        value = Value((), None, "builtins.bool", facts=facts, safe=True)
    return value


def _passed(callee: Value, entries: list[Entry], given: Given, frame: Frame) -> Value:
    """The taint that goes through a call."""
    rules = [s for entry in entries for s in entry.sanitisers if _applies(s, given, frame)]
    passes = [each for entry in entries for each in entry.passes]
    if passes:
        value = _by_rule(passes[0], given, frame)
    else:
        receiver = [given.receiver] if given.receiver and not given.receiver.names else []
        taints = join_taints(callee.taints, collected([*given.all(), *receiver], frame))
        value = Value(taints)
    for sanitiser in rules:
        value = _sanitised(sanitiser, value, given, frame)
    return value


def _new_part(
    taints: tuple[Taint, ...], callee: Value, node: ast.AST, frame: Frame
) -> tuple[Taint, ...]:
    """The taint under the name of the call, if a guard asks for what came out of it."""
    for name in callee.names:
        if name in frame.run.catalogue.via and taints:
            key = place_key(node, frame)
            return tuple(t.but(origin=t.origin.part(key, name)) for t in taints)
    return taints


def _applies(sanitiser: Sanitiser, given: Given, frame: Frame) -> bool:
    if not meets(sanitiser.when, sanitiser.unless, given, frame.state):
        return False
    if not sanitiser.needs:
        return True
    values = [value for spec in sanitiser.args for value in at(spec, given, frame.state)]
    taints = collected(values, frame)
    return all(set(sanitiser.needs) <= taint.marks for taint in taints)


def _sanitised(sanitiser: Sanitiser, passed: Value, given: Given, frame: Frame) -> Value:
    """What passed without the taint of the arguments that are made clean."""
    if sanitiser.args == ALL:
        return cleared(passed, sanitiser.clears)
    clean = [value for spec in sanitiser.args for value in at(spec, given, frame.state)]
    origins = {taint.origin for taint in collected(clean, frame)}
    inside = cleared(
        Value(tuple(t for t in passed.taints if t.origin in origins)), sanitiser.clears
    )
    outside = tuple(t for t in passed.taints if t.origin not in origins)
    return Value(inside.taints + outside, safe=inside.safe and not outside)


def _by_rule(passes: Passes, given: Given, frame: Frame) -> Value:
    values = [value for spec in passes.args for value in at(spec, given, frame.state)]
    marks, revokes = frozenset(passes.marks), frozenset(passes.revokes)
    taints = tuple(
        taint.but(marks=taint.marks | marks, cleared=taint.cleared - revokes)
        if not (marks <= taint.marks) or revokes
        else taint
        for taint in collected(values, frame)
    )
    result = UNKNOWN
    for to in passes.to:
        if to == "result":
            result = Value(taints)
        elif taints:
            for value in at(to, given, frame.state):
                frame.change(value, lambda obj: _with(obj, taints))
    return result


def _with(obj: Obj, taints: tuple[Taint, ...]) -> Obj:
    rest = obj.rest or UNKNOWN
    more = Value(join_taints(rest.taints, taints))
    return Obj(obj.kind, obj.items, more, obj.exact, obj.cls)


def _typed(
    passed: Value, names: tuple[str, ...], entries: list[Entry], given: Given, frame: Frame
) -> Value:
    """The result with the type that it has; an object of a library remembers its arguments."""
    returns = [each for entry in entries for each in entry.returns if each.type]
    kind = returns[0].type if returns else None
    if kind is None:
        kind = next((name for name in names if _is_class(name)), None)
    if kind is None:
        return passed
    if kind.startswith("builtins."):
        return Value(passed.taints, type=kind, safe=passed.safe)
    items: dict[Key, Value] = dict(given.keywords.items())
    items.update(enumerate(given.args))
    ref = frame.put(Obj("object", items, None, False))
    return Value(passed.taints, type=kind, refs=(ref,), safe=passed.safe)


def _is_class(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last[:1].isupper() and not last.isupper() and not name.startswith("*.")


def _call_back(given: Given, node: ast.AST, frame: Frame) -> None:
    """Functions that are given to a library's function will be called by it."""
    called = [value for value in given.all() if value.funcs]
    if not called:
        return
    others = [value for value in given.args if not value.funcs]
    target = given.keywords.get("args")
    found = exact_elements(target, frame) if target else None
    handed = Given(found if found is not None else others)
    for value in called:
        for each in value.funcs:
            if not isinstance(each, Class):
                frame.run.invoke(each, handed, node, frame)
