"""The feedback and learning tools: what they take, and what a model reads of them."""

import json

import pytest

from pointsman.errors import InvalidInput
from pointsman.records import Category, Principal
from tools.describe import arguments_from, input_schema, output_schema
from tools.feedback import FeedbackArguments, Rated, feedback_tool
from tools.learning import Known, Learned, learning_tool
from tools.tool import Caller

ANN = Caller(Principal(id="ann"))


class Book:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    async def rate(
        self, principal: str, decision_id: str, rating: float, comment: str | None
    ) -> Rated:
        self.told.append((principal, decision_id, rating, comment))
        return Rated(model="a/m", category="coding", band="low", ratings=1, learned=-0.08125)

    async def show(self, principal: str, model: str | None, category: Category | None) -> Learned:
        known = Known(
            model="a/m",
            category="coding",
            band="low",
            learned=-0.1,
            notes=("feedback -0.100 from 2 ratings",),
        )
        return Learned(rows=(known,), satisfaction=0.5, rated=2, unrated=0)

    async def reset(self, principal: str, model: str | None, category: Category | None) -> int:
        self.told.append((principal, model, category))
        return 2


async def test_a_rating_is_kept_for_its_caller_and_its_effect_is_told() -> None:
    book = Book()
    tool = feedback_tool(book.rate)
    given = arguments_from("feedback", tool.arguments, {"decision_id": "d", "rating": "-1"})
    result = await tool.run(given, ANN)
    assert book.told == [("ann", "d", -1.0, None)]
    assert result.model_dump()["recorded"] is True
    assert tool.read(result) == (
        "Recorded. For coding prompts a/m now has -0.081 learned, from 1 rating."
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"decision_id": "d"},
        {"rating": 1},
        {"decision_id": "d", "rating": 1.01},
        {"decision_id": "d", "rating": -2},
        {"decision_id": "d", "rating": "good"},
        {"decision_id": "d", "rating": float("nan")},
        {"decision_id": "d" * 65, "rating": 1},
        {"decision_id": "d", "rating": 1, "comment": "x" * 2001},
        {"decision_id": "d", "rating": 1, "principal": "bob"},
    ],
)
def test_what_is_no_rating_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        arguments_from("feedback", FeedbackArguments, arguments)


async def test_what_was_learned_is_shown_and_forgotten_for_the_caller_only() -> None:
    book = Book()
    tool = learning_tool(book)
    shown = await tool.run(arguments_from("learning", tool.arguments, {}), ANN)
    assert tool.read(shown).splitlines() == [
        "coding/low a/m: -0.100 (feedback -0.100 from 2 ratings)",
        "50% of 2 answers in 30 days pleased (2 of them rated).",
    ]
    asked = {"action": "reset", "category": "coding"}
    forgotten = await tool.run(arguments_from("learning", tool.arguments, asked), ANN)
    assert forgotten.model_dump()["forgotten"] == 2
    assert tool.read(forgotten).startswith("Forgotten; 2 ratings")
    assert book.told == [("ann", None, "coding")]


def test_the_schema_of_feedback_is_small() -> None:
    tool = feedback_tool(Book().rate)
    size = len(json.dumps([input_schema(tool), output_schema(tool), tool.description]))
    assert size < 900
