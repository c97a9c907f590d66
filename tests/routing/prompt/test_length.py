"""How long an answer is expected to be."""

import pytest

from routing.prompt.length import likely_output

SUM = "Ann has 3 apples and buys 4 more. How many apples has she?"


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        ("Which is prime?\nA. 4\nB. 7\nC. 9\nD. 12\nAnswer:", SUM),
        ("Is 7 prime? Answer yes or no.", "Is 7 prime? Why?"),
        (SUM, "Write an essay on the history of arithmetic."),
        ("Describe Rome in 50 words.", "Describe Rome in 400 words."),
        ("Write 3 sentences about Rome.", "Write 4 paragraphs about Rome."),
    ],
)
def test_what_asks_for_less_is_expected_to_get_less(shorter: str, longer: str) -> None:
    assert likely_output(shorter, "general") < likely_output(longer, "general")


def test_a_correction_is_as_long_as_what_is_corrected() -> None:
    text = "Correct this text: " + "their going too the libary " * 200
    assert likely_output(text, "language") == pytest.approx(len(text) / 4, rel=0.01)


def test_a_huge_number_of_words_is_not_believed() -> None:
    assert likely_output("Write 99999 words about Rome.", "general") == 4_000
