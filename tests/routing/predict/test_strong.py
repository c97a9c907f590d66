"""What the shipped predictor of the needed strength says."""

import numpy as np
import pytest

from pointsman.seams import Embedding
from routing.predict.strong import StrongPredictor
from routing.predict.weights import FOLDER, read_weights

MODEL = "all-minilm-l6-v2-int8"
EASY = "Which of these is a mammal?\nA. Dog\nB. Trout\nC. Eagle\nD. Frog\nAnswer:"
HARD = (
    "Statement 1 | Every subgroup of a solvable group is solvable. Statement 2 | If H is a normal"
    " subgroup of G and both H and G/H are solvable, then G is solvable. Which of the statements"
    " hold for finite and for infinite groups?\nA. True, True\nB. False, False\nC. True, False\n"
    "D. False, True\nAnswer:"
)


@pytest.fixture(scope="module")
def predictor() -> StrongPredictor:
    return StrongPredictor(read_weights("strong"))


def embedding(seed: int, model: str = MODEL) -> Embedding:
    """Somewhere at random; no text lies there."""
    states = np.random.default_rng(seed).normal(size=4 * 384).astype(np.float32)
    last = states[-384:]
    return Embedding(model, last / np.linalg.norm(last), states)


def test_the_same_text_gets_the_same_answer(predictor: StrongPredictor) -> None:
    again = StrongPredictor(read_weights("strong"))
    for place in (None, embedding(1)):
        assert predictor.predict(HARD, place) == again.predict(HARD, place)


@pytest.mark.parametrize("place", [None, embedding(2)])
@pytest.mark.parametrize("text", ["", "hi", EASY, HARD, "x " * 5_000, "\ud800", "7" * 3_000])
def test_every_answer_is_a_probability(
    predictor: StrongPredictor, text: str, place: Embedding | None
) -> None:
    found = predictor.predict(text, place)
    assert 0 < found.p < 1
    assert 0 <= found.support <= 1


def test_an_embedding_of_another_model_is_not_used(predictor: StrongPredictor) -> None:
    alone = predictor.predict(HARD, None)
    assert predictor.predict(HARD, embedding(3, model="another")) == alone
    layerless = Embedding(MODEL, embedding(3).vector, None)
    assert predictor.predict(HARD, layerless) == alone
    assert predictor.predict(HARD, embedding(3)) != alone


def test_a_place_that_nothing_was_trained_near_has_no_support(predictor: StrongPredictor) -> None:
    assert predictor.predict(EASY, embedding(4)).support < 0.1


def test_without_support_the_answer_is_nearer_the_prior(predictor: StrongPredictor) -> None:
    far = [predictor.predict(text, embedding(5)).p for text in (EASY, HARD)]
    near = [predictor.predict(text, None).p for text in (EASY, HARD)]
    assert abs(far[1] - far[0]) < abs(near[1] - near[0])


def test_a_harder_question_of_a_known_kind_needs_more_strength(
    predictor: StrongPredictor,
) -> None:
    easy, hard = predictor.predict(EASY, None), predictor.predict(HARD, None)
    assert hard.p > easy.p
    assert hard.gain > easy.gain


def test_the_trained_parts_are_small_and_hold_no_text() -> None:
    assert (FOLDER / "strong.npz").stat().st_size < 6_000_000
    arrays = read_weights("strong")
    words = {name for name in arrays if arrays[name].dtype.kind in "US"}
    assert words == {"model"}
