"""Which functions are worth following even where they are given nothing from outside."""

import ast

from quality.flow.bodies import run_body
from quality.flow.findings import Findings
from quality.flow.frame import Frame, Run
from quality.flow.functions import Function, parameters
from quality.flow.state import Obj, State
from quality.flow.taints import collected
from quality.flow.values import UNKNOWN, Value

WORK = 1_500  # steps that finding out may take


def acts(function: Function, run: Run) -> bool:
    """Whether a call of it that is given nothing from outside may bring some in, or do harm.

    It is followed once, with arguments that may be anything: what does not happen then happens in
    no call. Where that takes too long, it may.
    """
    if function.closure is not None:
        return True
    known = run.acting.get(function)
    if known is None:
        run.acting[function] = True  # until it is known, for those that it calls may call it
        known = run.acting[function] = _is_seen_to(function, run)
    return known


def _is_seen_to(function: Function, run: Run) -> bool:
    work, run.work = run.work, WORK
    calls_work, run.calls_work = run.calls_work, WORK
    clean_work, run.clean_work = run.clean_work, WORK
    floor, run.floor = run.floor, 0
    cut, run.cut = run.cut, ""
    read, run.read = run.read, 0
    findings, run.findings = run.findings, Findings()
    awaited, run.awaited = run.awaited, None
    review, run.review = run.review, True
    oldest = run.oldest
    try:
        frame = Frame(run, function.unit, State({}, {}, {}, run.base), function)
        frame.state.env = _anything(function, frame)
        given = run_body(frame)
        told = run.findings.all(function.unit.file.path)
        return bool(run.cut or run.read or told or collected([given], frame))
    finally:
        run.work, run.calls_work, run.clean_work, run.floor = work, calls_work, clean_work, floor
        run.cut, run.read, run.findings, run.awaited = cut, read, findings, awaited
        run.oldest, run.review = oldest, review


def _anything(function: Function, frame: Frame) -> dict[str, Value]:
    args = function.node.args
    names = [*parameters(function.node), *(arg for arg in (args.vararg, args.kwarg) if arg)]
    env = dict.fromkeys((arg.arg for arg in names), UNKNOWN)
    owner = function.owner
    if owner is not None and names and not isinstance(function.node, ast.Lambda):
        ref = frame.put(Obj("object", {}, None, False, owner))
        env[names[0].arg] = Value(type=owner.name, refs=(ref,))
    return env
