"""How each event changes the state of a run."""

import hashlib
import json
from collections.abc import Mapping
from functools import singledispatch

from agent.loop.events import (
    ApprovalDecided,
    ApprovalRequested,
    BudgetExtended,
    BudgetWarning,
    Event,
    HistoryCompacted,
    ModelAnswered,
    ModelFailed,
    ModelRequested,
    Nudged,
    Resumed,
    RunStarted,
    Source,
    Stopped,
    ToolFinished,
    ToolRequested,
    ToolStarted,
)
from agent.loop.prompt import first_message
from agent.loop.schema import unapplied
from agent.loop.state import REPEATS_NUDGE, Pending, State
from agent.task import Step
from agent.tool import AgentTool, ToolResult, Use
from agent.untrusted.cleaning import line
from agent.untrusted.marking import received
from agent.untrusted.taint import TaintState
from pointsman.money import Usage
from pointsman.types import Json, Message, ToolSpec

SUMMARY_CHARS = 200
GO_ON = "Go on with the task: tools can be called again."

# What a task is about: handed over by the person, and written by anybody. It is not counted as
# private, or every honest search for it would be asked about.
MATERIAL = Source(name="context", server=None, own_name="", risk="network", untrusted=True)


def apply(event: Event, state: State) -> None:
    fold(event, state)
    state.number += 1
    state.spent_s = max(state.spent_s, event.spent_s)


@singledispatch
def fold(event: object, state: State) -> None:
    """What says nothing but that it happened changes nothing."""


@fold.register
def _(event: RunStarted, state: State) -> None:
    state.run_id, state.task = event.run_id, event.task
    state.max_cost = event.task.max_cost or 0
    if left_out := unapplied(event.task.output_schema or {}):
        state.note(f"Not applied of the output schema: {'; '.join(left_out)}.")
    state.taint = TaintState(event.task.text, event.boundary)
    material = event.task.context
    given = _as_shown(material, MATERIAL, state) if material else ""
    state.messages.append(first_message(event.task.text, given))


@fold.register
def _(event: Resumed, state: State) -> None:
    before, ended, state.task = state.task, state.ended, event.task
    state.ended = state.failed = None
    state.waiting = False
    if ended is not None and ended.status != "cancelled":
        state.answered = state.limit = None
        state.bad_turns = state.empty = state.mends = 0
    told = state.messages[-1].role == "assistant" and not state.pending
    if told and state.answered is None:
        state.messages.append(Message("user", GO_ON))
    if (event.task.max_cost or 0) > (before.max_cost or 0):
        state.max_cost, state.warned = event.task.max_cost or 0, False
    _lose_model_call(state)
    if any(pending.lost_cost is None for pending in state.open_calls):
        state.pay(None, 0)  # what it cost until then, whatever a second call of it costs


def _lose_model_call(state: State) -> None:
    """One that was under way when the run broke off, if there was one: what it cost nobody says."""
    if state.asking is None:
        return
    state.turn -= state.asking.purpose == "turn"
    state.pay(None, 0)
    state.cost += state.dearest
    state.note("a model call was lost when the run broke off; its cost is in the ledger only")
    state.asking = None


@fold.register
def _(event: ModelRequested, state: State) -> None:
    state.asking, state.answered = event, None
    state.turn = event.turn
    state.mends += event.purpose == "mend"
    state.limit = event.limit


@fold.register
def _(event: ModelAnswered, state: State) -> None:
    state.asking = None
    state.trouble = state.mending = False
    state.forced = 0
    state.pay(event.cost, event.usage.input_tokens + event.usage.output_tokens)
    state.dearest = max(state.dearest, event.cost or 0)
    state.usage = _sum(state.usage, event.usage)
    if event.model not in state.models:
        state.models.append(event.model)
    state.said = event.text.strip() or state.said
    if event.text or event.calls:
        state.messages.append(Message("assistant", event.text, tool_calls=event.calls))
    state.pending = {call.id: Pending(call) for call in event.calls}
    state.calls += len(event.calls)
    state.answered = None if event.calls else event
    if not event.calls and not event.text.strip():
        state.empty += 1
        state.trouble = True
    else:
        state.empty = 0


@fold.register
def _(event: ModelFailed, state: State) -> None:
    state.asking, state.failed = None, event
    state.pay(event.cost, 0)


