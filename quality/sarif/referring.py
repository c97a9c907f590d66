"""The rules and weaknesses that the results of a log refer to."""

import re
from collections.abc import Collection
from typing import Literal

from quality.finding import Severity
from quality.sarif.levels import of_score
from quality.sarif.shapes import Reference, Result, Rule, Run

_CWE = re.compile(r"\bcwe[-_/ :]*0*(\d{1,5})\b", re.IGNORECASE)
_ARGUMENT = re.compile(r"\{(\d{1,3})\}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_LONGEST = 2000  # characters of a message
_UNKNOWN = Rule()

Quality = Literal["security", "reliability", "maintainability"]
_BY_TAG: dict[str, Quality] = {
    "vulnerability": "security",  # the kinds of our own logs, as tags
    "bug": "reliability",
    "smell": "maintainability",
    "reliability": "reliability",
    "correctness": "reliability",
    "maintainability": "maintainability",
}


def plain(text: str, longest: int) -> str:
    """`text` on one line, without what a terminal or a model would take for more than text."""
    return " ".join(_UNSEEN.sub(" ", text[: 2 * longest]).split())[:longest]


def message_of(result: Result, rule: Rule) -> str:
    """What a result says, its arguments put in."""
    message = result.message
    text = message.text
    if text is None and message.id is not None:
        text = rule.messageStrings[message.id].text if message.id in rule.messageStrings else None
    text = (text or rule.shortDescription.text or rule.name or "")[: 2 * _LONGEST]
    if message.arguments:
        given = dict(enumerate(message.arguments))
        text = _ARGUMENT.sub(lambda found: given.get(int(found[1]), "")[:_LONGEST], text)
    return plain(text, _LONGEST)


class Rules:
    """The rules of one run."""

    def __init__(self, run: Run) -> None:
        self._components = [run.tool.driver, *run.tool.extensions]
        self._by_id = {rule.id: rule for one in reversed(self._components) for rule in one.rules}
        self._by_name = {one.name: one for one in reversed(self._components)}

    def of(self, result: Result) -> Rule:
        """That of `result`: by its place in its component's list, or by its name."""
        reference = result.rule
        named = result.ruleId or reference.id or ""
        index = result.ruleIndex if result.ruleIndex >= 0 else reference.index
        part = reference.toolComponent
        component = self._by_name.get(part.name or "", self._components[0])
        if 0 <= part.index < len(self._components) - 1:
            component = self._components[part.index + 1]
        if 0 <= index < len(component.rules):
            rule = component.rules[index]
            if not named or rule.id == named or named.startswith(f"{rule.id}/"):
                return rule
        above = named.rpartition("/")[0]  # "CA1000/1" is told by the rule "CA1000"
        return self._by_id.get(named) or self._by_id.get(above) or _UNKNOWN

    def cwe(self, result: Result, rule: Rule) -> tuple[int, ...]:
        """The weaknesses named by the result, its rule's relations and tags, in that order."""
        related = [*result.taxa, *(one.target for one in rule.relationships)]
        told = [_weakness(one) for one in related]
        for bag in (result.properties, rule.properties):
            told += [_in_text(tag) for tag in _texts(bag.get("tags"))]
            told += [_in_text(one) for one in _texts(bag.get("cwe"))]
        return tuple(dict.fromkeys(number for number in told if number))

    def quality(self, rule: Rule, cwe: Collection[int]) -> Quality | None:
        """What suffers, by the rule's tags and score, then by its weakness; None: it says nothing.

        Weaknesses alone come last: unused code has a number among them too.
        """
        tags = {tag.lower() for tag in _texts(rule.properties.get("tags"))}
        if "security" in tags or self.score(rule) is not None:
            return "security"
        told = next((quality for tag, quality in _BY_TAG.items() if tag in tags), None)
        return told or ("security" if cwe else None)

    def score(self, rule: Rule) -> Severity | None:
        """By the number from 0 to 10 that code scanning sorts by; None: there is none."""
        try:
            score = float(rule.properties.get("security-severity"))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        return of_score(score) if 0 <= score <= 10 else None


def _weakness(reference: Reference) -> int | None:
    if (reference.toolComponent.name or "").upper() != "CWE":
        return _in_text(reference.id or "")
    digits = (reference.id or "").upper().removeprefix("CWE").lstrip("-")
    return int(digits) if digits.isdecimal() and len(digits) <= 5 else None


def _in_text(text: str) -> int | None:
    found = _CWE.search(text[:200])
    return int(found[1]) if found else None


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:100] if isinstance(one, str)]
