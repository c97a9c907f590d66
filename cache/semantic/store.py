"""The prompts in `cache.db`, so that they are found again after a restart."""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from cache.codec import Codec
from cache.semantic.index import MOST_REPORTS, Entry, Partition, Vector, Wrong
from pointsman.errors import StorageFailed
from storage import similar
from storage.database import Database
from storage.similar import Report, Row

PAGE = 500  # rows read at a time, so that other reads get their turn
REPORT = "report"  # in place of a key, in the name of what is sealed


class Store(Protocol):
    """Where prompts outlive the process. It never raises; what it writes, it writes soon."""

    async def load(self, context: str, most: int) -> Partition | None:
        """The latest `most` prompts of `context`, and its reports; None if it cannot be read."""
        ...

    async def find(self, key: str) -> tuple[str, Entry, Vector | None] | None:
        """The prompt that was given the answer of `key`, its context, and where it lies."""
        ...

    def write(self, context: str, entry: Entry, vector: Vector | None) -> None: ...

    def write_vector(self, context: str, entry: Entry, vector: Vector) -> None: ...

    def report(self, context: str, wrong: Wrong, principal: str, at_ms: int) -> None: ...


class Nowhere:
    """Keeps nothing."""

    async def load(self, context: str, most: int) -> Partition | None:  # noqa: ARG002
        return Partition()

    async def find(self, key: str) -> tuple[str, Entry, Vector | None] | None:  # noqa: ARG002
        return None

    def write(self, context: str, entry: Entry, vector: Vector | None) -> None:
        pass

    def write_vector(self, context: str, entry: Entry, vector: Vector) -> None:
        pass

    def report(self, context: str, wrong: Wrong, principal: str, at_ms: int) -> None:
        pass


class DatabaseStore:
    """Prompts and reports in the database of the cache, next to their answers.

    A vector is kept with half its precision. One that another model than `model` made is not
    read: its entry lies nowhere until it is embedded again.
    """

    def __init__(self, database: Database, codec: Codec, model: str | None) -> None:
        self._database = database
        self._codec = codec
        self._model = model

    async def load(self, context: str, most: int) -> Partition | None:
        partition, before, pages = Partition(), similar.NEWEST, list[list[Row]]()
        try:
            while before and sum(map(len, pages)) < most:
                rows, before = await self._database.read(
                    partial(similar.read_rows, context=context, before=before, most=PAGE)
                )
                pages.append(rows)
            for page in reversed(pages):  # the latest last: it counts as used last
                fill = partial(self._fill, partition=partition, rows=page)
                for key in await self._database.read(fill):
                    _log("cache.damaged_prompt_dropped")
                    self._post("drop", partial(similar.delete_row, key=key))
            await self._database.read(partial(self._heed, partition=partition, context=context))
        except StorageFailed as error:
            _failed("load", error)
            return None
        return partition

    async def find(self, key: str) -> tuple[str, Entry, Vector | None] | None:
        try:
            row = await self._database.read(partial(similar.read_row, key=key))
        except StorageFailed as error:
            _failed("find", error)
            return None
        entry = None if row is None else self._entry(row)
        return None if row is None or entry is None else (row.context, entry, self._place(row))

    def write(self, context: str, entry: Entry, vector: Vector | None) -> None:
        text = entry.text.encode("utf-8", "surrogatepass")
        sealed = self._codec.seal(text, _name("text", context, entry.key, entry.words))
        model, place = self._sealed(context, entry.key, entry.words, vector)
        row = Row(entry.key, context, entry.words, sealed, model, place)
        self._post("write", partial(similar.write_row, row=row))

    def write_vector(self, context: str, entry: Entry, vector: Vector) -> None:
        model, place = self._sealed(context, entry.key, entry.words, vector)
        if model is not None and place is not None:
            query = partial(similar.write_vector, key=entry.key, model=model, vector=place)
            self._post("write", query)

    def report(self, context: str, wrong: Wrong, principal: str, at_ms: int) -> None:
        model, place = self._sealed(context, REPORT, wrong.words, wrong.vector)
        report = Report(context, wrong.words, principal, at_ms, model, place)
        self._post("report", partial(similar.write_report, report=report))

    def _fill(self, _: sqlite3.Connection, partition: Partition, rows: list[Row]) -> list[str]:
        """The keys of damaged rows, once the others are in `partition`.

        Runs in the thread that reads: to unseal ten thousand rows takes a tenth of a second.
        """
        damaged: list[str] = []
        for row in reversed(rows):
            entry = self._entry(row)
            if entry is not None:
                partition.put(entry, self._place(row))
            elif self._codec.knows(row.text):
                damaged.append(row.key)
        return damaged

    def _heed(self, connection: sqlite3.Connection, partition: Partition, context: str) -> None:
        for one in reversed(similar.read_reports(connection, context, MOST_REPORTS)):
            vector = self._vector(context, REPORT, one.words, one.model, one.vector)
            partition.report(Wrong(one.words, vector))

    def _entry(self, row: Row) -> Entry | None:
        text = self._codec.unseal(row.text, _name("text", row.context, row.key, row.words))
        if text is None:
            return None
        return Entry(row.key, row.words, text.decode("utf-8", "surrogatepass"))

    def _place(self, row: Row) -> Vector | None:
        return self._vector(row.context, row.key, row.words, row.model, row.vector)

    def _vector(
        self, context: str, key: str, words: bytes, model: str | None, place: bytes | None
    ) -> Vector | None:
        if model is None or model != self._model or place is None:
            return None
        body = self._codec.unseal(place, _name(model, context, key, words))
        return None if body is None else unpacked(body)

    def _sealed(
        self, context: str, key: str, words: bytes, vector: Vector | None
    ) -> tuple[str | None, bytes | None]:
        """The model of a vector, and the vector as it is written down."""
        if vector is None or self._model is None:
            return None, None
        name = _name(self._model, context, key, words)
        return self._model, self._codec.seal(packed(vector), name)

    def _post(self, action: str, query: Callable[[sqlite3.Connection], object]) -> None:
        try:
            self._database.post(query)
        except StorageFailed as error:
            _failed(action, error)


def packed(vector: Vector) -> bytes:
    return vector.astype(np.float16).tobytes()


def unpacked(body: bytes) -> Vector:
    """The vector of `packed`, of length 1 again."""
    vector = np.frombuffer(body, np.float16).astype(np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def _name(what: str, context: str, key: str, words: bytes) -> str:
    """What a blob is sealed under: in another row, or as another thing, it cannot be read.

    It has the scope of `context`, whose secret it is sealed with.
    """
    return context + f"|{what}|{key}|{words.hex()}".replace(":", "/")


def _failed(action: str, error: StorageFailed) -> None:
    _log("cache.similar_failed", action=action, error=type(error).__name__)


def _log(fact: str, **data: str) -> None:
    import structlog  # 0.25 s, and only when something is wrong

    structlog.get_logger().warning(fact, **data)
