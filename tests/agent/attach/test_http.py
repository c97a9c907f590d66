"""Servers over HTTP that answer what they should not."""

import gzip
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from tests.agent.attach.attaching import attached


class Plain:
    """Answers every request with the same bytes, and keeps what it was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked = list[bytes]()
        self.url = ""

    async def __call__(self, stream: SocketStream) -> None:
        async with stream:
            try:
                self.asked.append(await stream.receive())
                await stream.send(self.answer)
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                return


@asynccontextmanager
async def plain(answer: bytes) -> AsyncGenerator[Plain, None]:
    server = Plain(answer)
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 -- no database here
        server.url = f"http://127.0.0.1:{port}/mcp?key=s3cret"
        tasks.start_soon(listener.serve, server)
        try:
            yield server
        finally:
            tasks.cancel_scope.cancel()


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


JSON = "content-type: application/json"
CASES: Sequence[tuple[str, bytes, str]] = [
    ("401", response("401 Unauthorized", b"{}", JSON), "refused our credentials (HTTP 401)"),
    ("500", response("500 Oops", b"s3cret", "content-type: text/plain"), "HTTP 500"),
    ("html", response("200 OK", b"<html>s3cret", "content-type: text/html"), "content type"),
    ("no json", response("200 OK", b"nope", JSON), "parse"),
    (
        "packed",
        response("200 OK", gzip.compress(b"{}"), JSON, "content-encoding: gzip"),
        "connection broke",
    ),
    ("too long", response("200 OK", b" " * ((16 << 20) + 1), JSON), "too long"),
]


@pytest.mark.parametrize(
    ("answer", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_an_answer_that_is_none_is_told_plainly(
    tmp_path: Path, answer: bytes, says: str
) -> None:
    async with plain(answer) as server:
        entry = {"url": server.url, "headers": {"Authorization": "Bearer s3cret"}}
        async with attached(tmp_path, {"web": entry}) as (attachments, _):
            assert await attachments.tools(wait_s=45) == ()
            (status,) = attachments.statuses()
        assert status.state == "failed"
        assert says in (status.problem or "")
        assert "s3cret" not in repr(status)
        assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_credentials_do_not_follow_a_redirect_to_another_origin(tmp_path: Path) -> None:
    async with plain(response("200 OK", b"{}", JSON)) as other:
        away = response("307 Elsewhere", b"", f"location: {other.url}")
        async with plain(away) as server:
            entry = {"url": server.url, "headers": {"Authorization": "Bearer s3cret"}}
            async with attached(tmp_path, {"web": entry}) as (attachments, _):
                assert await attachments.tools(wait_s=45) == ()
                (status,) = attachments.statuses()
        assert status.state == "failed"
        assert "s3cret" not in repr(status)
        assert b"s3cret" in server.asked[0]
    assert other.asked == []
