"""Pages from real servers on the loopback: what comes back, and what a bad server can do."""

import datetime
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from pointsman.agent_settings import ToolSettings
from pointsman.errors import DeadlineExceeded, InvalidInput, NotFound
from tests.chaos import ChaosUpstream, Exchange, Handler, head
from tests.tools.workbench.web.sites import (
    SECRET,
    SITE,
    but_for_site,
    fetch,
    listening,
    names,
    page,
    port_of,
    redirect,
)
from tools.tool import Caller
from tools.workbench.web.fetch_url import FetchUrlResult, fetch_url_tool
from tools.workbench.web.visit import Reach

Fetch = Callable[..., Coroutine[Any, Any, FetchUrlResult]]


@pytest.fixture
async def site() -> AsyncIterator[ChaosUpstream]:
    async with listening(SITE) as upstream:
        yield upstream


def reach_of(site: ChaosUpstream, **more: object) -> Reach:
    return Reach(
        ports=frozenset({port_of(site)}),
        allowed=but_for_site,
        resolve=names({"good.example": [SITE], "gone.example": [], "other.example": [SITE]}),
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def get(site: ChaosUpstream) -> Fetch:
    """Fetches a path of the site by its name."""

    async def get(path: str = "/", **more: object) -> FetchUrlResult:
        url = f"http://good.example:{port_of(site)}{path}"
        return await fetch(url, reach_of(site), **more)  # type: ignore[arg-type]

    return get


async def test_a_page_is_markdown_with_its_title_and_links(site: ChaosUpstream, get: Fetch) -> None:
    site.script(
        page("<title>A &amp; B</title><h1>Hi</h1><p>see <a href='../b?c=1'>this</a><script>x")
    )
    found = await get("/a/x")
    port = port_of(site)
    assert found.text == f"# Hi\n\nsee [this](http://good.example:{port}/b?c=1)"
    assert (found.title, found.status, found.content_type) == ("A & B", 200, "text/html")
    assert found.url == f"http://good.example:{port}/a/x"
    assert [(link.text, link.url) for link in found.links] == [
        ("this", f"http://good.example:{port}/b?c=1")
    ]
    assert (found.total_chars, found.next_start, found.truncated) == (len(found.text), None, False)


async def test_the_request_carries_the_name_and_nothing_of_ours(
    site: ChaosUpstream, get: Fetch
) -> None:
    site.script(
        page("", status=301, location="/two", set_cookie="a=b; Path=/", www_authenticate="Basic")
    )
    await get("/one?q=ü#part")
    first, second = site.requests
    assert (first.path, second.path) == ("/one?q=%C3%BC", "/two")
    for request in site.requests:
        assert request.headers["host"] == f"good.example:{port_of(site)}"
        assert request.headers.keys() <= {"host", "user-agent", "accept", "accept-encoding"}


async def test_a_long_page_is_read_in_parts(site: ChaosUpstream, get: Fetch) -> None:
    text = "".join(f"line {n}\n" for n in range(1000))
    site.otherwise = page(text, "text/plain; charset=utf-8")
    parts, start = [], 0
    while True:
        found = await get(start=start, max_chars=3000)
        assert (found.start, found.total_chars) == (start, len(text))
        parts.append(found.text)
        if found.next_start is None:
            break
        start = found.next_start
    assert "".join(parts) == text
    assert (await get(start=10**6)).text == ""


async def test_what_a_model_reads_says_where_the_rest_begins(
    site: ChaosUpstream, get: Fetch
) -> None:
    tool = fetch_url_tool(ToolSettings())
    site.script(page("<title>T</title>" + "word " * 100), page("gone", "text/plain", 404))
    assert "start=50" in tool.read(await get(max_chars=50))
    assert "404" in tool.read(await get())


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/json", b'{"a": "<b>1</b>"}', '{"a": "<b>1</b>"}'),
        ("application/ld+json; charset=utf-8", b"[1]", "[1]"),
        ("application/rss+xml", b"<rss><t>x</t></rss>", "<rss><t>x</t></rss>"),
        ("text/markdown", b"# T\r\n![i](u)", "# T\n![i](u)"),
        ("text/html", b"<meta charset='windows-1252'><p>caf\xe9 \x93q\x94", "café “q”"),
        ("text/html; charset=ISO-8859-1", b"<p>\x80", "€"),
        ("text/html; charset=Shift_JIS", "<p>日本".encode("cp932"), "日本"),
        ("text/html", "\ufeff<p>ü".encode("utf-16-le"), "ü"),
        ("text/html; charset=rot13", "<p>ü".encode(), "ü"),
        ("text/html; charset=unicode_escape", b"<p>\\x41", "\\x41"),
        ("text/plain", b"\xff\xfe\xfd bad utf-8"[2:], "� bad utf-8"),
        ("", b" <!DOCTYPE html><p>guessed", "guessed"),
        ("", b"plain < text", "plain < text"),
        ("text/plain", "a\u202eb\U000e0041c\u200bd\x1b[31m".encode(), "abcd[31m"),
        ("application/xhtml+xml", b"<?xml version='1.0'?><html><p>x</p></html>", "x"),
    ],
)
async def test_what_is_text_is_read_as_what_it_is(
    site: ChaosUpstream, get: Fetch, content_type: str, body: bytes, text: str
) -> None:
    site.script(page(body, content_type))
    assert (await get()).text == text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/pdf", b"%PDF-1.7"),
        ("image/png", b"\x89PNG"),
        ("application/octet-stream", b"hello"),
        ("video/mp4", b""),
        ("text/plain", b"ELF\0\0\0"),
        ("", b"\x7fELF\0"),
        ("nonsense", b"x"),
    ],
)
async def test_what_is_not_text_is_refused(
    site: ChaosUpstream, get: Fetch, content_type: str, body: bytes
) -> None:
    site.script(page(body, content_type))
    with pytest.raises(InvalidInput):
        await get()
    await site.closed()


