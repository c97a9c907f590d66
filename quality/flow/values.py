"""What the engine knows of a value of the program: where it came from and what it may be."""

import ast
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from quality.flow.functions import Callee

Scalar = str | bytes | int | float | complex | bool | None
_T = TypeVar("_T")
MANY = 8  # constants, objects, functions that are kept apart
DEEPEST = 4  # parts of parts
_NO_FLOWS = frozenset[str]()


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """How data came here: the last step, and those before it."""

    path: str
    node: ast.AST
    says: str
    before: "Trail | None" = None
    length: int = 1


class Origin:
    """One piece of outside data. A part of another has the other in `parent`."""

    __slots__ = ("_hash", "depth", "key", "kind", "outside", "parent", "says", "via")

    def __init__(
        self,
        kind: str,
        key: object,
        says: str = "",
        outside: bool = True,
        parent: "Origin | None" = None,
        via: str = "",
    ) -> None:
        self.kind = kind
        self.key = key  # the same for what is surely the same data
        self.says = says
        self.outside = outside
        self.parent = parent
        self.via = via  # the call that it is the result of, if a guard asks for that
        self.depth: int = parent.depth + 1 if parent else 1
        self._hash = hash((kind, key, parent, via))  # asked for very often

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Origin)
            and self._hash == other._hash
            and (self.kind, self.key, self.via) == (other.kind, other.key, other.via)
            and self.parent == other.parent
        )

    def chain(self) -> Iterator["Origin"]:
        """Itself, and all that it is a part of."""
        origin: Origin | None = self
        while origin is not None:
            yield origin
            origin = origin.parent

    def part(self, key: object, via: str = "") -> "Origin":
        if self.depth >= DEEPEST:
            return self
        return Origin(self.kind, key, self.says, self.outside, self, via)


