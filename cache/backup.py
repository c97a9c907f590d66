"""Backup, check and restore of the cache database (CA-19)."""

import sqlite3
from functools import partial
from pathlib import Path

from cache.codec import Codec
from storage import backup
from storage.backup import Count, Verified
from storage.database import Database

PLAIN = Codec()


async def backup_cache(
    database: Database, target: Path, *, codec: Codec = PLAIN, overwrite: bool = False
) -> Verified:
    """A checked copy of the cache under `target`, readable by this user alone; it stays in use.

    Raises:
        ConfigError: `target` is there already, or cannot be made.
        StorageFailed: it could not be copied, or the cache itself is damaged.
    """
    await database.flush()
    check = partial(count, codec=codec)
    return await backup.back_up(
        database.path, target, kind="cache", check=check, overwrite=overwrite
    )


async def verify_cache(path: Path, *, codec: Codec = PLAIN) -> Verified:
    """What there is to say of a cache database, or of a backup of one.

    Raises:
        ConfigError: there is no such file, or it is not a cache that this version reads.
    """
    return await backup.verify(path, kind="cache", check=partial(count, codec=codec))


async def restore_cache(home: Path, source: Path, *, codec: Codec = PLAIN) -> Verified:
    """Put a copy of the backup `source` in the place of the cache of `home`.

    The old file is kept in the home's quarantine.

    Raises:
        ConfigError: an engine is running there, or `source` is not a cache that this version reads.
        StorageFailed: `source` is damaged, or could not be copied; the cache is as it was.
    """
    check = partial(count, codec=codec)
    return await backup.restore(home / "cache.db", source, kind="cache", check=check)


def count(connection: sqlite3.Connection, codec: Codec) -> Count:
    """The answers, and of them those that `codec` finds damaged; what others sealed it cannot."""
    rows = damaged = 0
    for key, blob in connection.execute("SELECT key, blob FROM cached"):
        rows += 1
        if not isinstance(blob, bytes) or not isinstance(key, str):  # damage changes types too
            damaged += 1
        elif codec.knows(blob):
            damaged += codec.unseal(blob, key) is None
    return Count(rows, damaged)
