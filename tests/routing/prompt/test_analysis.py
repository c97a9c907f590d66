"""What the router sees in a conversation, with predictions and without."""

import pytest

from pointsman.records import Category
from pointsman.types import ChatRequest, Message, Role, ToolSpec
from routing.prompt.analysis import RULES_ONLY, analyse, bands, gist, measure_complexity
from routing.prompt.signals import read_signals

HARD = (
    "Design a distributed rate limiter. It must survive a partition, should use at most one round "
    "trip, and every node must agree within 100 ms. First compare three algorithms, then prove the "
    "bound of the best one, and finally optimise its memory.\n```python\ndef allow(key): ...\n```"
)


def talk(*turns: str) -> ChatRequest:
    """A conversation whose turns are the user's and the assistant's by turns."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return ChatRequest(messages=tuple(Message(roles[i % 2], turn) for i, turn in enumerate(turns)))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Explain bubble sort", "coding"),  # AT-401
        ("Im so frustrated with this!", "empathy"),  # AT-402
        ("Im so frustrated, my quicksort crashes", "coding"),  # AT-402
        ("Explain quicksort", "coding"),  # AT-403
        ("Now explain mergesort", "coding"),  # AT-403
        ("Explain sorting", "coding"),  # AT-404
        ("Solve 2x+5=15", "math"),  # AT-404
        ("debug this python function", "coding"),
        ("which algorithm is in this code", "coding"),
        ("calculate the derivative and solve the equation", "math"),
        ("analyze and compare this research with that study", "research"),
        ("correct the grammar of this sentence", "language"),
        ("translate this", "language"),
        ("Who wrote the novel Dracula?", "general"),
        ("用Python写一个快速排序函数", "coding"),
        ("Schreibe eine Funktion in Java, die eine Liste umdreht", "coding"),
        ("Resuelve: 3x - 7 = 11", "math"),
    ],
)
def test_rules_alone_tell_the_kind_of_a_plain_prompt(text: str, category: Category) -> None:
    """RT-17, AT-401..404."""
    analysis = analyse(talk(text))
    assert analysis.category == category
    assert analysis.category_confidence == max(analysis.probabilities.values())
    assert sum(analysis.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert RULES_ONLY in analysis.notes


def test_predicted_probabilities_decide_the_category() -> None:
    told: dict[Category, float] = {"math": 0.7, "coding": 0.3}
    analysis = analyse(talk("Explain bubble sort"), categories=told, strength=(0.3, 0.9))
    assert (analysis.category, analysis.category_confidence) == ("math", 0.7)
    assert analysis.p_strong == 0.3
    assert analysis.notes == ()
    without = analyse(talk("hi"), categories=told, strength=(0.3, 0.9), embedded=False)
    assert without.notes == (RULES_ONLY,)


def test_the_callers_own_word_for_the_category_is_final() -> None:
    analysis = analyse(talk("Explain bubble sort"), "language", categories={"coding": 1.0})
    assert (analysis.category, analysis.category_confidence) == ("language", 1.0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Schreibe mir ein Gedicht über den Herbst und die Blätter", "German"),
        ("¿Cuál es la capital de Perú?", "Spanish"),
        ("秘鲁的首都是哪里", "Chinese"),
    ],
)
def test_another_language_is_less_certain_and_said_so(text: str, name: str) -> None:
    told: dict[Category, float] = {"general": 0.9, "coding": 0.1}
    analysis = analyse(talk(text), categories=told, strength=(0.2, 0.9))
    assert analysis.category == "general"
    assert 0.6 < analysis.category_confidence < 0.9
    assert analysis.emotion.label == "unknown"
    assert any(name in note for note in analysis.notes)


@pytest.mark.parametrize(
    ("turns", "seen"),
    [
        (("Write a sort in Go", "...", "and in reverse"), "Write a sort in Go\nand in reverse"),
        (("Write a sort in Go", "...", "continue"), "Write a sort in Go\ncontinue"),
        (("Write a sort in Go", "...", "yes"), "Write a sort in Go\nyes"),
        (("Write a sort in Go", "...", "Why does it need so much memory?"),
         "Write a sort in Go\nWhy does it need so much memory?"),
        (("Write a sort", ".", "now in Go", ".", "shorter"), "Write a sort\nnow in Go\nshorter"),
        (("Write a sort in Go", "...", "Who won the world cup in 1998?"),
         "Who won the world cup in 1998?"),
        (("Write a sort in Go", "...", "Im so frustrated with this!"),
         "Im so frustrated with this!"),
        (("Explain sorting", "...", "Solve 2x+5=15"), "Solve 2x+5=15"),
        (("Hello", "...", "Correct this: he go home"), "Correct this: he go home"),
        (("continue",), "continue"),
    ],
)  # fmt: skip
def test_the_gist_is_the_last_message_and_what_it_leans_on(
    turns: tuple[str, ...], seen: str
) -> None:
    """RT-02: a conversation is analysed, not just its last line."""
    assert gist(talk(*turns).messages) == seen


def test_the_gist_of_a_long_conversation_is_bounded() -> None:
    turns = ["and more " + "x" * 5_000 if i % 2 == 0 else "..." for i in range(41)]
    assert len(gist(talk(*turns[:-1], "continue", "...", "yes").messages)) < 6_000
    assert len(gist(talk("word " * 50_000).messages)) < 7_000


def test_the_gist_without_a_user_is_what_was_said_last() -> None:
    assert gist((Message("system", "Be kind."),)) == "Be kind."
    assert gist(()) == ""


@pytest.mark.parametrize(
    ("turns", "category"),
    [
        (("Write a python function that sorts a list", "...", "and now in reverse"), "coding"),
        (("Solve x^2 = 9", "x = 3", "what about the other one?"), "math"),
        (("Translate to French: good night", "bonne nuit", "and to Spanish?"), "language"),
        (("Explain quicksort", "...", "Now explain mergesort"), "coding"),
        (("Explain sorting", "...", "Solve 2x+5=15"), "math"),
    ],
)
def test_a_follow_up_is_about_what_the_talk_was_about(
    turns: tuple[str, ...], category: Category
) -> None:
    """RT-02, AT-403, AT-404."""
    assert analyse(talk(*turns)).category == category


def test_a_harder_prompt_has_a_higher_complexity_and_both_views_agree() -> None:
    """RT-02, RT-08, AT-001."""
    easy, hard = analyse(talk("Hi")), analyse(talk(HARD))
    assert (easy.band4, easy.band3) == ("simple", "low")
    assert (hard.band4, hard.band3) in (("complex", "high"), ("expert", "high"))


@pytest.mark.parametrize(
    ("score", "four", "three"),
    [(0.1, "simple", "low"), (0.3, "medium", "medium"), (0.6, "complex", "high"),
     (0.8, "expert", "high"), (1.0, "expert", "high")],
)  # fmt: skip
def test_the_bands_are_two_views_of_one_score(score: float, four: str, three: str) -> None:
    """RT-02, RT-08."""
    assert bands(score) == (four, three)


def test_complexity_grows_with_p_strong_as_far_as_it_is_supported() -> None:
    signals = read_signals("Explain how a B-tree differs from a hash index.")
    by_p = [
        measure_complexity(signals, "coding", strength=(p, 0.8)) for p in (0, 0.1, 0.3, 0.6, 1.0)
    ]
    assert by_p == sorted(by_p)
    assert by_p[0] < by_p[-1]
    alone = measure_complexity(signals, "coding")
    assert measure_complexity(signals, "coding", strength=(1.0, 0.0)) == alone
    assert alone < measure_complexity(signals, "coding", strength=(1.0, 0.3)) < by_p[-1]


def test_tools_count_in_tokens_and_in_complexity() -> None:
    bare = talk("Book a table for two")
    tool = ToolSpec(name="book", description="Books a table.", parameters={"type": "object"})
    armed = ChatRequest(messages=bare.messages, tools=(tool,))
    assert analyse(armed).input_tokens > analyse(bare).input_tokens
    assert analyse(armed).complexity > analyse(bare).complexity


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "?", "a", "\x00\x01", "\U0001f600" * 50, "\ud800", "((((((((", "x" * 200_000,
     "if " * 50_000, "$" * 30_000, "how many " * 20_000, '"' * 10_000, "a_" * 20_000,
     "{" * 20_000, "\\frac" * 10_000, "1 + " * 30_000, "my dog " * 20_000],
)  # fmt: skip
def test_an_odd_prompt_is_analysed_like_any_other(text: str) -> None:
    analysis = analyse(talk(text))
    assert sum(analysis.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert 0 <= analysis.complexity <= 1
    assert 0 <= analysis.p_strong <= 1
    assert 0 <= analysis.emotion.intensity <= 1


@pytest.mark.parametrize(
    "text", ["def f(x):\n    return x * 2\n", "SELECT name FROM staff;", "git push --force"]
)
def test_a_prompt_of_nothing_but_code_is_coding(text: str) -> None:
    assert analyse(talk(text)).category == "coding"


def test_a_mood_and_an_answer_that_ages_are_noted() -> None:
    """RT-03, SE-08, SE-09."""
    sad = analyse(talk("I feel so lonely since I moved here."))
    assert (sad.category, sad.emotion.label) == ("empathy", "sad")
    assert analyse(talk("What is the weather like in Oslo today?")).time_sensitive
    assert "creative" in analyse(talk("Write a poem about rain")).tags
