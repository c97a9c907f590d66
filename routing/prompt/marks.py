"""What else a prompt shows: whether its answer ages, and what it needs beyond words."""

import re

from routing.prompt.signals import Signals, glance

# Whatever is asked with these is about now.
_NOW = re.compile(
    r"\b(?:right now|at the moment|currently|up[- ]to[- ]date|these days|so far this|newest|"
    r"current (?!flow|density|source|limit|loop|through|of \d|directory|folder|node|line|user|"
    r"object|in (?:a|the) (?:wire|circuit))|(?:the|'s) latest|latest \w+|as of (?:today|now)|"
    r"this (?:morning|evening|afternoon|weekend|season)|"
    r"breaking news|(?:the|any|latest|today'?s) news\b(?! (?:article|story|headline|text|item))|"
    r"news (?:about|on|of|from)|what time is it|what(?:'s| is) the (?:time|date)\b|"
    r"what day is it|weather\b.{0,30}\b(?:in|for|like|forecast)|forecast for|"
    r"(?:stock|share|bitcoin|gold|oil|gas) prices?|exchange rate|trading at|score of|standings|"
    r"live (?:score|stream|update|result)s?|is .{2,30} (?:down|open) (?:now|today)|"
    r"(?:traffic|delays?) (?:on|at)|upcoming|trending|"
    r"next (?:game|match|election|launch|episode|concert)|"
    r"(?:last night|yesterday)'?s (?:game|match|episode|news))"
)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|last night|this (?:week|month|year)|recent(?:ly)?)\b"
)
# Who holds an office, or what a thing costs, changes without notice.
_HOLDER = re.compile(
    r"^(?:who|what) (?:is|are|'s) (?:the |our )?(?:\w+ ){0,4}(?:president|prime minister|"
    r"chancellor|ceo|king|queen|pope|mayor|champions?|leader|world record|population|richest \w+|"
    r"price|minimum wage|interest rate)\b|^how old is (?!the (?:universe|earth|sun))|"
    r"^how much (?:is|does|are) .{0,30}\b(?:cost|worth)\b(?! \d)"
)
_ASKS = re.compile(
    r"\?|^(?:who|what|when|where|which|how|is|are|did|will|does|give|show|tell|list|find|any|"
    r"check|search|summari[sz]e)\b"
)
_STORY = 1  # numbers; a question with more, that happens today, is a sum to work out
_CREATIVE = re.compile(
    r"\b(?:poems?|poetry|haiku|limerick|sonnet|lyrics|rap|fairy ?tale|fan ?fic\w*|screenplay|"
    r"slogan|tagline|brainstorm|imagine|(?:short|bedtime|ghost|love) stor(?:y|ies)|"
    r"(?:write|tell|compose|invent|create|make up|come up with)\b.{0,40}\b(?:story|song|joke|tale|"
    r"character|dialogue|scene|riddle|poem|toast|name for|names for)|pretend|role-?play|"
    r"in the style of|metaphor)\b"
)
_IMAGE = re.compile(
    "image|photo|picture|screenshot|x-?ray|scan|diagram|chart|drawing|painting|!\\[|png|jpe?g|gif|webp"
)
_VISION = re.compile(
    r"\b(?:this|the|attached|above|below|following|my|uploaded|enclosed|these|an?)\s+(?:\w+\s+){0,2}"
    r"(?:images?|photos?|photograph|pictures?|screenshots?|x-?ray|scan|diagram|chart)\b"
    r".{0,30}\b(?:show|shows|shown|depict\w*|attached|contains?|above|below|uploaded)\b|"
    r"\b(?:in|on|from|of|at|about|describe|see|read|analy[sz]e|explain|transcribe|caption|compare|"
    r"what(?:'s| is) (?:in|on|wrong (?:in|with)))\s+(?:this|the attached|these|the (?:above|"
    r"following|uploaded)|my attached)\s+(?:\w+\s+)?(?:images?|photos?|photographs?|pictures?|"
    r"screenshots?|x-?ray|scans?|diagram|chart|drawing|painting)\b|"
    r"\b(?:attached|uploaded)\s+(?:an?|the|my|is)?\s*(?:image|photo|picture|screenshot)\b|"
    r"data:image/|!\[[^\]\n]*\]\([^)\n]+\)|<image>|\[image\]|https?://\S+\.(?:png|jpe?g|gif|webp)\b"
)  # fmt: skip


def is_time_sensitive(signals: Signals) -> bool:
    """Whether the answer of today may be wrong next week."""
    text = glance(signals.text)
    if signals.code:
        return False  # `latest` and `current` are names in code
    if _HOLDER.search(text) or (_NOW.search(text) and not _told(signals)):
        return True
    return (
        _RELATIVE.search(text) is not None
        and _ASKS.search(text) is not None
        and signals.numbers <= _STORY
        and not _told(signals)
    )


def find_tags(signals: Signals) -> frozenset[str]:
    """`creative` where something is to be invented, `vision` where an image is to be seen."""
    text, tags = glance(signals.text), set[str]()
    if _CREATIVE.search(text):
        tags.add("creative")
    if _IMAGE.search(text) and _VISION.search(text):
        tags.add("vision")
    return frozenset(tags)


_TELLS = re.compile(
    r"^(?:i|i'm|im|i've|my|we|she|he|they|yesterday,? (?:i|my)|today,? (?:i|my|was))\b"
)


def _told(signals: Signals) -> bool:
    """Whether the writer tells of themself and asks nothing."""
    return signals.questions == 0 and _TELLS.search(signals.text) is not None
