"""What lies outside of the open folders is out of reach: T-40."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import fail_after

from pointsman.errors import InvalidInput, NotFound, PointsmanError
from tests.tools.workbench.files.opened import Bench
from tools.tool import Caller
from tools.workbench.files.beneath import (
    FOLDER,
    OpenBeneath,
    open_resolved,
    open_stepwise,
    opener_for,
)
from tools.workbench.files.folders import Folders
from tools.workbench.files.listing import list_files_tool


def openers() -> list[OpenBeneath]:
    """Both ways, where the kernel has both."""
    folder = os.open("/", FOLDER)
    try:
        return (
            [open_stepwise, open_resolved]
            if opener_for(folder) is open_resolved
            else [open_stepwise]
        )
    finally:
        os.close(folder)


@pytest.fixture(params=openers(), ids=lambda opener: opener.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


OUT = [
    "../outside/secret.txt",
    "a/../../outside/secret.txt",
    "..",
    "a/..",
    "/etc/passwd",
    "{outside}/secret.txt",
    "{root}/../outside/secret.txt",
    "{root}_evil/secret.txt",
    "to_outside/secret.txt",
    "to_secret",
    "relative_out",
    "round_about/secret.txt",
    "to_slash/etc/passwd",
    "to_proc/cwd/x",
    "loop",
    "~/secret.txt",
    "file:///etc/passwd",
    "a\0b",
    "x" * 300,
    "/".join("a" * 70),
    "\udc80" * 3000,
    "\ud800",
]


@pytest.mark.parametrize("path", OUT, ids=[ascii(path)[:24] for path in OUT])
async def test_a_path_that_leads_out_is_refused(bench: Bench, path: str) -> None:
    root, outside = bench.root, bench.outside
    (root / "a").mkdir()
    evil = root.parent / "root_evil"
    evil.mkdir()
    (evil / "secret.txt").write_text("SECRET")
    (root / "to_outside").symlink_to(outside)
    (root / "to_secret").symlink_to(outside / "secret.txt")
    (root / "relative_out").symlink_to("../outside/secret.txt")
    (root / "round_about").symlink_to("a/../../outside")
    (root / "to_slash").symlink_to("/")
    (root / "to_proc").symlink_to("/proc/self")
    (root / "loop").symlink_to("loop")
    path = path.format(root=root, outside=outside)
    for call in (
        bench.read(path),
        bench.list(path=path),
        bench.write(path, "x"),
        bench.write(path, "x", mode="overwrite", parents=True),
        bench.write(path, "x", mode="append"),
    ):
        with pytest.raises((InvalidInput, NotFound)) as caught:
            await call
        assert "SECRET" not in str(caught.value)
    assert (outside / "secret.txt").read_text() == "SECRET"
    assert [*outside.iterdir()] == [outside / "secret.txt"]
    assert [*evil.iterdir()] == [evil / "secret.txt"]


async def test_links_that_stay_inside_are_followed_where_the_kernel_watches(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / "real").mkdir()
    (bench.root / "real" / "a.txt").write_text("inside")
    (bench.root / "short").symlink_to("real")
    if open_resolved in openers():
        assert (await bench.read("short/a.txt")).text == "inside"
        assert (await bench.write("short/b.txt", "new")).created
        assert (bench.root / "real" / "b.txt").read_text() == "new"
    stepwise = Bench(tmp_path, open_stepwise)
    with pytest.raises(InvalidInput):
        await stepwise.read("short/a.txt")


async def test_a_path_may_be_absolute_inside_and_a_root_may_be_a_link(bench: Bench) -> None:
    (bench.root / "a.txt").write_text("here")
    assert (await bench.read(str(bench.root / "a.txt"))).text == "here"
    link = bench.root.parent / "link"
    link.symlink_to(bench.root)
    caller = Caller(roots=(link,))
    for path in ("a.txt", str(link / "a.txt"), str(bench.root / "a.txt")):
        assert (await bench.call("read_file", caller=caller, path=path)).text == "here"


async def test_folders_of_the_call_come_before_those_of_the_settings(bench: Bench) -> None:
    caller = Caller(roots=(bench.outside,))
    assert (await bench.call("read_file", caller=caller, path="secret.txt")).text == "SECRET"
    (bench.root / "a.txt").write_text("here")
    inside = str(bench.root / "a.txt")
    assert (await bench.call("read_file", caller=caller, path=inside)).text == "here"


async def test_without_an_open_folder_nothing_is_reached_and_it_says_what_to_set() -> None:
    tool = list_files_tool(Folders())
    with pytest.raises(InvalidInput) as caught:
        await tool.run(tool.arguments(), Caller())
    assert "tools.roots" in (caught.value.hint or "")


async def test_the_whole_disk_is_not_opened(bench: Bench) -> None:
    (bench.root / "disk").symlink_to("/")
    for root in (Path("/"), bench.root / "disk"):
        with pytest.raises(InvalidInput):
            await bench.call("read_file", caller=Caller(roots=(root,)), path="etc/hostname")


async def test_a_root_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.root.rmdir()
    with pytest.raises(InvalidInput):
        await bench.list()


def place(kind: str, path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    elif kind == "device":
        try:
            os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero
        except PermissionError:
            pytest.skip("only an administrator makes devices")
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder"])
async def test_what_is_no_file_is_refused_without_waiting(bench: Bench, kind: str) -> None:
    place(kind, bench.root / "it")
    with fail_after(5):
        for call in (
            bench.read("it"),
            bench.write("it", "x"),
            bench.write("it", "x", mode="overwrite"),
            bench.write("it", "x", mode="append"),
        ):
            with pytest.raises(InvalidInput):
                await call


@pytest.fixture
def swapper(tmp_path: Path) -> Iterator[None]:
    """Somebody who swaps `root/d`, a folder, for a link to `outside` and back, all the time."""
    stop = threading.Event()
    root = tmp_path / "root"

    def swap() -> None:
        while not stop.is_set():
            os.rename(root / "d", root / "kept")
            os.symlink(tmp_path / "outside", root / "d")
            os.unlink(root / "d")
            os.rename(root / "kept", root / "d")

    (root / "d").mkdir(parents=True)
    (root / "d" / "secret.txt").write_text("harmless")
    thread = threading.Thread(target=swap)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("swapper")
async def test_swapping_a_folder_for_a_link_meanwhile_leads_nowhere(bench: Bench) -> None:
    for number in range(150):
        try:
            assert (await bench.read("d/secret.txt")).text == "harmless"
            await bench.write(f"d/new{number}", "x")
            await bench.write("d/secret.txt", "harmless", mode="overwrite")
            for entry in (await bench.list(pattern="*.txt")).entries:
                assert entry.path != "d/secret.txt" or entry.bytes == len("harmless")
        except PointsmanError:
            continue  # refused, or not there at that moment
    assert (bench.outside / "secret.txt").read_text() == "SECRET"
    assert [*bench.outside.iterdir()] == [bench.outside / "secret.txt"]


PROTECTED = [
    ".env",
    ".ENV",
    ".env.local",
    "prod.env",
    "app/.env",
    ".git/config",
    ".git/hooks/pre-commit",
    ".Git/config",
    ".ssh/id_ed25519",
    "keys/id_rsa",
    "server.pem",
    "tls/private.KEY",
    ".netrc",
    ".npmrc",
    ".bashrc",
    ".zsh_history",
    ".aws/credentials",
    "mcp.json",
    ".env.",
    ".e\u200cnv",
    ".g\u200dit/config",
    "\uff0eenv",
]


@pytest.mark.parametrize("path", PROTECTED)
async def test_files_that_hold_secrets_or_run_are_left_alone(bench: Bench, path: str) -> None:
    (bench.root / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.root / path).write_text("SECRET")
    for call in (
        bench.read(path),
        bench.write(path, "x", mode="overwrite"),
        bench.write(path, "x", mode="append"),
    ):
        with pytest.raises((InvalidInput, NotFound)):
            await call
    assert (bench.root / path).read_text() == "SECRET"
    found = await bench.list(pattern="*", hidden=True, depth=5)
    assert not [e for e in found.entries if e.bytes == len("SECRET")]


async def test_a_link_to_a_protected_file_is_no_way_around(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (bench.root / ".env").write_text("SECRET")
    (bench.root / ".git").mkdir()
    (bench.root / "notes.txt").symlink_to(".env")
    (bench.root / "repo").symlink_to(".git")
    with pytest.raises(InvalidInput):
        await bench.read("notes.txt")
    for call in (bench.write("repo/config", "x"), bench.list(path="repo")):
        with pytest.raises(InvalidInput):
            await call
    assert [*(bench.root / ".git").iterdir()] == []


async def test_examples_are_open_and_so_is_what_is_granted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, granted=("deploy/*.env",))
    (bench.root / "deploy").mkdir()
    for name in (".env.example", "deploy/test.env"):
        (bench.root / name).write_text("A=1")
        assert (await bench.read(name)).text == "A=1"
    with pytest.raises(InvalidInput):
        await bench.write("test.env", "A=1")


async def test_no_descriptor_is_left_open(bench: Bench) -> None:
    (bench.root / "d").mkdir()
    (bench.root / "a.txt").write_text("x")
    await bench.read("a.txt")
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        await bench.read("a.txt")
        await bench.list(depth=3)
        await bench.write("d/a.txt", "x", mode="overwrite")
        await bench.write("d/e/f.txt", "x", mode="append", parents=True)
        for path in ("none", "d", "../x", "d/none/x", ".env"):
            with pytest.raises(PointsmanError):
                await bench.read(path)
            with pytest.raises(PointsmanError):
                await bench.write(path + "/x/y", "x")
    assert len(os.listdir("/dev/fd")) == before
