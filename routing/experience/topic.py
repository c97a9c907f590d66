"""Whether a turn leaves the topic of its session.

A topic is a run of turns of one category: bubble sort and then a database query are one topic, an
equation after them is another. Most turns of a conversation are elliptic ("and in reverse?"), and
what a classifier makes of such a turn alone is noise; so a turn stays on the topic unless it says
enough, by itself, for another category. Where the turn lies among all texts (its cosine to the
topic's mean) was tried as well and told nothing more; benchmarks/sessions.py has the figures.
"""

import math
import re
from itertools import islice

from pointsman.records import Analysis, Category
from routing.prompt.signals import glance

LEAVES = 4.2  # evidence from which a turn leaves its topic
LEAST = 0.001  # probability that any category has
MOST_SPOKEN = 3.2  # log odds of two categories; a classifier's certainty proves no more than that
A_WORD, MOST_WORDS = 0.3, 12  # the longer a turn, the more it stands for itself
ORDERS = 1.0  # "explain...", "solve...": a task of its own, however short
CONTINUES = -1.0  # "and...", "why...", "without..."
POINTS_BACK = -1.0  # "it", "those", "instead"
RESIDUAL = -1.0  # what no category claims is most often about the topic

_ORDER = re.compile(
    r"^(?:please |can you |could you |ok,? )?(?:explain|write|solve|translate|calculate|compute"
    r"|implement|summari[sz]e|analy[sz]e|compare|recommend|rewrite|rephrase|proofread|prove|find"
    r"|create|design|help|tell me about)\b"
)
_CONTINUATION = re.compile(
    r"^(?:and|or|but|also|now|then|what about|how about|more|less|another|again|in|with|without|for"
    r"|of|on|as|only|any|were|was|why|where|which|give|show|so|like|the|still|sure|is it|are they"
    r")\b"
)
_POINTER = re.compile(
    r"\b(?:it|its|that|this|these|those|them|they|he|she|him|her|their|instead|then|ones?|there"
    r"|above|previous|earlier)\b"
)
_WORD = re.compile(r"[\w']+")


def leaves(topic: Category, turn: str, analysis: Analysis, *, told: bool = False) -> bool:
    """Whether `turn` is about something else than `topic`; `told`: the caller named its category.

    A mood without a task is a topic of its own and ends stickiness (X-15).
    """
    if analysis.category == topic:
        return False
    if told:
        return True
    moved = analysis.category == "empathy" and analysis.emotion.intensity > 0
    return moved or evidence(topic, turn, analysis) >= LEAVES


def evidence(topic: Category, turn: str, analysis: Analysis) -> float:
    """How much speaks for the turn's own category against `topic`."""
    odds = analysis.category_confidence / max(analysis.probabilities.get(topic, 0.0), LEAST)
    lower = glance(turn).lower()
    words = sum(1 for _ in islice(_WORD.finditer(lower), MOST_WORDS))
    return (
        min(math.log(max(odds, 1.0)), MOST_SPOKEN)
        + A_WORD * words
        + ORDERS * bool(_ORDER.search(lower))
        + CONTINUES * bool(_CONTINUATION.search(lower))
        + POINTS_BACK * bool(_POINTER.search(lower))
        + RESIDUAL * (analysis.category == "general")
    )
