"""What a conversation looks like to the router: its category, its complexity, its mood."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pointsman.records import Analysis, Band3, Band4, Category, Emotion
from pointsman.types import ChatRequest, Message
from routing.prompt.category import rule_probabilities
from routing.prompt.emotion import UNKNOWN, read_emotion
from routing.prompt.language import ENGLISH, NAMES, detect_language
from routing.prompt.language import UNKNOWN as UNTOLD
from routing.prompt.marks import find_tags, is_time_sensitive
from routing.prompt.signals import Signals, estimate_tokens, excerpt, read_signals

BANDS: tuple[tuple[float, Band4, Band3], ...] = (
    (0.25, "simple", "low"),
    (0.5, "medium", "medium"),
    (0.75, "complex", "high"),
    (math.inf, "expert", "high"),
)
RULES_ONLY = "no embedding: category and p_strong come from rules only"
UNLIKE_TRAINING = "unlike the prompts it was trained on: p_strong is little more than the prior"
_LEAST_SUPPORT = 0.25
_TURN_TOKENS = 4  # what a chat template adds to each message
_CATEGORY_WEIGHT: dict[Category, float] = {
    "coding": 0.1,
    "math": 0.12,
    "research": 0.1,
    "language": 0.0,
    "empathy": 0.02,
    "general": 0.0,
}
_STRONG_SHARE = 0.5  # of the complexity that p_strong decides where it is well supported
_USUAL = 0.2  # p_strong of the median labelled prompt: in the middle of the scale
_STEEPNESS = 1.2
_LEAST_SURE = 0.35  # of the likeliest kind; below it such a prompt is taken for general
_WORDLESS = 0.2  # of them that hold where there is no word to go by: an emoji
_UNFLATTENED = 0.7  # of the predicted probabilities that hold for a language never trained on

_FOLLOWS = re.compile(
    r"(?:and|now|also|then|but|or|so|again|continue|go on|more|yes|yep|no|ok|okay|sure|right|why|"
    r"how so|how about|what about|what if|same|instead|in|with|without|for|as|the (?:first|second|"
    r"third|last|other|same)|another|shorter|longer|simpler|make (?:it|that|this)|do (?:it|that)|"
    r"can you (?:also|make it|do (?:it|that)|explain (?:it|that))|try again|und|et|y|e)\b"
)
_POINTS_BACK = re.compile(r"\b(?:it|that|this|these|those|them|its|above|previous|earlier|one)\b")
_SHORT, _POINTING = 8, 12  # words of a turn that may lean on those before it
_MOST_TURNS = 4
_TURN_CHARACTERS = 1_000  # of an earlier turn


class Look(NamedTuple):
    """What a conversation shows before any model has a say."""

    text: str  # its gist
    signals: Signals
    emotion: Emotion


def analyse(
    request: ChatRequest,
    asked_category: Category | None = None,
    *,
    look: Look | None = None,
    categories: Mapping[Category, float] | None = None,
    strength: tuple[float, float] | None = None,
    embedded: bool = True,
) -> Analysis:
    """The analysis of a conversation by its `gist`.

    `look` is what was read off it, if it was already; `categories` are the probabilities predicted
    for it, `strength` its p_strong and how well that is supported, 0..1; `embedded`: by way of an
    embedding. Without them hand-made rules speak, which order prompts but promise no frequency.
    """
    text, signals, emotion = look or look_at(request.messages)
    language = detect_language(text)
    told = categories or rule_probabilities(signals, emotion)
    probabilities = {asked_category: 1.0} if asked_category else _weigh(told, language, signals)
    category = max(probabilities, key=lambda one: probabilities[one])
    said, tools = len(request.messages), len(request.tools)
    complexity = measure_complexity(signals, category, said, tools, strength)
    band4, band3 = bands(complexity)
    return Analysis(
        category=category,
        category_confidence=round(probabilities[category], 4),
        complexity=complexity,
        band4=band4,
        band3=band3,
        p_strong=round(strength[0] if strength else 1 / (1 + math.exp(3 - 6 * complexity)), 6),
        time_sensitive=is_time_sensitive(signals),
        emotion=emotion if emotion.intensity or language in (ENGLISH, UNTOLD) else UNKNOWN,
        tags=find_tags(signals),
        input_tokens=request_tokens(request),
        probabilities={one: round(p, 4) for one, p in probabilities.items()},
        support=round(strength[1], 4) if strength else 1.0,
        language=language,
        notes=_notes(language, embedded and None not in (categories, strength), strength),
    )


def look_at(messages: Sequence[Message]) -> Look:
    text = gist(messages)
    signals = read_signals(text)
    return Look(text, signals, read_emotion(signals.text))


def gist(messages: Sequence[Message]) -> str:
    """The text that tells what a conversation asks now.

    It is the last user message, after those before it that it leans on ("and now in reverse"),
    oldest first; of a long one its beginning and its end. A message that tells of a mood stands for
    itself.
    """
    users = [m.content for m in messages if m.role == "user"]
    if not users:
        return excerpt(messages[-1].content) if messages else ""
    leant_on: list[str] = []
    turn = users[-1]
    for before in reversed(users[max(0, len(users) - _MOST_TURNS) : -1]):
        if not _leans_back(turn):
            break
        leant_on.append(before[:_TURN_CHARACTERS])
        turn = before
    return "\n".join([*reversed(leant_on), excerpt(users[-1])])


def measure_complexity(
    signals: Signals,
    category: Category,
    turns: int = 1,
    tools: int = 0,
    strength: tuple[float, float] | None = None,
) -> float:
    """How hard the prompt looks, in [0, 1].

    It grows with every signal and with the predicted p_strong of `strength`; each signal
    saturates, so none decides alone, and a prediction counts by its support.
    """
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
    looks = min(raw * 1.15, 1.0)
    if strength is None:
        return round(looks, 4)
    p_strong, support = strength
    odds = _logit(p_strong) - _logit(_USUAL)
    share = _STRONG_SHARE * support
    return round((1 - share) * looks + share / (1 + math.exp(-_STEEPNESS * odds)), 4)


def bands(complexity: float) -> tuple[Band4, Band3]:
    """The four- and the three-band view of one score (X-11)."""
    return next((four, three) for limit, four, three in BANDS if complexity < limit)


def _leans_back(turn: str) -> bool:
    """Whether a turn says too little alone: a short one that continues, or points back."""
    words = turn.split()
    if not words or len(words) > _POINTING:
        return not words
    lower = turn.lower().strip()
    if read_emotion(lower).intensity > 0:
        return False
    if len(words) <= _SHORT and _FOLLOWS.match(lower):
        return True
    return _POINTS_BACK.search(lower) is not None and not _defines(lower)


def _defines(lower: str) -> bool:
    """Whether what is pointed at stands in the turn itself, after a colon or on a second line."""
    return ":" in lower or "\n" in lower


def _weigh(
    probabilities: Mapping[Category, float], language: str, signals: Signals
) -> Mapping[Category, float]:
    """The probabilities, nearer to each other where the prompt is not English.

    Where there is no word to go by, or no kind stands out, more of it is `general`.
    """
    foreign = language not in (ENGLISH, UNTOLD)
    even = (1 - _UNFLATTENED) / len(probabilities) if foreign else 0.0
    told = {one: p * (_UNFLATTENED if foreign else 1) + even for one, p in probabilities.items()}
    unsure = foreign and max(told.values()) < _LEAST_SURE
    believed = _WORDLESS if signals.words == 0 else _UNFLATTENED if unsure else 1.0
    told = {one: believed * p for one, p in told.items()}
    return {**told, "general": told.get("general", 0.0) + 1 - believed}


def _notes(language: str, embedded: bool, strength: tuple[float, float] | None) -> tuple[str, ...]:
    notes = [] if embedded else [RULES_ONLY]
    if strength is not None and strength[1] < _LEAST_SUPPORT:
        notes.append(UNLIKE_TRAINING)
    if language not in (ENGLISH, UNTOLD):
        name = NAMES[language]
        notes.append(f"not English ({name}): category and p_strong are less certain")
    return tuple(notes)


def request_tokens(request: ChatRequest) -> int:
    """About how many tokens all has that is sent."""
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


def _logit(p: float) -> float:
    held = min(max(p, 0.001), 0.999)
    return math.log(held / (1 - held))
