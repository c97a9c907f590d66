"""What can be read off a prompt without a model: counts and marks, each cheap and bounded."""

import re
from dataclasses import dataclass

HEAD, TAIL = 4_000, 2_000  # characters looked at: a long prompt says what it wants at its ends
GLANCE = 1_200
CHARS_PER_TOKEN = 4  # English prose and code, within a third; used only to plan, never to bill

BYTES_PER_TOKEN = 3  # of other scripts: about a token for each Chinese character

_CODE = re.compile(
    r"```|\bdef \w+\(|\bclass \w+[:(]|[{};]\s*$|=>|\breturn\b.*[;(]|\bimport \w+|#include|</\w+>"
    r"|\bSELECT\b.+\bFROM\b|Traceback|\w\(\)|\w\.\w+\(",
    re.MULTILINE,  # a name's last letter will do: to try each of its beginnings took 0.6 s
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_FORMULA = re.compile(
    r"\\(?:frac|sum|int|sqrt|begin|times|pi|angle|overline)|\$[^$]+\$|[a-z0-9)]\s*[=+*/^]\s*[-(a-z0-9]"
)
_STEPS = re.compile(
    r"\b(?:then|after that|finally|first|second(?:ly)?|next|step by step|as well as|in addition)\b"
)
_CONSTRAINT = re.compile(
    r"\b(?:must|should|at least|at most|exactly|only|without|no more than|ensure|every|each|unless"
    r"|between|format|constraint|requirement)s?\b"
)
_REASON = re.compile(
    r"\b(?:why|prove|proof|derive|compare|contrast|evaluate|analy[sz]e|design|architect|optimi[sz]e"
    r"|trade-?offs?|implications?|critique|justify|refactor|debug|concurren\w+|distributed"
    r"|complexity|theorem|algorithm)\b"
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Counts over the text that was looked at."""

    text: str  # lower case
    words: int
    code: int
    numbers: int
    formulas: int
    steps: int
    constraints: int
    reasoning: int
    questions: int
    lines: int


def excerpt(text: str) -> str:
    """`text` when it is short; else its beginning and its end."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def glance(text: str) -> str:
    """The beginning and the end of `text`, about `GLANCE` characters: they tell its kind."""
    if len(text) <= GLANCE:
        return text
    return f"{text[: GLANCE * 3 // 4]}\n{text[-GLANCE // 4 :]}"


def read_signals(text: str) -> Signals:
    """The signals of a prompt; at most `HEAD + TAIL` characters are looked at."""
    seen = excerpt(text)
    lower = seen.lower()
    return Signals(
        text=lower,
        words=len(_WORD.findall(lower)),
        code=len(_CODE.findall(seen)),
        numbers=len(_NUMBER.findall(lower)),
        formulas=len(_FORMULA.findall(lower)),
        steps=len(_STEPS.findall(lower)),
        constraints=len(_CONSTRAINT.findall(lower)),
        reasoning=len(_REASON.findall(lower)),
        questions=lower.count("?"),
        lines=lower.count("\n") + 1,
    )


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is; never 0 for a text that is not empty."""
    if text.isascii():
        return -(-len(text) // CHARS_PER_TOKEN)
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
