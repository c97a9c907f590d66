"""The hard filters: what keeps a model from taking a call, whatever its score."""

from dataclasses import dataclass, replace

from pointsman.evidence import Terms
from pointsman.money import TOKENS_PER_PRICE, Nano
from pointsman.records import Analysis, Call, Candidate
from pointsman.types import Model

ANSWER_ROOM = 1024  # tokens of context kept for an answer whose length the caller left open
LEAST_ANSWER = 16  # tokens; a price cap that affords fewer is too low to be of use


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model can take a call, and on which terms."""

    refusal: str | None  # why it cannot
    max_tokens: int | None  # to ask for, so that the price cap holds
    worst_cost: Nano | None = None


def fit(model: Model, terms: Terms, input_tokens: int) -> Fit:
    """How `model` fits a call of about `input_tokens`."""
    asked = terms.max_tokens
    if missing := terms.needs - model.capabilities:
        return Fit(f"it lacks {' and '.join(sorted(missing))}", asked)
    room = model.context - input_tokens
    if room < (asked or min(ANSWER_ROOM, model.context // 4)):
        return Fit(
            f"the prompt (about {input_tokens} tokens) and its answer do not fit its context of "
            f"{model.context}",
            asked,
        )
    if asked and model.max_output and asked > model.max_output:
        return Fit(f"its answers have at most {model.max_output} tokens", asked)
    return _price_fit(model, terms, input_tokens, min(room, model.max_output or room))


def _price_fit(model: Model, terms: Terms, input_tokens: int, longest: int) -> Fit:
    asked, cap = terms.max_tokens, terms.max_cost
    if model.price is None:
        refusal = "its price is not known, so the price cap cannot be kept"
        return Fit(None if cap is None else refusal, asked)
    worst = model.price.worst(input_tokens, asked or longest)
    if cap is None or worst <= cap:
        return Fit(None, asked, worst)
    affordable = _affordable_output(model, input_tokens, cap)
    if asked is None and affordable >= LEAST_ANSWER:
        limit = min(affordable, longest)
        return Fit(None, limit, model.price.worst(input_tokens, limit))
    return Fit("it could cost more than the price cap", asked, worst)


def within(candidate: Candidate, call: Call, analysis: Analysis, left: Nano) -> Candidate | None:
    """`candidate` as it can be afforded with what is left of the price cap, if it can."""
    model = candidate.model
    if candidate.worst_cost is None or model.price is None:
        return None
    if candidate.worst_cost <= left:
        return candidate
    limit = _affordable_output(model, analysis.input_tokens, left)
    if call.request.max_tokens is not None or limit < LEAST_ANSWER:
        return None
    worst = model.price.worst(analysis.input_tokens, limit)
    return replace(candidate, max_tokens=limit, worst_cost=worst)


def _affordable_output(model: Model, input_tokens: int, cap: Nano) -> int:
    """How many tokens of output `cap` pays for after the input, at the dearest rate."""
    if model.price is None:
        return 0
    left = cap - model.price.worst(input_tokens, 0)
    per_million = model.price.worst(0, TOKENS_PER_PRICE)
    return max(left, 0) * TOKENS_PER_PRICE // per_million if per_million else 0
