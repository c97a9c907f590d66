"""SQL over one's own history: what it says, and what it never says. TL-06."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import pytest

from pointsman.errors import DeadlineExceeded, InvalidInput, StorageFailed
from pointsman.records import Principal
from storage.history import MOST_ROWS, VIEWS, History
from storage.learning import Feedback, write_feedback
from storage.ledger import write_call
from storage.schema import migrate
from tests.accounting.examples import attempt, call, ledger_in

ANN, BOB = "ann", "o'bob"
CALLS = 400  # of each


def fill(connection: sqlite3.Connection) -> None:
    for n in range(CALLS):
        mine = call(2 * n, attempt(2 * n), principal=Principal(id=ANN), session_id="of-ann")
        write_call(connection, mine)
        theirs = attempt(2 * n + 1, message="BOBS")
        record = call(2 * n + 1, theirs, principal=Principal(id=BOB), session_id="BOBS")
        write_call(connection, record)
    for who, comment in ((ANN, "of-ann"), (BOB, "BOBS")):
        rating = Feedback(
            decision_id="d0",
            principal=who,
            kind="rating",
            at_ms=1,
            model="acme/acme-large",
            category="math",
            band="low",
            rating=0.5,
            comment=comment,
        )
        write_feedback(connection, rating)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file, which somebody has open to write."""
    path = tmp_path_factory.mktemp("home") / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        migrate(connection, "ledger", 0)
        connection.execute("BEGIN")
        fill(connection)
        connection.execute("COMMIT")
        yield path


@pytest.fixture
def history(ledger: Path) -> History:
    return History(ledger)


async def test_what_was_just_written_is_seen(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as (_, database):
        history = History(tmp_path / "ledger.db")
        for n in range(3):
            await database.write(partial(write_call, record=call(n, attempt(n))))
            found = await history.query("SELECT count(*) FROM calls", "local")
            assert found.rows == ((n + 1,),)


async def test_a_principal_sees_their_own_rows_and_costs_in_dollars(history: History) -> None:
    found = await history.query("SELECT id, at, cost_nano, cost_usd FROM calls LIMIT 2", ANN)
    assert found.columns == ("id", "at", "cost_nano", "cost_usd")
    assert found.rows == (
        ("c0", "2025-06-15 15:06:40", 1000, 1e-6),
        ("c2", "2025-06-15 15:06:40", 1002, 1.002e-6),
    )
    assert not found.truncated
    for view, rows in (("calls", CALLS), ("attempts", CALLS), ("feedback", 1)):
        for who in (ANN, BOB):
            assert (await history.query(f"SELECT count(*) FROM {view}", who)).rows == ((rows,),)  # noqa: S608
        for who in ("nobody", "", "ann' OR '1'='1", "ann\0", "' OR 1=1 --", "\ud800"):
            assert (await history.query(f"SELECT count(*) FROM {view}", who)).rows == ((0,),)  # noqa: S608


@pytest.mark.parametrize("view", list(VIEWS))
async def test_every_column_that_is_told_of_is_there(history: History, view: str) -> None:
    found = await history.query(f"SELECT * FROM {view}", ANN)  # noqa: S608
    assert found.columns == tuple(VIEWS[view])
    assert "BOBS" not in str(found.rows)


GOOD = {
    "SELECT model, round(sum(cost_usd), 6) AS usd FROM calls GROUP BY 1 ORDER BY 2 DESC": (
        ("acme-large", 0.00056),
    ),
    "-- how many?\nselect count(*) from calls -- mine": ((CALLS,),),
    "WITH x AS (SELECT * FROM calls) SELECT count(*) FROM x": ((CALLS,),),
    "SELECT count(*) FROM calls JOIN attempts ON call_id = calls.id": ((CALLS,),),
    "SELECT count(*) FROM calls WHERE at > date('now', '-36500 days')": ((CALLS,),),
    "SELECT rank() OVER (ORDER BY id) FROM calls LIMIT 1": ((1,),),
    "SELECT x'00ff', 1e999, NULL, 'é'": (("2 bytes", "inf", None, "é"),),
    "VALUES (1), (2);": ((1,), (2,)),
}


@pytest.mark.parametrize("sql", GOOD)
async def test_usual_questions_are_answered(history: History, sql: str) -> None:
    assert (await history.query(sql, ANN)).rows == GOOD[sql]


async def test_long_results_are_cut_in_rows_and_in_bytes(history: History) -> None:
    found = await history.query("SELECT id FROM calls", ANN)
    assert (len(found.rows), found.truncated) == (MOST_ROWS, True)
    wide = "SELECT " + ", ".join(f"'{'x' * 180}' AS a{n}" for n in range(20)) + " FROM calls"  # noqa: S608
    found = await history.query(wide, ANN)
    assert found.truncated
    assert 0 < len(found.rows) < 20


REFUSED = [
    "",
    "SELECT",
    "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM calls",
    "EXPLAIN SELECT * FROM calls",
    "/* x */ EXPLAIN QUERY PLAN SELECT * FROM calls",
    "SELECT '\0'",
    "SELECT ?1",
    "SELECT nosuch FROM calls",
    "SELECT principal FROM calls",
    "SELECT department FROM calls",
    "SELECT * FROM main.calls",
    "SELECT * FROM ledger.calls",
    "WITH calls AS (SELECT * FROM main.calls) SELECT * FROM calls",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM sqlite_temp_master",
    "SELECT sql FROM temp.sqlite_master",
    "SELECT * FROM decisions",
    "SELECT count(*) FROM decisions",
    "SELECT * FROM holds",
    "SELECT * FROM sessions",
    "SELECT * FROM outcomes",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM sessions)",
    "SELECT * FROM pragma_database_list",
    "SELECT count(*) FROM pragma_table_info('calls')",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM dbstat",
    "PRAGMA table_info(calls)",
    "PRAGMA query_only = OFF",
    "ATTACH ':memory:' AS x",
    "DETACH temp",
    "VACUUM INTO '/tmp/stolen.db'",
    "INSERT INTO calls (id) VALUES ('x')",
    "UPDATE calls SET id = 'x'",
    "DELETE FROM calls",
    "DROP VIEW calls",
    "CREATE TABLE x (y)",
    "CREATE TEMP TABLE x (y)",
    "BEGIN",
    "WITH x AS (SELECT 1) DELETE FROM calls",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT format('%d', 1)",
    "SELECT zeroblob(1000000000)",
    "SELECT hex(randomblob(1000000000))",
    "SELECT replace('aa', 'a', 'bb')",
    "SELECT quote(id) FROM calls",
    "SELECT trim('aa', 'a')",
    "SELECT last_insert_rowid()",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT fts3_tokenizer('x')",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT " + "+".join("1" for _ in range(500)),
    "SELECT " + " UNION ALL SELECT ".join("1" for _ in range(50)),
    "SELECT " + ",".join("1" for _ in range(500)),
    "SELECT '" + "x" * 5000 + "'",
    "SELECT 'x' LIKE '" + "%x" * 100 + "'",
    "WITH a(s) AS (SELECT 'x' || '" + "x" * 3000 + "'), b(s) AS (SELECT s||s||s||s||s||s FROM a) "
    "SELECT s FROM b",
    "SELECT group_concat(a.id) FROM calls a, calls b",
]


