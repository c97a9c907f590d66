"""What an assignment does to names, attributes and elements."""

import ast

from quality.flow.conditions import Given
from quality.flow.containers import elements, exact_elements, item, make, set_item
from quality.flow.frame import Frame
from quality.flow.functions import Class
from quality.flow.sinks import check
from quality.flow.taints import place_key, stepped
from quality.flow.values import UNKNOWN, Value, constant, join


def assign(target: ast.expr, value: Value, frame: Frame) -> None:
    """`target = value`."""
    match target:
        case ast.Name():
            bind(target.id, stepped(value, target, f"assigned to '{target.id}'", frame), frame)
        case ast.Tuple() | ast.List():
            _unpack(target.elts, value, frame)
        case ast.Starred():
            assign(target.value, value, frame)
        case ast.Attribute():
            _set_attribute(target, value, frame)
        case ast.Subscript():
            _set_item(target, value, frame)


def bind(name: str, value: Value, frame: Frame) -> None:
    if name in frame.elsewhere:
        home = frame.elsewhere[name]
        if home is not None:
            known = home.state.env.get(name)
            home.state.env[name] = value if known is None else join(known, value)
        return
    frame.state.env[name] = value


def _unpack(targets: list[ast.expr], value: Value, frame: Frame) -> None:
    found = exact_elements(value, frame)
    stars = [at for at, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if found is not None and not stars and len(found) == len(targets):
        for target, each in zip(targets, found, strict=True):
            assign(target, each, frame)
        return
    for at, target in enumerate(targets):
        if stars and at == stars[0]:
            rest = make(frame, "list", rest=elements(value, frame), exact=False)
            assign(target, rest, frame)
            continue
        key = constant(at - len(targets) if stars and at > stars[0] else at)
        assign(target, item(value, key, (*place_key(target, frame), at), frame), frame)


def _set_attribute(target: ast.Attribute, value: Value, frame: Frame) -> None:
    owner = frame.evaluate(target.value)
    table = frame.run.catalogue.attributes
    names = [f"{name}.{target.attr}" for name in owner.names]
    if owner.type:
        names.append(f"{owner.type}.{target.attr}")
    entries = frame.run.catalogue.find(table, [*names, f"*.{target.attr}"])
    if entries:
        given = Given([value], {"value": value}, owner)
        check(entries, given, target, ast.unparse(target.value), frame)
    value = stepped(value, target, f"kept as '.{target.attr}'", frame)
    if owner.refs:
        set_item(owner, constant(target.attr), value, frame)
    for cls in owner.funcs:
        if isinstance(cls, Class):
            known = cls.members.get(target.attr)
            cls.members[target.attr] = value if known is None else join(known, value)


def _set_item(target: ast.Subscript, value: Value, frame: Frame) -> None:
    container = frame.evaluate(target.value)
    key = UNKNOWN if isinstance(target.slice, ast.Slice) else frame.evaluate(target.slice)
    kinds = [container.type] if container.type else []
    last = target.value.attr if isinstance(target.value, ast.Attribute) else ""
    names = [*container.names, *kinds, *([f"*.{last}"] if last else [])]
    entries = frame.run.catalogue.find(frame.run.catalogue.items, names)
    if entries:
        given = Given([key, value], {"key": key, "value": value}, container)
        check(entries, given, target, ast.unparse(target.value), frame)
    if container.refs:
        set_item(container, key, value, frame)
    elif value.taints and isinstance(target.value, ast.Name):
        known = frame.state.env.get(target.value.id)
        if known is not None and not known.names:
            bind(target.value.id, join(known, Value(value.taints)), frame)
