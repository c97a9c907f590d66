"""What a conversation looks like to the router: its category, its complexity, its mood."""

import math
import re
from collections.abc import Mapping, Sequence

from pointsman.records import Analysis, Band3, Band4, Category
from pointsman.types import ChatRequest, Message
from routing.category import pick_category
from routing.emotion import read_emotion
from routing.signals import Signals, estimate_tokens, read_signals

BANDS: tuple[tuple[float, Band4, Band3], ...] = (
    (0.25, "simple", "low"),
    (0.5, "medium", "medium"),
    (0.75, "complex", "high"),
    (math.inf, "expert", "high"),
)
_TIME = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|right now|currently|latest|this (?:week|month|year)"
    r"|breaking|news|weather|stock price|score of|live|up to date|recent(?:ly)?|as of|what time)\b"
)
_CREATIVE = re.compile(
    r"\b(?:poem|haiku|story|lyrics|song about|slogan|brainstorm|imagine|fiction|novel about|"
    r"tagline|creative|joke|limerick|screenplay|character)\b"
)
_TURN_TOKENS = 4  # what a chat template adds to each message
_CATEGORY_WEIGHT: dict[Category, float] = {
    "coding": 0.1,
    "math": 0.12,
    "research": 0.1,
    "language": 0.0,
    "empathy": 0.02,
    "general": 0.0,
}


def gist(messages: Sequence[Message]) -> str:
    """The text of a conversation that says what is asked."""
    return next((m.content for m in reversed(messages) if m.role == "user"), messages[-1].content)


def analyse(
    request: ChatRequest,
    asked_category: Category | None = None,
    *,
    categories: Mapping[Category, float] | None = None,
    strength: tuple[float, float] | None = None,
) -> Analysis:
    """The analysis of a conversation by what its last user message asks, in the light of the rest.

    The rules are hand-made and their `p_strong` is not calibrated: it is a monotone map of the
    complexity, which orders prompts but promises no frequency.
    """
    messages = request.messages
    last = next((m.content for m in reversed(messages) if m.role == "user"), messages[-1].content)
    signals = read_signals(last)
    emotion = read_emotion(signals.text)
    category, confidence = pick_category(signals, emotion)
    if confidence < 0.5 and (earlier := _earlier(messages)):
        # a short follow-up ("and now in reverse") is about what the talk was about
        signals_before = read_signals(earlier)
        category, confidence = pick_category(signals_before, read_emotion(signals_before.text))
        confidence /= 2
    if asked_category is not None:
        category, confidence = asked_category, 1.0
    complexity = measure_complexity(
        signals, category, turns=len(messages), tools=len(request.tools)
    )
    band4, band3 = bands(complexity)
    return Analysis(
        category=category,
        category_confidence=round(confidence, 4),
        complexity=complexity,
        band4=band4,
        band3=band3,
        p_strong=round(1 / (1 + math.exp(-6 * (complexity - 0.5))), 4),
        time_sensitive=bool(_TIME.search(signals.text)),
        emotion=emotion,
        tags=frozenset({"creative"}) if _CREATIVE.search(signals.text) else frozenset(),
        input_tokens=_tokens(request),
    )


def measure_complexity(
    signals: Signals, category: Category, *, turns: int = 1, tools: int = 0
) -> float:
    """How hard the prompt looks, in [0, 1]; each signal saturates, so none decides alone."""
    raw = (
        0.30 * _saturate(signals.words, 120)
        + 0.14 * _saturate(signals.reasoning, 2)
        + 0.12 * _saturate(signals.constraints, 3)
        + 0.10 * _saturate(signals.steps, 2)
        + 0.12 * _saturate(signals.code, 3)
        + 0.10 * _saturate(signals.formulas, 3)
        + 0.08 * _saturate(signals.numbers, 6)
        + 0.06 * _saturate(signals.lines, 12)
        + 0.06 * _saturate(turns - 1, 6)
        + 0.08 * _saturate(tools, 3)
        + _CATEGORY_WEIGHT[category]
    )
    return round(min(raw * 1.15, 1.0), 4)


def bands(complexity: float) -> tuple[Band4, Band3]:
    """The four- and the three-band view of one score (X-11)."""
    return next((four, three) for limit, four, three in BANDS if complexity < limit)


def _tokens(request: ChatRequest) -> int:
    """About how many tokens all that is sent has."""
    said = (
        estimate_tokens(m.content)
        + sum(estimate_tokens(c.name + c.arguments) for c in m.tool_calls)
        + _TURN_TOKENS
        for m in request.messages
    )
    tools = (estimate_tokens(f"{t.name}{t.description}{t.parameters}") for t in request.tools)
    schema = estimate_tokens(str(request.json_schema)) if request.json_schema else 0
    return sum(said) + sum(tools) + schema


def _saturate(count: float, half: float) -> float:
    """0 for none, 1/2 at `half`, towards 1 for many."""
    return count / (count + half) if count > 0 else 0.0


def _earlier(messages: Sequence[Message]) -> str:
    users = [m.content for m in messages if m.role == "user"]
    return "\n".join(users[-4:-1])