@pytest.mark.parametrize("sql", REFUSED, ids=[ascii(sql)[:48] for sql in REFUSED])
async def test_what_nobody_may_ask_is_refused(history: History, sql: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await history.query(sql, ANN)
    told = f"{caught.value.message} {caught.value.hint}"
    assert "BOBS" not in told
    assert "ledger_" not in told  # the name that reaches the tables
    assert (await history.query("SELECT count(*) FROM calls", BOB)).rows == ((CALLS,),)


LONG = "WITH t(s) AS (SELECT '" + "a" * 1900 + "'), u(s) AS (SELECT s||s||s||s||s||s||s||s FROM t) "
BOMBS = [
    "SELECT count(*) FROM calls a, calls b, calls c, calls d",
    "SELECT a.id FROM calls a, calls b, calls c ORDER BY a.id || b.id || c.id DESC",
    "SELECT count(DISTINCT a.id || b.id || c.id) FROM calls a, calls b, calls c",
    "SELECT sum((SELECT count(*) FROM calls x, attempts y WHERE x.id <> a.id)) FROM calls a",
    "SELECT sum(n) FROM (SELECT count(*) OVER (ORDER BY a.id, b.id ROWS 1000 PRECEDING) AS n "
    "FROM calls a, calls b, calls c)",
    "SELECT max(length(strftime('" + "%J" * 900 + "', b.id))) FROM calls a, calls b, calls c",
    LONG + "SELECT count(*) FROM calls c, calls d WHERE (SELECT s FROM u) || c.id || d.id "
    "LIKE '%" + "_" * 90 + "b%b'",
    LONG + "SELECT count(*) FROM calls c, calls d WHERE (SELECT s FROM u) || c.id || d.id "
    "GLOB '*" + "[a-z]" * 18 + "[b-c]*b'",
    LONG + "SELECT count(instr((SELECT s FROM u) || c.id, (SELECT substr(s, 1, 7600) || 'b' "  # noqa: S608
    "FROM u))) FROM calls c, calls d",
]


@pytest.mark.parametrize("sql", BOMBS, ids=[sql[-60:] for sql in BOMBS])
async def test_a_query_that_would_run_for_ever_is_stopped(ledger: Path, sql: str) -> None:
    short = History(ledger, most_s=0.1)
    with anyio.fail_after(10), pytest.raises(DeadlineExceeded):
        await short.query(sql, ANN)


async def test_the_clock_decides_when_a_query_has_taken_too_long(ledger: Path) -> None:
    times = iter([0.0, 1.0, 2.0, 99.0])
    clocked = History(ledger, most_s=50, monotonic=lambda: next(times))
    with pytest.raises(DeadlineExceeded):
        await clocked.query(BOMBS[0], ANN)
    assert next(times, None) is None


async def test_cancelling_stops_the_query_too(ledger: Path) -> None:
    patient = History(ledger, most_s=1e9)
    with anyio.fail_after(20):
        with anyio.move_on_after(0.2) as scope:
            await patient.query(BOMBS[0], ANN)
        assert scope.cancelled_caught


async def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed):
        await History(tmp_path / "none.db").query("SELECT 1", ANN)
    assert os.listdir(tmp_path) == []


async def test_many_ask_at_once_and_get_their_own(history: History) -> None:
    found: dict[str, object] = {}

    async def ask(who: str) -> None:
        found[who] = (await history.query("SELECT DISTINCT session_id FROM calls", who)).rows

    async with anyio.create_task_group() as group:
        for who in (ANN, BOB, "nobody"):
            group.start_soon(ask, who)
    assert found == {ANN: (("of-ann",),), BOB: (("BOBS",),), "nobody": ()}
