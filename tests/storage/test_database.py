"""Opening a database, writing in groups, reading, and what can be wrong with the disk."""

import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
import structlog  # noqa: F401 - the server has imported it long before anything fails

from pointsman.errors import ConfigError, StorageFailed
from storage.database import Database, open_database
from storage.schema import APPLICATION, MIGRATIONS, Kind

KINDS: list[Kind] = ["ledger", "cache"]


def add(number: int, size: int = 10) -> Callable[[sqlite3.Connection], None]:
    def query(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO decisions VALUES (?, 0, zeroblob(?))", (str(number), size))

    return query


def numbers(connection: sqlite3.Connection) -> set[int]:
    return {int(row[0]) for row in connection.execute("SELECT id FROM decisions")}


def pragma(name: str) -> Callable[[sqlite3.Connection], int | str]:
    def query(connection: sqlite3.Connection) -> int | str:
        value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    return query


class Gate:
    """Keeps the writer busy, so that what is asked for meanwhile becomes one batch."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self.commits = 0

    def __call__(self, connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(self._trace)
        self._opened.wait(5)

    def open(self) -> None:
        self._opened.set()

    def _trace(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


async def write_together(
    database: Database, *queries: Callable[[sqlite3.Connection], None]
) -> tuple[list[Exception | None], int]:
    """What each query raised when all were written at once, and in how many commits."""
    gate, raised = Gate(), [None] * len(queries)  # type: tuple[Gate, list[Exception | None]]

    async def one(place: int) -> None:
        try:
            await database.write(queries[place])
        except (StorageFailed, ZeroDivisionError) as error:
            raised[place] = error

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(database.write, gate)
            await anyio.wait_all_tasks_blocked()
            for place in range(len(queries)):
                group.start_soon(one, place)
            await anyio.wait_all_tasks_blocked()
            gate.open()
    return raised, gate.commits


# --- writing and reading ------------------------------------------------------------------------


async def test_what_is_written_together_is_committed_together(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        raised, commits = await write_together(database, *(add(number) for number in range(200)))
        assert raised == [None] * 200
        assert commits <= 2  # the gate's own may be one more
        assert await database.read(numbers) == set(range(200))


async def test_a_write_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        add(8)(connection)
        raise ZeroDivisionError

    def undo_everything(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")  # as SQLite itself does when the disk is full
        raise ZeroDivisionError

    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        raised, _ = await write_together(database, add(1), add(1), half, add(2))
        assert [type(error) for error in raised] == [
            type(None),
            StorageFailed,
            ZeroDivisionError,
            type(None),
        ]
        raised, _ = await write_together(database, add(3), undo_everything, add(4))
        assert [type(error) for error in raised] == [type(None), ZeroDivisionError, type(None)]
        assert await database.read(numbers) == {1, 2, 3, 4}


async def test_what_is_posted_comes_before_what_is_written_later(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        for number in range(500):
            database.post(add(number))
        assert await database.write(numbers) == set(range(500))


async def test_what_is_posted_is_written_by_itself(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        database.post(add(1))
        with anyio.fail_after(5):
            while await database.read(numbers) != {1}:
                await anyio.lowlevel.checkpoint()


async def test_what_is_posted_is_kept_when_the_owner_is_cancelled(tmp_path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
            database.post(add(1))
            scope.cancel()
            await anyio.sleep_forever()
    assert not [thread for thread in threading.enumerate() if "ledger.db" in thread.name]
    with pytest.raises(StorageFailed):
        await database.write(add(2))
    with pytest.raises(StorageFailed):
        database.post(add(2))
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        assert await database.read(numbers) == {1}


async def test_a_posted_write_that_fails_is_counted(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        for number in (1, 1, 2):
            database.post(add(number))
        await database.flush()
        assert database.lost == 1
        assert await database.read(numbers) == {1, 2}


async def test_who_stops_waiting_does_not_take_the_write_back(tmp_path: Path) -> None:
    gate = Gate()
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(database.write, gate)
                group.start_soon(database.write, add(1))
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            gate.open()
            await database.flush()
        assert await database.read(numbers) == {1}


async def test_the_reader_cannot_write(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ledger.db", kind="ledger") as database:
        with pytest.raises(StorageFailed):
            await database.read(add(1))
        assert await database.read(numbers) == set()


# --- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_user_can_read_what_is_kept(tmp_path: Path, kind: Kind) -> None:
    home = tmp_path / "new" / "home"
    async with open_database(home / "x.db", kind=kind) as database:
        await database.write(lambda connection: connection.execute("PRAGMA user_version = 1"))
        names = {path.name for path in home.iterdir()}
        assert {"x.db", "x.db-wal", "x.db-shm"} <= names
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}
    assert not (home / "x.db-wal").exists()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("ledger", "journal_mode", "wal"),
        ("ledger", "synchronous", 2),
        ("ledger", "secure_delete", 1),
        ("ledger", "user_version", 4),
        ("cache", "journal_mode", "wal"),
        ("cache", "synchronous", 1),
        ("cache", "auto_vacuum", 2),
        ("cache", "page_size", 8192),
    ],
)
async def test_the_database_is_set_up_as_measured(
    tmp_path: Path, kind: Kind, name: str, value: int | str
) -> None:
    """RELIABILITY 2.3"""
    async with open_database(tmp_path / "x.db", kind=kind) as database:
        assert await database.write(pragma(name)) == value


async def test_a_database_has_one_owner(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_database(path, kind="ledger"):
        with pytest.raises(ConfigError):
            async with open_database(path, kind="ledger"):
                raise AssertionError
    async with open_database(path, kind="ledger"):
        pass


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 99", "PRAGMA application_id = 7"])
@pytest.mark.parametrize("kind", KINDS)
async def test_what_another_version_or_program_wrote_is_refused_and_left_alone(
    tmp_path: Path, kind: Kind, statement: str
) -> None:
    path = tmp_path / "x.db"
    async with open_database(path, kind=kind):
        pass
    change(path, "CREATE TABLE theirs (x)")
    change(path, statement)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        async with open_database(path, kind=kind):
            raise AssertionError
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == before
    change(path, statement.split("=")[0] + "= 1")  # it was closed: the file is not locked


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = 99",
        "PRAGMA application_id = 7",
        "DROP TABLE cached",
    ],
)
async def test_a_cache_whose_head_and_tables_disagree_is_begun_anew(
    tmp_path: Path, statement: str
) -> None:
    """CA-19: as a flipped bit leaves it"""
    path = tmp_path / "cache.db"
    async with open_database(path, kind="cache"):
        pass
    change(path, statement)
    async with open_database(path, kind="cache") as database:
        assert database.moved == tmp_path / "quarantine"
        await database.write(add_cached(1))


async def test_a_cache_of_the_first_version_is_migrated_without_its_rows(tmp_path: Path) -> None:
    """Its keys are made otherwise now: nothing would find them, but they would count."""
    path = tmp_path / "cache.db"
    first = MIGRATIONS["cache"][0] + "PRAGMA user_version = 1;"
    connection = sqlite3.connect(path)
    connection.executescript(first + f"PRAGMA application_id = {APPLICATION['cache']}")
    connection.execute("INSERT INTO cached VALUES ('k', x'00', 1, 0, 0, 9e9, 'm', 'p', 's')")
    connection.commit()
    connection.close()
    async with open_database(path, kind="cache") as database:
        assert database.moved is None
        assert not await database.read(lambda c: c.execute("SELECT key FROM cached").fetchall())


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.close()


async def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        async with open_database(tmp_path / "ledger.db", kind="ledger"):
            raise AssertionError
    assert not (tmp_path / "elsewhere").exists()


# --- damage -------------------------------------------------------------------------------------


def spoil_header(path: Path) -> None:
    path.write_bytes(b"not a database " * 1000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def spoil_pages(path: Path) -> None:
    """Overwrite the middle of the file, as a failing disk does, in a crash."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 8192 * 8192
    data[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(data)
    path.with_name(path.name + "-wal").write_bytes(b"left behind")


@pytest.mark.parametrize("spoil", [spoil_header, cut, spoil_pages])
async def test_a_damaged_ledger_is_refused_and_never_replaced(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """F-7"""
    path = tmp_path / "ledger.db"
    async with open_database(path, kind="ledger") as database:
        for number in range(500):
            database.post(add(number, 200))
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        async with open_database(path, kind="ledger"):
            raise AssertionError
    assert "damaged" in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint is not None
    assert path.read_bytes() == before


@pytest.mark.parametrize("times", [1, 2])
async def test_a_damaged_cache_is_moved_aside_and_started_empty(tmp_path: Path, times: int) -> None:
    """CA-19, F-7"""
    path = tmp_path / "cache.db"
    for _ in range(times):
        spoil_header(path)
        async with open_database(path, kind="cache") as database:
            assert database.moved == tmp_path / "quarantine"
            assert await database.read(pragma("quick_check")) == "ok"
    async with open_database(path, kind="cache") as database:
        assert database.moved is None
    assert len(list((tmp_path / "quarantine").iterdir())) == 1


async def test_a_cache_that_is_found_damaged_in_use_is_begun_anew_at_once(tmp_path: Path) -> None:
    """CA-19, F-7: whole at its head, damaged further in"""
    path = tmp_path / "cache.db"
    async with open_database(path, kind="cache") as database:
        for number in range(500):
            database.post(add_cached(number))
    spoil_pages(path)
    path.with_name(path.name + "-wal").unlink()
    async with open_database(path, kind="cache") as database:
        assert database.moved is None
        with anyio.fail_after(10):
            with pytest.raises(StorageFailed):
                await database.read(all_cached)
            assert database.moved == tmp_path / "quarantine"
            assert await database.read(all_cached) == []
            await database.write(add_cached(1))
        assert database.replaced == 1
    async with open_database(path, kind="cache") as database:
        assert len(await database.read(all_cached)) == 1


async def test_while_a_damaged_cache_is_replaced_nobody_waits_in_vain(tmp_path: Path) -> None:
    """CA-19: whoever asks meanwhile is told so, or gets their answer from the new file"""
    refused = 0

    async def use(number: int) -> None:
        nonlocal refused
        try:
            await (database.read(all_cached) if number % 2 else database.write(add_cached(number)))
        except StorageFailed:
            refused += 1

    async with open_database(tmp_path / "cache.db", kind="cache") as database:
        await database.write(lambda connection: connection.execute("DROP TABLE cached"))
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                for number in range(50):
                    group.start_soon(use, number)
            database.post(add_cached(1))
            await database.flush()
        assert refused == 50
        assert (database.replaced, database.lost) == (1, 0)
        assert len(await database.read(all_cached)) == 1


async def test_a_mistake_in_a_query_does_not_cost_the_cache(tmp_path: Path) -> None:
    async with open_database(tmp_path / "cache.db", kind="cache") as database:
        await database.write(add_cached(1))
        with pytest.raises(StorageFailed):
            await database.read(lambda connection: connection.execute("SELECT * FROM nothing"))
        assert database.replaced == 0
        assert len(await database.read(all_cached)) == 1


async def test_a_damaged_cache_that_cannot_be_replaced_yet_is_replaced_later(
    tmp_path: Path,
) -> None:
    """CA-18, CA-19"""
    async with open_database(tmp_path / "cache.db", kind="cache") as database:
        (tmp_path / "quarantine").touch()  # in the way of the folder of that name
        await database.write(lambda connection: connection.execute("DROP TABLE cached"))
        for _ in range(2):
            with pytest.raises(StorageFailed):
                await database.read(all_cached)
        assert database.replaced == 0
        (tmp_path / "quarantine").unlink()
        with anyio.fail_after(10):
            assert await database.read(all_cached) == []
        assert database.replaced == 1


async def test_a_large_log_is_folded_into_the_file_when_nothing_is_written(tmp_path: Path) -> None:
    log = tmp_path / "x.db-wal"
    async with open_database(tmp_path / "x.db", kind="ledger", idle_s=0.01) as database:
        await database.write(add(1, 3_000_000))
        with anyio.fail_after(10):
            while log.stat().st_size:
                await anyio.lowlevel.checkpoint()
        await database.write(add(2))
        assert await database.read(numbers) == {1, 2}


def all_cached(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT * FROM cached").fetchall()


def add_cached(number: int) -> Callable[[sqlite3.Connection], None]:
    def query(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO cached VALUES (?, zeroblob(500), 500, 0, 0, 9e9, 'm', 'p', 's', 0)",
            (number,),
        )

    return query


# --- a disk that takes no more ------------------------------------------------------------------


async def test_a_full_disk_refuses_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    """F-6: the write that does not fit loses the whole transaction, and still only fails itself"""
    async with open_database(tmp_path / "x.db", kind="ledger", max_bytes=500_000) as database:
        raised, _ = await write_together(database, add(1), add(2, 2_000_000), add(3))
        assert [type(error) for error in raised] == [type(None), StorageFailed, type(None)]
        assert "full" in str(raised[1])
        assert await database.read(numbers) == {1, 3}
        await database.write(add(4))
    async with open_database(tmp_path / "x.db", kind="ledger") as database:
        assert await database.read(numbers) == {1, 3, 4}


async def test_a_database_that_became_read_only_says_so_and_recovers(tmp_path: Path) -> None:
    """F-6"""

    def freeze(connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute("PRAGMA query_only = ON")
        return connection

    async with open_database(tmp_path / "x.db", kind="ledger") as database:
        connection = await database.write(freeze)
        with pytest.raises(StorageFailed) as caught:
            await database.write(add(1))
        assert "read-only" in caught.value.message
        await anyio.to_thread.run_sync(connection.execute, "PRAGMA query_only = OFF")
        await database.write(add(1))
        assert await database.read(numbers) == {1}


@pytest.mark.skipif(not Path("/sys").is_dir(), reason="no folder here that nobody may write")
async def test_a_home_that_cannot_be_written_is_named() -> None:
    """F-6"""
    with pytest.raises(ConfigError) as caught:
        async with open_database(Path("/sys/pointsman/ledger.db"), kind="ledger"):
            raise AssertionError
    assert "'/sys/pointsman' is read-only" in caught.value.message
    assert caught.value.hint is not None


async def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ConfigError) as caught:
        async with open_database(tmp_path / "home" / "ledger.db", kind="ledger"):
            raise AssertionError
    assert str(tmp_path / "home") in caught.value.message
