"""The input schemas of attached tools, bounded: text of others that a model is shown."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agent.untrusted.cleaning import line, visible
from pointsman.types import Json

MAX_CHARACTERS = 32_768
MAX_DEPTH = 24
PROSE = frozenset({"title", "description", "markdownDescription"})
REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
DROPPED = frozenset({"$schema", "$id", "$comment", "examples"})
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
VALUES = frozenset({"default", "const", "enum"})


class Unusable(Exception):
    """A definition cannot be offered to a model; the message says why."""


def tidy_schema(schema: Mapping[str, Any]) -> dict[str, Json]:
    """`schema` with clean prose and without what only documents it.

    Raises:
        Unusable: it is too large, refers to something outside itself (which is never fetched),
            or hides characters in a name or a value, where they cannot be taken out.
    """
    _bound(schema, MAX_DEPTH)
    tidied = _tidy(schema)
    if len(json.dumps(tidied, ensure_ascii=False)) > MAX_CHARACTERS:
        raise Unusable(f"its schema is longer than {MAX_CHARACTERS} characters")
    if any(text != visible(text) for text in _names_and_values(tidied)):
        raise Unusable("its schema hides characters in a name or a value")
    tidied.setdefault("type", "object")
    return tidied


def _bound(value: Any, depth: int) -> None:
    if depth < 0:
        raise Unusable(f"its schema is nested deeper than {MAX_DEPTH}")
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list):
        for one in inner:
            _bound(one, depth - 1)


def _tidy(schema: Mapping[str, Any]) -> dict[str, Json]:
    tidied = dict[str, Json]()
    for key, value in schema.items():
        if key in DROPPED:
            continue
        if key in REFERENCES and not (isinstance(value, str) and value.startswith("#")):
            raise Unusable("its schema refers to something outside itself")
        tidied[key] = _tidy_value(key, value)
    return tidied


def _tidy_value(key: str, value: Json) -> Json:
    if key in VALUES:
        return value
    if key in PROSE and isinstance(value, str):
        return line(value, 1_000)
    if key in NAMED and isinstance(value, Mapping):
        return {name: _tidy(v) if isinstance(v, Mapping) else v for name, v in value.items()}
    if isinstance(value, Mapping):
        return _tidy(value)
    if isinstance(value, list):
        return [_tidy(one) if isinstance(one, Mapping) else one for one in value]
    return value


def _names_and_values(value: Any, *, prose: bool = False) -> Iterator[str]:
    if isinstance(value, str) and not prose:
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _names_and_values(inner, prose=key in PROSE and isinstance(inner, str))
    elif isinstance(value, list):
        for one in value:
            yield from _names_and_values(one)
