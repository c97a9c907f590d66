"""A Redis behind TLS: `rediss://`."""

import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import AnyByteStream, SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cache.redis.link import open_link
from tests.cache.redis.conftest import AMPLE_S, Hand
from tests.redis_server import RedisServer

GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, ssl.SSLError)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for the loopback that vouches for itself, and its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(pem + built.public_bytes(serialization.Encoding.PEM))
    return path


async def carry(source: AnyByteStream, target: AnyByteStream) -> None:
    with suppress(*GONE):
        while True:
            await target.send(await source.receive())
    with suppress(*GONE):
        await target.aclose()


@asynccontextmanager
async def behind_tls(server: RedisServer, certificate: Path) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def serve(stream: AnyByteStream) -> None:
        async with (
            await anyio.connect_tcp("127.0.0.1", server.port) as behind,
            anyio.create_task_group() as both,
        ):
            both.start_soon(carry, stream, behind)
            both.start_soon(carry, behind, stream)

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(SocketAttribute.local_port)  # noqa: S610 - anyio, not Django
    listener = TLSListener(plain, context, standard_compatible=False)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield f"rediss://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def test_it_is_used_if_it_can_be_trusted(
    server: RedisServer, certificate: Path, hand: Hand
) -> None:
    with anyio.fail_after(30):
        async with behind_tls(server, certificate) as url:
            url += f"?ssl_ca_certs={certificate}"
            opened = open_link(
                url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
            )
            async with opened as link:
                await link.put({b"n": b"v"}, 60)
                assert await link.get(b"n") == b"v"
                assert link.state == "ok"


async def test_it_is_not_used_if_it_cannot(
    server: RedisServer, certificate: Path, hand: Hand
) -> None:
    with anyio.fail_after(30):
        async with behind_tls(server, certificate) as url:
            opened = open_link(
                url, timeout_s=AMPLE_S, connect_timeout_s=AMPLE_S, clock=hand.clock()
            )
            async with opened as link:
                assert (link.state, link.last_error) == ("degraded", "ConnectionError")
    assert server.names() == []
