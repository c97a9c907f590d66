"""How much a message matters to what comes after it; counted, without a model."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from agent.context.blocks import SUMMARY, Block
from pointsman.types import Message

LOOKED_AT = 2_000  # characters of each end of a message
MOST_FACTS = 40

_ERROR = re.compile(r"\b(?:error|exception|traceback|failed|failure|refused|denied)\b", re.I)
_DECISION = re.compile(
    r"\b(?:decided?|decision|agreed?|chose|chosen|must|never|always|remember|important|constraint|"
    r"required?|instead|conclusion|confirmed|approved|deadline|budget|prefers?|don't|do not)\b",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"`[^`\n]{2,60}`"  # code
    r"|https?://[^\s)>\]]{4,120}"
    r"|(?<![\w./-])(?:[\w.-]+)?(?:/[\w.-]+)+"  # a path; begun at its beginning only: a run of
    # letters that was tried from each of them took 0.3 s
    r"|(?<![\w-])[\w-]+\.(?:py|js|ts|json|toml|md|txt|csv|yaml|yml|sql|html|go|rs|java|c|h)\b"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+"
    r"|\b[A-Za-z]*\d[\w.,:%-]*\w\b|\b\d\b"  # numbers, dates, versions, ids
    r"|\b(?:[A-Z][a-z]+ )+[A-Z][a-z]+\b"  # names of several words
)


def importance(message: Message, place: float) -> float:
    """The weight of `message`; `place` is how late it comes, 0..1."""
    text = _ends(message.content)
    score = {"user": 1.5, "assistant": 0.5, "tool": 0.0, "system": 9.0}[message.role]
    score += 2.0 * place
    score += min(len(_DECISION.findall(text)), 3) * 0.7
    score += min(sum(1 for _ in islice(_FACT.finditer(text), 8)), 8) * 0.2
    if message.role == "tool" and _ERROR.search(text):
        score += 1.5
    if text.startswith(SUMMARY):
        score += 4.0
    return score


def block_importance(messages: Sequence[Message], piece: Block) -> float:
    """The weight of the message in it that matters most."""
    most = max(len(messages) - 1, 1)
    return max(importance(messages[n], n / most) for n in piece.indices)


def facts(messages: Iterable[Message]) -> list[str]:
    """Numbers, names, paths and code in `messages`, as written, the latest first."""
    found: dict[str, None] = {}
    for message in reversed(list(messages)):
        for match in _FACT.finditer(_ends(message.content)):
            found.setdefault(match.group().strip("`.,:"))
            if len(found) >= MOST_FACTS:
                return list(found)
    return list(found)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * LOOKED_AT else f"{text[:LOOKED_AT]}\n{text[-LOOKED_AT:]}"
