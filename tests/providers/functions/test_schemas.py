"""Argument schemas as every grammar converter takes them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.functions.schemas import Schema, arguments, bare, plain

NAMES = st.sampled_from(["a", "b", "c"])
KINDS = st.sampled_from(
    ["string", "integer", "number", "boolean", "array", "object", "null", "dict", "float", "odd"]
)
NOISE = st.dictionaries(
    st.sampled_from(["pattern", "format", "minLength", "exclusiveMinimum", "title", "not", "if"]),
    st.text(max_size=3) | st.integers(),
    max_size=2,
)


def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    properties = st.dictionaries(NAMES, inner, max_size=3)
    return st.one_of(
        st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda some: {"anyOf": some}, lists),
        st.builds(lambda some: {"oneOf": some}, lists),
        st.builds(lambda some: {"allOf": some}, lists),
        st.builds(
            lambda p, r, n: {"type": "object", "properties": p, "required": r, **n},
            properties,
            st.lists(NAMES, max_size=3),
            NOISE,
        ),
        st.builds(lambda kinds: {"type": kinds}, st.lists(KINDS, max_size=3)),
    )


BASE = st.one_of(
    st.builds(lambda k, n: {"type": k, **n}, KINDS, NOISE),
    st.builds(lambda v: {"enum": v}, st.lists(st.none() | st.text(max_size=3) | st.integers())),
    st.builds(lambda n: {"$ref": f"#/$defs/{n}"}, NAMES),
    st.just({}),
    st.booleans(),
    st.none(),
)
SCHEMAS = st.recursive(BASE, deeper, max_leaves=8)
WORDS = {
    "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum",
    "minItems", "maxItems", "description", "default", "examples",
}  # fmt: skip


def nodes(schema: Schema) -> list[Schema]:
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        inner.append(schema["items"])
    return [schema, *(node for one in inner for node in nodes(one))]


@given(SCHEMAS, st.dictionaries(NAMES, SCHEMAS, max_size=3))
def test_whatever_comes_in_only_simple_words_come_out(schema: Any, definitions: Any) -> None:
    given_schema = {**schema, "$defs": definitions} if isinstance(schema, dict) else schema
    for node in nodes(plain(given_schema)):
        assert node.keys() <= WORDS
        assert "type" in node or "anyOf" in node or "enum" in node
        assert set(node.get("required", ())) <= node.get("properties", {}).keys()
        if node.get("type") == "array":
            assert "items" in node


@given(SCHEMAS)
def test_what_is_plain_stays_as_it_is(schema: Any) -> None:
    once = bare(plain(schema))
    assert bare(plain(once)) == once


@given(SCHEMAS)
def test_arguments_are_always_an_object(schema: Any) -> None:
    found = arguments(schema)
    assert found["type"] == "object"
    assert set(found["required"]) <= found["properties"].keys()


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}),
        ({"type": ["integer", "null"]}, {"type": "integer"}),
        ({"type": "string", "pattern": "^a+$", "maxLength": 9}, {"type": "string"}),
        ({"const": 3}, {"enum": [3]}),
        ({"enum": ["a", None]}, {"type": "string", "enum": ["a"]}),
        ({"type": "dict", "properties": {"x": {"type": "float"}}}, {
            "type": "object",
            "properties": {"x": {"type": "number"}},
            "required": [],
            "additionalProperties": False,
        }),
        (
            {"type": "tuple", "items": {"type": "int"}},
            {"type": "array", "items": {"type": "integer"}},
        ),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, {"type": "integer"}),
        ({"type": "integer", "default": 4}, {"type": "integer", "default": 4}),
        (
            {"allOf": [{"type": "string"}, {"description": "x"}]},
            {"type": "string", "description": "x"},
        ),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_schema_and_what_is_made_of_it(schema: Any, found: Schema) -> None:
    assert plain(schema) == found


def test_a_definition_that_names_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    assert nodes(plain({"$ref": "#/$defs/node", "$defs": {"node": node}}))
    assert plain({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}})["anyOf"]
