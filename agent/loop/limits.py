"""The limits of a run, and what is left of them."""

from decimal import Decimal

from agent.loop.events import Limit
from agent.loop.parts import SOFT, Parts
from agent.loop.state import State
from agent.task import Failure
from pointsman.agents import Question
from pointsman.money import Nano

WARN = 0.8  # of the money: a person is asked whether it may be more


def reached(parts: Parts) -> Limit | None:
    """The limit that keeps the run from another turn."""
    state, task = parts.state, parts.state.task
    if parts.work_left_s <= 0:
        return "deadline"
    if state.turn >= (task.max_turns or 0) and not state.mending:
        return "max_turns"
    over = state.tokens >= SOFT * (task.max_tokens or 0) or state.calls >= (task.max_calls or 0)
    return "budget" if over or money_is_short(state) else None


def money_is_short(state: State) -> bool:
    """Whether the next turn could cost more than is left, so that none would be for an answer."""
    return state.cost > 0 and state.left < max(state.dearest, 1)


def tokens_left(state: State) -> int:
    return max((state.task.max_tokens or 0) - state.tokens, 0)


def asks_for_more(parts: Parts) -> bool:
    """Whether it is time to ask if the run may spend more; that is asked once."""
    state = parts.state
    if state.warned or not state.max_cost or parts.mode == "never":
        return False
    if state.failed is not None:
        return state.failed.failure.code == "budget_exceeded"
    if reached(parts) not in (None, "budget"):
        return False  # more money would not help
    return state.cost >= WARN * state.max_cost or money_is_short(state)


def more(state: State) -> int:
    """The limit of money, once more as much as the task began with."""
    return state.max_cost + (state.task.max_cost or 0)


def budget_question(state: State) -> Question:
    return Question(
        id=f"{state.run_id}.budget.{state.number}",
        run_id=state.run_id,
        kind="budget",
        text=(
            f"The run has spent {dollars(state.cost)} of {dollars(state.max_cost)}. "
            f"May it spend up to {dollars(more(state))}?"
        ),
    )


def too_dear(state: State) -> Failure:
    """No model answers for what is left: in the words of a run, not of a single question."""
    turn = "another turn" if state.models else "a turn"
    return Failure(
        code="budget_exceeded",
        message=f"The budget of {dollars(state.max_cost)} does not allow for {turn}.",
        hint="Resume the run with a higher max_cost_usd.",
    )


def dollars(nano: Nano) -> str:
    """For a person: with four decimals, or as many more as three digits of the amount take."""
    decimals = min(max(12 - len(str(nano)), 4), 9) if nano else 4
    return f"${Decimal(nano).scaleb(-9):.{decimals}f}"
