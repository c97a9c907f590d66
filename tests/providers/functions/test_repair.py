"""What is made of a model's arguments before a tool sees them."""

from typing import Any

import pytest

from pointsman.types import ToolSpec
from providers.functions.describe import Function, functions
from providers.functions.repair import grounded, repaired

NUMBER, WHOLE, TEXT = {"type": "number"}, {"type": "integer"}, {"type": "string"}


def taking(required: dict[str, Any], **optional: Any) -> Function:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }
    (found,) = functions([ToolSpec(name="tool", description="A tool.", parameters=schema)])
    return found


@pytest.mark.parametrize(
    ("schema", "given", "text", "found"),
    [
        (WHOLE, "7", "take 7", 7),
        (WHOLE, 7.0, "take 7", 7),
        (TEXT, 7, "take 7", "7"),
        (NUMBER, 5, "at 5% a year", 0.05),
        (WHOLE, 5, "at 5% a year", 5),
        ({"type": "array", "items": NUMBER}, [40, 60], "at 40% and 60%", [0.4, 0.6]),
        (NUMBER | {"description": "as a percentage"}, 5, "at 5%", 5),
        ({"type": "boolean"}, "yes", "", True),
        ({"enum": ["compare", "debate"]}, "debating", "", "debate"),
        (TEXT, "new york", "in New  York today", "New  York"),
        ({"type": "array", "items": WHOLE}, "[1, 2]", "1 and 2", [1, 2]),
        ({"type": "array", "items": TEXT}, "a", "a", ["a"]),
    ],
)
def test_a_value_is_brought_to_its_type_and_to_the_words_of_the_request(
    schema: dict[str, Any], given: Any, text: str, found: Any
) -> None:
    assert repaired({"it": given}, taking({"it": schema}), text) == {"it": found}


@pytest.mark.parametrize("name", ["path", "url"])
def test_a_path_or_an_address_is_one_of_those_in_the_request(name: str) -> None:
    text = "Look at src/main.py and at https://example.org/x, please."
    found = repaired({name: "main"}, taking({name: TEXT}), text)[name]
    assert found == {"path": "src/main.py", "url": "https://example.org/x"}[name]


def test_optional_arguments_need_support_in_the_request() -> None:
    tool = taking({"path": TEXT}, lines=WHOLE, start_line=WHOLE, hidden={"type": "boolean"})
    given = {"path": "a.txt", "lines": 20, "start_line": 3, "hidden": True}
    assert repaired(given, tool, "Show the first 20 lines of a.txt") == {
        "path": "a.txt",
        "lines": 20,
    }


def test_a_number_that_is_said_once_fills_one_optional_argument() -> None:
    tool = taking({"path": TEXT}, lines=WHOLE, start_line=WHOLE)
    given = {"path": "a.txt", "lines": 20, "start_line": 20}
    assert "start_line" not in repaired(given, tool, "Show the first 20 lines of a.txt")


def test_unknown_arguments_go_and_misspelt_names_are_mended() -> None:
    assert repaired({"PATH": "a.txt", "x": 1}, taking({"path": TEXT}), "a.txt") == {"path": "a.txt"}


def test_a_number_taken_twice_gives_way_to_the_order_of_the_request() -> None:
    tool = taking({"speed": WHOLE, "acceleration": WHOLE, "time": WHOLE})
    given = {"speed": 20, "acceleration": 20, "time": 20}
    text = "A car at 20 m/s accelerates at 10 m/s^2 for 5 seconds."
    assert repaired(given, tool, text) == {"speed": 20, "acceleration": 10, "time": 5}


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ({"a": 3, "b": 4}, 1.0),
        ({"a": 3, "b": 9}, 0.5),
        ({"a": 3, "b": 3}, 0.5),
        ({"a": 8, "b": 9}, 0.0),
    ],
)
def test_how_much_of_a_call_comes_from_the_request(given: dict[str, Any], share: float) -> None:
    assert grounded(given, taking({"a": WHOLE, "b": WHOLE}), "sides 3 and 4") == share


def test_a_text_to_be_passed_on_is_taken_whole_from_the_request_and_not_out_of_results() -> None:
    request = "Write to a.txt: two words"
    whole = repaired({"content": "two"}, taking({"content": TEXT}), request)
    assert whole == {"content": "two words"}
    source = "Write the product to total.txt.\n[boxes.txt: lines 1-1 of 1]\n128\n3072"
    asked = "Write the product to total.txt."
    given = repaired({"content": "3072"}, taking({"content": TEXT}), source, request=asked)
    assert given == {"content": "3072"}


def test_code_is_taken_with_the_calls_round_it() -> None:
    text = "What does print(sum([1, 2])) give when it is run?"
    assert repaired({"code": "[1, 2]"}, taking({"code": TEXT}), text) == {
        "code": "print(sum([1, 2]))"
    }


def test_an_optional_text_stands_in_the_request_as_it_is() -> None:
    tool = taking({"work": TEXT}, platform=TEXT, since=TEXT)
    text = "The price of 'Dawn' on all auction platforms since 3 May 2021"
    given = {"work": "Dawn", "platform": "All Auctions", "since": "3 may 2021"}
    assert repaired(given, tool, text) == {"work": "Dawn", "since": "3 May 2021"}


@pytest.mark.parametrize(
    ("one", "other", "text", "given", "found"),
    [
        ("db", "table", "Drop it from my staff db, table pay.", ("pay", "staff"), ("staff", "pay")),
        ("origin", "destination", "From Oslo to Rome", ("Rome", "Oslo"), ("Oslo", "Rome")),
        ("origin", "destination", "From Oslo to Rome", ("Oslo", "Rome"), ("Oslo", "Rome")),
        ("base", "target", "USD to AUD, please", ("USD", "AUD"), ("USD", "AUD")),
        ("hotel", "city", "The Hilton hotel in Paris", ("Hilton", "Paris"), ("Hilton", "Paris")),
    ],
)
def test_two_texts_stand_where_the_request_names_them(
    one: str, other: str, text: str, given: tuple[str, str], found: tuple[str, str]
) -> None:
    tool = taking({one: TEXT, other: TEXT})
    made = repaired(dict(zip((one, other), given, strict=True)), tool, text)
    assert (made[one], made[other]) == found


@pytest.mark.parametrize(
    ("name", "given", "text", "found"),
    [
        ("cuisine", "Thai cuisine", "Find Thai cuisine near me", "Thai"),
        ("park", "Yellowstone National Park", "See Yellowstone National Park", None),
        ("genre", "classic", "A classical concert", "classical"),
    ],
)
def test_a_text_is_the_words_of_the_request_without_the_name_of_its_parameter(
    name: str, given: str, text: str, found: str | None
) -> None:
    assert repaired({name: given}, taking({name: TEXT}), text) == {name: found or given}
