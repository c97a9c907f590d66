"""A light reading of the mood of a message, for routing only; never stored with the person."""

import re

from pointsman.records import Emotion

_LEXICON = {
    "frustrated": r"frustrat\w*|annoy\w*|fed up|sick of|ugh+|argh+|hate (?:this|it|my)|driving me",
    "sad": r"\bsad\b|depress\w*|heartbroken|cry(?:ing)?\b|lonely|grie(?:f|ving)|"
    r"miss (?:him|her|them)|passed away|died|broke up|devastated|hopeless|miserable|"
    r"feel(?:ing)? down",
    "anxious": r"anxi\w+|worr(?:y|ied|ies)|nervous|scared|afraid|panic\w*|stress\w*|overwhelm\w*"
    r"|terrified|dread\w*",
    "angry": r"\bangry\b|furious|\bmad at\b|outrag\w+|pissed",
    "happy": r"\bhappy\b|excited|thrilled|grateful|proud of|so glad|\byay\b|delighted",
    "guilty": r"guilty|asham\w+|embarrass\w*|regret\w*|my fault",
}
_MOODS = {label: re.compile(pattern) for label, pattern in _LEXICON.items()}
_STRONG = re.compile(r"\bso\b|\bvery\b|really|extremely|!+|can'?t (?:take|stand)|anymore")
_FIRST_PERSON = re.compile(r"\bi\b|\bi'?m\b|\bim\b|\bmy\b|\bme\b|\bi'?ve\b")

NEUTRAL = Emotion(label="neutral", intensity=0.0)


def read_emotion(text: str) -> Emotion:
    """The strongest mood that the writer of `text` (lower case) shows of themself."""
    if not _FIRST_PERSON.search(text):
        return NEUTRAL
    hits = {label: len(mood.findall(text)) for label, mood in _MOODS.items()}
    label, count = max(hits.items(), key=lambda item: item[1])
    if count == 0:
        return NEUTRAL
    strength = 0.4 + 0.15 * min(count, 2) + 0.15 * min(len(_STRONG.findall(text)), 2)
    return Emotion(label=label, intensity=min(strength, 1.0))
