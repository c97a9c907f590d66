"""Which of the six kinds of task a prompt is, by words and shapes."""

import math
import re

from pointsman.records import Category, Emotion
from routing.signals import Signals

_WORDS: dict[Category, tuple[tuple[float, str], ...]] = {
    "coding": (
        (2.0, r"\b(?:python|javascript|typescript|java|c\+\+|rust|golang|sql|html|css|regex|bash|"
         r"linux|unix|json|api|docker|kubernetes|git|numpy|pandas|react)\b"),
        (2.0, r"\b(?:function|algorithm|code|coding|debug\w*|compil\w+|refactor\w*|unit tests?|"
         r"stack trace|segfault|null pointer|recursion|programming)\b"),
        (2.0, r"\b(?:\w+ ?sort|sort(?:ing)?|binary search|linked list|hash ?map|array|tuples?|"
         r"dictionary|substring|string|integer|boolean|lists? of)\b"),
        (2.5, r"\b(?:find|list|delete|copy|move|archive|count|print|display|rename|search|show|"
         r"remove|create|change|set) (?:all |the |a |every )*(?:\w+ )?(?:files?|director(?:y|ies)|"
         r"folders?|lines?|process(?:es)?|permissions?|symlinks?)\b"),
        (1.5, r"\bcrash(?:es|ed)?\b|\bbugs?\b|\bexception\b|\berrors?\b|\bscript\b|\bdatabase\b"),
    ),
    "math": (
        (2.0, r"\b(?:solve|calculate|compute|evaluate|simplify|factor|equations?|derivative|"
         r"integral|probability|polynomial|triangle|matrix|sum of|product of|square root|integers?|"
         r"real numbers?|perimeter|radius|divisible|remainder|modulo|prime)\b"),
        (1.5, r"\bhow (?:many|much|far|long|old)\b.*\d|\d.*\bhow (?:many|much|far|long|old)\b"),
        (1.0, r"\b(?:percent|twice|half|per (?:day|week|hour|month)|total|each|altogether|left)\b"),
    ),
    "research": (
        (2.0, r"\b(?:research|stud(?:y|ies)|literature|evidence|hypothesis|systematic|clinical|"
         r"patients?|treatment|efficacy|therapy|disease|syndrome|diagnos\w+|surg(?:ery|ical)|cancer|"
         r"outcomes?|associated|association|predict\w*|effects? of|impact|mechanism)\b"),
        (1.5, r"\b(?:analy[sz]e|compare|contrast|survey|review|summari[sz]e the|implications?|"
         r"advantages|disadvantages|methods?|theor(?:y|ies)|policy|law|legal|economic|historical|"
         r"factors|role of|differences? between|pros and cons)\b"),
        (1.0, r"^(?:does|do|is|are|can|should|what are|how (?:do|does|can|should|is|are|might))\b"),
        (0.8, r"\b(?:in terms of|how can|what is the best|consider(?:ing)?|potential|current)\b"),
    ),
    "language": (
        (3.0, r"\b(?:translat\w+|grammar|proofread|rephrase|rewrite|paraphrase|spelling|synonyms?|"
         r"antonyms?|conjugate|punctuation|simplify (?:the|this) (?:sentence|text)|"
         r"correct (?:the|this|my)|sentences?|paragraph|word for|tone|headline|title for)\b"),
        (1.5, r"\b(?:in|into|to|from) (?:french|german|spanish|english|italian|chinese|japanese|"
         r"portuguese|russian|latin|arabic|hindi|korean)\b"),
        (1.2, r"\b(?:essay|poem|email|letter|tweet|slogan|blurb|fluent|wording|edit)\b"),
    ),
    "empathy": (
        (1.2, r"\b(?:i feel|i'?m feeling|i felt|i was so|i am so|i'?m so|im so|i just|my (?:friend|"
         r"mom|dad|mother|father|husband|wife|boyfriend|girlfriend|boss|dog|cat|son|daughter|"
         r"sister|brother|family|job|partner))\b"),
        (1.0, r"\b(?:i have been|i'?ve been|i was|i am|i'?m|i had|i got|i have|i think)\b"),
    ),
    "general": (
        (1.5, r"^(?:who|when|where|which|what time|in which|what year|name the|what(?:'s| is| was)"
         r" the)\b"),
        (1.0, r"\b(?:capital|country|president|movie|film|song|sang|band|actor|played|season|"
         r"episode|team|won|world cup|king|queen|author|novel|city|born|located|album|tv|show)\b"),
    ),
}  # fmt: skip
_PATTERNS: dict[Category, tuple[tuple[float, re.Pattern[str]], ...]] = {
    category: tuple((weight, re.compile(pattern)) for weight, pattern in rows)
    for category, rows in _WORDS.items()
}
_GENERAL_PRIOR = 0.6  # what a prompt is that nothing speaks for
_MANY = 3  # further hits of one pattern add nothing


def score_categories(signals: Signals, emotion: Emotion) -> dict[Category, float]:
    """How much speaks for each category: not normalised, at least 0."""
    scores: dict[Category, float] = {
        category: sum(
            weight * (1 + 0.4 * (min(hits, _MANY) - 1))
            for weight, pattern in rows
            if (hits := len(pattern.findall(signals.text)))
        )
        for category, rows in _PATTERNS.items()
    }
    scores["coding"] += 1.5 * min(signals.code, 3)
    scores["math"] += 1.2 * min(signals.formulas, 3) + (0.5 * min(signals.numbers, 4))
    if signals.code:
        scores["math"] *= 0.4  # numbers and operators in code are not a sum to solve
    if signals.numbers == 0 and signals.formulas == 0:
        scores["math"] *= 0.5
    scores["empathy"] += 2.2 * emotion.intensity
    if signals.questions:
        scores["empathy"] *= 0.7
    scores["general"] += _GENERAL_PRIOR
    return scores


def pick_category(signals: Signals, emotion: Emotion) -> tuple[Category, float]:
    """The likeliest category and how sure that is, in (0, 1].

    A mood decides only where nothing else is asked (X-15): a task keeps its own category.
    """
    scores = score_categories(signals, emotion)
    task = max(scores["coding"], scores["math"])
    if task >= 2.0 and emotion.intensity > 0:
        scores["empathy"] *= 0.4
    total = sum(math.exp(value) for value in scores.values())
    best = max(scores, key=lambda category: scores[category])
    return best, math.exp(scores[best]) / total
