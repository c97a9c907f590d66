"""The embeddings of many texts by the product's own embedder, kept on disk between runs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.seams import Embedding
from providers.embedding.minilm import MODEL, MOST_TOKENS, Session, open_session

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "embeddings"
WIDTH = 384  # of one layer's mean state


def embed_states(texts: Sequence[str]) -> NDArray[np.float32]:
    """The mean states of the layers that the embedder shows, shape (n, layers * 384).

    Kept under `.cache/embeddings/` by the content of `texts`; 17,000 short ones take 3 minutes.
    """
    seal = hashlib.sha256(f"{MODEL} {MOST_TOKENS}".encode())
    for text in texts:
        seal.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    file = CACHE / f"{seal.hexdigest()[:24]}.npy"
    if not file.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        session = open_session(CACHE)
        np.save(file, np.stack([_states(session, text) for text in texts]))
    loaded: NDArray[np.float32] = np.load(file)
    return loaded


def as_embedding(states: NDArray[np.float32]) -> Embedding:
    """One row of `embed_states`, as the embedder gives it."""
    last = states[-WIDTH:]
    return Embedding(MODEL, last / max(float(np.linalg.norm(last)), 1e-9), states)


def _states(session: Session, text: str) -> NDArray[np.float32]:
    states = session.embed(text).layers
    assert states is not None
    return states
