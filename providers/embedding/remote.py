"""A provider's `/embeddings` behind the `Embedder` seam, bounded in time, its cost reported."""

import math
from collections.abc import Callable

import anyio
import orjson
from pydantic import BaseModel, Field, ValidationError

from pointsman.money import Usage
from pointsman.seams import Clock, Embedding
from providers.cloud import Upstream
from providers.discovery import Backend
from providers.patience import Lost, Patience

MOST_CHARACTERS = 8_000  # of a prompt; its beginning and its end
REST_S, LONGEST_REST_S = 5.0, 300.0  # after a failure, doubling
LONGEST_REPLY = 1 << 20

Spent = Callable[[Usage, float], None]  # what one embedding used, and how many ms it took


class _One(BaseModel):
    embedding: list[float] = Field(min_length=8, max_length=8192)


class _Used(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)


class _Reply(BaseModel):
    data: list[_One] = Field(min_length=1, max_length=1)
    usage: _Used = _Used()


class RemoteEmbedder:
    """Asks an OpenAI-compatible backend; late or broken answers are none, and it then rests."""

    def __init__(
        self,
        backend: Backend,
        upstream: Upstream,
        model: str,
        *,
        timeout_s: float,
        clock: Clock,
        spent: Spent,
    ) -> None:
        self.model = f"{backend.name}/{model}"
        self.problem: str | None = None
        self._backend, self._upstream, self._name = backend, upstream, model
        self._timeout_s, self._clock, self._spent = timeout_s, clock, spent
        self._resting_until = -math.inf
        self._rest_s = REST_S

    @property
    def ready(self) -> bool:
        return self._clock.monotonic() >= self._resting_until

    async def load(self) -> None:
        """Open the connections' pool, whose import takes longer than an embedding may."""
        await self._upstream.http()

    async def embed(self, text: str) -> Embedding | None:
        if not self.ready:
            return None
        try:
            with anyio.fail_after(self._timeout_s):
                embedding = await self._ask(_excerpt(text))
        except (Lost, TimeoutError, ValueError) as error:
            self.problem = f"{self.model} gave no embedding ({type(error).__name__})"
            self._resting_until = self._clock.monotonic() + self._rest_s
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
            return None
        self.problem, self._rest_s = None, REST_S
        return embedding

    async def _ask(self, text: str) -> Embedding:
        started = self._clock.monotonic()
        http = await self._upstream.http()
        backend = self._backend
        key = backend.key.get_secret_value() if backend.key else None
        async with http.post(
            backend.base_url.rstrip("/") + "/embeddings",
            backend.row.dialect.headers(key),
            orjson.dumps({"model": self._name, "input": text, "encoding_format": "float"}),
            loopback=backend.loopback,
            patience=Patience(self._timeout_s, self._timeout_s),
        ) as reply:
            body = b""
            async for chunk in reply.chunks:
                body += chunk
                if len(body) > LONGEST_REPLY:
                    raise Lost("the embedding is too large")
            if reply.status != 200:
                raise Lost(f"HTTP {reply.status}")
        try:
            told = _Reply.model_validate_json(body)
        except ValidationError as error:
            raise Lost("the answer is no embedding") from error
        used = Usage(input_tokens=told.usage.prompt_tokens)
        self._spent(used, (self._clock.monotonic() - started) * 1000)
        return self._unit(told.data[0].embedding)

    def _unit(self, numbers: list[float]) -> Embedding:
        import numpy as np

        vector = np.array(numbers, dtype=np.float32)
        length = float(np.linalg.norm(vector))
        if not math.isfinite(length) or length == 0:
            raise Lost("the embedding has no direction")
        return Embedding(self.model, vector / length)


def _excerpt(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    tail = MOST_CHARACTERS // 3
    return f"{text[: MOST_CHARACTERS - tail]}\n{text[-tail:]}"
