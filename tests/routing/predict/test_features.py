"""The numbers that are read off a prompt."""

import numpy as np
import pytest

from routing.predict.features import FEATURES, read_features


def number(text: str, name: str) -> float:
    return float(read_features(text)[FEATURES.index(name)])


@pytest.mark.parametrize(
    "text", ["", "   ", "?", "\ud800", "日本語のテキスト", "A.\nB.\n", "9" * 9_000]
)
def test_any_text_has_every_number(text: str) -> None:
    found = read_features(text)
    assert found.shape == (len(FEATURES),)
    assert np.isfinite(found).all()


def test_options_are_told_from_the_question() -> None:
    text = "Which planet is red?\nA. Mars\nB. Venus\nC. The third planet"
    assert number(text, "options") == 3
    assert number(text, "ends_asking") == 1
    assert number(text, "opens_asking") == 1
    assert number(text, "option_overlap") == pytest.approx(1 / 5)  # "planet" is asked for
    assert number(text, "option_length") > number("Is it red?\nA. Yes\nB. No", "option_length")


def test_a_word_counts_for_each_of_its_kinds() -> None:
    text = "compute the matrix"
    assert number(text, "math_share") == pytest.approx(2 / 3)
    assert number(text, "program_share") == pytest.approx(1 / 3)


def test_only_the_ends_of_a_long_text_are_read() -> None:
    plain = "word " * 4_000
    marked = plain[:10_000] + "prove 17 " + plain[10_009:]
    assert np.array_equal(read_features(plain), read_features(marked))
