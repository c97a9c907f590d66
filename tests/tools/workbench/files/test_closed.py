"""Pointsman's own home, inside a folder that is open."""

from dataclasses import replace
from pathlib import Path

import pytest

from pointsman.errors import InvalidInput
from tests.tools.workbench.files.opened import Bench


def bench_with_home(folder: Path) -> Bench:
    bench = Bench(folder)
    home = bench.root / "state" / "pointsman"
    home.mkdir(parents=True)
    (home / "notes.txt").write_text("HOME")
    (bench.root / "link").symlink_to(home)
    bench.use(replace(bench.folders, closed=(home,)))
    return bench


@pytest.mark.parametrize("path", ["state/pointsman/notes.txt", "link/notes.txt"])
async def test_a_closed_folder_is_neither_read_nor_written(path: str, tmp_path: Path) -> None:
    bench = bench_with_home(tmp_path)
    with pytest.raises(InvalidInput):
        await bench.read(path)
    with pytest.raises(InvalidInput):
        await bench.write(path, "x", mode="overwrite")
    assert (bench.root / "state/pointsman/notes.txt").read_text() == "HOME"


async def test_what_is_beside_it_is_open(tmp_path: Path) -> None:
    bench = bench_with_home(tmp_path)
    await bench.write("state/other.txt", "fine")
    assert (await bench.read("state/other.txt")).text == "fine"
    listed = await bench.list(depth=5)
    assert not any("notes.txt" in entry.path for entry in listed.entries)


async def test_a_root_inside_it_is_closed_as_a_whole(tmp_path: Path) -> None:
    bench = bench_with_home(tmp_path)
    bench.use(replace(bench.folders, roots=(bench.root / "state" / "pointsman",)))
    with pytest.raises(InvalidInput):
        await bench.read("notes.txt")
