"""Arguments that a framework has checked: choices and numbers of a command line, of a route."""

import ast
import re

from quality.flow.conditions import Given
from quality.flow.frame import Frame
from quality.flow.functions import Function
from quality.flow.state import Key, Obj
from quality.flow.values import NONE, NUMBERS, Value

_CONVERTER = re.compile(r"<(?:int|float|uuid)(?:\([^)]*\))?:(\w+)>")  # Flask, Django
_CONVERTED = re.compile(r"[<{](\w+):(?:int|float|uuid)[>}]")  # Bottle, Starlette
_CHECKED = NUMBERS | {"uuid.UUID", "decimal.Decimal", "click.INT", "click.FLOAT", "click.UUID"}
_CHECKING = frozenset({"click.Choice", "click.IntRange", "click.FloatRange", "click.DateTime"})
_MARK = "checked argument"
_CLEAN = Value(safe=True)


def add_argument(given: Given, _node: ast.Call, frame: Frame) -> Value | None:
    """Note of a parser which arguments can only be known values."""
    names = [c for value in given.args for c in value.consts or () if isinstance(c, str)]
    kind, action = given.keywords.get("type"), given.keywords.get("action")
    checked = "choices" in given.keywords or (kind is not None and _is_checked(kind))
    checked = checked or bool(action and action.consts and "store_" in str(action.consts[0]))
    if checked and names and given.receiver is not None:
        words = {name.lstrip("-").replace("-", "_") for name in names}
        words |= {str(c) for c in given.keywords.get("dest", NONE).consts or () if c}
        marks: dict[Key, Value] = {(_MARK, word): _CLEAN for word in words}
        frame.change(given.receiver, lambda obj: _with(obj, marks))
    return NONE


def _with(obj: Obj, marks: dict[Key, Value]) -> Obj:
    return Obj(obj.kind, {**obj.items, **marks}, obj.rest, obj.exact, obj.cls)


def _is_checked(kind: Value) -> bool:
    return any(name in _CHECKED for name in kind.names) or kind.type in _CHECKING


def parsed(found: Value, receiver: Value | None, frame: Frame) -> Value:
    """What a parser gives: all from outside, but for what it checks."""
    if receiver is None:
        return found
    items: dict[Key, Value] = {
        key[1]: value
        for _, obj in frame.state.objects(receiver)
        for key, value in obj.items.items()
        if isinstance(key, tuple) and key[0] == _MARK
    }
    if not items:
        return found
    return Value(
        found.taints, type=found.type, refs=(frame.put(Obj("object", items, None, False)),)
    )


def checked_parameters(function: Function) -> set[str]:
    """The parameters of a handler that its decorators make numbers of, or one of some choices."""
    names: set[str] = set()
    top = function.unit.frame
    for node in () if isinstance(function.node, ast.Lambda) else function.node.decorator_list:
        if not isinstance(node, ast.Call) or top is None:
            continue
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        words = [text for text in texts if isinstance(text, str)]
        for pattern in (_CONVERTER, _CONVERTED):
            names |= {name for text in words for name in pattern.findall(text)}
        kinds = [k.value for k in node.keywords if k.arg == "type"]
        if any(_is_checked(top.evaluate(kind)) for kind in kinds):
            names |= {word.lstrip("-").replace("-", "_") for word in words}
    return names
