"""What a backend can do to its caller: good answers in both dialects, and the faults."""

import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import anyio
import orjson

from tests.chaos import DialectName, Exchange, Handler, head

TEXT = ("Grüße, ", "Welt", "!")
OPENAI_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
ANTHROPIC_USAGE = {
    "input_tokens": 50,
    "cache_read_input_tokens": 40,
    "cache_creation_input_tokens": 10,
    "output_tokens": 20,
}
ERRORS: Mapping[DialectName, Any] = {
    "openai": {"error": {"message": "The server had an error", "type": "server_error"}},
    "anthropic": {"type": "error", "error": {"type": "api_error", "message": "Internal error"}},
}

# --- the wire -------------------------------------------------------------------------------


def event(dialect: DialectName, data: Mapping[str, Any]) -> bytes:
    name = f"event: {data['type']}\n".encode() if dialect == "anthropic" else b""
    return name + b"data: " + orjson.dumps(data) + b"\n\n"


def _openai_chunk(delta: object = None, finish: str | None = None, **more: object) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return event("openai", {"id": "c1", "model": "served", "choices": choices, **more})


def opening(dialect: DialectName, texts: Sequence[str] = TEXT) -> list[bytes]:
    """The events of a stream up to its last text: it is not finished yet."""
    if dialect == "openai":
        start = _openai_chunk({"role": "assistant", "content": ""})
        return [start, *(_openai_chunk({"content": text}) for text in texts)]
    usage = ANTHROPIC_USAGE | {"output_tokens": 1}
    message = {"id": "m1", "model": "served", "role": "assistant", "content": [], "usage": usage}
    block = {"type": "text", "text": ""}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        for text in texts
    ]
    return [event(dialect, e) for e in events]


def finish(dialect: DialectName, reason: str | None = None, usage: Any = None) -> list[bytes]:
    """Why it stopped, and what it used; the end marker is not among them."""
    if dialect == "openai":
        return [
            _openai_chunk({}, reason or "stop"),
            _openai_chunk(usage=OPENAI_USAGE if usage is None else usage),
        ]
    told = {"output_tokens": 20} if usage is None else usage
    delta = {"stop_reason": reason or "end_turn"}
    return [
        event(dialect, {"type": "content_block_stop", "index": 0}),
        event(dialect, {"type": "message_delta", "delta": delta, "usage": told}),
    ]


def end_marker(dialect: DialectName) -> bytes:
    done = b"data: [DONE]\n\n"
    return done if dialect == "openai" else event(dialect, {"type": "message_stop"})


def stream_of(dialect: DialectName, texts: Sequence[str] = TEXT) -> bytes:
    return b"".join([*opening(dialect, texts), *finish(dialect), end_marker(dialect)])


def whole(dialect: DialectName, text: str = "".join(TEXT), **changes: object) -> dict[str, Any]:
    if dialect == "openai":
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "c1", "model": "served", "choices": [choice], "usage": OPENAI_USAGE} | changes
    return {
        "type": "message",
        "model": "served",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": ANTHROPIC_USAGE,
    } | changes


# --- good answers ---------------------------------------------------------------------------


def answering(*texts: str) -> Handler:
    """A good answer in the dialect that was asked in, streamed if asked for."""

    async def handler(exchange: Exchange) -> None:
        request, said = exchange.request, texts or TEXT
        if request.stream:
            await exchange.begin()
            await exchange.chunk(stream_of(request.dialect, said))
            await exchange.end()
        else:
            await exchange.reply(body=whole(request.dialect, "".join(said)))

    return handler


def streaming(*events: bytes, size: int | None = None) -> Handler:
    """A stream of `events` that ends cleanly; cut into chunks of `size` bytes if given."""

    async def handler(exchange: Exchange) -> None:
        await exchange.begin()
        data = b"".join(events)
        for at in range(0, len(data), size or max(len(data), 1)):
            await exchange.chunk(data[at : at + (size or len(data))])
        await exchange.end()

    return handler


