"""Argument schemas in the few words of JSON Schema that every grammar converter knows."""

from collections.abc import Mapping
from typing import Any, cast

Schema = dict[str, Any]
DEPTH = 8  # of nested schemas, and of definitions that name themselves
MOST_ITEMS = 64  # a larger `minItems` or `maxItems` makes a grammar without end
KINDS: Mapping[str, str] = {  # what is written for a type, here and there
    "dict": "object",
    "float": "number",
    "double": "number",
    "long": "integer",
    "int": "integer",
    "tuple": "array",
    "list": "array",
    "str": "string",
    "char": "string",
    "bool": "boolean",
}
KNOWN = ("object", "array", "string", "integer", "number", "boolean")
ANY: Schema = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
KEPT = ("description", "default", "examples")  # for the reader; no grammar needs them


def plain(schema: object) -> Schema:
    """`schema` with references resolved, nulls left out and nothing a grammar trips over."""
    root = cast("Schema", schema) if isinstance(schema, dict) else Schema()
    return _plain(root, root, 0)


def arguments(schema: object) -> Schema:
    """As `plain`, for a tool's parameters: always an object with `properties`."""
    found = plain(schema)
    if found.get("type") != "object":
        found = {"type": "object"}
    return {"properties": {}, "required": [], **found}


def bare(schema: Schema) -> Schema:
    """`schema`, as `plain` makes it, without what only a reader needs."""
    kept = {key: value for key, value in schema.items() if key not in KEPT}
    if "properties" in schema:
        kept["properties"] = {name: bare(one) for name, one in schema["properties"].items()}
    if "items" in schema:
        kept["items"] = bare(schema["items"])
    if "anyOf" in schema:
        kept["anyOf"] = [bare(one) for one in schema["anyOf"]]
    return kept


def kind(schema: Schema) -> str:
    """The one type of a plain schema; `any` where there are several or none."""
    found = schema.get("type", "any")
    return found if isinstance(found, str) else "any"


def _plain(schema: object, root: Schema, depth: int) -> Schema:
    if not isinstance(schema, dict) or depth > DEPTH:
        return dict(ANY)
    node = _joined(cast("Schema", schema), root)
    told = {key: node[key] for key in KEPT if node.get(key) is not None}
    if choices := _choices(node):
        some = [_plain(one, root, depth + 1) for one in choices]
        return {**some[0], **told} if len(some) == 1 else {"anyOf": some, **told}
    if values := _values(node):
        return {**_typed(values), "enum": values, **told}
    return {**_of_type(node, root, depth), **told}


def _joined(node: Schema, root: Schema) -> Schema:
    """`node` with what it refers to, and all that it must be at once, in one."""
    for _ in range(DEPTH):
        if isinstance(reference := node.get("$ref"), str):
            rest = {key: value for key, value in node.items() if key != "$ref"}
            node = {**_at(reference, root), **rest}
        elif isinstance(parts := node.get("allOf"), list):
            rest = {key: value for key, value in node.items() if key != "allOf"}
            node = _merged([*(part for part in parts if isinstance(part, dict)), rest])
        else:
            return node
    return {"description": node.get("description")}


def _at(reference: str, root: Schema) -> Schema:
    node: Any = root
    for name in reference.removeprefix("#").split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        node = node.get(name) if isinstance(node, dict) else None
    return cast("Schema", node) if isinstance(node, dict) else {}


def _merged(parts: list[Schema]) -> Schema:
    whole: Schema = {}
    for part in parts:
        properties = {**_object(whole, "properties"), **_object(part, "properties")}
        required = [*_list(whole, "required"), *_list(part, "required")]
        whole = {**whole, **part}
        if properties:
            whole |= {"properties": properties, "required": required}
    return whole


def _choices(node: Schema) -> list[Schema]:
    """What it may be instead, nulls apart."""
    for word in ("anyOf", "oneOf"):
        if some := [one for one in _list(node, word) if isinstance(one, dict)]:
            return [one for one in some if one.get("type") != "null"] or some[:1]
    return []


def _values(node: Schema) -> list[Any]:
    """The values that it lists, null apart."""
    values = [node["const"]] if "const" in node else _list(node, "enum")
    return [value for value in values if value is not None]


def _typed(values: list[Any]) -> Schema:
    return {"type": "string"} if all(isinstance(value, str) for value in values) else {}


def _of_type(node: Schema, root: Schema, depth: int) -> Schema:
    names = node.get("type")
    listed = names if isinstance(names, list) else [names]
    known = [KINDS.get(str(one).lower(), str(one).lower()) for one in listed]
    kinds = [one for one in known if one in KNOWN]
    if "properties" in node and not kinds:
        kinds = ["object"]
    if len(kinds) > 1:
        return {"anyOf": [_of_type({**node, "type": one}, root, depth) for one in kinds]}
    match kinds[0] if kinds else "any":
        case "object":
            return _of_object(node, root, depth)
        case "array":
            return _of_array(node, root, depth)
        case "any":
            return dict(ANY)
        case one:
            return {"type": one}


def _of_object(node: Schema, root: Schema, depth: int) -> Schema:
    properties = _object(node, "properties")
    if not properties:
        return {"type": "object"}
    required = [name for name in dict.fromkeys(_list(node, "required")) if name in properties]
    return {
        "type": "object",
        "properties": {name: _plain(one, root, depth + 1) for name, one in properties.items()},
        "required": required,
        "additionalProperties": False,
    }


def _of_array(node: Schema, root: Schema, depth: int) -> Schema:
    items = node.get("items")
    if isinstance(items, list):
        items = items[0] if items else None
    if items is None and (first := _list(node, "prefixItems")):
        items = first[0]
    bounds = {
        word: node[word]
        for word in ("minItems", "maxItems")
        if isinstance(node.get(word), int) and 0 <= node[word] <= MOST_ITEMS
    }
    return {"type": "array", "items": _plain(items, root, depth + 1), **bounds}


def _object(node: Schema, word: str) -> Schema:
    found = node.get(word)
    return cast("Schema", found) if isinstance(found, dict) else {}


def _list(node: Schema, word: str) -> list[Any]:
    found = node.get(word)
    return found if isinstance(found, list) else []
