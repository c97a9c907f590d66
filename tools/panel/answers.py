"""What an answer says, so that two can be compared: a number, yes or no, JSON, a few words, prose.

Two kinds are told apart by rule; prose that no rule settles is for a judge (`grouping.py`).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from routing.prompt.signals import excerpt
from tools.panel.values import NUMBER, Quantity, quantity, same_quantity

Kind = Literal["number", "yesno", "json", "words", "prose"]
SHORT_WORDS = 6  # an answer of so few says one thing
MOST_PROSE = 40  # words; in a longer text a few words may mean anything
LONGEST_SUM = 200  # characters of a line that works something out
MOST_READ = 20_000  # characters, from the end: answers are at the end
FIRM: frozenset[Kind] = frozenset({"number", "yesno", "json"})  # two of these never mean the same

_STOP = """a an and are as at be been by for from has have i in is it its of on or so that the their
there these this to was we were which will with you answer final correct would therefore hence thus
my"""
_NO = "not no never none neither nor cannot n't isn't aren't wasn't doesn't don't"
STOP, NO = frozenset(_STOP.split()), frozenset(_NO.split())
_WORD = re.compile(rf"{NUMBER}|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\w+")
_TOLD = re.compile(
    r"(?:^|\n|\.\s)[\s*_#>-]{0,9}(?:the\s+)?(?:final\s+|correct\s+)?answer\s{0,9}"
    r"(?:is|:|=)[\s*_:]{0,9}([^\n]+)"
    r"|\\boxed\{([^{}]+)\}|####\s*([^\n]+)",
    re.IGNORECASE,
)
_WHY = re.compile(r"\s+(?:because|since)\b|\s+\(|[.;]\s")
_FENCE = re.compile(r"\A```[ \t]*[\w+-]*[ \t]*\n(.*?)\n[ \t]*```\Z", re.DOTALL)
_POLAR = re.compile(
    r"(?:^|[.?!\n]\s{0,3})(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|"
    r"had|may|must)\b|\b(?:yes or no|true or false|whether)\b",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"[\s*_\"'`(]*(yes|no|true|false|(?:absolutely|definitely|certainly|of course)(?:\s+not)?)\b"
    r"(?!\s+(?:one|more|longer|matter|doubt))"
)
_SUM = re.compile(rf".*=\s*(?P<value>[$€]?\s*(?:{NUMBER})\s*[a-z%€]*)[\s.*]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """The gist of one answer."""

    kind: Kind
    text: str  # the short form, as written; for prose, all of it
    key: str = ""  # what equal answers have alike: of JSON, yes or no, and words
    quantity: Quantity | None = None
    words: tuple[str, ...] = ()  # that carry meaning, in order
    echo: bool = False  # all of them are the question's own


def read(prompt: str, answer: str) -> Said:
    """What `answer` says to `prompt`."""
    prompt, whole = excerpt(prompt), answer.strip()[-MOST_READ:].strip()
    if (value := _json(whole)) is not None:
        return Said("json", whole, key=value)
    told = [next(part for part in match if part) for match in _TOLD.findall(whole)]
    short = _WHY.split(told[-1].strip())[0] if told else whole
    if _POLAR.search(prompt) and (verdict := _VERDICT.match(short.lower())):
        denies = verdict[1] in ("no", "false") or verdict[1].endswith("not")
        return Said("yesno", verdict[1], key="no" if denies else "yes")
    asked = frozenset(_meaning(prompt.lower()))
    gist = _short(short, asked) or _short(_after_equals(short), asked) or _prose(whole, asked)
    return replace(gist, echo=asked.issuperset(gist.words))


def same(a: Said, b: Said) -> bool:
    """Whether `a` and `b` say the same, as far as rules can tell."""
    if a.quantity and b.quantity:
        return same_quantity(a.quantity, b.quantity)
    return a.kind == b.kind and a.key == b.key != ""


def clusters(said: Sequence[Said]) -> list[list[int]]:
    """The indices of answers that say the same, together; in order of the first of each.

    A longer answer goes with the short one that it names, if it names just one of those given
    and denies nothing.
    """
    groups: list[list[int]] = []
    for n, one in enumerate(said):
        fitting = (g for g in groups if all(same(said[m], one) for m in g))
        group = next(fitting, None)
        if group is None:
            groups.append([n])
        else:
            group.append(n)
    return _with_longer(said, groups)


def _with_longer(said: Sequence[Said], groups: Sequence[list[int]]) -> list[list[int]]:
    """`groups`, with those that only name another's short answer joined to it."""
    joined = {
        n: goal
        for n, group in enumerate(groups)
        if (goal := _named(said[group[0]], n, [said[g[0]] for g in groups])) is not None
    }
    merged = {n: list(group) for n, group in enumerate(groups) if n not in joined}
    for n, goal in joined.items():
        while goal in joined:  # it names what names another: each has fewer words
            goal = joined[goal]
        merged[goal] += groups[n]
    return sorted(sorted(group) for group in merged.values())


