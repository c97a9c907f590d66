"""What is plainly meant, put in the type that a schema wants.

"3" becomes 3, "true" true, one thing a list of it, JSON in a string what it says; a null that an
optional property does not allow is left out. What stays wrong is left as it is.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from agent.checking import fits, is_of_type
from pointsman.types import Json

MOST_STEPS = 5_000  # values looked at; a schema can refer to itself exponentially often
MOST_CHECKS = 60  # of alternatives
MOST_DEPTH = 24
_NUMERAL = re.compile(r"[+-]?\d{1,300}(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_DEFINITIONS = ("$defs", "definitions")


def coerced(value: Json, schema: Mapping[str, Json]) -> Json:
    """`value` as `schema` wants it, where that is plain; the very same where it fits already."""
    return value if fits(value, schema) else _Coercion(schema).of(value, dict(schema), 0)


class _Coercion:
    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._definitions = {key: root[key] for key in _DEFINITIONS if key in root}
        self._steps = 0
        self._checks = 0

    def of(self, value: Json, schema: Json, depth: int) -> Json:
        self._steps += 1
        schema = self._resolved(schema)
        if not isinstance(schema, dict) or depth > MOST_DEPTH or self._steps > MOST_STEPS:
            return value
        for key in ("anyOf", "oneOf"):
            branches = schema.get(key)
            if isinstance(branches, list):
                return self._of_branches(value, branches, depth)
        kinds = _kinds(schema)
        if kinds and not any(is_of_type(value, kind) for kind in kinds):
            value = _as_one_of(value, kinds)
        if isinstance(value, dict):
            return self._object(value, schema, depth)
        items = schema.get("items")
        if isinstance(value, list) and items is not None:
            return [self.of(one, items, depth + 1) for one in value]
        return value

    def _of_branches(self, value: Json, branches: list[Json], depth: int) -> Json:
        for branch in branches:
            found = self.of(value, branch, depth + 1)
            if isinstance(branch, dict) and self._fits(found, branch):
                return found
        return value

    def _object(self, value: dict[str, Json], schema: dict[str, Json], depth: int) -> Json:
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, dict):
            return value
        needed = required if isinstance(required, list) else []
        found: dict[str, Json] = {}
        for name, one in value.items():
            inner = properties.get(name)
            optional = isinstance(inner, dict) and name not in needed
            if one is None and optional and not self._fits(None, inner):
                continue
            found[name] = one if inner is None else self.of(one, inner, depth + 1)
        return found

    def _fits(self, value: Json, schema: Json) -> bool:
        self._checks += 1
        if not isinstance(schema, dict) or self._checks > MOST_CHECKS:
            return True
        return fits(value, {**self._definitions, **schema})

    def _resolved(self, schema: Json) -> Json:
        """What a reference within the schema names; None where that is nothing."""
        for _ in range(MOST_DEPTH):
            if not isinstance(schema, dict):
                return schema
            target = schema.get("$ref")
            if not isinstance(target, str) or not target.startswith("#/"):
                return schema
            found: Any = self._root
            for part in target[2:].split("/"):
                name = part.replace("~1", "/").replace("~0", "~")
                found = found.get(name) if isinstance(found, Mapping) else None
            schema = found
        return None


def _kinds(schema: Mapping[str, Json]) -> list[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    return [k for k in kind if isinstance(k, str)] if isinstance(kind, list) else []


def _as_one_of(value: Json, kinds: list[str]) -> Json:
    for kind in kinds:
        found = _as(value, kind)
        if is_of_type(found, kind):
            return found
    return value


def _as(value: Json, kind: str) -> Json:
    if kind == "array":
        read = _read(value, "[")
        return read if isinstance(read, list) else [value]
    if kind == "object":
        return _read(value, "{")
    if kind == "string":
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return json.dumps(value) if plain else value
    if isinstance(value, str):
        return _scalar(value.strip(), kind)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _scalar(text: str, kind: str) -> Json:
    if kind in ("integer", "number") and _NUMERAL.fullmatch(text):
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    words: dict[str, Json] = {"true": True, "false": False} if kind == "boolean" else {}
    words |= {"null": None, "none": None} if kind == "null" else {}
    return words.get(text.lower(), text)


def _read(value: Json, first: str) -> Json:
    if isinstance(value, str) and value.lstrip().startswith(first):
        try:
            read: Json = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return read
    return value
