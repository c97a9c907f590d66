"""The normal form of a prompt: what it takes away, and what it must leave."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cache.semantic.normal import normal_form

EQUAL = [
    ("What is a monad?", "what is a monad"),
    ("Please explain recursion.", "Explain  recursion"),
    ("Hi! What is DNA?", "What is DNA? Thanks!"),
    ("Could you tell me: what is a fjord?", "What is a fjord"),
    ("hey there, could you please explain tides, thank you so much!", "Explain tides"),
    ("I'd like to know how to swim", "How to swim?"),
    ("what\u2019s up", "What's up?"),
    ("Full\uff0dwidth \uff21\uff22\uff23", "full-width abc"),
    ("Tell me: who was Nero?", "who was Nero"),
    ("What IS an API", "what is an API"),
    ("How do I use AI?", "how do I use ai?"),
    ("how do i swim", "How do I swim?"),
    ("WHAT DOES DNA DO?", "what does dna do"),
]
DIFFERENT = [
    ("What is 5!", "What is 5?"),
    ("How do you say please in French?", "How do you say thanks in French?"),
    ("How do I say thank you?", "How do I say please?"),
    ("Is it me?", "Is IT me?"),
    ("What did the US do?", "What did the us do?"),
    ("Print 'A  B'", "Print 'A B'"),
    ('Say "Hi"', 'Say "hi"'),
    ("Explain getUser", "Explain getuser"),
    ("What is x\u00b2?", "What is x2?"),
    ("Compute -5", "Compute 5"),
    ("if x:\n    y()\nz()", "if x:\n    y()\n    z()"),
    ("Can you swim?", "Swim"),
    ("a < b", "a > b"),
    ("What is 10 MB", "What is 10 Mb"),
    ("Run ls -l", "Run ls -L"),
    ("Match \\d", "Match \\D"),
    ("Match [a-z]", "Match [A-Z]"),
    ("In vim, what is d?", "In vim, what is D?"),
    ("Who is May?", "Who is may?"),
    ("Explain BERT", "Explain Bert"),
    ("What is CO?", "What is Co?"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_courtesies_and_form_are_taken_away(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_has_a_meaning_stays(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize("text", ["Hello!", "thanks", "please", "?!", "Thank you, please."])
def test_a_text_of_nothing_but_courtesies_keeps_them(text: str) -> None:
    assert normal_form(text)


PARTS = st.sampled_from(
    ["please", "hi", "thanks", "!", "?", ".", ",", " ", "  ", "\n", "Can you", "tell me", "What",
     "US", '"', "'", "`", "x", "5", "\u00bd", "\ufb01", "\u2019", "\u200b", "\u0301", ":"]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@example('"\n"A"')
@example("HI!HI!")
@given(st.one_of(st.text(max_size=80), st.lists(PARTS, max_size=14).map("".join),
                 st.lists(PARTS, max_size=14).map(" ".join)))  # fmt: skip
def test_a_normal_form_is_its_own(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once


@pytest.mark.parametrize("part", ["hi, ", "thanks ", "?", "please ", "'", "`", "\ud800", "🙂 "])
def test_a_very_long_text_is_no_trouble(part: str) -> None:
    assert normal_form(part * 25_000)