def _named(one: Said, own: int, others: Sequence[Said]) -> int | None:
    """Which of the short answers `one` names, by place; None if none, several, or it denies."""
    if not 0 < len(one.words) <= MOST_PROSE or one.kind not in ("words", "prose"):
        return None
    if NO.intersection(one.words):
        return None
    found = [
        n
        for n, other in enumerate(others)
        if n != own
        and not other.echo
        and other.kind in ("words", "number")
        and 0 < len(other.words) < len(one.words)
        and _contains(one.words, other.words)
    ]
    whole = [n for n in found if not any(_within(others[n], others[m]) for m in found)]
    return whole[0] if len(whole) == 1 else None


def _within(few: Said, more: Said) -> bool:
    """Whether all that `few` says is a part of what `more` says: a surname, of a name."""
    return len(few.words) < len(more.words) and _contains(more.words, few.words)


def _contains(words: Sequence[str], few: Sequence[str]) -> bool:
    size = len(few)
    return any(tuple(words[i : i + size]) == tuple(few) for i in range(len(words) - size + 1))


def _short(text: str, asked: frozenset[str]) -> Said | None:
    """What a few words say; None where there are more than a few."""
    lower = text.lower().strip()
    words = _meaning(lower)
    if found := quantity(lower):
        return Said("number", text, quantity=found, words=words)
    if not words or len(_WORD.findall(lower)) > SHORT_WORDS or "\n" in lower:
        return None
    return _gist(text, words, [w for w in words if w not in asked] or words)


def _prose(text: str, asked: frozenset[str]) -> Said:
    """A sentence or more; of a sentence, the little that it adds to the question is its key."""
    words = _meaning(text.lower())
    added = [w for w in words if w not in asked]
    if 0 < len(added) <= SHORT_WORDS // 2 and len(words) <= MOST_PROSE:
        return _gist(text, words, added)
    return Said("prose", text, words=words)


def _gist(text: str, words: tuple[str, ...], telling: Sequence[str]) -> Said:
    key = " ".join(telling)
    return Said("words", text, key=key, quantity=quantity(key), words=words)


def _after_equals(text: str) -> str:
    found = _SUM.fullmatch(text.lower()) if len(text) <= LONGEST_SUM else None
    return found["value"] if found else ""


def _meaning(text: str) -> tuple[str, ...]:
    words = (w.replace("\u2019", "'") for w in _WORD.findall(text))
    return tuple(w for w in words if w not in STOP)


def _json(text: str) -> str | None:
    """`text`, if it is a JSON object or list, in a form that equal ones have alike."""
    inner = fence[1] if (fence := _FENCE.match(text)) else text
    if inner.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.dumps(_normal(json.loads(inner)), sort_keys=True)
    except (ValueError, RecursionError, OverflowError):
        return None


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.strip().casefold(): _normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_normal(inner) for inner in value]
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
