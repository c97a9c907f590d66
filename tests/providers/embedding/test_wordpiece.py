"""The tokens are those that the model was trained on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.embedding.wordpiece import load_wordpiece

WORDS = load_wordpiece()


@pytest.mark.parametrize(
    ("text", "ids"),
    [  # as the reference tokenizer of the model gives them
        ("Explain bubble sort", [101, 4863, 11957, 4066, 102]),
        ("Größe über façade naïve", [101, 24665, 2080, 17499, 19169, 8508, 15743, 102]),
        ("日本語 text", [101, 1864, 1876, 1950, 3793, 102]),
        (
            "don't stop: it's $5.00!",
            [101, 2123, 1005, 1056, 2644, 1024, 2009, 1005, 1055, 1002, 1019, 1012, 4002, 999, 102],
        ),
        ("unaffable embeddings", [101, 14477, 20961, 3468, 7861, 8270, 4667, 2015, 102]),
        ("a\tb\nc\x00d", [101, 1037, 1038, 3729, 102]),
        (
            "Привет мир",
            [101, 1194, 16856, 10325, 25529, 15290, 22919, 1191, 10325, 16856, 102],
        ),
        ("", [101, 102]),
        ("a" * 101, [101, 100, 102]),
    ],
)
def test_a_text_has_the_tokens_of_the_reference(text: str, ids: list[int]) -> None:
    assert WORDS.ids(text, 64) == ids


@given(st.text(max_size=400), st.integers(16, 128))
def test_there_are_never_more_tokens_than_asked_for(text: str, most: int) -> None:
    ids = WORDS.ids(text, most)
    assert 2 <= len(ids) <= most
    assert (ids[0], ids[-1]) == (101, 102)


def test_of_a_long_text_its_beginning_and_its_end_are_seen() -> None:
    long = " ".join(["explain"] + ["sort"] * 100_000 + ["bubble"])
    ids = WORDS.ids(long, 64)
    assert len(ids) == 64
    assert ids[1] == 4863
    assert ids[-2] == 11957


def test_no_word_is_remembered_that_is_too_long_to_be_known() -> None:
    words = load_wordpiece()
    for last in range(20):
        words.ids("a" * 5_000 + str(last), 64)
    assert words.pieces.cache_info().currsize == 1
