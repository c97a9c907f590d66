"""The final answer: safe to show, and of the schema that was asked for."""

import json
from dataclasses import dataclass

from agent.checking import problems
from agent.coercion import coerced
from agent.loop.state import State
from agent.untrusted.answer import safe_answer, safe_values
from pointsman.loose_json import Unreadable, read_json
from pointsman.types import Json


@dataclass(frozen=True, slots=True)
class Final:
    answer: str
    json: Json = None
    problem: str | None = None  # why it is not what was asked for


def read_answer(text: str, state: State) -> Final:
    """`text` as the run's answer, or what is wrong with it; safe to show either way."""
    schema = state.task.output_schema
    shown = safe_answer(text, state.taint)
    if schema is None:
        return Final(shown)
    try:
        loose = read_json(text)
    except Unreadable as error:
        return Final(shown, problem=f"It is not JSON: {error}.")
    value = coerced(loose.value, schema)
    problem = "It breaks off before its end." if loose.cut else problems(value, schema)
    if problem:
        return Final(shown, problem=problem)
    value = safe_values(value, state.taint)
    return Final(json.dumps(value, ensure_ascii=False), value)
