"""A provider over HTTP: one call from request to finished answer, whatever goes wrong."""

import importlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from pointsman.errors import ProviderError
from pointsman.seams import Clock
from pointsman.settings import TimeoutSettings
from pointsman.types import ChatRequest, Model, Outcome, Piece, Readiness
from providers.classify import ErrorInAnswer, classify, classify_event, parsed
from providers.discovery import Backend, Discovered
from providers.draft import Draft
from providers.functions.fallback import Withheld, expects_calls, with_calls
from providers.openai import OpenAI
from providers.patience import Lost, Patience
from providers.sse import EventParser, Malformed

if TYPE_CHECKING:
    from providers.http import Http, Reply

ERROR_BYTES = 1 << 16  # of an error's body; more is not read
UNSTREAMED = 4  # an answer that comes whole may take so many times the limit for first content
DRAIN_S = 0.05  # for the bytes after the end marker, so that the connection can be used again


class Upstream:
    """The pool of connections, imported and opened by the first call that needs it."""

    def __init__(self, timeouts: TimeoutSettings, stack: AsyncExitStack) -> None:
        self._timeouts = timeouts
        self._stack = stack
        self._lock = anyio.Lock()
        self._http: Http | None = None

    async def http(self) -> "Http":
        async with self._lock:
            if self._http is None:
                http = await anyio.to_thread.run_sync(importlib.import_module, "providers.http")
                opened: AbstractAsyncContextManager[Http] = http.open_http(
                    connect_s=self._timeouts.connect_s,
                    cap=int(self._timeouts.max_response_mb * 1_000_000),
                )
                self._http = await self._stack.enter_async_context(opened)
            return self._http


