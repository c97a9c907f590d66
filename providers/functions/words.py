"""Words and numbers of a text, as far as requests and tools are compared by them."""

import re

NUMBER = re.compile(
    r"(?<![\w.])(?<!/\w\^)(?<!/\w\w\^)"  # the 2 of m/s^2 is no amount
    r"[-+]?[$€£]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(e[-+]?\d+)?"
    r"(?:\s?(%|percent\b|[km]\b|thousand\b|million\b|billion\b))?",
    re.IGNORECASE,
)
SCALE = {"k": 1e3, "m": 1e6, "thousand": 1e3, "million": 1e6, "billion": 1e9}
SPELT = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "thirty": 30, "fifty": 50, "hundred": 100, "half": 0.5, "twice": 2, "once": 1,
}  # fmt: skip
STOP = frozenset(
    """
    a an and are as at be by can could did do does for from give get has have how i if in
    is it its me my of on or our please should that the their them then there these this
    to use using want was we were what when where which who will with would you your s
    given based specific between into about find one two
    """.split()  # noqa: SIM905 - as a list it would take a line for each word
)
WORD = re.compile(r"[^\W_]+")
ENDINGS = (
    "ations", "ation", "ating", "ators", "ator", "ions", "ion", "ings", "ing", "ated", "ates",
    "ate", "ied", "ies", "ers", "er", "ed", "es", "s", "e", "y",
)  # fmt: skip
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def numbers(text: str) -> list[float]:
    """The numbers in `text` in order, spelt ones too: `1,200` is 1200 and `5 million` 5000000."""
    found = [(match.start(), _plain(match) * _scale(match)) for match in NUMBER.finditer(text)]
    found += [
        (match.start(), float(SPELT[match[0].lower()]))
        for match in WORD.finditer(text)
        if match[0].lower() in SPELT
    ]
    return [value for _, value in sorted(found)]


def amounts(text: str) -> set[float]:
    """All that a number in `text` can be meant as: with its scale and without, a share for 5%."""
    found = set(numbers(text))
    for match in NUMBER.finditer(text):
        value = _plain(match)
        found |= {value, abs(value)}
        if (match[4] or "").lower() in ("%", "percent"):
            found.add(round(value / 100, 12))
    return found


def stems(text: str) -> set[str]:
    """The words of `text` that carry meaning, without their endings."""
    words = (word.lower() for word in WORD.findall(CAMEL.sub(" ", text)))
    return {stem(word) for word in words if word not in STOP}


def stem(word: str) -> str:
    """`word` without the endings that English adds; crude, and the same on both sides."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _plain(match: re.Match[str]) -> float:
    sign = -1 if match[0].startswith("-") else 1
    return sign * float(match[1].replace(",", "") + (match[2] or "") + (match[3] or ""))


def _scale(match: re.Match[str]) -> float:
    unit = match[4] or ""
    # 5k is 5000 and $5M five million, but 298 K is a temperature and 3 m a length.
    if unit.lower() in ("k", "m") and not (unit == "k" or re.search(r"[$€£]", match[0])):
        return 1.0
    return SCALE.get(unit.lower(), 1.0)
