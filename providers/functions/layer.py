"""From a request with tools to the calls that a model without tool calling would make."""

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from pointsman.types import ChatRequest, Message
from providers.functions.check import check, is_right
from providers.functions.describe import Function, functions, signature
from providers.functions.gate import Gate
from providers.functions.history import Asked, arguments, as_calls, requests_of
from providers.functions.narrow import narrowed
from providers.functions.parse import Call, calls_from_text
from providers.functions.parts import groups
from providers.functions.prompt import Said, Step, calls_schema, opening
from providers.functions.repair import grounded, numbers_in, repaired
from providers.functions.several import left_over, numbers_lacking
from providers.functions.signs import has_value
from providers.functions.words import amounts

CHARS_PER_TOKEN = 3  # of schemas and code; prose has four
ANSWER_TOKENS = 1024  # of calls; a file's content may be among the arguments
MOST_CALLS = 8  # in one answer
SHORT = 600  # characters of signatures: a prompt of some 400 tokens with what goes with them
GROUNDED = 0.4  # of a call's required values; one with less is made up
MOST_NUMBERS = 40  # of a request, to choose among
LIST = re.compile(r"\b\d+(?:,\d{1,2})+(?=,? (?:and|or) \d)")  # 1,5 and 10 are three numbers
IN_QUOTES = re.compile(r'\s*"([^"]+)"?\s*')  # all of a request: it quotes nothing
FAR = 0.15  # of the best tool's odds, where one call is wanted
UNLIKELY = 0.2  # of the best tool's probability: below it a tool is not among the choices
FAILED = re.compile(  # how tools, ours and others', tell of arguments that they cannot take
    r"^\W*(?:error|invalid|failed|unknown|no such|there is no)\b|cannot take these arguments",
    re.IGNORECASE,
)
UNENDED = '"}}]}'  # of a text, its call and the answer
FOLLOWS = re.compile(r"\W*(?:and|now|also|what about|how about)\b.{1,60}$", re.IGNORECASE)
DATA_TAG = re.compile(r"</?data\b[^>]*>")  # what marks the text of others has numbers of its own
MOST_LACKING = 2  # numbers; no call of BFCL's development items lacks so many, held-out ones apart
MOST_BEFORE = 4  # earlier turns that a small model is shown


@dataclass(frozen=True, slots=True)
class Told:
    """The model's answer to a step."""

    text: str
    whole: bool  # it came to its end


# Who chose one of many tools has compared; a model that is asked to judge such a choice again takes
# back right ones (own tools, 5 to 16 on offer: 74 % of 80 right with the question).
FEW_OFFERED = 4
Steps = Generator[Step, Told, list[Call]]


def steps(request: ChatRequest, context: int, gate: Gate, *, able: bool = False) -> Steps:
    """Asks the model what it must be asked; comes to the calls that are wanted now.

    No calls: the model is to answer in words. An `able` model is asked whether they are right.
    """
    offered = functions(request.tools)
    wanted = _wanted(request.messages, offered, gate)
    if wanted is None:
        return []
    said = _said(wanted, offered, context)
    source = _source(wanted)
    known = {one.name: one for one in wanted.among}
    request_text, since = wanted.asked.text, wanted.asked.since
    told = yield _step(wanted, said, source, wanted.least, context)
    calls = _real(told, known, source, request_text)
    if calls and left_over(wanted.wish, _texts(calls)):
        told = yield _step(wanted, said, source, len(calls) + 1, context)
        calls = max(calls, _real(told, known, source, request_text), key=len)
    if wanted.once:
        calls = _of_own(calls)
    if able and calls and not since and len(offered) <= FEW_OFFERED:
        talk = (*said, Said("assistant", told.text))
        calls = yield from _checked(calls, talk, known, wanted, context)
    return _new(calls, since)


