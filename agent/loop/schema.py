"""The schema that a caller asks the answer to be of: refused where it cannot be applied.

An attached tool's broken schema is let be, since its server checks for itself; of the answer
nobody else checks anything.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

import anyio.to_thread
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from agent.checking import IGNORED, applies, costly
from pointsman.errors import InvalidInput
from pointsman.types import Json

META = Draft202012Validator.META_SCHEMA
MOST_TOLD = 300  # characters of what is wrong
_TRIALS: tuple[Json, ...] = (None, {}, [], "", 0)  # a schema that names itself ends on none
_FREE = ("format",)  # says what a text is, and by the standard refuses none


async def accept(schema: Mapping[str, Json]) -> None:
    """
    Raises:
        InvalidInput: it cannot be applied as it is written.
    """
    flaw = await anyio.to_thread.run_sync(flaw_of, schema)
    if flaw is not None:
        raise InvalidInput(
            f"output_schema is not valid: {flaw[:MOST_TOLD]}.",
            hint="It must be a JSON Schema (2020-12) without references to other documents.",
        )


def flaw_of(schema: Mapping[str, Json]) -> str | None:
    """What keeps the schema from being applied, and where; None: nothing does."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{_pointer(error.absolute_path)}: {error.message}"
    except RecursionError:
        return "/: it is nested too deep"
    try:
        problem = _lost_reference(schema)
    except ValueError:
        return "/: an $id in it is no URL"
    if problem is not None:
        return problem
    if not all(applies(schema, value) for value in _TRIALS):
        return "/: it refers to itself without end"
    return None


def unapplied(schema: Mapping[str, Json]) -> list[str]:
    """Where it holds what is not applied: patterns that could take for ever, and rare keywords."""
    found = list[str]()
    for pointer, _, part in _parts(schema):
        pattern = part.get("pattern")
        if isinstance(pattern, str) and costly(pattern):
            found.append(f"the pattern at {pointer or '/'}, which could take too long")
        names = [name for name in IGNORED if name in part and name not in _FREE]
        found += [f"{name} at {pointer or '/'}" for name in names]
    return found


def _lost_reference(schema: Mapping[str, Json]) -> str | None:
    """The first that names no schema in here; nothing is fetched to find it."""
    root = DRAFT202012.create_resource(schema)
    registry = Registry[Any]().with_resource(_base("", schema), root).crawl()
    parts = list(_parts(schema))
    judged = {id(part.body) for part in parts}  # with the whole
    for pointer, base, body in parts:
        reference = body.get("$ref")
        if not isinstance(reference, str):
            continue
        try:
            target = registry.resolver(base).lookup(reference).contents
        except (Unresolvable, ValueError):  # or it is no URL at all
            return f"{pointer}/$ref: {reference!r} is not in the schema"
        if id(target) not in judged and not Draft202012Validator(META).is_valid(target):
            return f"{pointer}/$ref: {reference!r} is no schema"
        judged.add(id(target))
    return None


class _Part(NamedTuple):
    """A schema within the schema."""

    pointer: str
    base: str  # of its references
    body: Mapping[str, Any]


def _parts(schema: Mapping[str, Json]) -> Iterator[_Part]:
    """All of them, and nothing that only looks like one."""
    todo: list[tuple[str, str, Any]] = [("", "", schema)]
    while todo:
        pointer, base, body = todo.pop()
        if isinstance(body, Mapping):
            base = _base(base, body)
            yield _Part(pointer, base, body)
            todo += [(inner, base, one) for inner, one in _inner(pointer, body)]


def _base(base: str, body: Mapping[str, Any]) -> str:
    own = body.get("$id")
    try:
        return urljoin(base, own.rstrip("#")) if isinstance(own, str) else base
    except ValueError:  # it is no URL
        return base


def _inner(pointer: str, part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        if key in _ONE:
            yield f"{pointer}/{key}", value
        elif key in _SEVERAL and isinstance(value, list):
            yield from ((f"{pointer}/{key}/{n}", one) for n, one in enumerate(value))
        elif key in _NAMED and isinstance(value, Mapping):
            yield from ((f"{pointer}/{key}/{name}", one) for name, one in value.items())


_ONE = frozenset(
    [
        *("not", "if", "then", "else", "items", "contains", "propertyNames", "contentSchema"),
        *("additionalProperties", "unevaluatedItems", "unevaluatedProperties"),
    ]
)
_SEVERAL = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
_NAMED = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"])


def _pointer(path: Any) -> str:
    return "".join(f"/{part}" for part in path) or "/"
