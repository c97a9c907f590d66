"""Whether what comes to a place of the program does harm there."""

import ast
import re
from collections.abc import Iterable, Sequence

from quality.finding import Confidence, Place
from quality.flow.catalogue import Entry
from quality.flow.conditions import Given, at, fits, is_built, is_open, texts
from quality.flow.containers import exact_elements
from quality.flow.frame import Frame
from quality.flow.schema import Flow, Pattern, Sink
from quality.flow.values import Taint, Value, join_taints


def check(entries: Iterable[Entry], given: Given, node: ast.AST, near: str, frame: Frame) -> None:
    """Tell what the sinks and patterns of `entries` say of what is given; `near` is the text of
    the object."""
    for entry in entries:
        for flow, sink in entry.sinks:
            if _receives(sink.receiver, near) and fits(sink, given, frame.state):
                check_sink(flow, sink, given, node, frame)
        for pattern in entry.patterns:
            if _receives(pattern.receiver, near) and _matches(pattern, given, frame):
                frame.run.findings.pattern(pattern, place(node, frame))
                break


def _receives(receiver: str | None, near: str) -> bool:
    return receiver is None or re.search(receiver, near) is not None


def _matches(pattern: Pattern, given: Given, frame: Frame) -> bool:
    if frame.unit.tests and not pattern.tests:
        return False
    if pattern.imports and pattern.imports not in frame.unit.imports:
        return False
    return fits(pattern, given, frame.state) and (
        pattern.near is None or re.search(pattern.near, _near(given, frame)) is not None
    )


def _near(given: Given, frame: Frame) -> str:
    names = [frame.target, *given.keywords]
    each: Frame | None = frame
    while each:
        if each.function:
            names.append(each.function.name)
        each = each.closure
    return " ".join(names)


def check_sink(flow: Flow, sink: Sink, given: Given, node: ast.AST, frame: Frame) -> None:
    """Tell if tainted data is in the arguments that `sink` asks about."""
    values = [value for spec in sink.args for value in at(spec, given, frame.state)]
    known = False
    for value in values:
        if sink.harmless_start and _starts(sink.harmless_start, value):
            known = True
            continue
        taints = _taints(sink, value, frame)
        known = known or any(_followed(flow, taint) for taint in taints)
        if _tell_taint(flow, sink, taints, node, frame):
            return
    if not known:
        _tell_hotspot(flow, sink, values, node, frame)


def _taints(sink: Sink, value: Value, frame: Frame) -> tuple[Taint, ...]:
    if not sink.elements:
        return frame.state.seen(value).taints
    if not sink.harmless_type:
        return frame.state.taints(value)
    if value.type in sink.harmless_type:
        return ()
    harmful = (v for v in frame.state.inside(value) if v.type not in sink.harmless_type)
    taints: tuple[Taint, ...] = ()
    for each in harmful:
        taints = join_taints(taints, frame.state.seen(each).taints)
    return taints


def check_returned(kind: str, value: Value, node: ast.AST, frame: Frame) -> None:
    """Tell if what a handler of `kind` returns does harm; "" is any other function."""
    returned = frame.run.catalogue.returned
    for wanted in (kind, "*"):
        for flow, sink in returned.get(wanted, ()):
            given = Given([_body(value, frame)])
            given.keywords["value"] = given.args[0]
            if fits(sink, given, frame.state):
                check_sink(flow, sink, given, node, frame)


def _body(value: Value, frame: Frame) -> Value:
    """The body in `return body, status, headers`."""
    if value.type == "builtins.tuple":
        found = exact_elements(value, frame)
        return found[0] if found else value
    return value


def _starts(harmless: str, value: Value) -> bool:
    found = texts(value)
    return bool(found) and all(re.match(harmless, text) for text in found)


def _tell_taint(
    flow: Flow, sink: Sink, taints: Sequence[Taint], node: ast.AST, frame: Frame
) -> bool:
    """Whether one of `taints` does harm; then the worst of them is told."""
    harmful = [(sure, taint) for taint in taints if (sure := _sureness(flow, sink, taint))]
    if not harmful:
        return False
    sure, taint = max(harmful, key=lambda each: _ORDER[each[0]])
    severity = sink.severity or flow.severity
    message = sink.message or flow.message
    sink_at = (frame.unit.file.path, node)
    run = frame.run
    run.findings.flow(flow, place(node, frame), sink_at, taint, sure, severity, message)
    return True


_ORDER: dict[Confidence, int] = {"low": 0, "medium": 1, "high": 2}


def _followed(flow: Flow, taint: Taint) -> bool:
    kinds = flow.sources
    return taint.origin.kind in kinds if kinds else taint.origin.outside


def _sureness(flow: Flow, sink: Sink, taint: Taint) -> Confidence | None:
    """How sure it is that `taint` does harm here; None: it does none."""
    if flow.id in taint.cleared:
        return None
    if _followed(flow, taint):
        return "high"
    wanted = sink.parameters or flow.parameters
    if taint.origin.kind != "parameter" or wanted == "no":
        return None
    if wanted == "built" and not taint.built:
        return None
    names = flow.parameter_names
    if names and not re.search(names, _root_name(taint)):
        return None
    return "medium" if taint.built else "low"


def _root_name(taint: Taint) -> str:
    return list(taint.origin.chain())[-1].says


def _tell_hotspot(
    flow: Flow, sink: Sink, values: Sequence[Value], node: ast.AST, frame: Frame
) -> None:
    wanted = sink.hotspot or flow.hotspot
    if wanted == "no" or frame.unit.tests or not (frame.run.review or frame.caller):
        return
    asked = is_built if wanted == "built" else is_open
    if any(asked(value) and not _clean(flow, value) for value in values):
        frame.run.findings.hotspot(flow, place(node, frame), sink.message or flow.message)


def _clean(flow: Flow, value: Value) -> bool:
    """It was tainted, and has been made harmless for this flow."""
    return any(flow.id in taint.cleared for taint in value.taints)


def place(node: ast.AST, frame: Frame) -> Place:
    """Where to tell it: in the file that is analysed, if need be at the call that leads out."""
    each, home = frame, frame
    at_node: ast.AST = node
    while home.caller:
        home = home.caller
    while each.unit is not home.unit and each.caller:
        at_node = each.site or at_node
        each = each.caller
    return frame.run.findings.place(each.unit.file.path, at_node)