class Taint:
    """Data of an origin in a value."""

    __slots__ = ("built", "cleared", "marks", "origin", "trail")

    def __init__(
        self,
        origin: Origin,
        trail: Trail,
        cleared: frozenset[str] = _NO_FLOWS,
        marks: frozenset[str] = _NO_FLOWS,
        built: bool = False,
    ) -> None:
        self.origin = origin
        self.trail = trail
        self.cleared = cleared  # the flows it can do no harm in
        self.marks = marks
        self.built = built  # it is in a text with others

    def but(
        self,
        *,
        origin: Origin | None = None,
        trail: Trail | None = None,
        cleared: frozenset[str] | None = None,
        marks: frozenset[str] | None = None,
        built: bool | None = None,
    ) -> "Taint":
        return Taint(
            origin or self.origin,
            trail or self.trail,
            self.cleared if cleared is None else cleared,
            self.marks if marks is None else marks,
            self.built if built is None else built,
        )

    @property
    def print(self) -> tuple[object, ...]:
        """What of it matters to where it goes on to."""
        return (self.origin, self.cleared, self.marks, self.built)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is clean, of which flows, where a value is true and where it is false."""

    true: "Cleared"
    false: "Cleared"


Cleared = dict[Origin, frozenset[str]]


class Value:
    """What is known of a value. It is never changed; "none known" of all is `UNKNOWN`."""

    __slots__ = ("consts", "facts", "funcs", "names", "parts", "refs", "safe", "taints", "type")

    def __init__(
        self,
        taints: tuple[Taint, ...] = (),
        consts: tuple[Scalar, ...] | None = None,
        type: str | None = None,
        *,
        names: tuple[str, ...] = (),
        refs: tuple[int, ...] = (),
        funcs: "tuple[Callee, ...]" = (),
        parts: "tuple[str | Value, ...] | None" = None,
        facts: Facts | None = None,
        safe: bool = False,
    ) -> None:
        self.taints = taints
        self.consts = consts  # it is one of these; None: not known
        self.type = type  # the dotted name of its class
        self.names = names  # the library's things that it may be: "hashlib.md5"
        self.refs = refs  # the objects of the heap that it may be
        self.funcs = funcs  # the project's functions and classes that it may be
        self.parts = parts  # the text that it is, where it is put together
        self.facts = facts
        self.safe = safe  # made harmless; where from is not known any more

    def showing(self, facts: Facts) -> "Value":
        """The same, which shows this."""
        value = copy(self)
        value.facts = facts
        return value

    def but(self, taints: tuple[Taint, ...]) -> "Value":
        """The same with other taints."""
        if taints is self.taints or (not taints and not self.taints):
            return self
        return Value(
            taints,
            self.consts,
            self.type,
            names=self.names,
            refs=self.refs,
            funcs=self.funcs,
            parts=self.parts,
            facts=self.facts,
            safe=self.safe,
        )


UNKNOWN = Value()
TEXT = Value(type="builtins.str")
NUMBER = Value(type="builtins.int", safe=True)
TRUTH = Value(type="builtins.bool", safe=True)
NUMBERS = frozenset({"builtins.int", "builtins.float", "builtins.bool", "builtins.complex"})


def constant(*consts: Scalar) -> Value:
    return Value((), consts, f"builtins.{type(consts[0]).__name__}")


NONE = constant(None)
_CONSTANTS: dict[tuple[type, Scalar], Value] = {}


def same_constant(a: Scalar, b: Scalar) -> bool:
    return type(a) is type(b) and a == b


def join_taints(a: tuple[Taint, ...], b: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """All of both; of the same origin, clean only where both are."""
    if not b or a is b:
        return a
    if not a:
        return b
    found = {taint.origin: taint for taint in a}
    changed = False
    for taint in b:
        known = found.get(taint.origin)
        if known is None:
            if len(found) < MANY:
                found[taint.origin] = taint
                changed = True
        elif known is not taint and not _covers(known, taint):
            found[taint.origin] = known.but(
                cleared=known.cleared & taint.cleared,
                marks=known.marks & taint.marks,
                built=known.built or taint.built,
            )
            changed = True
    return tuple(found.values()) if changed else a


def _covers(known: Taint, other: Taint) -> bool:
    return (
        known.cleared <= other.cleared
        and known.marks <= other.marks
        and (known.built or not other.built)
    )


def join(a: Value, b: Value) -> Value:
    """What may be either. It is `a` itself where `b` adds nothing."""
    if a is b or _nothing_new(a, b):
        return a
    return Value(
        join_taints(a.taints, b.taints),
        _join_constants(a.consts, b.consts),
        _join_types(a, b),
        names=_both(a.names, b.names),
        refs=_both(a.refs, b.refs),
        funcs=_both(a.funcs, b.funcs),
        parts=a.parts if a.parts == b.parts else None,
        safe=_harmless(a) and _harmless(b),
    )


def _nothing_new(a: Value, b: Value) -> bool:
    return (
        b.taints == a.taints
        and b.consts == a.consts
        and b.type == a.type
        and b.names == a.names
        and b.refs == a.refs
        and b.funcs == a.funcs
        and b.parts is a.parts
        and b.facts is a.facts
        and b.safe == a.safe
    )


def join_all(values: Iterable[Value]) -> Value:
    found: Value | None = None
    for value in values:
        found = value if found is None else join(found, value)
    return UNKNOWN if found is None else found


def _harmless(value: Value) -> bool:
    return value.safe or value.consts is not None


def _join_constants(
    a: tuple[Scalar, ...] | None, b: tuple[Scalar, ...] | None
) -> tuple[Scalar, ...] | None:
    if a is None or b is None:
        return None
    more = tuple(new for new in b if not any(same_constant(new, old) for old in a))
    return a + more if len(a) + len(more) <= MANY else None


def _join_types(a: Value, b: Value) -> str | None:
    if a.type == b.type or b.consts == (None,):
        return a.type
    return b.type if a.consts == (None,) else None


def _both(a: tuple[_T, ...], b: tuple[_T, ...]) -> tuple[_T, ...]:
    if not b or a == b:
        return a
    return tuple(dict.fromkeys((*a, *b)))[:MANY] if a else b
