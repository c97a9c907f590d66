"""The actions of `pointsman cache` on files: pairs to probe, and copies of the cache."""

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from pointsman.errors import ConfigError
from server.commands.command import DONE, FAILED, Context

if TYPE_CHECKING:
    from cache.codec import Codec
    from storage.backup import Verified


async def read_text(name: str | Path) -> str:
    """What is in a file, or on standard input under `-`.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        if str(name) == "-":
            text: str = await anyio.to_thread.run_sync(sys.stdin.read)
            return text.removeprefix("\ufeff")
        return await anyio.Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} cannot be read: {error}.") from error


async def probe(context: Context) -> int:
    """Tell of each pair whether the answer to `a` would be served for `b`."""
    from cache.semantic.probe import read_pairs  # numbers take half a second to import
    from server.probing import open_probe

    given = context.arguments
    pairs = list(read_pairs((await read_text(given.pairs)).split("\n")))
    async with open_probe(context.settings, context.home, context.environ) as opened:
        results = [result async for result in opened.results(pairs)]
    lines = "".join(result.line() for result in results)
    if given.out is None:
        context.say(lines, end="")
        return DONE
    try:
        await anyio.Path(given.out).write_text(lines, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{given.out} cannot be written: {error.strerror}.") from error
    hits = sum(result.hit for result in results)
    context.tell(
        {"pairs": len(results), "hits": hits, "out": str(given.out)},
        f"{hits} of {len(results)} pairs would share an answer; see {given.out}.",
    )
    return DONE


async def backup(context: Context) -> int:
    """Copy the cache, whether or not an engine is using it."""
    from cache.backup import count
    from storage.backup import back_up

    source, given = context.home / "cache.db", context.arguments
    if not await anyio.Path(source).is_file():
        raise ConfigError(f"There is no cache in {context.home} yet.")
    check = partial(count, codec=await _codec(context))
    made = await back_up(source, given.path, kind="cache", check=check, overwrite=given.overwrite)
    return _tell(context, made, "Copied to")


async def verify(context: Context) -> int:
    """Read a cache, or a backup of one, from end to end."""
    from cache.backup import verify_cache

    path = context.arguments.path or context.home / "cache.db"
    return _tell(context, await verify_cache(path, codec=await _codec(context)), "Read")


async def restore(context: Context) -> int:
    """Put a backup in the place of the cache."""
    from cache.backup import restore_cache

    source = context.arguments.path
    restored = await restore_cache(context.home, source, codec=await _codec(context))
    return _tell(context, restored, "Restored to")


async def _codec(context: Context) -> "Codec":
    """What reads the answers as the settings have them written."""
    from cache.codec import Codec, encrypting_codec
    from cache.key import Keys
    from cache.secrets import open_secret

    settings = context.settings.cache
    if not settings.encrypt:
        return Codec()
    secret = await anyio.to_thread.run_sync(open_secret, settings, context.home)
    keys = Keys(secret, settings.namespace, settings.scope)
    return await anyio.to_thread.run_sync(encrypting_codec, keys.of_scope)


def _tell(context: Context, found: "Verified", what: str) -> int:
    whole = not found.problems and not found.damaged
    told = f"{what} {found.path}: {found.rows} answers, {found.bytes} bytes, "
    told += "all whole." if whole else f"{found.damaged} of them damaged."
    told = "\n".join([told, *(context.plain(problem) for problem in found.problems[:10])])
    context.tell({**asdict(found), "path": str(found.path)}, told)
    return DONE if whole else FAILED
