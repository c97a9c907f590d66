"""The learned categories, with the embeddings of some prompts kept in a file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pointsman.records import Category
from pointsman.seams import Embedding
from providers.embedding.minilm import MODEL
from routing.predict.category import CategoryPredictor
from routing.predict.weights import FOLDER, read_weights
from routing.prompt.category import CATEGORIES, rule_probabilities
from routing.prompt.emotion import read_emotion
from routing.prompt.signals import read_signals

KEPT = Path(__file__).parents[2] / "fixtures" / "category_embeddings.npz"
RIGHT: dict[str, Category] = {
    "Explain bubble sort": "coding",  # AT-401
    "Im so frustrated with this!": "empathy",  # AT-402
    "Im so frustrated, my quicksort crashes": "coding",  # AT-402
    "Explain quicksort": "coding",  # AT-403
    "Explain quicksort\nNow explain mergesort": "coding",  # AT-403
    "Explain sorting": "coding",  # AT-404
    "Solve 2x+5=15": "math",  # AT-404
    "Translate to French: the cat sleeps on the sofa": "language",
    "What does the evidence say about statins in people over 75?": "research",
    "Who painted the ceiling of the Sistine Chapel?": "general",
    "My best friend moved away and the days feel empty.": "empathy",
    "Write a haiku about the sea.": "general",
    "Schreibe eine Python-Funktion, die prüft, ob eine Zahl gerade ist.": "coding",
    "I'm so angry, this SQL query still returns duplicates. How do I fix it?": "coding",
    'Is "less people" or "fewer people" right?': "language",
    "A box holds 12 eggs. How many eggs are in 7 boxes?": "math",
}
HARD_FOR_RULES = 'Is "less people" or "fewer people" right?'


def load(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as kept:
        return dict(kept)


@pytest.fixture(scope="module")
def predictor() -> CategoryPredictor:
    return CategoryPredictor(read_weights("category"))


@pytest.fixture(scope="module")
def embeddings() -> dict[str, Embedding]:
    kept = load(KEPT)
    states = kept["states"].astype(np.float32)
    return {
        text: Embedding(MODEL, row[-384:] / np.linalg.norm(row[-384:]), row)
        for text, row in zip(kept["text"].tolist(), states, strict=True)
    }


def predict(
    predictor: CategoryPredictor, text: str, embedding: Embedding | None
) -> Mapping[Category, float]:
    signals = read_signals(text)
    return predictor.predict(signals, read_emotion(signals.text), embedding)


def likeliest(probabilities: Mapping[Category, float]) -> Category:
    return max(probabilities, key=lambda category: probabilities[category])


@pytest.mark.parametrize(("text", "category"), RIGHT.items())
def test_a_prompt_with_its_embedding_is_of_the_right_kind(
    predictor: CategoryPredictor,
    embeddings: dict[str, Embedding],
    text: str,
    category: Category,
) -> None:
    """RT-03, RT-17, SE-09, AT-401..404."""
    found = predict(predictor, text, embeddings[text])
    assert likeliest(found) == category
    assert found[category] > 0.5
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "category"), [row for row in RIGHT.items() if row[0] != HARD_FOR_RULES]
)
def test_a_prompt_without_an_embedding_is_of_the_right_kind(
    predictor: CategoryPredictor, text: str, category: Category
) -> None:
    """RT-17, AT-401..404: words and shapes are enough for a plain prompt."""
    found = predict(predictor, text, None)
    assert likeliest(found) == category
    assert sum(found.values()) == pytest.approx(1)


def test_the_embedding_of_another_model_is_not_looked_at(
    predictor: CategoryPredictor, embeddings: dict[str, Embedding]
) -> None:
    text = HARD_FOR_RULES
    known, alone = embeddings[text], predict(predictor, text, None)
    assert predict(predictor, text, known) != alone
    assert predict(predictor, text, replace(known, model="another")) == alone
    assert predict(predictor, text, replace(known, layers=None)) == alone
    assert predict(predictor, text, replace(known, layers=known.layers)) != alone


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "?" * 10_000, "\U0001f600"])
def test_an_odd_prompt_has_probabilities_too(predictor: CategoryPredictor, text: str) -> None:
    zero = Embedding(MODEL, np.zeros(384, np.float32), np.zeros(4 * 384, np.float32))
    for embedding in (None, zero):
        found = predict(predictor, text, embedding)
        assert list(found) == list(CATEGORIES)
        assert sum(found.values()) == pytest.approx(1)


def test_a_task_keeps_its_kind_whatever_the_mood(predictor: CategoryPredictor) -> None:
    """SE-09, AT-402: a mood decides only where nothing else is asked."""
    moody = "I'm so frustrated and sad, "
    for task, category in (("my python script throws an error", "coding"),
                           ("help me solve 3x + 4 = 10", "math")):  # fmt: skip
        signals = read_signals(moody + task)
        emotion = read_emotion(signals.text)
        assert emotion.intensity > 0
        assert likeliest(rule_probabilities(signals, emotion)) == category
        assert likeliest(predictor.predict(signals, emotion, None)) == category


def test_the_shipped_weights_are_small_and_hold_no_prompts() -> None:
    assert (FOLDER / "category.npz").stat().st_size < 1_500_000
    texts = {
        name for name, array in read_weights("category").items() if array.dtype.kind not in "fi"
    }
    assert texts == {"model"}
