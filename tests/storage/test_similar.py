"""The rows of prompts: they go with their answers, and never grow without end."""

import sqlite3
from collections.abc import Iterator

import pytest

from storage import cached, similar
from storage.similar import NEWEST, Report, Row


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(cached.TABLES_1 + cached.TABLES_2 + similar.TABLES)
    for number in range(9):
        cached.write_entry(connection, (f"k{number}", b"", 0, 0.0, 0.0, 9.0, "m", "p", "s"))
    yield connection
    connection.close()


def row(key: str, words: bytes, context: str = "c") -> Row:
    return Row(key, context, words, b"text", None, None)


def keys(connection: sqlite3.Connection, context: str = "c") -> list[str]:
    rows, _ = similar.read_rows(connection, context, NEWEST, 100)
    return [one.key for one in rows]


def test_a_prompt_goes_with_its_answer(connection: sqlite3.Connection) -> None:
    similar.write_row(connection, row("k1", b"1"))
    similar.write_row(connection, row("k2", b"2"))
    cached.delete_entry(connection, "k1")
    assert keys(connection) == ["k2"]


def test_a_prompt_without_an_answer_is_not_kept(connection: sqlite3.Connection) -> None:
    similar.write_row(connection, row("absent", b"1"))
    assert keys(connection) == []


def test_the_same_words_have_one_row_in_each_context(connection: sqlite3.Connection) -> None:
    similar.write_row(connection, row("k1", b"1"))
    similar.write_row(connection, row("k2", b"1", "other"))
    similar.write_row(connection, row("k3", b"1"))
    assert (keys(connection), keys(connection, "other")) == (["k3"], ["k2"])
    assert similar.read_row(connection, "k1") is None


@pytest.mark.parametrize("page", [1, 2, 3, 8, 9])
def test_pages_hold_every_row_once_the_latest_first(
    connection: sqlite3.Connection, page: int
) -> None:
    for number in range(8):
        similar.write_row(connection, row(f"k{number}", bytes([number])))
    found, before = list[str](), NEWEST
    while before:
        rows, before = similar.read_rows(connection, "c", before, page)
        found += [one.key for one in rows]
    assert found == [f"k{number}" for number in reversed(range(8))]


def test_of_too_many_reports_the_oldest_go(connection: sqlite3.Connection) -> None:
    filled = [("old", b"", "a", 0, None, None)] * similar.MOST_REPORTS
    connection.executemany("INSERT INTO reports VALUES (?,?,?,?,?,?)", filled)
    for number in range(3):
        similar.write_report(connection, Report("new", bytes([number]), "a", 1, None, None))
    (count,) = connection.execute("SELECT count(*) FROM reports").fetchone()
    assert count == similar.MOST_REPORTS
    assert [one.words for one in similar.read_reports(connection, "new", 2)] == [b"\2", b"\1"]