class CloudProvider:
    """One backend, spoken to in its dialect; its key goes to its own URL and nowhere else."""

    def __init__(
        self, backend: Backend, upstream: Upstream, timeouts: TimeoutSettings, clock: Clock
    ) -> None:
        self._backend = backend
        self._upstream = upstream
        self._timeouts = timeouts
        self._clock = clock

    @property
    def name(self) -> str:
        return self._backend.name

    @property
    def models(self) -> Sequence[Model]:
        return self._backend.models

    def readiness(self, model: str) -> Readiness:  # noqa: ARG002 - the protocol's signature
        return "ready"

    def problem(self, model: str) -> str | None:  # noqa: ARG002 - the protocol's signature
        return None

    async def warm(self) -> None:
        """Imports and opens what a first call would have to wait for."""
        await self._upstream.http()

    @asynccontextmanager
    async def answer(
        self, model: str, request: ChatRequest, *, stream: bool
    ) -> AsyncGenerator[AsyncGenerator[Piece, None], None]:
        draft = Draft(model=model)
        dialect = self._backend.row.dialect
        with self._faults(draft, request):
            http = await self._upstream.http()
            patience = self._patience(model, stream=stream)
            async with http.post(
                self._backend.url,
                dialect.headers(self._key),
                dialect.body(model, request, stream=stream),
                loopback=self._backend.loopback,
                patience=patience,
            ) as reply:
                if reply.status != 200:
                    raise await self._refusal(reply, request, patience)
                pieces = self._pieces(reply, draft, request, patience, stream=stream)
                async with aclosing(pieces):
                    yield pieces
                if draft.ended:
                    await _drain(reply)

    async def _pieces(
        self,
        reply: "Reply",
        draft: Draft,
        request: ChatRequest,
        patience: Patience,
        *,
        stream: bool,
    ) -> AsyncGenerator[Piece, None]:
        with self._faults(draft, request):
            kind = reply.content_type
            if kind == "text/event-stream":
                texts = self._streamed(reply, draft, patience)
            elif kind == "application/json" or kind.endswith("+json") or not kind:
                texts = self._whole(reply, draft, patience)
            else:
                raise Malformed("the answer is neither JSON nor an event stream")
            held = Withheld(self._writes_calls and expects_calls(request))
            async with aclosing(texts):
                async for text in texts:
                    if stream and text and (shown := held.take(text)):
                        yield shown
            if draft.finish is None and not (draft.ended and draft.moves):
                raise Malformed("the answer ended before it was finished")
            completion = draft.completion(request)
            if self._writes_calls:
                completion = with_calls(completion, request)
            if (rest := held.rest()) and not completion.tool_calls:
                yield rest
            yield completion

    async def _streamed(
        self, reply: "Reply", draft: Draft, patience: Patience
    ) -> AsyncGenerator[str, None]:
        """The text of each event; returns at the end marker, or at the end of the bytes."""
        parser = EventParser()
        try:
            while not draft.ended:
                with patience.bound():
                    chunk = await anext(reply.chunks, None)
                if chunk is None:
                    return
                for event in parser.feed(chunk):
                    before = draft.moves
                    yield self._backend.row.dialect.take(draft, event)
                    if draft.moves > before:  # after the yield: the reader's time is its own
                        patience.content()
                    if draft.ended:
                        return
        except Lost:
            if draft.finish is None:  # else all the content is there, and only the count may lack
                raise

    async def _whole(
        self, reply: "Reply", draft: Draft, patience: Patience
    ) -> AsyncGenerator[str, None]:
        body = bytearray()
        with patience.bound():
            async for chunk in reply.chunks:
                body += chunk
        yield self._backend.row.dialect.read(draft, bytes(body))

    async def _refusal(
        self, reply: "Reply", request: ChatRequest, patience: Patience
    ) -> ProviderError:
        """The error that a reply of another status than 200 is, its body read as far as it goes."""
        body = bytearray()
        with suppress(Lost), patience.bound():
            async for chunk in reply.chunks:
                body += chunk[: ERROR_BYTES - len(body)]
                if len(body) >= ERROR_BYTES:
                    break
        return classify(
            self.name,
            reply.status,
            reply.headers,
            parsed(bytes(body)),
            now=self._clock.wall(),
            private=self._private(request),
        )

    @contextmanager
    def _faults(self, draft: Draft, request: ChatRequest) -> Iterator[None]:
        """Turns what went wrong inside into a `ProviderError`."""
        try:
            yield
        except Lost as error:
            raise ProviderError(
                self.name,
                str(error),
                outcome=Outcome.FAILURE,
                partial=draft.moves > 0,
                connect=error.connect,
                timed_out=error.timed_out,
            ) from error
        except Malformed as error:
            raise ProviderError(
                self.name, str(error), outcome=Outcome.FAILURE, partial=draft.moves > 0
            ) from error
        except ErrorInAnswer as error:
            raise classify_event(
                self.name, error.error, private=self._private(request), partial=draft.moves > 0
            ) from None

    @property
    def _writes_calls(self) -> bool:
        """Whether it is one of the servers that may answer a tool call as text."""
        return isinstance(self._backend.row.dialect, OpenAI)

    @property
    def _key(self) -> str | None:
        key = self._backend.key
        return None if key is None else key.get_secret_value()

    def _private(self, request: ChatRequest) -> tuple[str, ...]:
        """What must never be shown: the key, and what was asked."""
        asked = [message.content for message in request.messages]
        asked += [call.arguments for m in request.messages for call in m.tool_calls]
        return (self._key or "", *asked)

    def _patience(self, model: str, *, stream: bool) -> Patience:
        local = any(m.id == model and m.local for m in self.models)
        first_s = self._timeouts.ttft_local_s if local else self._timeouts.ttft_s
        return Patience(first_s if stream else first_s * UNSTREAMED, self._timeouts.idle_s)


async def _drain(reply: "Reply") -> None:
    with anyio.move_on_after(DRAIN_S), suppress(Lost):
        async for _ in reply.chunks:
            pass


@asynccontextmanager
async def open_providers(
    discovered: Discovered, timeouts: TimeoutSettings, clock: Clock
) -> AsyncGenerator[list[CloudProvider], None]:
    """A provider for each backend; they share one pool of connections, closed at the end."""
    async with AsyncExitStack() as stack:
        upstream = Upstream(timeouts, stack)
        yield [CloudProvider(b, upstream, timeouts, clock) for b in discovered.backends]
