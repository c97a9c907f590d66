"""The schema that a caller gives for the answer: it is applied, or refused before anything runs."""

import pytest

from agent.checking import problems
from pointsman.errors import InvalidInput
from pointsman.types import Json
from tests.agent.loop.bench import Bench, ScriptedModel, says

Schema = dict[str, Json]
TEXT: Schema = {"type": "string"}


def of(**properties: Json) -> Schema:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "banana"}, "/type"),
        (of(a={"type": "banana"}), "/properties/a/type"),
        ({"required": 5}, "/required"),
        (of(a={"pattern": "("}), "/properties/a/pattern"),
        ({"$ref": "#/nowhere"}, "/$ref"),
        (of(a={"$ref": "http://127.0.0.1:9/schema.json"}), "/properties/a/$ref"),
        (of(a={"items": {"$ref": "http://[x"}}), "/properties/a/items/$ref"),
        ({"x": {"type": "banana"}, **of(a={"$ref": "#/x"})}, "/properties/a/$ref"),
        ({"$id": "http://[x"}, "$id"),
        ({"$ref": "#"}, "without end"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}}, "without end"),
    ],
)
async def test_a_schema_that_cannot_be_applied_is_refused_before_the_run_begins(
    schema: Schema, place: str
) -> None:
    bench = Bench(ScriptedModel())
    with pytest.raises(InvalidInput) as refused:
        await bench.run(output_schema=schema)
    assert place in refused.value.message
    assert not bench.book.runs


@pytest.mark.parametrize(
    "schema",
    [
        {},
        of(b={"const": {"$ref": "#/no/reference"}}),
        {**of(**{"$ref": TEXT}), "examples": [{"$ref": "#/nor/here"}]},
        {"$defs": {"a": {"$anchor": "here"}}, "$ref": "#here"},
        {"$defs": {"t": {"anyOf": [TEXT, of(t={"$ref": "#/$defs/t"})]}}, "$ref": "#/$defs/t"},
        {"$id": "http://h/x", "$ref": "y", "$defs": {"a": {"$id": "y", "$defs": {"b": TEXT}}}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"text": TEXT},
            **of(a={"$ref": "#/definitions/text"}),
        },
    ],
)
async def test_a_schema_that_can_be_applied_is_taken(schema: Schema) -> None:
    result = await Bench(ScriptedModel(says('{"a": "x"}'))).run(output_schema=schema)
    assert result.status == "completed"
    assert result.notes == ()


async def test_what_is_not_applied_of_it_is_said() -> None:
    schema: Schema = {**of(a={**TEXT, "pattern": "^(a+)+$"}), "patternProperties": {"^x": {}}}
    result = await Bench(ScriptedModel(says('{"a": "x"}'))).run(output_schema=schema)
    assert result.status == "completed"
    (note,) = result.notes
    assert "/properties/a" in note
    assert "patternProperties" in note


def test_names_are_not_matched_with_patterns_that_take_for_ever() -> None:
    schema: Schema = {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}
    assert problems({"a" * 40 + "!": 1}, schema) is None
