"""What is not on the public internet is never reached: a listener on the loopback counts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from ipaddress import ip_address

import anyio
import pytest
from pydantic import ValidationError

from pointsman.errors import InvalidInput, NotFound
from tests.chaos import ChaosUpstream
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
from tools.workbench.web.exchange import Pinned
from tools.workbench.web.public import Address, is_public
from tools.workbench.web.visit import Reach, look_up

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "2a00::1", "::ffff:8.8.8.8"]

# What stands for 127.0.0.1 to one resolver or another, and what is no plain URL; {port} is open.
FORMS = [
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://127.1:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://\uff11\uff12\uff17.0.0.1:{port}/",  # full-width digits
    "http://127.0.0.1.:{port}/",
    "http://127.0.0.1%2f:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://ⓛocalhost:{port}/",
    "http://100.64.0.1:{port}/",
    "http://[fec0::1]:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://good@127.0.0.1:{port}/",
    "http://good:pass@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@good.example/",
    "http://127.0.0.1:{port}?@good.example/",
    "http://good.example#@127.0.0.1:{port}/",
    "http://good.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@good.example/",
    "http:\\\\127.0.0.1:{port}\\",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.\n0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nHost: good.example",
    "http://127.0.0.1\0.good.example:{port}/",
    "http://\u200b127.0.0.1:{port}/",
    "\thttp://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@good.example/",
    "http://[::1]good.example:{port}/",
    "http://[good.example]:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/info",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "data:text/html,<p>hello",
    "javascript:fetch('http://127.0.0.1:{port}')",
    "unix:///run/docker.sock",
    "ws://127.0.0.1:{port}/",
    "jar:http://127.0.0.1:{port}/!/",
    "http://127.0.0.1:{port}:80/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:99999999/",
    "http://127.0.0.1:{port}/" + "a" * 3000,
    "http://" + "a." * 1500 + "example:{port}/",
    "http://" + "ü" * 300 + ".example:{port}/",
    "",
    "http://",
    "http://:{port}/",
    "http://.:{port}/",
]


@pytest.fixture
async def secret() -> AsyncIterator[ChaosUpstream]:
    async with listening(SECRET) as upstream:
        yield upstream


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_known_as_such(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_known_as_such(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
async def test_no_form_of_an_address_reaches_the_loopback(secret: ChaosUpstream, form: str) -> None:
    """T-43: refused before anything is connected; the machine's own resolver is asked."""
    port = port_of(secret)
    verdicts: list[bool] = []

    def noting(address: Address) -> bool:
        verdicts.append(is_public(address))
        return verdicts[-1]

    reach = Reach(ports=frozenset({port}), resolve=_offline, allowed=noting)
    with pytest.raises((InvalidInput, NotFound, ValidationError)):
        await fetch(form.replace("{port}", str(port)), reach)
    assert secret.connections == 0
    assert not any(verdicts)  # nor is any other address connected to


async def _offline(host: str, port: int) -> Sequence[str]:
    """The machine's resolver for what needs no network, which is all that is of interest here."""
    return await look_up(host, port) if "localhost" in host else await names({})(host, port)


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_no_name_leads_to_an_address_that_is_not_public(
    secret: ChaosUpstream, address: str
) -> None:
    """T-43: whatever DNS says, and however many public addresses it says beside."""
    port = port_of(secret)
    table = {"bad.example": [address], "mixed.example": ["8.8.8.8", address]}
    reach = Reach(ports=frozenset({port}), resolve=names(table))
    for name in table:
        with pytest.raises(InvalidInput) as refused:
            await fetch(f"http://{name}:{port}/", reach)
        assert address not in str(refused.value)
    assert secret.connections == 0


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
async def test_no_redirect_reaches_the_loopback(secret: ChaosUpstream, form: str) -> None:
    """T-43: every hop is checked as the first is, after any number of good ones."""
    async with listening(SITE) as site:
        reach = Reach(
            ports=frozenset({port_of(secret), port_of(site)}),
            allowed=but_for_site,
            resolve=names({"good.example": [SITE]}),
        )
        location = "".join(
            c for c in form.replace("{port}", str(port_of(secret))) if c not in "\r\n"
        )
        site.script(redirect("/further"), redirect(location.encode().decode("latin-1")))
        with suppress(InvalidInput, NotFound):  # some forms are paths of the site
            await fetch(f"http://good.example:{port_of(site)}/", reach)
        assert len(site.requests) >= 2
    assert secret.connections == 0


