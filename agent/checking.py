"""JSON Schemas of others, applied to what a model wrote.

No reference is fetched. A schema that cannot be applied refuses nothing: the tool checks its own
arguments anyway.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from pointsman.types import Json

MOST_PATTERN = 200  # characters; a longer pattern is not applied
MOST_MATCHED = 2_000  # characters; nor is one to a longer text
MOST_REFERENCES = 1_000  # followed in one check; a schema can name itself exponentially often
IGNORED = (
    "$dynamicRef",
    "patternProperties",
    "format",
    "unevaluatedProperties",
    "unevaluatedItems",
)
# A repetition of what is itself repeated may take for ever.
_NESTED = re.compile(r"[+*}]\)?[+*{]|\([^)]*[+*|}][^)]*\)[+*{]")
_FRAGMENT_CHARS, _VALUE_CHARS, _MOST_ERRORS = 600, 160, 3


def _pattern(_validator: Any, pattern: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not isinstance(pattern, str) or not isinstance(value, str):
        return
    if len(value) > MOST_MATCHED or costly(pattern):
        return
    if not re.search(pattern, value):
        yield ValidationError(f"does not match {pattern!r}")


def costly(pattern: str) -> bool:
    """Whether a pattern is not applied, since it could take for ever."""
    return len(pattern) > MOST_PATTERN or _NESTED.search(pattern) is not None


def _additional(validator: Any, extra: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if "patternProperties" not in schema:  # it would match every name with those patterns
        rule = Draft202012Validator.VALIDATORS["additionalProperties"]
        yield from rule(validator, extra, value, schema) or ()


class _Endless(Exception):
    """A schema follows more references than anything that is meant well."""


class _Followed:
    """Counts the references of one check; it rides where a validator carries format rules."""

    def __init__(self) -> None:
        self.times = 0

    def one_more(self) -> None:
        self.times += 1
        if self.times > MOST_REFERENCES:
            raise _Endless


def _reference(
    validator: Any, reference: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    validator.format_checker.one_more()
    yield from Draft202012Validator.VALIDATORS["$ref"](validator, reference, value, schema) or ()


def _nothing(*_: Any) -> Iterator[ValidationError]:
    return iter(())


_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "$ref": _reference,
        "pattern": _pattern,
        "additionalProperties": _additional,
        **dict.fromkeys(IGNORED, _nothing),
    },
)


def problems(value: Json, schema: Mapping[str, Json]) -> str | None:
    """What does not fit, with JSON pointers and the part of the schema; None if all does."""
    found = _errors(value, schema)
    if not found:
        return None
    lines = [_told(error) for error in found[:_MOST_ERRORS]]
    if len(found) > _MOST_ERRORS:
        lines.append(f"... and {len(found) - _MOST_ERRORS} more")
    fragment = _cut(json.dumps(_about(found[0]), ensure_ascii=False), _FRAGMENT_CHARS)
    return "\n".join([*lines, f"The schema there: {fragment}"])


def is_of_type(value: Json, kind: str) -> bool:
    """Whether JSON Schema says so; True for a type that it does not know."""
    known = kind in ("array", "boolean", "integer", "null", "number", "object", "string")
    return not known or bool(_Validator.TYPE_CHECKER.is_type(value, kind))


def fits(value: Json, schema: Mapping[str, Json]) -> bool:
    return not _errors(value, schema)


def applies(schema: Mapping[str, Json], value: Json) -> bool:
    """Whether a value can be judged by the schema at all, whatever is then found."""
    try:
        _judged(value, schema)
    except Exception:  # noqa: BLE001 - whatever a schema of others breaks, it is the schema's fault
        return False
    return True


def _judged(value: Json, schema: Mapping[str, Json]) -> list[ValidationError]:
    validator = _Validator(dict(schema), registry=Registry(), format_checker=_Followed())
    return list(validator.iter_errors(value))


def _errors(value: Json, schema: Mapping[str, Json]) -> list[ValidationError]:
    try:
        found = _judged(value, schema)
    except Exception:  # noqa: BLE001 - whatever a schema of others breaks, it is the schema's fault
        return []
    return sorted((_deepest(error) for error in found), key=lambda e: e.json_path)


def _deepest(error: ValidationError) -> ValidationError:
    """Of alternatives, the error of the one that fits best, where one does."""
    while error.validator in ("anyOf", "oneOf") and error.context:
        shapes = [e for e in error.context if e.validator != "type" or e.path]
        if not shapes:
            return error
        error = max(shapes, key=lambda e: len(e.path))
    return error


def _told(error: ValidationError) -> str:
    pointer = "".join(f"/{part}" for part in error.absolute_path) or "/"
    if error.validator in ("anyOf", "oneOf", "enum", "const"):
        said = f"{_shown(error.instance)} is none of what the schema allows"
    elif error.validator == "type":
        said = f"{_shown(error.instance)} is not of type {_shown(error.validator_value)}"
    else:
        said = _cut(error.message, 2 * _VALUE_CHARS)
    return f"{pointer}: {said}"


def _about(error: ValidationError) -> Any:
    schema: Any = error.schema
    if error.validator == "required" and isinstance(schema, dict):
        return {k: schema[k] for k in ("required", "properties") if k in schema}
    return schema


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str), _VALUE_CHARS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
