"""What a call is given."""

import ast

from quality.flow.conditions import Given
from quality.flow.containers import exact_elements
from quality.flow.frame import Frame
from quality.flow.values import Value, join, join_all


def arguments(node: ast.Call, frame: Frame) -> Given:
    given = Given()
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            _star(frame.evaluate(arg.value), given, frame)
        else:
            given.args.append(frame.evaluate(arg))
    for keyword in node.keywords:
        value = frame.evaluate(keyword.value)
        if keyword.arg is not None:
            given.keywords[keyword.arg] = value
        else:
            _double_star(value, given, frame)
    return given


def _star(value: Value, given: Given, frame: Frame) -> None:
    found = exact_elements(value, frame)
    if found is not None and given.rest is None:
        given.args += found
    else:
        _rest(join_all(frame.state.inside(value)), given)


def _double_star(value: Value, given: Given, frame: Frame) -> None:
    objects = frame.state.objects(value)
    for _, obj in objects:
        for key, each in obj.items.items():
            if isinstance(key, str):
                given.keywords.setdefault(key, each)
    if not objects or any(not obj.exact or obj.rest for _, obj in objects) or value.taints:
        _rest(Value(frame.state.taints(value)), given)


def _rest(value: Value, given: Given) -> None:
    given.rest = value if given.rest is None else join(given.rest, value)
