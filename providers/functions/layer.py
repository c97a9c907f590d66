"""From a request with tools to the calls that a model without tool calling would make."""

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from pointsman.types import ChatRequest, Message
from providers.functions.describe import Function, functions, signature
from providers.functions.gate import Gate
from providers.functions.history import Asked, arguments, as_calls, requests_of
from providers.functions.narrow import narrowed
from providers.functions.parse import Call, calls_from_text
from providers.functions.parts import groups
from providers.functions.prompt import Said, Step, calls_schema, opening
from providers.functions.repair import grounded, numbers_in, repaired
from providers.functions.several import left_over
from providers.functions.signs import has_value
from providers.functions.words import amounts

CHARS_PER_TOKEN = 3  # of schemas and code; prose has four
ANSWER_TOKENS = 1024  # of calls; a file's content may be among the arguments
MOST_CALLS = 8  # in one answer
SHORT = 600  # characters of signatures: a prompt of some 400 tokens with what goes with them
GROUNDED = 0.4  # of a call's required values; one with less is made up
MOST_NUMBERS = 40  # of a request, to choose among
LIST = re.compile(r"\b\d+(?:,\d{1,2})+(?=,? (?:and|or) \d)")  # 1,5 and 10 are three numbers
FAR = 0.15  # of the best tool's odds, where one call is wanted
UNLIKELY = 0.2  # of the best tool's probability: below it a tool is not among the choices
FAILED = re.compile(  # how tools, ours and others', tell of arguments that they cannot take
    r"^\W*(?:error|invalid|failed|unknown|no such|there is no)\b|cannot take these arguments",
    re.IGNORECASE,
)
FOLLOWS = re.compile(r"\W*(?:and|now|also|what about|how about)\b.{1,60}$", re.IGNORECASE)
DATA_TAG = re.compile(r"</?data\b[^>]*>")  # what marks the text of others has numbers of its own
MOST_BEFORE = 4  # earlier turns that a small model is shown


@dataclass(frozen=True, slots=True)
class Told:
    """The model's answer to a step."""

    text: str
    whole: bool  # it came to its end


Steps = Generator[Step, Told, list[Call]]


