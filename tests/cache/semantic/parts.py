"""A cache with similar answers, and an embedder and a verifier that do as a test says."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from zlib import crc32

import numpy as np

from cache.codec import Codec
from cache.database import DatabaseCache
from cache.key import Keys
from cache.layers import Layer, LayeredCache
from cache.memory import MemoryCache
from cache.semantic.index import Vector
from cache.semantic.opening import open_similar
from cache.semantic.similar import SimilarAnswers
from cache.semantic.verifier import Judgement, Prompt
from pointsman.records import Analysis, Call, Category, Found, Principal
from pointsman.seams import Embedding
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Message
from routing.prompt.analysis import analyse
from storage.database import Database, open_database
from tests.cache.test_layers import FRESHNESS
from tests.contract.cache import FakeTime, remembered

STAMP = "catalogue 1"
THRESHOLD = 0.9
DIMENSIONS = 512
DAY_S = 86_400.0


def place_of(text: str) -> Vector:
    """A vector that lies the closer to another's, the more words they share."""
    vector = np.zeros(DIMENSIONS, np.float32)
    for word in text.lower().split():
        vector[crc32(word.encode("utf-8", "surrogatepass")) % DIMENSIONS] += 1
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-6))


@dataclass
class WordEmbedder:
    model: str = "words-1"
    working: bool = True
    seen: list[str] = field(default_factory=list[str])

    async def embed(self, text: str) -> Embedding | None:
        self.seen.append(text)
        return Embedding(self.model, place_of(text)) if self.working else None


@dataclass
class ToldJudge:
    """Knows which texts mean the same; whatever else is asked has nothing in common."""

    same: dict[frozenset[str], float] = field(default_factory=dict[frozenset[str], float])
    judged: int = 0

    def probability(self, asked: Prompt, kept: Prompt) -> Judgement:
        self.judged += 1
        p = self.same.get(frozenset((asked.text, kept.text)), 0.0)
        return Judgement(p, "nothing in common")

    def threshold(self, false_hits: float, category: Category | None) -> float:
        return THRESHOLD

    def say(self, one: str, other: str, p: float = 0.99) -> None:
        self.same[frozenset((one, other))] = p


@dataclass
class World:
    """A process with a cache, as its calls see it."""

    cache: Layer
    similar: SimilarAnswers
    embedder: WordEmbedder
    keys: Keys
    time: FakeTime

    async def answer(self, call: Call | str, text: str = "an answer", stamp: str = STAMP) -> str:
        """Let `call` have been answered; the key of the answer is returned."""
        call = asking(call) if isinstance(call, str) else call
        key = self.keys.key(call, stamp)
        kept = remembered(text)
        kept = replace(kept, request=call.request, stored_at=self.time.clock.wall())
        await self.cache.put(key, kept)
        embedding = await self.embedder.embed(gist(call))
        await self.similar.keep(call, stamp, key, read(call), embedding)
        return key

    async def find(self, call: Call | str, stamp: str = STAMP) -> Found | None:
        call = asking(call) if isinstance(call, str) else call
        embedding = await self.embedder.embed(gist(call))
        return await self.similar.find(call, stamp, read(call), embedding)

    async def text(self, call: Call | str, stamp: str = STAMP) -> str | None:
        found = await self.find(call, stamp)
        return None if found is None else found.remembered.completion.text


def asking(text: str, *, before: Iterable[Message] = (), **others: object) -> Call:
    """A call with one prompt; of `others`, `request` holds fields of the request."""
    given = others.pop("request", {})
    assert isinstance(given, dict)
    request = ChatRequest(messages=(*before, Message("user", text)), **given)
    return Call(request=request, **others)  # type: ignore[arg-type]


def of(principal: str, department: str) -> Principal:
    return Principal(id=principal, department=department)


def gist(call: Call) -> str:
    return "\n".join(m.content for m in call.request.messages if m.role == "user")


def read(call: Call) -> Analysis:
    return analyse(call.request)


def settings(**given: object) -> CacheSettings:
    return CacheSettings.model_validate(given)


@asynccontextmanager
async def open_world(
    path: Path,
    judge: ToldJudge,
    *,
    embedder: WordEmbedder | None = None,
    keys: Keys = Keys(),  # noqa: B008 - frozen
    time: FakeTime | None = None,
    codec: Codec = Codec(),  # noqa: B008 - frozen
    **given: object,
) -> AsyncIterator[World]:
    """A cache in memory and in the database of `path`; a second one finds what the first kept."""
    time, embedder = time or FakeTime(), embedder or WordEmbedder()
    async with open_database(path / "cache.db", kind="cache") as database:
        cache = layers(database, time, codec)
        async with open_similar(
            settings(**given),
            database,
            cache,
            keys,
            embedder=embedder,
            codec=codec,
            clock=time.clock,
            judge=judge,
        ) as similar:
            yield World(cache, similar, embedder, keys, time)


def layers(database: Database, time: FakeTime, codec: Codec) -> LayeredCache:
    memory = MemoryCache(items=100, max_bytes=1_000_000, residency_s=60, clock=time.clock)
    kept = DatabaseCache(database, ttl_s=30 * DAY_S, max_bytes=10**9, clock=time.clock, codec=codec)
    return LayeredCache((memory, kept), FRESHNESS)
