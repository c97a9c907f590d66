"""Tells which of two prompts would be served the answer to the other, by the code that serves."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeGuard

import anyio

from cache.key import Keys
from cache.memory import MemoryCache
from cache.semantic.eligible import why_not
from cache.semantic.match import Judge
from cache.semantic.similar import Looked, SimilarAnswers
from pointsman.errors import InvalidInput
from pointsman.money import Usage
from pointsman.records import Analysis, Call, Layer, Remembered
from pointsman.seams import Clock, Embedder, Embedding
from pointsman.settings import CacheSettings
from pointsman.types import ChatRequest, Completion, Json, Message

STAMP = "probe"
ROOM = 1 << 40
PROMPTS = ("a", "b")
FIELDS = ("id", *PROMPTS)
FORM = 'It takes the form {"id": 1, "a": "one prompt", "b": "another"}.'


class Pair(NamedTuple):
    """A line of the file: would what answers `a` be served for `b`?"""

    id: Json  # whatever it is, it is given back
    a: str
    b: str


class Probed(NamedTuple):
    """What came of a pair."""

    id: Json
    hit: bool
    layer: Layer | None
    similarity: float | None
    reason: str

    def line(self) -> str:
        """A line of the result, in ASCII: an id may be what UTF-8 cannot say, or a huge number."""
        return json.dumps(self._asdict()) + "\n"


class Understood(Protocol):
    """What is known of a prompt."""

    @property
    def analysis(self) -> Analysis: ...

    @property
    def embedding(self) -> Embedding | None: ...


Understand = Callable[[Call], Awaitable[Understood]]


def read_pairs(lines: Iterable[str]) -> Iterator[Pair]:
    """The pair of each line; empty lines are passed over.

    Raises:
        InvalidInput: a line is not a JSON object with `id`, `a` and `b`.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None  # the error quotes the line
        if not _is_pair(row):
            raise InvalidInput(f"Line {number} is no pair: {_fact(row)}.", hint=FORM)
        yield Pair(row["id"], row["a"], row["b"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Asks what would be served in an otherwise empty cache.

    `understand` is what reads the prompts of real calls; its embedder has been loaded.
    """

    settings: CacheSettings
    keys: Keys
    judge: Judge
    embedder: Embedder | None
    understand: Understand
    clock: Clock

    async def results(self, pairs: Iterable[Pair]) -> AsyncGenerator[Probed, None]:
        """What comes of each pair, in their order."""
        for pair in pairs:
            looked = await self._look(_call(pair.a), _call(pair.b))
            hit = looked.found is not None
            similarity = None if looked.similarity is None else round(looked.similarity, 4)
            yield Probed(pair.id, hit, "memory" if hit else None, similarity, looked.reason)

    async def file(self, source: Path, target: Path) -> tuple[int, int]:
        """Probe the pairs of one file of JSON lines into another; how many, and how many hits.

        Raises:
            InvalidInput: a line of `source` is no pair; nothing is written.
        """
        text = await anyio.Path(source).read_text(encoding="utf-8-sig")
        pairs = list(read_pairs(text.split("\n")))
        hits = 0
        async with await anyio.open_file(target, "w", encoding="utf-8") as out:
            async for one in self.results(pairs):
                hits += one.hit
                await out.write(one.line())
        return len(pairs), hits

    async def _look(self, a: Call, b: Call) -> Looked:
        if not self.settings.enabled:
            return Looked(None, "the cache is off")
        if not (_is_text(a) and _is_text(b)):
            return Looked(None, "not text: half of a surrogate pair")  # such a call is refused
        key = self.keys.key(a, STAMP)
        cache = MemoryCache(items=2, max_bytes=ROOM, residency_s=ROOM, clock=self.clock)
        await cache.put(key, self._remembered(a))
        if (found := await cache.get(self.keys.key(b, STAMP))) is not None:
            return Looked(found, "the same prompt", 1.0)
        if not self.settings.semantic:
            return Looked(None, "semantic is off")
        understood = await self.understand(a)
        if (why := why_not(a, understood.analysis)) is not None:
            return Looked(None, f"not eligible: {why}")
        similar = SimilarAnswers(
            self.settings, cache, self.keys, self.judge, embedder=self.embedder, clock=self.clock
        )
        await similar.keep(a, STAMP, key, understood.analysis, understood.embedding)
        understood = await self.understand(b)
        return await similar.look(b, STAMP, understood.analysis, understood.embedding)

    def _remembered(self, call: Call) -> Remembered:
        return Remembered(
            completion=Completion(text="", finish_reason="stop", usage=Usage(), model=""),
            model="",
            provider="",
            local=True,
            cost=0,
            decision_id="",
            category="general",
            time_sensitive=False,
            stored_at=self.clock.wall(),
            request=call.request,
        )


def _call(text: str) -> Call:
    return Call(request=ChatRequest(messages=(Message("user", text),)))


def _is_text(call: Call) -> bool:
    try:
        call.request.messages[-1].content.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_pair(row: Any) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(row, dict)
        and "id" in row
        and all(isinstance(row.get(prompt), str) for prompt in PROMPTS)
    )


def _fact(row: Json) -> str:
    """What is wrong; none of what the line says."""
    if not isinstance(row, dict):
        return "not a JSON object"
    missing = [name for name in FIELDS if name not in row]
    wrong = [name for name in PROMPTS if name in row and not isinstance(row[name], str)]
    return f"it has no {missing[0]!r}" if missing else f"{wrong[0]!r} is not a string"