def status(
    code: int,
    body: object = b"{}",
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> Handler:
    async def handler(exchange: Exchange) -> None:
        await exchange.reply(code, body, headers, kind)

    return handler


def paced(texts: Sequence[str], pause_s: float) -> Handler:
    """A good stream with `pause_s` before each piece of text."""

    async def handler(exchange: Exchange) -> None:
        dialect = exchange.request.dialect
        await exchange.begin()
        for piece in opening(dialect, texts):
            await anyio.sleep(pause_s)
            await exchange.chunk(piece)
        await exchange.chunk(b"".join([*finish(dialect), end_marker(dialect)]))
        await exchange.end()

    return handler


# --- faults ---------------------------------------------------------------------------------


async def fin(exchange: Exchange) -> None:
    await exchange.close()


async def rst(exchange: Exchange) -> None:
    await exchange.reset()


async def silence(exchange: Exchange) -> None:
    await exchange.until_gone()


async def slow_headers(exchange: Exchange) -> None:
    """A byte at a time, for ever: no single read is ever late."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nx-slow: ")
    while True:
        await exchange.send(b"a")
        await anyio.sleep(0.005)


async def half_headers_then_fin(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await exchange.close()


async def garbage(exchange: Exchange) -> None:
    await exchange.send(b"\x00\x01 this is no HTTP\r\n\r\n")
    await exchange.close()


async def bad_chunk(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.send(b"zz\r\nnonsense\r\n")
    await exchange.until_gone()


async def huge_header(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nx-huge: " + b"a" * 300_000 + b"\r\n\r\n")
    await exchange.until_gone()


async def error_in_200(exchange: Exchange) -> None:
    await exchange.reply(body=ERRORS[exchange.request.dialect])


async def html(exchange: Exchange) -> None:
    await exchange.reply(body=b"<html>Bad gateway</html>", content_type="text/html")


async def cut_json(exchange: Exchange) -> None:
    await exchange.reply(body=orjson.dumps(whole(exchange.request.dialect))[:-30])


async def not_a_completion(exchange: Exchange) -> None:
    await exchange.reply(body={"choices": "none", "content": 7})


async def unfinished_whole(exchange: Exchange) -> None:
    body = whole(exchange.request.dialect)
    body["stop_reason"] = None
    for choice in body.get("choices", ()):
        choice["finish_reason"] = None
    await exchange.reply(body=body)


async def short_body(exchange: Exchange) -> None:
    data = orjson.dumps(whole(exchange.request.dialect))
    fields = {"content-type": "application/json", "content-length": str(len(data) + 100)}
    await exchange.send(head(200, fields) + data)
    await exchange.close()


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * 100_000_000)  # 97 KB


async def gzip_bomb(exchange: Exchange) -> None:
    await exchange.reply(body=_bomb(), headers={"content-encoding": "gzip"})


async def unasked_encoding(exchange: Exchange) -> None:
    await exchange.reply(body=b"\x0b\x02\x80", headers={"content-encoding": "br"})


async def large_answer(exchange: Exchange) -> None:
    """A good one of 3 MB."""
    await exchange.reply(body=whole(exchange.request.dialect, "a" * 3_000_000))


async def large_zipped_answer(exchange: Exchange) -> None:
    body = gzip.compress(orjson.dumps(whole(exchange.request.dialect, "a" * 3_000_000)))
    await exchange.reply(body=body, headers={"content-encoding": "gzip"})


async def zipped_answer(exchange: Exchange) -> None:
    body = gzip.compress(orjson.dumps(whole(exchange.request.dialect)))
    await exchange.reply(body=body, headers={"content-encoding": "gzip"})


async def false_gzip(exchange: Exchange) -> None:
    await exchange.reply(body=b"not gzip", headers={"content-encoding": "gzip"})


async def endless_body(exchange: Exchange) -> None:
    """As much of a 200 MB body as the caller takes."""
    fields = {"content-type": "application/json", "content-length": "200000000"}
    await exchange.send(head(200, fields))
    for _ in range(200):
        await exchange.send(b" " * 1_000_000)


async def redirect(exchange: Exchange) -> None:
    where = {"location": "http://169.254.169.254/latest/meta-data/"}
    await exchange.reply(307, headers=where)


async def long_line(exchange: Exchange) -> None:
    await exchange.begin()
    for _ in range(16):
        await exchange.chunk(b"data: " + b"a" * 1_000_000)
    await exchange.end()


async def pings(exchange: Exchange) -> None:
    """Comments and pings for ever, from the start."""
    await exchange.begin()
    while True:
        await exchange.chunk(b": ping\n\n")
        await anyio.sleep(0.005)


def after_text(what: Handler) -> Handler:
    """`what`, once some text was streamed."""

    async def handler(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(b"".join(opening(exchange.request.dialect)))
        await what(exchange)

    return handler


async def pings_follow(exchange: Exchange) -> None:
    while True:
        await exchange.chunk(b": ping\n\n")
        await anyio.sleep(0.005)


async def clean_end(exchange: Exchange) -> None:
    await exchange.end()


async def error_event(exchange: Exchange) -> None:
    await exchange.chunk(
        event(exchange.request.dialect, {"type": "error"} | ERRORS[exchange.request.dialect])
    )
    await exchange.end()


async def broken_event(exchange: Exchange) -> None:
    await exchange.chunk(b'event: content_block_delta\ndata: {"choices": [{"del\n\n')
    await exchange.end()


async def not_utf8(exchange: Exchange) -> None:
    await exchange.chunk(b'data: {"x": "\xff\xfe"}\n\n')
    await exchange.end()
