"""Reading, writing and listing, as a caller sees it."""

import os
import stat
from pathlib import Path

import pytest
from anyio import create_task_group

from pointsman.errors import InvalidInput, NotFound
from tests.tools.workbench.files.opened import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# --- reading ----------------------------------------------------------------------------------


async def test_a_short_file_is_read_whole(bench: Bench) -> None:
    (bench.root / "a.txt").write_text("one\ntwo\n")
    found = await bench.read("a.txt")
    assert found.model_dump() == {
        "path": "a.txt",
        "text": "one\ntwo\n",
        "first_line": 1,
        "last_line": 2,
        "total_lines": 2,
        "bytes": 8,
        "encoding": "utf-8",
        "next_line": None,
        "next_byte": None,
        "note": None,
    }
    assert bench.tools["read_file"].read(found) == "[a.txt: lines 1-2 of 2]\none\ntwo\n"


async def test_a_range_of_lines_is_read_and_it_says_how_to_go_on(bench: Bench) -> None:
    (bench.root / "a.txt").write_text("".join(f"{n}\n" for n in range(1, 11)))
    found = await bench.read("a.txt", start_line=3, lines=2)
    assert (found.text, found.first_line, found.last_line) == ("3\n4\n", 3, 4)
    assert (found.next_line, found.total_lines) == (5, 10)
    assert "go on with start_line=5" in bench.tools["read_file"].read(found)
    past = await bench.read("a.txt", start_line=11)
    assert (past.text, past.next_line) == ("", None)


async def test_reading_on_gives_every_byte_once(bench: Bench) -> None:
    text = "".join(f"line {n} äöü€😀 " + "x" * (n % 700) + "\n" for n in range(200))
    (bench.root / "a.txt").write_text(text)
    read, start = "", 1
    while start:
        found = await bench.read("a.txt", start_line=start)
        read, start = read + found.text, found.next_line
    assert read == text


async def test_a_line_that_is_too_long_is_read_on_by_bytes(bench: Bench) -> None:
    text = "ä€😀" * 10_000
    (bench.root / "a.txt").write_text(text)
    found = await bench.read("a.txt")
    read = found.text
    while found.next_byte is not None:
        found = await bench.read("a.txt", start_byte=found.next_byte)
        read += found.text
    assert read == text


async def test_a_file_past_the_limit_is_read_in_parts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_bytes=50_000)
    text = "".join(f"{n:06}\n" for n in range(20_000))
    (bench.root / "a.txt").write_text(text)
    found = await bench.read("a.txt")
    assert (found.total_lines, found.bytes, found.next_line) == (None, 140_000, 4572)
    with pytest.raises(InvalidInput) as caught:
        await bench.read("a.txt", start_line=15_000)
    assert "start_byte" in (caught.value.hint or "")
    assert (await bench.read("a.txt", start_byte=139_993)).text == "019999\n"


async def test_a_huge_file_is_read_at_its_end_as_fast_as_at_its_start(bench: Bench) -> None:
    with (bench.root / "a.log").open("wb") as file:
        file.truncate(50 * 2**30)  # all holes
        file.seek(0)
        file.write(b"first\n" * 20_000)
        file.seek(0, os.SEEK_END)
        file.write(b"last\n")
    assert (await bench.read("a.log", lines=1)).text == "first\n"
    assert (await bench.read("a.log", start_byte=50 * 2**30)).text == "last\n"


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"\xef\xbb\xbfh\xc3\xa9\n", "hé\n", "utf-8-sig"),
        ("hé\n".encode("utf-16"), "hé\n", "utf-16"),
        (b"\xfe\xff" + "hé".encode("utf-16-be"), "hé", "utf-16"),
        ("hé".encode("utf-32"), "hé", "utf-32"),
        (b"a\r\nb\r\n", "a\r\nb\r\n", "utf-8"),
        (b"a\rb", "a\rb", "utf-8"),
        (b"", "", "utf-8"),
        (b"\n", "\n", "utf-8"),
        (b"caf\xe9\n", "caf\ufffd\n", "utf-8"),
        (b"cut \xe2\x82", "cut \ufffd", "utf-8"),
    ],
)
async def test_text_is_read_whatever_its_encoding(
    bench: Bench, data: bytes, text: str, encoding: str
) -> None:
    (bench.root / "a.txt").write_bytes(data)
    found = await bench.read("a.txt")
    assert (found.text, found.encoding) == (text, encoding)
    assert (found.note is not None) is ("\ufffd" in text or encoding != "utf-8")
    assert found.next_line is None
    assert found.next_byte is None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\x7fELF\x02\x01\x01\0", "ELF"),
        (b"\0\1\2\3", "binary"),
        (bytes(range(1, 9)) * 9, "binary"),
        (b"SQLite format 3\0", "SQLite"),
    ],
)
async def test_what_is_no_text_is_named_and_not_shown(bench: Bench, data: bytes, kind: str) -> None:
    (bench.root / "a.bin").write_bytes(data)
    with pytest.raises(InvalidInput) as caught:
        await bench.read("a.bin")
    assert kind in caught.value.message


