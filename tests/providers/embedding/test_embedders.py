"""The real small model, and a provider's endpoint over a real socket."""

from pathlib import Path

import numpy as np
import pytest

from pointsman.errors import ConfigError
from pointsman.seams import Embedding
from providers.embedding.local import LocalEmbedder
from providers.embedding.memo import RememberingEmbedder
from providers.embedding.minilm import Session, open_session
from tests.conftest import MODELS


@pytest.fixture(scope="module")
def session() -> Session:
    return open_session(MODELS)


def test_texts_of_one_meaning_lie_together(session: Session) -> None:
    a, b, c = (
        session.embed(text).vector
        for text in ("How do I sort a list?", "Sorting a list, how?", "My dog died yesterday.")
    )
    assert a @ b > 0.7 > 0.3 > a @ c
    assert np.linalg.norm(a) == pytest.approx(1, abs=1e-5)


def test_the_states_of_inner_layers_come_along(session: Session) -> None:
    embedding = session.embed("Explain bubble sort")
    assert embedding.layers is not None
    last = embedding.layers[-384:]
    assert np.allclose(last / np.linalg.norm(last), embedding.vector, atol=1e-5)


async def test_an_embedder_gives_nothing_until_it_is_loaded() -> None:
    embedder = LocalEmbedder(MODELS)
    assert await embedder.embed("hello") is None
    await embedder.load()
    found = await embedder.embed("hello")
    assert found is not None
    assert found.model == embedder.model


async def test_a_model_that_cannot_be_loaded_says_why() -> None:
    def absent(_: Path) -> Session:
        raise ConfigError("The embedding model is not installed.")

    embedder = LocalEmbedder(MODELS, opened=absent)
    await embedder.load()
    assert embedder.problem == "The embedding model is not installed."
    assert await embedder.embed("hello") is None


def test_a_damaged_graph_is_made_anew_next_time(tmp_path: Path) -> None:
    for graph in MODELS.glob("*.onnx"):
        (tmp_path / graph.name).write_bytes(b"damaged")
    with pytest.raises(ConfigError):
        open_session(tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


class Counting:
    model = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, text: str) -> Embedding | None:
        self.asked.append(text)
        return None if text == "late" else Embedding("counting", np.ones(8, dtype=np.float32))


async def test_what_was_embedded_is_remembered_and_what_failed_is_not() -> None:
    inner = Counting()
    remembering = RememberingEmbedder(inner, kept=2)
    for text in ("a", "a", "late", "late", "b", "c", "a"):
        await remembering.embed(text)
    assert inner.asked == ["a", "late", "late", "b", "c", "a"]