async def test_packed_pages_are_unpacked(site: ChaosUpstream, get: Fetch) -> None:
    site.script(page(gzip.compress(b"<p>packed"), content_encoding="gzip"))
    assert (await get()).text == "packed"
    assert site.requests[0].headers["accept-encoding"] == "gzip"


async def test_a_bomb_is_cut_at_the_cap_and_never_held(site: ChaosUpstream, get: Fetch) -> None:
    """T-45: 100 MB in 100 KB."""
    packer = zlib.compressobj(9, wbits=31)
    data = b"".join(packer.compress(b"a" * 1_000_000) for _ in range(100)) + packer.flush()
    await get()  # imports, which are held
    site.script(page(data, "text/plain", content_encoding="gzip"))
    tracemalloc.start()
    try:
        found = await get()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.truncated, found.total_chars) == (True, 1_000_000)
    assert peak < 30_000_000
    await site.closed()


async def test_packed_data_that_never_becomes_anything_ends(
    site: ChaosUpstream, get: Fetch
) -> None:
    async def endless(exchange: Exchange) -> None:
        packer = zlib.compressobj(9, wbits=31)
        fields = {"content-type": "text/plain", "content-encoding": "gzip"}
        await exchange.send(
            head(200, fields) + packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
        )
        while True:
            await exchange.send(b"\0\0\0\xff\xff" * 10_000)  # an empty block each

    site.script(endless)
    assert (await get()).truncated
    await site.closed()


async def test_a_body_without_end_is_cut_at_the_cap(site: ChaosUpstream, get: Fetch) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.begin("text/plain")
        while True:
            await exchange.chunk(b"x" * 65536)

    site.script(endless)
    found = await get()
    assert (found.truncated, found.total_chars) == (True, 1_000_000)
    await site.closed()


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "compress"])
async def test_what_was_not_asked_for_is_not_unpacked(
    site: ChaosUpstream, get: Fetch, encoding: str
) -> None:
    site.script(page(b"\x28\xb5\x2f\xfd", content_encoding=encoding))
    with pytest.raises(NotFound):
        await get()


async def _silent(exchange: Exchange) -> None:
    await exchange.until_gone()


async def _stalling(exchange: Exchange) -> None:
    await exchange.begin("text/html")
    await exchange.chunk(b"<p>begun")
    await exchange.until_gone()


@pytest.mark.parametrize("handler", [_silent, _stalling])
async def test_a_slow_page_ends_with_its_time_and_its_connection(
    site: ChaosUpstream, get: Fetch, handler: Handler
) -> None:
    await get()  # imports, which count too
    site.script(handler)
    with pytest.raises(DeadlineExceeded):
        await get(settings=ToolSettings(fetch_s=0.2))
    with anyio.fail_after(5):
        await site.closed()


