"""Arguments against a schema: coerced where that is safe, refused with a pointer where not."""

import pytest

from agent.arguments import read_arguments
from agent.checking import problems
from agent.coercion import coerced
from agent.tool import AgentTool
from pointsman.agents import Risk
from pointsman.types import Json
from tests.agent.loop.bench import Tools

Schema = dict[str, Json]


def of(**properties: Json) -> Schema:
    return {"type": "object", "properties": properties}


INTEGER: Schema = {"type": "integer"}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
MAYBE: Schema = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("schema", "given", "read"),
    [
        (of(a=INTEGER), {"a": "3"}, {"a": 3}),
        (of(a=INTEGER), {"a": " -3 "}, {"a": -3}),
        (of(a=INTEGER), {"a": 3.0}, {"a": 3}),
        (of(a={"type": "number"}), {"a": "2.5"}, {"a": 2.5}),
        (of(a={"type": "boolean"}), {"a": "True"}, {"a": True}),
        (of(a={"type": "string"}), {"a": 3}, {"a": "3"}),
        (of(a={"type": "null"}), {"a": "null"}, {"a": None}),
        (of(a=TEXTS), {"a": "x"}, {"a": ["x"]}),
        (of(a=TEXTS), {"a": '["x", "y"]'}, {"a": ["x", "y"]}),
        (of(a=TEXTS), {"a": [1]}, {"a": ["1"]}),
        (of(a=of(b=INTEGER)), {"a": '{"b": "1"}'}, {"a": {"b": 1}}),
        (of(a=MAYBE), {"a": "3"}, {"a": 3}),
        (of(a=MAYBE), {"a": None}, {"a": None}),
        (of(a=INTEGER, b=INTEGER), {"a": 1, "b": None}, {"a": 1}),
        (
            {**of(a={"$ref": "#/$defs/n"}), "$defs": {"n": INTEGER}},
            {"a": "7"},
            {"a": 7},
        ),
        (of(a={"type": ["integer", "null"]}), {"a": "7"}, {"a": 7}),
    ],
)
def test_what_is_plainly_meant_gets_its_type(schema: Schema, given: Json, read: Json) -> None:
    value = coerced(given, schema)
    assert value == read
    assert type(value) is type(read)
    assert problems(value, schema) is None


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (of(a=INTEGER), {"a": "three"}),
        (of(a=INTEGER), {"a": 3.5}),
        (of(a=INTEGER), {"a": True}),
        (of(a={"type": "boolean"}), {"a": "maybe"}),
        (of(a={"type": "boolean"}), {"a": 1}),
        (of(a={"type": "string"}), {"a": True}),
        (of(a={"type": "string"}), {"a": {"b": 1}}),
        (of(a={"enum": ["x", "y"]}), {"a": "z"}),
    ],
)
def test_what_may_be_meant_otherwise_is_left_and_refused(schema: Schema, given: Json) -> None:
    assert coerced(given, schema) == given
    assert problems(given, schema) is not None


def test_what_fits_is_not_touched() -> None:
    given: Json = {"a": "3", "b": None}
    assert coerced(given, of(a={"type": "string"}, b={})) is given


def test_a_problem_says_where_it_is_and_what_is_wanted() -> None:
    schema = of(items={"type": "array", "items": of(n={"type": "integer", "minimum": 3})})
    told = problems({"items": [{"n": 4}, {"n": 1}]}, schema)
    assert told is not None
    assert told.startswith("/items/1/n: 1 is less than the minimum of 3")
    assert '"minimum": 3' in told


def test_a_missing_property_is_shown_with_its_schema() -> None:
    told = problems(
        {}, {**of(path={"type": "string", "description": "a file"}), "required": ["path"]}
    )
    assert told is not None
    assert "'path' is a required property" in told
    assert "a file" in told


def test_of_alternatives_the_nearest_is_spoken_of() -> None:
    one: Schema = {**of(kind={"const": "a"}, n=INTEGER), "required": ["kind", "n"]}
    told = problems({"kind": "a", "n": "x"}, {"anyOf": [one, {"type": "null"}]})
    assert told is not None
    assert told.startswith("/n:")


def test_a_problem_is_short_whatever_was_written() -> None:
    told = problems({f"k{n}": "x" * 9_000 for n in range(50)}, {"additionalProperties": INTEGER})
    assert told is not None
    assert len(told) < 2_500


def laughing(n: int) -> Json:
    return {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}, {"$ref": f"#/$defs/l{n + 1}"}]}


LAUGHS: Schema = {
    "$defs": {**{f"l{n}": laughing(n) for n in range(60)}, "l60": {"type": "object"}},
    "$ref": "#/$defs/l0",
}
BRANCHES: Schema = {
    "$defs": {"t": {"anyOf": [of(a={"$ref": "#/$defs/t"}), of(a={"$ref": "#/$defs/t"})]}},
    "$ref": "#/$defs/t",
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strnig"},
        {"$ref": "#"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/nowhere"},
        {"properties": []},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"pattern": "^(a+)+$"}}},
        {"properties": {"a": {"pattern": "^(a|aa)*$"}}},
        LAUGHS,
    ],
)
def test_a_schema_of_others_can_do_no_harm(schema: Schema) -> None:
    """It is not fetched, does not hang, and refuses nothing that it cannot judge."""
    value: Json = {"a": "a" * 40 + "!"}
    assert problems(coerced(value, schema), schema) is None


def test_alternatives_within_alternatives_do_not_hang() -> None:
    deep: Json = 1
    for _ in range(20):
        deep = {"a": deep}
    problems(coerced(deep, BRANCHES), BRANCHES)


def test_a_simple_pattern_holds() -> None:
    schema = of(a={"type": "string", "pattern": "^[a-z]+$"})
    assert problems({"a": "word"}, schema) is None
    assert problems({"a": "Two words"}, schema) is not None


def tool(schema: Schema, risk: Risk = "read") -> AgentTool:
    return Tools().make("t", parameters=schema, risk=risk)


@pytest.mark.parametrize("text", ["", "  ", "null", "{}"])
def test_no_arguments_are_an_empty_object(text: str) -> None:
    assert read_arguments(text, tool(of())).value == {}


@pytest.mark.parametrize("text", ["[]", "3", '"word"', "true"])
def test_what_is_no_object_is_refused(text: str) -> None:
    read = read_arguments(text, tool(of()))
    assert read.value is None
    assert read.problem


@pytest.mark.parametrize(("risk", "read"), [("read", {"a": "hal"}), ("write", None)])
def test_what_breaks_off_is_closed_for_what_only_looks(risk: Risk, read: Json) -> None:
    assert read_arguments('{"a": "hal', tool(of(a={"type": "string"}), risk)).value == read
