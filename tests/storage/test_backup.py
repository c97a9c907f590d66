"""Copies of a database: made in use, checked, put back."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from pointsman.errors import ConfigError, PointsmanError, StorageFailed
from storage.backup import Count, back_up, restore, verify
from storage.database import open_database
from tests.storage.test_database import add, numbers, spoil_header, spoil_pages


def check(connection: sqlite3.Connection) -> Count:
    (rows,) = connection.execute("SELECT count(*) FROM decisions").fetchone()
    (odd,) = connection.execute("SELECT count(*) FROM decisions WHERE id = 'odd'").fetchone()
    return Count(rows, odd)


async def made(path: Path, *rows: int) -> Path:
    async with open_database(path, kind="ledger") as database:
        for row in rows:
            database.post(add(row, 2_000))
    return path


async def rows_of(path: Path) -> set[int]:
    async with open_database(path, kind="ledger") as database:
        return await database.read(numbers)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_backup_is_one_whole_private_file(tmp_path: Path) -> None:
    source, target = await made(tmp_path / "x.db", 1, 2, 3), tmp_path / "copies" / "x.db"
    target.parent.mkdir()
    verified = await back_up(source, target, kind="ledger", check=check)
    assert (verified.rows, verified.damaged, verified.problems) == (3, 0, ())
    assert (verified.path, verified.bytes) == (target, target.stat().st_size)
    assert names(target.parent) == {"x.db"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert await verify(target, kind="ledger", check=check) == verified
    assert names(target.parent) == {"x.db"}  # looking leaves nothing behind
    assert await rows_of(target) == {1, 2, 3}


async def test_a_backup_has_everything_up_to_its_beginning_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    """Writers get their turn while it is copied, and it is the state of one moment."""
    source, target = tmp_path / "x.db", tmp_path / "y.db"
    done = anyio.Event()

    async def copy() -> None:
        await back_up(source, target, kind="ledger", check=check)
        done.set()

    written = 2_000
    async with open_database(source, kind="ledger") as database:
        for number in range(written):
            database.post(add(number, 8_000))
        await database.flush()
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(copy)
                while not done.is_set():
                    await database.write(add(written))
                    written += 1
    assert written > 2_001
    copied = await rows_of(target)
    assert copied == set(range(len(copied)))
    assert 2_000 <= len(copied) < written
    assert await rows_of(source) == set(range(written))


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages])
async def test_what_is_damaged_is_not_copied(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    source = await made(tmp_path / "x.db", *range(50))
    spoil(source)
    with pytest.raises(StorageFailed):
        await back_up(source, tmp_path / "y.db", kind="ledger", check=check)
    assert {name for name in names(tmp_path) if "y.db" in name} == set()


async def test_a_backup_replaces_another_only_when_told_and_never_its_source(
    tmp_path: Path,
) -> None:
    source, target = await made(tmp_path / "x.db", 1), tmp_path / "y.db"
    target.write_bytes(b"precious")
    with pytest.raises(ConfigError):
        await back_up(source, target, kind="ledger", check=check)
    assert target.read_bytes() == b"precious"
    await back_up(source, target, kind="ledger", check=check, overwrite=True)
    assert await rows_of(target) == {1}
    before = source.read_bytes()
    (tmp_path / "link.db").symlink_to(source)
    for itself in (source, tmp_path / "link.db"):
        with pytest.raises(ConfigError):
            await back_up(source, itself, kind="ledger", check=check, overwrite=True)
    assert source.read_bytes() == before


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = await made(tmp_path / "x.db", 1)
    with pytest.raises(StorageFailed) as caught:
        await back_up(source, tmp_path / "no" / "y.db", kind="ledger", check=check)
    assert "no/y.db" in caught.value.message


async def test_a_backup_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    source = await made(tmp_path / "x.db", *range(5_000))
    with anyio.fail_after(10), anyio.move_on_after(0) as scope:
        await back_up(source, tmp_path / "y.db", kind="ledger", check=check)
    assert scope.cancelled_caught
    assert {name for name in names(tmp_path) if "y.db" in name} == set()


# --- checking -----------------------------------------------------------------------------------


async def test_checking_tells_rows_damaged_rows_and_what_is_wrong_with_the_file(
    tmp_path: Path,
) -> None:
    path = await made(tmp_path / "x.db", *range(50))
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO decisions VALUES ('odd', 0, x'00')")
    connection.commit()
    connection.close()
    verified = await verify(path, kind="ledger", check=check)
    assert (verified.rows, verified.damaged, verified.problems) == (51, 1, ())
    spoil_pages(path)
    path.with_name("x.db-wal").unlink()
    before = path.read_bytes()
    assert (await verify(path, kind="ledger", check=check)).problems
    spoil_header(path)
    assert (await verify(path, kind="ledger", check=check)).problems == ("it is damaged",)
    assert path.read_bytes() != before
    assert names(tmp_path) == {"x.db", "x.db.lock"}


async def test_only_a_database_of_that_kind_can_be_checked(tmp_path: Path) -> None:
    async with open_database(tmp_path / "cache.db", kind="cache"):
        pass
    (tmp_path / "empty.db").touch()
    for name in ("cache.db", "empty.db", "missing.db"):
        with pytest.raises(ConfigError):
            await verify(tmp_path / name, kind="ledger", check=check)
    assert not (tmp_path / "missing.db").exists()


# --- putting back -------------------------------------------------------------------------------


async def test_a_copy_takes_the_place_of_the_database_which_goes_to_quarantine(
    tmp_path: Path,
) -> None:
    path, source = await made(tmp_path / "x.db", 1, 2), await made(tmp_path / "y.db", 3)
    verified = await restore(path, source, kind="ledger", check=check)
    assert (verified.path, verified.rows) == (path, 1)
    assert await rows_of(path) == {3}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (aside,) = (tmp_path / "quarantine").iterdir()
    assert await rows_of(aside) == {1, 2}
    assert await rows_of(source) == {3}


async def test_what_a_crash_left_in_the_log_does_not_come_back_and_is_not_lost(
    tmp_path: Path,
) -> None:
    source = await made(tmp_path / "y.db", 3)
    (tmp_path / "home").mkdir()
    async with open_database(tmp_path / "x.db", kind="ledger") as database:
        await database.write(add(1))
        for suffix in ("", "-wal"):
            left = (tmp_path / f"x.db{suffix}").read_bytes()
            (tmp_path / "home" / f"x.db{suffix}").write_bytes(left)
    path = tmp_path / "home" / "x.db"
    await restore(path, source, kind="ledger", check=check)
    assert await rows_of(path) == {3}
    (aside,) = (tmp_path / "home" / "quarantine").iterdir()
    assert await rows_of(aside) == {1}


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages])
async def test_a_damaged_database_is_replaced_too(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path, source = await made(tmp_path / "x.db", *range(50)), await made(tmp_path / "y.db", 3)
    spoil(path)
    await restore(path, source, kind="ledger", check=check)
    assert await rows_of(path) == {3}
    assert names(tmp_path / "quarantine")


async def test_a_home_that_is_new_can_be_restored_to(tmp_path: Path) -> None:
    source = await made(tmp_path / "y.db", 3)
    await restore(tmp_path / "new" / "x.db", source, kind="ledger", check=check)
    assert await rows_of(tmp_path / "new" / "x.db") == {3}


async def test_nothing_is_put_in_the_place_of_a_database_in_use(tmp_path: Path) -> None:
    source = await made(tmp_path / "y.db", 3)
    async with open_database(tmp_path / "x.db", kind="ledger") as database:
        await database.write(add(1))
        with pytest.raises(ConfigError):
            await restore(tmp_path / "x.db", source, kind="ledger", check=check)
        assert await database.read(numbers) == {1}


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages, Path.unlink])
async def test_a_damaged_copy_is_not_put_anywhere(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path, source = await made(tmp_path / "x.db", 1), await made(tmp_path / "y.db", *range(50))
    spoil(source)
    with pytest.raises(PointsmanError):
        await restore(path, source, kind="ledger", check=check)
    assert await rows_of(path) == {1}
    assert not (tmp_path / "quarantine").exists()
