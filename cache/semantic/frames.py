"""What kind of answer a prompt asks for: steps, a reason, a number, yes or no."""

import re
from typing import Literal

from cache.semantic.lexicon import words_of

Frame = Literal[
    "howto", "what", "why", "when", "where", "who", "howmany", "howlong", "yesno", "should",
    "compare", "best", "list", "summary", "code", "do", "tell",
]  # fmt: skip

_I = r"(?:i|we|you|one|people|someone|to)"
_ORDERED: tuple[tuple[Frame, str], ...] = (
    ("compare", r"\b(?:differences?|differ|compare|comparison|contrast|versus|vs|distinguish)\b"
                r"|\b(?:better|worse|more|less|fewer|\w{3,}er) than\b"
                r"|\bwhich (?:one )?is (?:better|worse|\w+er)\b"),
    ("howmany", r"\b(?:how (?:many|much)|number of|count of"
                r"|what (?:percentage|percent|fraction))\b"),
    ("howlong", r"\bhow (?:long|often|far|old|big|large|tall|high|deep|fast|soon|heavy|wide"
                r"|early|late)\b"),
    ("why", r"\b(?:why|reasons? (?:for|that|why|of|behind)|how come"
            r"|what (?:makes?|causes?|caused|made))\b"),
    ("howto", rf"\bhow (?:do|can|could|would|should|might|to|did|does one|can one) ?{_I}?\b"
              r"|\b(?:ways?|steps?|method|methods|approach|tips|trick|guide|procedure|technique"
              r"|techniques|command)\b[^.?]{0,20}\b(?:to|for|of)\b"
              r"|^(?:i (?:want|need|would like) to|help me|teach me|show me how"
              r"|what (?:do|should|can) i (?:do|type))\b"),
    ("should", rf"\b(?:should {_I}|is it (?:worth|good|bad|ok|okay|safe|wrong|right|advisable)"
               rf"|(?:do|must) {_I} have to)\b"),
    ("when", r"\b(?:when|what (?:time|year|date|day|age))\b"),
    ("where", r"\b(?:where|which (?:place|country|city)|what (?:place|country|city))\b"),
    ("who", r"\b(?:who|whom|whose)\b"),
    ("best", r"\b(?:what|which|name|recommend|suggest|best|top|any good)\b[^.?]*"
             r"\b(?:best|good|greatest|top|recommend\w*|suggest\w*)\b"),
    ("list", r"\b(?:list|examples?|types? of|kinds? of|name (?:some|a few|three|\d+))\b"),
    ("summary", r"\b(?:summar\w+|translate|rewrite|rephrase|paraphrase|proofread|correct)\b"),
    ("what", r"\b(?:what|which|define|definition|meaning|mean|explain|describe|tell me about"
             r"|overview)\b"),
    ("howto", r"\bhow\b"),
    ("yesno", r"^(?:is|are|was|were|am|do|does|did|can|could|will|would|has|have|had|may|might"
              r"|must)\b"),
    ("code", r"^(?:write|create|build|implement|generate|design|develop|make|construct)\b"),
    ("do", r"^(?:find|solve|calculate|compute|convert|fix|modify|edit|change|remove|add|sort"
           r"|classify|given|suppose)\b"),
)  # fmt: skip
_FRAMES = tuple((name, re.compile(pattern)) for name, pattern in _ORDERED)
_CLOSE = frozenset(
    frozenset(pair)
    for pair in (
        ("howto", "tell"), ("howto", "yesno"), ("what", "tell"), ("what", "list"),
        ("best", "list"), ("best", "what"), ("what", "why"), ("compare", "best"),
        ("compare", "yesno"), ("code", "do"), ("code", "tell"), ("do", "tell"), ("should", "yesno"),
        ("list", "tell"), ("howto", "do"), ("howto", "code"), ("what", "howto"), ("best", "tell"),
        ("what", "howmany"), ("what", "do"), ("summary", "tell"), ("why", "yesno"),
    )
)  # fmt: skip
SEEN = 400  # characters at the beginning, and as many at the end


_ASKING = words_of(
    "what who whom whose which when where why how is are was were am be do does did can could will"
    " would shall should may might must has have had write create build implement generate design"
    " develop make construct find solve calculate compute convert fix modify edit change remove add"
    " sort classify given suppose explain describe list tell give show name compare translate"
    " summarize summarise rewrite rephrase help suggest recommend define plan draft compose print"
    " output return reverse update rename set use check determine identify analyze analyse provide"
    " propose prove let say get turn put count draw choose select pick insert delete replace"
    " extract simplify factor evaluate outline discuss state answer complete continue correct"
    " imagine act best top any tips ways steps need want looking"
)
_WANTS = words_of("need want would wish am")


def tells(text: str) -> bool:
    """Whether `text` seems to state something, and asks for nothing."""
    words = re.findall(r"[^\W_]+", text[:SEEN].lower())
    wants = words[:1] == ["i"] and words[1:2] and words[1] in _WANTS
    return not ("?" in text or len(words) < 5 or words[0] in _ASKING or wants)


def frame(normal: str) -> Frame:
    """The kind of answer that a text in normal form asks for; "tell" where nothing says."""
    seen = normal if len(normal) <= 2 * SEEN else f"{normal[:SEEN]} {normal[-SEEN:]}"
    seen = seen.lower()
    return next((name for name, pattern in _FRAMES if pattern.search(seen)), "tell")


def frame_gap(one: Frame, other: Frame) -> int:
    """0 for the same kind, 1 where an answer of one may do for the other, else 2."""
    if one == other:
        return 0
    return 1 if frozenset((one, other)) in _CLOSE else 2
