"""What a grammar lets through for one request: what it speaks of must be there."""

from typing import Any

import pytest

from pointsman.types import ToolSpec
from providers.functions.describe import Function, functions
from providers.functions.narrow import narrowed

STATS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "since": {"type": "string", "default": "7d"},
        "group_by": {"type": "array", "items": {"enum": ["day", "model"], "type": "string"}},
        "top": {"type": "integer"},
        "all_users": {"type": "boolean"},
    },
}


def tool(schema: dict[str, Any]) -> Function:
    (found,) = functions([ToolSpec(name="tool", description="", parameters=schema)])
    return found


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Show the costs", []),
        ("Costs of the last 30d", ["since"]),
        ("Costs by model", ["group_by"]),
        ("Costs for 30 days and more", ["top"]),
        ("What my model calls cost", []),
        ("The top 5 costs", ["top"]),
        ("Costs of all users", ["all_users"]),
    ],
)
def test_an_optional_argument_is_demanded_where_the_request_speaks_of_it(
    text: str, spoken: list[str]
) -> None:
    assert narrowed(tool(STATS), text, [])["required"] == spoken


def test_only_the_values_of_the_request_can_be_chosen() -> None:
    found = narrowed(tool(STATS), "The top 5 costs by model of the last 30d", [5, 30])
    assert found["properties"]["group_by"] == {"const": ["model"]}
    assert found["properties"]["since"]["enum"] == ["30d"]
    assert found["properties"]["top"]["enum"] == [5, 30]


PARK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "wishes": {"type": "array", "items": {"enum": ["pond", "dog_run", "cafe"]}},
        "mode": {"type": "string", "description": "Either 'quick' or 'thorough'. Default 'quick'."},
    },
    "required": ["city"],
}


def test_all_choices_of_a_list_that_the_request_has_are_given() -> None:
    text = "A park in Oslo with a dog run, ponds and benches"
    assert narrowed(tool(PARK), text, [])["properties"]["wishes"] == {"const": ["dog_run", "pond"]}
    both = narrowed(tool(PARK), text, [], several=True)["properties"]["wishes"]
    assert both["items"]["enum"] == ["pond", "dog_run"]


def test_a_value_that_a_description_quotes_is_given_where_the_request_has_it() -> None:
    found = narrowed(tool(PARK), "A thorough search for parks in Oslo", [])
    assert found["properties"]["mode"]["enum"] == ["thorough"]
    assert "mode" in found["required"]
    assert "mode" not in narrowed(tool(PARK), "Search for parks in Oslo", [])["required"]


def test_what_cannot_be_meant_is_not_offered() -> None:
    assert narrowed(tool(STATS), "Show the costs", [])["properties"].keys() == {
        "since",
        "group_by",
    }


def test_a_question_of_units_is_a_conversion() -> None:
    schema = {"type": "object", "properties": {"expression": {"type": "string"}}}
    found = narrowed(tool(schema), "How many feet are in 12 yards?", [12])["properties"]
    assert found["expression"]["enum"] == ["12 yards in feet"]
    figures = narrowed(tool(schema), "How many is 3 * 4?", [3, 4])["properties"]
    assert "pattern" in figures["expression"]


def test_a_number_is_for_the_options_that_are_named() -> None:
    whole = {"type": "integer"}
    schema = {
        "type": "object",
        "properties": {"path": {"type": "string"}, "lines": whole, "start_line": whole}
        | {"start_byte": whole},
        "required": ["path"],
    }
    found = narrowed(tool(schema), "20 lines of a.txt from line 100", [20, 100])["properties"]
    assert found.keys() == {"path", "lines", "start_line"}


def test_a_year_is_a_year_and_a_list_ends() -> None:
    schema = {
        "type": "object",
        "properties": {
            "start_year": {"type": "integer"},
            "amounts": {"type": "array", "items": {"type": "number"}},
        },
        "required": ["start_year", "amounts"],
    }
    found = narrowed(tool(schema), "From 1998: 3, 4.5", [1998, 3, 4.5])["properties"]
    assert found["start_year"]["enum"] == [1998]
    assert found["amounts"]["items"]["enum"] == [3, 4.5, 1998]
    assert found["amounts"]["maxItems"] < 100
