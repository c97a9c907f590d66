"""A request cut into what is to be done one after another."""

import re
from collections.abc import Callable, Iterator

ORDERS = (  # how something to do begins
    r"(?:also\s+|please\s+|now\s+)*(?:add|ask|benchmark|calculate|check|compare|compute|convert|"
    r"count|create|divide|download|execute|explain|fetch|find|get|give|list|look|multiply|open|"
    r"print|provide|put|query|rate|read|run|save|search|show|store|subtract|sum|summari[sz]e|tell|"
    r"translate|use|work|write)\b"
)
QUESTIONS = r"(?:what|how|who|when|where|which)\b"
BREAK = re.compile(
    rf"(?:[,.;]?\s+(?:and\s+)?(?:then|after\s+that|afterwards|finally)|[.;]\s+next),?\s+(?={ORDERS}|{QUESTIONS})"
    rf"|(?<=[.;!?])\s+(?={ORDERS}|{QUESTIONS})"
    rf"|[,;]?\s+and\s+(?={ORDERS}|{QUESTIONS})"
    rf"|,\s+(?={ORDERS})",
    re.IGNORECASE,
)
AFTER = re.compile(r"then|after|finally|next", re.IGNORECASE)
LEANS = re.compile(  # on what came before it
    r"\b(?:it|its|them|their|result|results|answer|output|outcome|total|sum|that|this|these|those|"
    r"number in|first one)\b",
    re.IGNORECASE,
)
PAYLOAD = re.compile(r"(?<=\w:)\s(?!.*\b(?:then|after that)\b).*", re.DOTALL)  # code, a prompt
SQL = re.compile(r"\bselect\b.+?\bfrom\b.*", re.IGNORECASE | re.DOTALL)
QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")


def groups(text: str, is_task: Callable[[str], bool]) -> list[list[str]]:
    """What can be done at once, then what needs the results of that, and so on; one or more.

    `is_task` says whether a part is work for a tool; what is none stays with what is before it.
    """
    found: list[list[str]] = []
    before = ""
    for part, leans in _parts(text):
        if not is_task(part):
            if found:
                found[-1][-1] += f" {part}"
            else:
                before += f"{part} "
        elif found and not leans:
            found[-1].append(part)
        else:
            found.append([before + part])
            before = ""
    return found or [[text]]


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Each part, and whether it leans on the one before it."""
    hidden = QUOTED.sub(_blank, SQL.sub(_blank, PAYLOAD.sub(_blank, text)))
    place, after = 0, False
    for match in BREAK.finditer(hidden):
        yield text[place : match.start()].strip(), after or _leans(hidden[place : match.start()])
        place = match.end()
        after = bool(AFTER.search(match[0]))
    yield text[place:].strip(), after or _leans(hidden[place:])


def _leans(part: str) -> bool:
    """A question's "it" is mostly what it asks of; an order's is what was done before."""
    return bool(re.match(ORDERS, part, re.IGNORECASE) and LEANS.search(part))


def _blank(match: re.Match[str]) -> str:
    return "_" * len(match[0])