def steps(request: ChatRequest, context: int, gate: Gate) -> Steps:
    """Asks the model what it must be asked; comes to the calls that are wanted now.

    No calls: the model is to answer in words.
    """
    offered = functions(request.tools)
    wanted = _wanted(request.messages, offered, gate)
    if wanted is None:
        return []
    asked = wanted.asked
    turns = [*as_calls(asked.before[-MOST_BEFORE:]), *_turns(wanted.wish, asked.since)]
    room = max(context - ANSWER_TOKENS, context // 2) * CHARS_PER_TOKEN
    lasting = opening(
        _shown(offered, wanted.among), room - sum(len(turn.content) for turn in turns)
    )
    source = _source(wanted)
    values = amounts(source)
    numbers = values if len(values) <= MOST_NUMBERS else ()
    known = {one.name: one for one in wanted.among}

    def ask(least: int) -> Step:
        schemas = {
            one.name: narrowed(one, wanted.wish, numbers, several=least > 1) for one in wanted.among
        }
        return Step(
            messages=(*lasting, *turns),
            schema=calls_schema(schemas, least, MOST_CALLS),
            max_tokens=min(ANSWER_TOKENS, context // 2),
        )

    told = yield ask(wanted.least)
    calls = _real(told, known, source, asked.text)
    if calls and left_over(wanted.wish, _texts(calls)):
        told = yield ask(len(calls) + 1)
        calls = max(calls, _real(told, known, source, asked.text), key=len)
    return _new(calls, asked.since)


def _real(told: Told, known: Mapping[str, Function], source: str, request: str) -> list[Call]:
    """The calls that the model made, repaired; not those that it made up."""
    made = calls_from_text(told.text, known)
    # A number that one call needs is not an optional argument of another.
    taken = Counter(
        number
        for name, given in made
        for number in numbers_in({p: given.get(p) for p in known[name].required})
    )
    calls = [(name, repaired(given, known[name], source, taken, request)) for name, given in made]
    real = [call for call in calls if grounded(call[1], known[call[0]], source) >= GROUNDED]
    return [call for i, call in enumerate(real) if call not in real[:i]]


def _texts(calls: Sequence[Call]) -> list[str]:
    return [value for _, given in calls for value in given.values() if isinstance(value, str)]


def _source(wanted: "_Wanted") -> str:
    """All that values may come from: what is wanted now, or the talk and the results so far."""
    asked = wanted.asked
    if not asked.since and not asked.before:
        return wanted.wish
    told = [m.content for m in (*asked.before, *asked.since)]
    return DATA_TAG.sub(" ", "\n".join([asked.text, *told]))


def _shown(offered: Sequence[Function], among: Sequence[Function]) -> Sequence[Function]:
    """All tools where that is a short prompt, which the model keeps; else the likely ones."""
    return offered if sum(len(signature(one)) for one in offered) < SHORT else among


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be called for now."""

    asked: Asked
    wish: str
    least: int  # calls
    among: Sequence[Function]


def _wanted(messages: Sequence[Message], offered: Sequence[Function], gate: Gate) -> _Wanted | None:
    """None where no call is wanted."""
    for asked in requests_of(messages):
        fit = max(gate.fits(asked.text, offered), default=0.0)
        if fit >= gate.decline or not any(m.role == "tool" for m in asked.before):
            return _wanted_by(asked, asked.text, offered, gate)
        if FOLLOWS.match(asked.text) and not asked.since:
            return _Wanted(asked, asked.text, 1, offered)
    return None  # what is no request for tools follows results: thanks, or an urging


def _wanted_by(asked: Asked, text: str, offered: Sequence[Function], gate: Gate) -> _Wanted | None:
    def is_task(part: str) -> bool:
        return max(gate.fits(part, offered), default=0.0) >= gate.call

    text = LIST.sub(lambda match: match[0].replace(",", ", "), text)
    todo = groups(text, is_task)
    rounds = sum(bool(m.tool_calls) for m in asked.since)
    if asked.since and _failed(asked.since[-1]):
        again = ", and ".join(todo[min(rounds, len(todo)) - 1])
        return _Wanted(asked, again, 0, offered)
    if rounds >= len(todo):
        return None
    wish = ", and ".join(todo[rounds]) if len(todo) > 1 else text
    fits = gate.fits(wish, offered)
    best = max(fits, default=0.0)
    if best < gate.decline:
        return None
    if best < gate.call:
        return _Wanted(asked, wish, 0, _likely(offered, fits, 1))
    several = gate.least_calls(wish, offered[fits.index(best)])
    least = max(_count(todo[rounds], offered, gate), several)
    return _Wanted(asked, wish, least, _likely(offered, fits, least))


def _likely(offered: Sequence[Function], fits: Sequence[float], calls: int) -> Sequence[Function]:
    """The tools to choose among. One call: by odds, for a sure best one leaves few beside it.

    In BFCL's development items and our own, the right tool is among them in 99 of 100.
    """
    best = max(fits)
    if calls > 1:
        return [one for one, fit in zip(offered, fits, strict=True) if fit >= UNLIKELY * best]
    odds = [fit / (1.0001 - fit) for fit in fits]
    return [one for one, its in zip(offered, odds, strict=True) if its >= FAR * max(odds)]


def _count(parts: Sequence[str], offered: Sequence[Function], gate: Gate) -> int:
    """The calls that the parts of a request come to at least: a tool each, or a value each."""
    if all(has_value(part) for part in parts):
        return len(parts)
    fits = [gate.fits(part, offered) for part in parts]
    return len({each.index(max(each)) for each in fits})


def _turns(wish: str, since: Sequence[Message]) -> list[Said]:
    """The request; after results, what is left to do stands last, where a small model looks."""
    if not since:
        return [Said("user", wish)]
    return [*as_calls(since), Said("user", f"Use the results. Now: {wish}")]


def _failed(message: Message) -> bool:
    return message.role == "tool" and bool(FAILED.search(message.content[:300]))


def _new(calls: Sequence[Call], since: Sequence[Message]) -> list[Call]:
    """Those that were not made already."""
    made: list[Call] = [(c.name, arguments(c.arguments)) for m in since for c in m.tool_calls]
    return [call for call in calls if call not in made]