def _said(wanted: "_Wanted", offered: Sequence[Function], context: int) -> tuple[Said, ...]:
    """All that the model is told: rules, tools and examples first, the request last."""
    asked = wanted.asked
    turns = [*as_calls(asked.before[-MOST_BEFORE:]), *_turns(wanted.wish, asked.since)]
    room = (context - _answer_tokens(context)) * CHARS_PER_TOKEN
    shown = _shown(offered, wanted.among)
    return (*opening(shown, room - sum(len(turn.content) for turn in turns)), *turns)


def _step(wanted: "_Wanted", said: tuple[Said, ...], source: str, least: int, context: int) -> Step:
    values = amounts(source)
    numbers = values if len(values) <= MOST_NUMBERS else ()
    schemas = {
        one.name: narrowed(one, wanted.wish, numbers, several=least > 1) for one in wanted.among
    }
    return Step(
        messages=said,
        schema=calls_schema(schemas, least, MOST_CALLS),
        max_tokens=_answer_tokens(context),
    )


def _answer_tokens(context: int) -> int:
    return min(ANSWER_TOKENS, context // 2)


def _checked(
    calls: list[Call],
    said: tuple[Said, ...],
    known: Mapping[str, Function],
    wanted: "_Wanted",
    context: int,
) -> Steps:
    """`calls`, or none where it is one and the model finds its tool to be the wrong one."""
    one = known[calls[0][0]]
    question = check(said, one, wanted.wish)
    # It stands where the answer had its room, beside the answer.
    added = sum(len(turn.content) for turn in question.messages[len(said) - 1 :])
    room = _answer_tokens(context) * CHARS_PER_TOKEN
    if len(calls) > 1 or added > room:
        return calls
    told = yield question
    return calls if is_right(told.text) else []


def _real(told: Told, known: Mapping[str, Function], source: str, request: str) -> list[Call]:
    """The calls that the model made, repaired; not those that it made up."""
    made = calls_from_text(told.text, known)
    if not made and not told.whole:  # a text that it went on with to no end
        made = calls_from_text(told.text + UNENDED, known)
    # A number that one call needs is not an optional argument of another.
    taken = Counter(
        number
        for name, given in made
        for number in numbers_in({p: given.get(p) for p in known[name].required})
    )
    calls = [(name, repaired(given, known[name], source, taken, request)) for name, given in made]
    real = [call for call in calls if grounded(call[1], known[call[0]], source) >= GROUNDED]
    return [
        call
        for i, call in enumerate(real)
        if call not in real[:i] and not any(_less(call, other) for other in real)
    ]


def _less(call: Call, other: Call) -> bool:
    """Whether all that `call` says is said in `other`, which says more; a no says nothing."""
    says = {name: value for name, value in call[1].items() if value is not False}
    return call[0] == other[0] and says.items() < other[1].items()


def _of_own(calls: Sequence[Call]) -> list[Call]:
    """The first call, and those that bring a value which none before them has."""
    values = [{str(value) for value in given.values()} for _, given in calls]
    return [c for i, c in enumerate(calls) if i == 0 or values[i] - set[str]().union(*values[:i])]


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
    once: bool = False  # a second call with the same values is one too many


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

    if whole := IN_QUOTES.fullmatch(text):
        text = whole[1]
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
    if not asked.since and not asked.before and len(todo) == 1:  # no number comes from a result
        lacking = [numbers_lacking(wish, one) for one in offered]
        fits = [0.0 if n >= MOST_LACKING else fit for fit, n in zip(fits, lacking, strict=True)]
    best = max(fits, default=0.0)
    if best < gate.decline:
        return None
    if best < gate.call:
        return _Wanted(asked, wish, 0, _likely(offered, fits, 1))
    likeliest = offered[fits.index(best)]
    least = max(_count(todo[rounds], offered, gate), gate.least_calls(wish, likeliest))
    once = least == 1 and gate.is_single(wish, likeliest)
    return _Wanted(asked, wish, least, _likely(offered, fits, least), once)


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
