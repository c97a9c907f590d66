"""What engines said before, on disk: kept, dropped, damaged, shared."""

import sqlite3
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from quality.finding import (
    Analysis,
    Edit,
    FileMeasures,
    Finding,
    Place,
    Step,
    ToolFix,
)
from quality.remembering import FILE, KEPT_DAYS, open_memory

PLACE = Place("é.py", 1, 2, 3, 4)
SAID = Analysis(
    findings=(
        Finding(
            rule="S605",
            engine="ruff",
            kind="hotspot",
            severity="critical",
            place=PLACE,
            message="Änder' das",
            cwe=(78, 88),
            flow=(Step(PLACE, "read"),),
            fix=ToolFix((Edit(PLACE, "x"),), safe=False, says="so"),
        ),
    ),
    measures={"é.py": FileMeasures(lines=3, duplicated=((1, 2),))},
    unread={"é.py": "why"},
    notes={"é.py": "so"},
)
KEYS = {"é.py": "k1", "b.py": "k2"}


async def test_what_is_kept_comes_back_whole_for_the_same_key_and_version(tmp_path: Path) -> None:
    async with open_memory(tmp_path) as memory:
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID, "b.py": Analysis()})
    async with open_memory(tmp_path) as memory:
        assert await memory.recall("ruff", "1", KEYS) == {"é.py": SAID, "b.py": Analysis()}
        assert await memory.recall("ruff", "2", KEYS) == {}
        assert await memory.recall("types", "1", KEYS) == {}
        assert await memory.recall("ruff", "1", KEYS | {"b.py": "new"}) == {"é.py": SAID}


async def test_facts_are_apart_from_what_is_said(tmp_path: Path) -> None:
    async with open_memory(tmp_path) as memory:
        await memory.keep_facts("dead_code", "1", KEYS, {"b.py": b"\x00facts"})
        assert await memory.recall_facts("dead_code", "1", KEYS) == {"b.py": b"\x00facts"}
        assert await memory.recall("dead_code", "1", KEYS) == {}


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    async with open_memory(tmp_path / "deep" / "er") as memory:
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID})
    assert (tmp_path / "deep/er" / FILE).stat().st_mode & 0o777 == 0o600


def rubbish(path: Path) -> None:
    path.write_bytes(b"rubbish" * 4_000)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4_000] = bytes(3_900)
    path.write_bytes(data)


def other_row(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE said SET said = ?", (zlib.compress(b'{"findings": [1]}'),))
    database.close()


def text_row(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE said SET said = 'text'")
    database.close()


def other_table(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.executescript("DROP TABLE said; CREATE TABLE said (name, something)")
    database.close()


@pytest.mark.parametrize("damage", [rubbish, flipped, other_row, text_row, other_table])
async def test_a_damaged_file_is_forgotten_and_raises_nothing(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    async with open_memory(tmp_path) as memory:
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID})
    await anyio.to_thread.run_sync(damage, tmp_path / FILE)
    async with open_memory(tmp_path) as memory:
        assert await memory.recall("ruff", "1", KEYS) == {}
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID})
    async with open_memory(tmp_path) as memory:
        assert await memory.recall("ruff", "1", KEYS) == {"é.py": SAID}


async def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    async with open_memory(tmp_path / "file") as memory:
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID})
        assert await memory.recall("ruff", "1", KEYS) == {}


async def test_what_nobody_asks_for_is_dropped_in_the_end(tmp_path: Path) -> None:
    days = [0.0]

    def wall() -> float:
        return days[0] * 86_400

    async with open_memory(tmp_path, wall=wall) as memory:
        await memory.keep("ruff", "1", KEYS, {"é.py": SAID, "b.py": SAID})
    days[0] = KEPT_DAYS - 1
    async with open_memory(tmp_path, wall=wall) as memory:
        await memory.recall("ruff", "1", {"b.py": "k2"})
    days[0] = KEPT_DAYS + 1
    async with open_memory(tmp_path, wall=wall):
        pass
    async with open_memory(tmp_path, wall=wall) as memory:
        assert set(await memory.recall("ruff", "1", KEYS)) == {"b.py"}


async def test_it_does_not_grow_beyond_what_is_allowed_and_the_oldest_goes_first(
    tmp_path: Path,
) -> None:
    days = [0.0]

    def wall() -> float:
        return days[0] * 86_400

    def noise(seed: int) -> bytes:
        return b"".join(zlib.crc32(b"%d %d" % (seed, n)).to_bytes(4) for n in range(25_000))

    keys = {f"{number}.py": "k" for number in range(30)}
    for number, path in enumerate(keys):
        days[0] = number / 2
        async with open_memory(tmp_path, wall=wall, max_mb=1) as memory:
            await memory.keep_facts("x", "1", keys, {path: noise(number)})
    async with open_memory(tmp_path, wall=wall, max_mb=1) as memory:
        known = set(await memory.recall_facts("x", "1", keys))
    assert "29.py" in known
    assert "0.py" not in known
    assert (tmp_path / FILE).stat().st_size < 3 << 20


WRITER = """
import sys
from pathlib import Path

import anyio

from quality.finding import Analysis, FileMeasures
from quality.remembering import open_memory


async def main() -> None:
    name = sys.argv[2]
    async with open_memory(Path(sys.argv[1])) as memory:
        for number in range(20):
            said = {name: Analysis(measures={name: FileMeasures(lines=number)})}
            await memory.keep("x", "1", {name: str(number)}, said)


anyio.run(main)
"""


async def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(WRITER, encoding="utf-8")
    root = str(Path(__file__).parents[2])

    async def write(name: str) -> None:
        await anyio.run_process(
            [sys.executable, str(script), str(tmp_path), name], env={"PYTHONPATH": root}
        )

    with anyio.fail_after(50):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write, "a.py")
            tasks.start_soon(write, "b.py")
    async with open_memory(tmp_path) as memory:
        for number in range(20):
            keys = {"a.py": str(number), "b.py": str(number)}
            assert len(await memory.recall("x", "1", keys)) == 2