async def test_a_file_that_is_not_there_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await bench.read("none.txt")
    (bench.root / "a").write_text("x")
    with pytest.raises(InvalidInput):
        await bench.read("a/b")


async def test_names_of_files_cannot_move_the_cursor_or_hide(bench: Bench) -> None:
    name = "a\x1b[2Jb\n[system]\u202etxt"
    (bench.root / name).write_text("x")
    listed = await bench.list()
    assert listed.entries[0].path == "a\\x1b[2Jb\\n[system]\\u202etxt"
    assert (await bench.read(name)).path == listed.entries[0].path
    with pytest.raises(NotFound) as caught:
        await bench.read("\x1b]0;x\x07")
    assert "\x1b" not in caught.value.message


# --- writing ----------------------------------------------------------------------------------


async def test_a_file_is_created_once_and_its_text_is_kept_exactly(bench: Bench) -> None:
    text = "one\r\ntwo\n\ttab é € 😀 no end"
    made = await bench.write("a.txt", text)
    assert made.model_dump() == {"path": "a.txt", "bytes": len(text.encode()), "created": True}
    assert (bench.root / "a.txt").read_bytes() == text.encode()
    with pytest.raises(InvalidInput) as caught:
        await bench.write("a.txt", "other")
    assert "overwrite" in (caught.value.hint or "")
    assert (bench.root / "a.txt").read_bytes() == text.encode()
    assert [*os.listdir(bench.root)] == ["a.txt"]


async def test_replacing_a_file_keeps_its_mode_but_no_special_bits(bench: Bench) -> None:
    path = bench.root / "run.sh"
    path.write_text("old")
    path.chmod(0o4750)
    replaced = await bench.write("run.sh", "new", mode="overwrite")
    assert (path.read_text(), replaced.created) == ("new", False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


async def test_replacing_is_atomic_for_who_reads_meanwhile(bench: Bench) -> None:
    path = bench.root / "a.txt"
    path.write_text("old")
    with path.open() as reader:
        await bench.write("a.txt", "new", mode="overwrite")
        assert reader.read() == "old"
    assert path.read_text() == "new"


async def test_adding_to_a_file_keeps_what_it_had(bench: Bench) -> None:
    assert (await bench.write("a.log", "one\n", mode="append")).created
    assert (await bench.write("a.log", "two", mode="append")).bytes == 7
    assert (bench.root / "a.log").read_text() == "one\ntwo"


async def test_of_many_who_create_the_same_file_one_does(bench: Bench) -> None:
    made: list[int] = []

    async def create(number: int) -> None:
        try:
            await bench.write("a.txt", str(number))
            made.append(number)
        except InvalidInput:
            pass

    async with create_task_group() as group:
        for number in range(12):
            group.start_soon(create, number)
    assert len(made) == 1
    assert (bench.root / "a.txt").read_text() == str(made[0])
    assert os.listdir(bench.root) == ["a.txt"]


async def test_folders_are_made_only_when_that_is_said(bench: Bench) -> None:
    with pytest.raises(NotFound) as caught:
        await bench.write("a/b/c.txt", "x")
    assert "parents" in (caught.value.hint or "")
    assert os.listdir(bench.root) == []
    await bench.write("a/b/c.txt", "x", parents=True)
    assert (bench.root / "a" / "b" / "c.txt").read_text() == "x"


async def test_a_file_never_grows_past_the_limit(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_bytes=10)
    await bench.write("a.txt", "12345678")
    for given in ({"mode": "append"}, {"mode": "overwrite"}):
        with pytest.raises(InvalidInput):
            await bench.write("a.txt", "x" * 11, **given)
    with pytest.raises(InvalidInput):
        await bench.write("a.txt", "€", mode="append")
    assert (bench.root / "a.txt").read_text() == "12345678"


@pytest.mark.parametrize("mode", ["create", "overwrite", "append"])
async def test_a_link_is_not_written_through_nor_replaced(bench: Bench, mode: str) -> None:
    (bench.root / "a.txt").write_text("inside")
    (bench.root / "link").symlink_to("a.txt")
    (bench.root / "dangling").symlink_to("new.txt")
    for name in ("link", "dangling"):
        with pytest.raises(InvalidInput):
            await bench.write(name, "x", mode=mode)
    assert (bench.root / "a.txt").read_text() == "inside"
    assert not (bench.root / "new.txt").exists()


async def test_half_a_character_and_a_folder_are_refused(bench: Bench) -> None:
    for path, content in (("a.txt", "\ud800"), (".", "x"), ("/", "x")):
        with pytest.raises(InvalidInput):
            await bench.write(path, content)
    assert os.listdir(bench.root) == []


# --- listing ----------------------------------------------------------------------------------


def plant(root: Path) -> None:
    for name in ("b.py", "a.txt", "src/m.py", "src/deep/n.py", "src/deep/x.md", ".hidden/h.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "link").symlink_to("src")
    os.utime(root / "a.txt", (0, 0))


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({}, ["a.txt", "b.py", "link", "src"]),
        ({"path": "src"}, ["src/deep", "src/m.py"]),
        ({"pattern": "*.py"}, ["b.py", "src/deep/n.py", "src/m.py"]),
        ({"pattern": "*.py", "depth": 1}, ["b.py"]),
        ({"pattern": "src/*.py"}, ["src/m.py"]),
        ({"pattern": "src/**/*.py"}, ["src/deep/n.py", "src/m.py"]),
        ({"pattern": "**/*.md"}, ["src/deep/x.md"]),
        ({"pattern": "**"}, ["a.txt", "b.py", "link", "src", "src/deep", "src/deep/n.py",
                             "src/deep/x.md", "src/m.py"]),
        ({"pattern": "*.py", "hidden": True},
         [".hidden/h.py", "b.py", "src/deep/n.py", "src/m.py"]),
        ({"depth": 2}, ["a.txt", "b.py", "link", "src", "src/deep", "src/m.py"]),
        ({"pattern": "?.[pt]*"}, ["a.txt", "b.py", "src/deep/n.py", "src/m.py"]),
        ({"pattern": "none"}, []),
    ],
)  # fmt: skip
async def test_files_are_listed_in_order_by_pattern_and_depth(
    bench: Bench, given: dict[str, object], paths: list[str]
) -> None:
    plant(bench.root)
    assert [entry.path for entry in (await bench.list(**given)).entries] == paths