async def test_cancelling_closes_the_connection(site: ChaosUpstream, get: Fetch) -> None:
    began = anyio.Event()

    async def silent(exchange: Exchange) -> None:
        began.set()
        await exchange.until_gone()

    site.script(silent)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(get)
            await began.wait()
            tasks.cancel_scope.cancel()
        await site.closed()


async def _raw(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data)
    await exchange.close()


async def _reset(exchange: Exchange) -> None:
    await exchange.begin("text/html")
    await exchange.reset()


@pytest.mark.parametrize(
    "handler",
    [
        partial(_raw, data=b"SSH-2.0-OpenSSH_9.6\r\n"),
        partial(_raw, data=b""),
        partial(_raw, data=b"-ERR unknown command\r\n"),
        partial(_raw, data=head(200, {"content-length": "100"}) + b"<p>short"),
        partial(_raw, data=b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000),
        partial(_raw, data=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        page(b"not gzip", content_encoding="gzip"),
        _reset,
    ],
    ids=range(8),
)
async def test_a_broken_answer_is_told_as_one(
    site: ChaosUpstream, get: Fetch, handler: Handler
) -> None:
    site.script(handler)
    with pytest.raises(NotFound) as told:
        await get()
    assert "good.example" in str(told.value)
    assert SITE not in str(told.value)


async def test_redirects_are_followed_five_times(site: ChaosUpstream, get: Fetch) -> None:
    site.script(*(redirect(f"/{n}", status) for n, status in enumerate((301, 302, 303, 307, 308))))
    found = await get()
    assert (found.text, found.url.rpartition("/")[2]) == ("hello", "4")
    site.otherwise = redirect("/again")
    with pytest.raises(InvalidInput):
        await get()
    assert len(site.requests) == 6 + 6


async def test_a_redirect_may_lead_to_another_public_host(site: ChaosUpstream, get: Fetch) -> None:
    site.script(redirect(f"//other.example:{port_of(site)}/x y"))
    assert (await get()).url == f"http://other.example:{port_of(site)}/x%20y"


async def test_a_name_that_is_not_there_is_told(site: ChaosUpstream) -> None:
    for host in ("unknown.example", "gone.example"):
        with pytest.raises(NotFound):
            await fetch(f"http://{host}/", reach_of(site))


async def test_a_dead_address_gives_way_to_the_next(site: ChaosUpstream) -> None:
    reach = Reach(
        ports=frozenset({port_of(site)}),
        allowed=lambda _: True,
        resolve=names({"two.example": [SECRET, SITE], "dead.example": [SECRET]}),
    )
    assert (await fetch(f"http://two.example:{port_of(site)}/", reach)).text == "hello"
    with pytest.raises(NotFound):
        await fetch(f"http://dead.example:{port_of(site)}/", reach)


async def test_a_certificate_must_fit_the_name_that_was_asked_for(tmp_path: Path) -> None:
    """The address is pinned, and the name is still what the certificate is held against."""
    server, trust = _certified("good.example", tmp_path)
    async with listening(SITE, server) as site:
        port, reach = port_of(site), reach_of(site, trust=lambda: trust)
        assert (await fetch(f"https://good.example:{port}/", reach)).text == "hello"
        for url, distrusting in (
            (f"https://other.example:{port}/", reach),
            (f"https://{SITE}:{port}/", reach),
            (f"https://good.example:{port}/", reach_of(site)),
        ):
            with pytest.raises(NotFound, match="certificate"):
                await fetch(url, distrusting)
        site.script(redirect(f"http://good.example:{port}/"))
        with pytest.raises(InvalidInput):
            await fetch(f"https://good.example:{port}/", reach)
        assert len(site.requests) == 2


def _certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The context of a server that is `name`, and that of a client which trusts it."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "server.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_the_tool_says_what_it_is() -> None:
    tool = fetch_url_tool(ToolSettings())
    assert (tool.toolset, tool.risk, tool.untrusted) == ("workbench", "network", True)
    assert (tool.read_only, tool.open_world, tool.idempotent) == (True, True, True)
    with pytest.raises(InvalidInput):
        await tool.run(tool.arguments(url="http://localhost/"), Caller())  # type: ignore[call-arg]
