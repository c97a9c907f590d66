"""Tools as JSON: their schemas without noise, and what their failures look like."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pointsman.errors import Cause, InvalidInput, PointsmanError
from tools.tool import Arguments, Tool

JsonObject = dict[str, Any]
A = TypeVar("A", bound=Arguments)


def input_schema(tool: Tool) -> JsonObject:
    """JSON Schema of the arguments; one that may be left out need not say that it may be null.

    Bounds are not in it: they are told by the error that passing them makes.
    """
    bounds = ("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength")
    return _lean(tool.arguments.model_json_schema(), ("title", *bounds), nulls=False)


def output_schema(tool: Tool) -> JsonObject:
    """JSON Schema of the result. Every field is always there, so none is listed as required.

    What is inside a field is not told but for its type: docs/ says it, and ten tools that told
    all would be a sixth more text in every conversation.
    """
    schema = tool.result.model_json_schema(mode="serialization", by_alias=True)
    lean = _lean(schema, ("title", "required", "description", "enum", "default"), nulls=True)
    fields = lean.get("properties", {})
    return {**lean, "properties": {name: _outline(field) for name, field in fields.items()}}


def arguments_from(name: str, model: type[A], given: Mapping[str, Any]) -> A:
    """The validated arguments of tool `name`; an object or list sent as JSON text is read as such.

    Raises:
        InvalidInput: they do not fit; the message names each one and why.
    """
    try:
        return model.model_validate(_decoded(model, given))
    except ValidationError as error:
        raise InvalidInput(
            f"{name} cannot take these arguments: {_complaints(model, error)}."
        ) from error


def failure(error: PointsmanError) -> JsonObject:
    """`error` as CONTRACT section 2 has it: `{error: {code, message, hint?, causes?}}`."""
    told: JsonObject = {"code": error.code, "message": error.message}
    if error.hint:
        told["hint"] = error.hint
    causes: tuple[Cause, ...] = getattr(error, "causes", ())
    if causes:
        told["causes"] = [
            {"provider": c.provider, "code": c.code, "message": c.message} for c in causes
        ]
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        told["retry_after_s"] = round(retry_after_s, 3)
    return {"error": told}


def _lean(schema: JsonObject, without: tuple[str, ...], *, nulls: bool) -> JsonObject:
    """`schema` in place of its definitions' names, without what no reader needs.

    Every tool's schemas are in every conversation of every client, so each character counts.
    """
    definitions = schema.get("$defs", {})

    def clean(node: Any, *, names: bool = False) -> Any:
        if isinstance(node, list):
            return [clean(item) for item in node]
        if not isinstance(node, dict):
            return node
        if names:
            return {key: clean(value) for key, value in node.items()}
        if "$ref" in node:
            node = {**definitions[node["$ref"].rpartition("/")[2]], **node}
        if some := _not_null(node):
            return _or_null(clean(some)) if nulls else clean(some)
        return {
            key: clean(value, names=key == "properties")
            for key, value in node.items()
            if key not in (*without, "$defs", "$ref") and (key, value) not in NOTHING_SAID
        }

    cleaned: JsonObject = clean(schema)
    return cleaned


def _outline(field: JsonObject) -> JsonObject:
    """`field` without what is inside it."""
    return {key: value for key, value in field.items() if key in ("type", "anyOf")}


NOTHING_SAID = (("default", None), ("additionalProperties", True))


def _not_null(node: JsonObject) -> JsonObject | None:
    """What `node` is when it is not null, if it is one thing or null; None otherwise."""
    kinds = [kind for kind in node.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1 or len(node["anyOf"]) != 2:
        return None
    return {**{key: value for key, value in node.items() if key != "anyOf"}, **kinds[0]}


def _or_null(node: JsonObject) -> JsonObject:
    return {**node, "type": [node["type"], "null"]} if "type" in node else node


def _decoded(model: type[BaseModel], given: Mapping[str, Any]) -> JsonObject:
    """Some clients send a list or an object as a string of JSON; text fields stay text."""
    decoded = dict(given)
    for name, value in given.items():
        field = model.model_fields.get(name)
        if not isinstance(value, str) or field is None or value[:1] not in ("{", "["):
            continue
        if "str" not in str(field.annotation).replace("dict[str", ""):
            try:
                decoded[name] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return decoded


def _complaints(model: type[BaseModel], error: ValidationError) -> str:
    """Each argument that does not fit; never the value itself, which may be long or private."""
    told: list[str] = []
    for item in error.errors(include_input=False, include_url=False)[:5]:
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden" and len(item["loc"]) > 1:
            told.append(f"there is no {name!r}")
        elif item["type"] == "extra_forbidden":
            known = ", ".join(model.model_fields)
            told.append(f"there is no {name!r} (it takes {known or 'no arguments'})")
        else:
            why = item["msg"].removeprefix("Value error, ")
            why = f"{why[:1].lower()}{why[1:]}"
            told.append(f"{name!r}: {why}" if name else why)
    return "; ".join(dict.fromkeys(told))