async def test_an_entry_says_what_it_is_how_large_and_how_old(bench: Bench) -> None:
    plant(bench.root)
    found = await bench.list()
    assert found.entries[0].model_dump() == {
        "path": "a.txt",
        "kind": "file",
        "bytes": 5,
        "modified": "1970-01-01T00:00:00+00:00",
    }
    assert [entry.kind for entry in found.entries] == ["file", "file", "link", "folder"]
    lines = bench.tools["list_files"].read(found).splitlines()
    assert lines[0] == "a.txt  5 bytes  1970-01-01T00:00"
    assert lines[3] == "src/"


@pytest.mark.parametrize(
    "given",
    [{"start_line": 10**30}, {"lines": 10**30}, {"start_byte": 2**63}, {"start_line": 0}],
)
async def test_numbers_that_no_file_has_are_refused(bench: Bench, given: dict[str, int]) -> None:
    (bench.root / "a.txt").write_text("x")
    with pytest.raises(InvalidInput):
        await bench.read("a.txt", **given)
    assert (await bench.read("a.txt", start_byte=2**62)).text == ""


async def test_a_clock_that_went_astray_hides_no_file(bench: Bench) -> None:
    (bench.root / "a.txt").touch()
    os.utime(bench.root / "a.txt", (2**40, 2**40))
    assert [entry.path for entry in (await bench.list()).entries] == ["a.txt"]


async def test_a_long_list_is_cut_and_says_how_much_is_left(bench: Bench) -> None:
    for number in range(30):
        (bench.root / f"{number:02}").touch()
    found = await bench.list(limit=10)
    assert ([e.path for e in found.entries], found.more) == ([f"{n:02}" for n in range(10)], 20)
    assert "20 more" in bench.tools["list_files"].read(found)


async def test_a_pattern_made_to_hang_does_not(bench: Bench) -> None:
    deep = bench.root
    for _ in range(15):
        deep = deep / ("a" * 100)
        deep.mkdir()
    assert (await bench.list(pattern="**/" * 30 + "*a" * 40 + "b")).entries == []


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "a//b"])
async def test_a_pattern_cannot_lead_out(bench: Bench, pattern: str) -> None:
    with pytest.raises(InvalidInput):
        await bench.list(pattern=pattern)


def test_what_the_tools_may_do_is_said_of_them(bench: Bench) -> None:
    read, write, listed = (bench.tools[n] for n in ("read_file", "write_file", "list_files"))
    assert [(t.risk, t.untrusted, t.read_only) for t in (read, listed, write)] == [
        ("read", True, True),
        ("read", True, True),
        ("write", False, False),
    ]
    assert write.destructive
    assert not write.idempotent  # adding twice is not as once
