"""A prompt is read once, and what could not be used is said."""

import numpy as np

from pointsman.records import Call
from pointsman.seams import Embedding
from pointsman.types import ChatRequest, Message
from providers.embedding.local import LocalEmbedder
from routing.prompt.analysis import RULES_ONLY, UNLIKE_TRAINING
from routing.prompt.analyst import Analyst
from server.learned import read_predictors
from tests.conftest import MODELS

STRONG, CATEGORY = read_predictors()
EXAM = (
    "Find the degree for the given field extension Q(sqrt(2), sqrt(3)) over Q.\n"
    "A. 0\nB. 4\nC. 2\nD. 6\nAnswer:"
)


def ask(*texts: str) -> Call:
    roles = ["user", "assistant"] * len(texts)
    messages = (
        Message("assistant" if role == "assistant" else "user", text)
        for role, text in zip(roles, texts, strict=False)
    )
    return Call(request=ChatRequest(messages=tuple(messages)))


async def loaded() -> Analyst:
    embedder = LocalEmbedder(MODELS)
    await embedder.load()
    assert embedder.problem is None
    return Analyst(embedder=embedder, strong=STRONG, category=CATEGORY)


async def test_with_an_embedding_nothing_needs_to_be_said_of_an_exam_question() -> None:
    analyst = await loaded()
    understood = await analyst.understand(ask(EXAM))
    assert understood.analysis.notes == ()
    assert understood.analysis.category == "math"
    assert understood.analysis.support > 0.5
    again = await analyst.understand(ask(EXAM))
    assert again.analysis == understood.analysis


async def test_without_an_embedding_it_reads_features_and_says_so() -> None:
    analyst = Analyst(strong=STRONG, category=CATEGORY)
    understood = await analyst.understand(ask(EXAM))
    assert understood.embedding is None
    assert RULES_ONLY in understood.analysis.notes
    assert 0 < understood.analysis.p_strong < 1


async def test_an_embedding_of_another_model_is_kept_but_not_read() -> None:
    class Other:
        model = "other"

        async def embed(self, text: str) -> Embedding | None:
            return Embedding("other", np.full(8, 8**-0.5, dtype=np.float32))

    analyst = Analyst(embedder=Other(), strong=STRONG, category=CATEGORY)
    understood = await analyst.understand(ask(EXAM))
    plain = await Analyst(strong=STRONG, category=CATEGORY).understand(ask(EXAM))
    assert understood.embedding is not None
    assert understood.analysis.p_strong == plain.analysis.p_strong
    assert RULES_ONLY in understood.analysis.notes


async def test_a_greeting_is_unlike_what_was_learned_from() -> None:
    understood = await (await loaded()).understand(ask("hi there"))
    assert UNLIKE_TRAINING in understood.analysis.notes
    assert understood.analysis.p_strong < 0.15


async def test_a_harder_question_has_a_higher_p_strong() -> None:
    analyst = await loaded()
    hard = "Prove that every compact Hausdorff space is normal, and generalise to paracompactness."
    one, other = [(await analyst.understand(ask(t))).analysis for t in ("Say hello.", hard)]
    assert one.p_strong < other.p_strong


async def test_a_follow_up_is_read_with_what_it_follows() -> None:
    """RT-12: the conversation is analysed, not just its last line."""
    analyst = await loaded()
    talk = ask("Write a Python function that parses ISO dates", "def parse(...)", "and now in Rust")
    assert (await analyst.understand(talk)).analysis.category == "coding"
