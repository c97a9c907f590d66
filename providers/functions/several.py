"""What tells that a request takes several calls of one tool, seen without a model."""

import re
from collections.abc import Sequence

from providers.functions.describe import Function
from providers.functions.schemas import kind
from providers.functions.words import numbers, stem, stems

SENTENCE = re.compile(r"(?<=[.?!;])\s+(?=[A-Z])")
QUOTED = re.compile(r"(?<!\w)['\"‘“][^'\"’”]{1,60}['\"’”](?!\w)")  # noqa: RUF001
NAMED = re.compile(r"[A-Z][\w'-]*(?:\s+(?:of\s+|the\s+)?[A-Z][\w'-]*)*")
UNIT = re.compile(r"\d[\d,.]*\s*([a-z%°$/]+)")
AGAIN = re.compile(
    r"\band (?:for|in|at|with|from|of|on|a|another|find|get|calculate|what|how|the)\b"
)
LISTED = re.compile(r"\b(?:for|in|of|at|with|from|to|between)\b[^,.]{1,60}?\band\b")
TWO_NUMBERS = re.compile(r"\d+(?:\.\d+)?(?:\s*\w+)?,? and \$?\d")
NO_VALUE = re.compile(  # numbers that are no values: of powers of units, and of things in a row
    r"(?<=[a-z])\^\d|\b(?:first|second|third|fourth|one|two|three|four|five|six)\b"
)
MOST_SETS = 8
AND_NAME = r"['\"]?(?:'s)?,?\s+(?:and|or|&)\s+(['\"]?[A-Z][\w.]*|[\w/-]+\.\w+)"
SEVERAL = (
    "numbers", "wanted", "spare", "ratio", "arrays", "texts", "quoted", "named", "named_spare",
    "quoted_spare", "sentences", "ands", "commas", "values_said", "unit_again", "parameter_again",
    "respectively", "also", "both", "each", "then", "same", "fors", "listed", "questions",
    "required", "and_again", "between", "two_numbers", "ranges",
)  # fmt: skip


def several_signs(text: str, one: Function) -> list[float]:
    """The measures of `SEVERAL` for a request and the tool that it is for."""
    low = text.lower()
    kinds = [kind(one.properties[p]) for p in one.required]
    count, wanted = len(numbers(text)), sum(k in ("integer", "number") for k in kinds)
    texts = kinds.count("string")
    named, quoted = _named(text), len(QUOTED.findall(text))
    return [
        float(count),
        float(wanted),
        float(count - wanted),
        count / wanted if wanted else 0.0,
        float(kinds.count("array")),
        float(texts),
        float(quoted),
        float(named),
        float(named - texts),
        float(quoted - texts),
        float(len(SENTENCE.split(text.strip()))),
        float(len(re.findall(r"\band\b", low))),
        float(text.count(",") - len(re.findall(r"\d,\d{3}", text))),
        float(_values_said(low, one)),
        float(_most(UNIT.findall(low))),
        float(_parameters_again(low, one)),
        *(float(word in low) for word in ("respectively", "also", "both", "each")),
        float(bool(re.search(r"\bthen\b|after that|next\b", low))),
        float("same" in low or "another" in low),
        float(len(re.findall(r"\bfor\b", low))),
        float(len(LISTED.findall(low))),
        float(low.count("?")),
        float(len(one.required)),
        float(bool(AGAIN.search(low))),
        float("between" in low),
        float(len(TWO_NUMBERS.findall(low))),
        float(len(re.findall(r"\bfrom\b.{1,30}\bto\b", low))),
    ]


def number_sets(text: str, one: Function) -> int:
    """How many times the request has the numbers that a call needs; 0 if it does not add up."""
    wanted = sum(kind(one.properties[p]) in ("integer", "number") for p in one.required)
    count = len(numbers(NO_VALUE.sub(" ", text.lower())))
    if not wanted or count % wanted or count // wanted > MOST_SETS:
        return 0
    return count // wanted


def numbers_lacking(text: str, one: Function) -> int:
    """How many numbers a call needs that the request does not have."""
    wanted = sum(kind(one.properties[p]) in ("integer", "number") for p in one.required)
    return max(0, wanted - len(numbers(text)))


def left_over(text: str, values: Sequence[str]) -> bool:
    """Whether a name follows one of `values` after an "and", and is none of them.

    On BFCL's single calls, held-out ones apart, it never does.
    """
    used = " ".join(values).lower()
    return any(
        match[1].strip("'\"").lower() not in used
        for value in values
        if value
        for match in re.finditer(re.escape(value) + AND_NAME, text)
    )


def _named(text: str) -> int:
    """Names in the text; the first words of sentences are none."""
    body = re.sub(r"^\s*\w+", "", text)
    return len(NAMED.findall(re.sub(r"([.?!]\s+)\w", r"\1x", body)))


def _values_said(low: str, one: Function) -> int:
    """How many values beyond one, of any enumeration, stand in the text."""
    listed = [schema.get("enum", []) for schema in one.properties.values()]
    return sum(max(0, sum(str(value).lower() in low for value in values) - 1) for values in listed)


def _parameters_again(low: str, one: Function) -> int:
    """How often the parameter that is named most is named."""
    words = [stem(word) for word in re.findall(r"[a-z]+", low)]
    names = {word for p in one.properties for word in stems(p.replace("_", " "))}
    return max((words.count(name) for name in names), default=0)


def _most(units: list[str]) -> int:
    return max((units.count(unit) for unit in units), default=0)