async def test_a_name_that_changes_its_mind_is_asked_once_and_pinned(
    secret: ChaosUpstream,
) -> None:
    """T-43, DNS rebinding: what was checked is what is connected to."""
    async with listening(SITE) as site:
        answers = [[SITE], [SECRET], [SECRET], [SECRET]]

        async def rebinding(host: str, port: int) -> Sequence[str]:
            return answers.pop(0)

        reach = Reach(
            ports=frozenset({port_of(site), port_of(secret)}),
            allowed=but_for_site,
            resolve=rebinding,
        )
        found = await fetch(f"http://rebind.example:{port_of(site)}/", reach)
        assert (found.text, len(answers)) == ("hello", 3)
        for url in (f"http://rebind.example:{port}/" for port in reach.ports):
            with pytest.raises(InvalidInput):
                await fetch(url, reach)
    assert secret.connections == 0


async def test_a_redirect_to_the_same_name_is_resolved_and_checked_anew(
    secret: ChaosUpstream,
) -> None:
    async with listening(SITE) as site:
        answers = [[SITE], [SECRET]]

        async def rebinding(host: str, port: int) -> Sequence[str]:
            return answers.pop(0)

        reach = Reach(
            ports=frozenset({port_of(site), port_of(secret)}),
            allowed=but_for_site,
            resolve=rebinding,
        )
        site.script(redirect(f"http://rebind.example:{port_of(secret)}/"))
        with pytest.raises(InvalidInput):
            await fetch(f"http://rebind.example:{port_of(site)}/", reach)
    assert (answers, secret.connections) == ([], 0)


@pytest.mark.parametrize("port", [0, 22, 25, 3306, 6379, 8080, 65535])
async def test_other_ports_are_refused_before_the_name_is_looked_up(port: int) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["8.8.8.8"]

    with pytest.raises(InvalidInput):
        await fetch(f"http://good.example:{port}/", Reach(resolve=resolve))
    assert asked == []


async def test_the_environments_proxy_is_not_used(
    secret: ChaosUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, secret.url)
    async with listening(SITE) as site:
        reach = Reach(
            ports=frozenset({port_of(site)}),
            allowed=but_for_site,
            resolve=names({"good.example": [SITE]}),
        )
        assert (await fetch(f"http://good.example:{port_of(site)}/", reach)).text == "hello"
    assert secret.connections == 0


async def test_the_names_in_a_page_are_not_visited(secret: ChaosUpstream) -> None:
    """Images, frames, style sheets and a refresh are text at most; nothing follows them."""
    url = f"{secret.url}/x"
    html = (
        f"<meta http-equiv=refresh content='0;url={url}'><link rel=stylesheet href={url}>"
        f"<base href={url}><img src={url} alt=cat><iframe src={url}></iframe>"
        f"<script src={url}></script><video poster={url}></video><p style='background:url({url})'>x"
    )
    async with listening(SITE) as site:
        site.script(page(html))
        reach = Reach(
            ports=frozenset({port_of(site), port_of(secret)}),
            allowed=but_for_site,
            resolve=names({"good.example": [SITE]}),
        )
        found = await fetch(f"http://good.example:{port_of(site)}/", reach)
    assert found.text == "(image: cat)\n\nx"
    assert secret.connections == 0


async def test_a_connection_that_ends_somewhere_else_is_not_used() -> None:
    """The peer is asked too: who dials 0.0.0.0 is answered by 127.0.0.1."""
    async with listening(SECRET) as upstream:
        dialled = [ip_address("0.0.0.0")]  # noqa: S104
        with anyio.fail_after(5), pytest.raises(Exception, match="another address"):
            await Pinned(dialled).connect_tcp("good.example", port_of(upstream))
        await upstream.closed()
        assert upstream.requests == []
