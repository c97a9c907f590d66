"""A light reading of the mood of a message, for routing only; never stored with the person."""

import re
from dataclasses import replace

from pointsman.records import Analysis, Call, Category, Emotion
from pointsman.types import Message
from routing.prompt.signals import glance

_MOODS = {
    "frustrated": "frustrated frustrating annoyed annoying irritated exasperated fed-up ugh argh "
                  "aargh grr stuck",
    "sad": "sad depressed depressing heartbroken lonely miserable hopeless devastated grieving "
           "grief crying cried unhappy worthless empty numb hurt homesick melancholy",
    "anxious": "anxious anxiety worried worry worrying nervous scared afraid panicking panic "
               "stressed stress stressful overwhelmed terrified dreading dread frightened uneasy",
    "angry": "angry furious mad outraged pissed livid enraged",
    "happy": "happy excited thrilled grateful proud glad delighted yay overjoyed relieved blessed "
             "thankful joyful",
    "guilty": "guilty ashamed embarrassed regret regretting humiliated remorseful",
    "tired": "exhausted burnt-out burned-out drained",
    "jealous": "jealous envious",
    "disgusted": "disgusted disgusting grossed",
}  # fmt: skip
_MOOD_OF = {word: label for label, words in _MOODS.items() for word in words.split()}
# What a person says of nobody but themself.
_SAYINGS = tuple(
    (label, re.compile(pattern))
    for label, pattern in (
        ("frustrated", r"\b(?:fed up|sick (?:and tired )?of|drives? me|driving me|losing my mind"
         r"|hate (?:this|it|my)|had enough|give up on|can'?t (?:take|stand)|ugh+|a+rgh+|wtf)\b"
         r"|😤|😡|🤬"),
        ("sad", r"\b(?:miss (?:him|her|them|you|my)|(?:my|our) .{2,30}(?:passed away|died)"
         r"|broke up|(?:left|dumped|cheated on) me|so alone|want to (?:die|disappear)"
         r"|feel(?:ing)? (?:so |really |a bit |very )?(?:down|low|alone|empty)"
         r"|(?:no one|nobody) (?:cares|loves|understands)"
         r"|lost my (?:job|mom|mum|dad|mother|father|husband|wife|dog|cat|baby|friend))\b"
         r"|😭|😢|💔|:\("),
        ("anxious", r"\b(?:can'?t (?:sleep|breathe|stop thinking)|freaking out|panic attack"
         r"|under (?:so much |a lot of )?pressure)\b|😰|😱|😟"),
        ("happy", r"\b(?:can'?t wait|over the moon|made my day|so (?:glad|happy)|best day)\b"
         r"|🎉|😊|😍|🥳"),
        ("guilty", r"\b(?:my fault|feel (?:so |really )?bad (?:about|for|that)|forgive myself)\b"),
    )
)  # fmt: skip
_SELF, _OTHER, _NOT, _STRONG = (
    frozenset(words.split())
    for words in (
        "i i'm im i've ive me my myself we we're",
        "he she they his her their patient patients child children people client customer "
        "customers users user students character someone person man woman",
        "not no never isn't don't didn't wasn't without less aren't won't",
        "so very really extremely totally absolutely incredibly too completely",
    )
)
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_BEFORE = 4  # words that may stand between who feels and what is felt
_STRONG_ENOUGH = 0.55
_HEAVY = frozenset(_MOODS) - {"happy"}

NEUTRAL = Emotion(label="neutral", intensity=0.0)
UNKNOWN = Emotion(label="unknown", intensity=0.0)  # nothing there that could be read


def read_emotion(text: str) -> Emotion:
    """The strongest mood that the writer of `text` (lower case) shows of themself.

    A mood that somebody else has, or that is denied, does not count.
    """
    seen = glance(text).replace("\u2019", "'")
    words = _WORD.findall(seen)
    if not words and seen.isascii():
        return UNKNOWN
    weights: dict[str, float] = {}
    for place, word in enumerate(words):
        if label := _MOOD_OF.get(word):
            weights[label] = weights.get(label, 0.0) + _weigh(words, place)
    for label, saying in _SAYINGS:
        if saying.search(seen):
            weights[label] = weights.get(label, 0.0) + 0.5
    label, weight = max(weights.items(), key=lambda item: item[1], default=("", 0.0))
    if weight <= 0:
        return NEUTRAL
    loud = 0.1 * min(seen.count("!"), 2) + 0.1 * any(word in _STRONG for word in words)
    return Emotion(label=label, intensity=round(min(weight + loud, 1.0), 2))


def empathic_addition(emotion: Emotion, category: Category) -> str | None:
    """A sentence for the system prompt, when a task comes with a strong, heavy mood (X-15)."""
    if category == "empathy" or emotion.label not in _HEAVY:
        return None
    if emotion.intensity < _STRONG_ENOUGH:
        return None
    return (
        f"The user sounds {emotion.label}: acknowledge it kindly in a few words, "
        "then answer the task in full."
    )


def kindly(call: Call, analysis: Analysis) -> Call:
    """`call` with that sentence before it; as it is where the caller set a system prompt or form.

    An agent's own system prompt, tools and schemas are its business.
    """
    request = call.request
    addition = empathic_addition(analysis.emotion, analysis.category)
    if addition is None or request.tools or request.json_schema is not None:
        return call
    if any(message.role == "system" for message in request.messages):
        return call
    messages = (Message("system", addition), *request.messages)
    return replace(call, request=replace(request, messages=messages))


def _weigh(words: list[str], place: int) -> float:
    """How surely the mood word at `place` is the writer's own, 0..0.6."""
    before = words[max(0, place - _BEFORE) : place]
    if not _NOT.isdisjoint(before):
        return 0.0
    if not _SELF.isdisjoint(before):
        whose = next((w for w in reversed(before) if w in _SELF or w in _OTHER), "")
        if whose in _OTHER:
            return 0.0
        return 0.4 if whose == "my" else 0.5
    if place < 2 and _OTHER.isdisjoint(words[:6]):
        return 0.4  # "so sad", "Worried about tomorrow"
    return 0.0
