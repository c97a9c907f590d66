"""What was given to a call, and whether the conditions of a rule hold of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from quality.flow.schema import Condition, Match, Pattern, Scalar, Sink
from quality.flow.state import State
from quality.flow.values import NUMBERS, Value

HOLE = "\0"  # stands in a text for what is not known


@dataclass(slots=True)
class Given:
    """The arguments of a call, evaluated."""

    args: list[Value] = field(default_factory=list[Value])
    keywords: dict[str, Value] = field(default_factory=dict[str, Value])
    receiver: Value | None = None
    rest: Value | None = None  # what `*args` and `**kwargs` bring, of which places are not known

    def all(self) -> list[Value]:
        rest = [self.rest] if self.rest is not None else []
        return [*self.args, *self.keywords.values(), *rest]


@dataclass(frozen=True, slots=True)
class _Where:
    every: bool = False
    receiver: bool = False
    positions: tuple[int, ...] = ()
    after: int | None = None  # this position and all behind it
    keywords: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()  # keys or attributes to follow; "" for any element


@lru_cache(maxsize=4096)
def _where(spec: str) -> _Where:
    head, *inside = spec.replace("[]", ".").split(".")
    words = head.split("|")
    after = [int(word[:-1]) for word in words if word.endswith("+") and word[:-1].isdigit()]
    return _Where(
        "*" in words,
        "self" in words,
        tuple(int(word) for word in words if word.isdigit()),
        after[0] if after else None,
        tuple(word for word in words if word.isidentifier()),
        tuple(inside),
    )


def at(spec: str, given: Given, state: State) -> list[Value]:
    """The values at the argument `spec` of a rule; none: it is not given."""
    where = _where(spec)
    found = list(_direct(where, given))
    for key in where.inside:
        found = [each for value in found for each in _inner(value, key, state)]
    return found


def _direct(where: _Where, given: Given) -> Iterator[Value]:
    if where.every:
        yield from given.all()
    for position in where.positions:
        if position < len(given.args):
            yield given.args[position]
    if where.after is not None:
        yield from given.args[where.after :]
    for keyword in where.keywords:
        if keyword == "self" and given.receiver is not None:
            yield given.receiver
        elif keyword in given.keywords:
            yield given.keywords[keyword]


def _inner(value: Value, key: str, state: State) -> Iterator[Value]:
    for _, obj in state.objects(value):
        if not key:
            yield from obj.values()
        elif (at := int(key) if key.isdigit() else key) in obj.items:
            yield obj.items[at]


def fits(rule: Sink | Pattern | Match, given: Given, state: State) -> bool:
    return meets(rule.when, rule.unless, given, state)


def meets(
    when: Mapping[str, Condition], unless: Mapping[str, Condition], given: Given, state: State
) -> bool:
    """Whether all of `when` and none of `unless` holds of the arguments."""
    return all(_holds(spec, each, given, state) for spec, each in when.items()) and not any(
        _holds(spec, each, given, state) for spec, each in unless.items()
    )


def _holds(spec: str, condition: Condition, given: Given, state: State) -> bool:
    values = at(spec, given, state)
    if condition.missing is not None:
        unsure = not values and (given.rest is not None or _hides(spec, given, state))
        if unsure or condition.missing == bool(values):
            return False
    rest = condition.model_fields_set - {"missing"}
    return not rest or any(_all_hold(condition, value) for value in values)


def _hides(spec: str, given: Given, state: State) -> bool:
    """Whether what is looked for may be in an object that nobody has seen made."""
    where = _where(spec)
    return bool(where.inside) and any(not state.objects(each) for each in _direct(where, given))


def _all_hold(condition: Condition, value: Value) -> bool:
    return all(test(condition, value) for test in _TESTS)


def _is(condition: Condition, value: Value) -> bool:
    if condition.is_ is None:
        return True
    return any(_same(a, b) for a in value.consts or () for b in condition.is_)


def _not(condition: Condition, value: Value) -> bool:
    if condition.not_ is None:
        return True
    wrong = condition.not_
    return any(not any(_same(a, b) for b in wrong) for a in value.consts or ())


def _regex(condition: Condition, value: Value) -> bool:
    if condition.regex is None:
        return True
    return any(re.search(condition.regex, text) for text in texts(value))


def _names(condition: Condition, value: Value) -> bool:
    return condition.names is None or any(name in condition.names for name in value.names)


def _type(condition: Condition, value: Value) -> bool:
    return condition.type is None or value.type in condition.type


def _constant(condition: Condition, value: Value) -> bool:
    known = value.consts is not None or bool(value.names)
    return condition.constant is None or known == condition.constant


def _size(condition: Condition, value: Value) -> bool:
    if condition.below is None and condition.above is None:
        return True
    numbers = [c for c in value.consts or () if isinstance(c, int | float)]
    return any(
        (condition.below is None or number < condition.below)
        and (condition.above is None or number > condition.above)
        for number in numbers
    )


def _built(condition: Condition, value: Value) -> bool:
    return condition.built is None or is_built(value) == condition.built


_TESTS = (_is, _not, _regex, _names, _type, _constant, _size, _built)


def _same(a: object, b: Scalar) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def texts(value: Value) -> list[str]:
    """The texts that `value` may be, with a hole for each part that is not known."""
    if value.consts is not None:
        return [
            text if isinstance(text, str) else text.decode("latin-1")
            for text in value.consts
            if isinstance(text, str | bytes)
        ]
    if value.parts is not None:
        return ["".join(part if isinstance(part, str) else HOLE for part in value.parts)]
    return []


def is_built(value: Value) -> bool:
    """Whether it is a text put together from constants and what may be any text."""
    if value.parts is not None:
        return any(not isinstance(part, str) and is_open(part) for part in value.parts)
    return any(taint.built for taint in value.taints)


def is_open(value: Value) -> bool:
    """Whether nothing is known that makes it harmless."""
    return not (
        value.safe or value.consts is not None or value.type in NUMBERS or value.names or value.refs
    )