@fold.register
def _(event: ToolRequested, state: State) -> None:
    state.pending[event.call_id].requested = event
    if event.fault in ("arguments", "unknown"):
        state.trouble = True
        state.faults[state.pending[event.call_id].call.name] += 1


@fold.register
def _(_: ApprovalRequested, state: State) -> None:
    state.waiting = True


@fold.register
def _(event: ApprovalDecided, state: State) -> None:
    state.waiting = False
    for call_id, ruling in event.rulings.items():
        asked = state.pending.get(call_id)
        if asked is None:
            continue
        asked.ruling = ruling
        request = asked.requested
        if ruling == "always" and request is not None and request.asks == "tool":
            before = state.taint.always.get(asked.call.name, False)
            state.taint.always[asked.call.name] = request.grave or before


@fold.register
def _(event: ToolStarted, state: State) -> None:
    state.pending[event.call_id].started = True


@fold.register
def _(event: ToolFinished, state: State) -> None:
    pending = state.pending[event.call_id]
    pending.finished = event
    state.pay(event.cost, event.tokens)
    if event.handle is not None and event.source is not None:
        state.cut[event.handle] = event.source
    if event.ending == "done":
        state.faults[pending.call.name] = 0
    same = json.dumps([pending.call.name, pending.written, event.text], sort_keys=True)
    state.repeats[hashlib.sha256(same.encode()).hexdigest()] += 1
    own = event.source is not None and event.source.name == pending.call.name
    given = pending.arguments if own else None  # another call's, where a result is read on
    pending.shown = _as_shown(event.text, event.source, state, given)
    if not state.open_calls:
        _close_turn(state)


def _as_shown(
    text: str,
    source: Source | None,
    state: State,
    arguments: Mapping[str, Json] | None = None,
) -> str:
    """The text as the model sees it; that of others is marked, and noted, in journal order."""
    if source is None:
        return text
    tool = AgentTool(
        spec=ToolSpec(name=source.name, description="", parameters={}),
        run=_gone,
        server=source.server,
        own_name=source.own_name,
        risk=source.risk,
        untrusted=source.untrusted,
    )
    return received(text, tool, state.taint, arguments=arguments)


async def _gone(_arguments: Mapping[str, Json], _use: Use) -> ToolResult:
    raise AssertionError("it stands for where a text came from, and is never run")


def _close_turn(state: State) -> None:
    """All calls have ended: their results join the conversation in the order of the calls."""
    done: list[ToolFinished] = []
    for one in state.pending.values():
        state.messages.append(Message("tool", one.shown, tool_call_id=one.call.id))
        if one.finished is not None:
            done.append(one.finished)
            state.steps.append(_step(one, one.finished, state.turn))
    bad = all(result.is_error for result in done)
    state.bad_turns = state.bad_turns + 1 if bad else 0
    state.all_refused = all(result.ending == "refused" for result in done)
    state.pending = {}


@fold.register
def _(event: Nudged, state: State) -> None:
    state.messages.append(Message("user", event.text))
    state.answered = None
    if event.why == "repeats":
        state.nudged |= state.repeated(REPEATS_NUDGE)
    state.trouble = True
    state.mending = event.why == "json"


@fold.register
def _(event: HistoryCompacted, state: State) -> None:
    state.messages = list(event.messages)
    state.compacted += 1
    state.forced += event.forced
    state.pay(event.cost, event.tokens)
    state.failed = None
    state.note(event.note)


@fold.register
def _(event: BudgetWarning, state: State) -> None:
    state.warning, state.warned = event, True
    state.waiting = True


@fold.register
def _(event: BudgetExtended, state: State) -> None:
    state.warning = None
    state.waiting = False
    if event.max_cost > state.max_cost:
        state.max_cost, state.failed = event.max_cost, None


@fold.register
def _(event: Stopped, state: State) -> None:
    state.ended = event
    state.warning = None
    _lose_model_call(state)


def _step(pending: Pending, finished: ToolFinished, turn: int) -> Step:
    source = pending.requested.source if pending.requested else None
    return Step(
        turn=turn,
        tool=pending.call.name,
        server=source.server if source else None,
        arguments=pending.written,
        result_summary=line(finished.text, SUMMARY_CHARS),
        is_error=finished.is_error,
        latency_ms=finished.latency_ms,
    )


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_input_tokens=one.cached_input_tokens + other.cached_input_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
        reasoning_tokens=one.reasoning_tokens + other.reasoning_tokens,
        estimated=one.estimated or other.estimated,
    )
