"""Which lines count as new."""

import stat
import tempfile
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from pointsman.errors import InvalidInput
from quality.errors import EngineFailed
from quality.rating.new.diff import new_lines
from quality.rating.new.since import new_since
from tests.quality.rating.trees import Repository, read, written

TEN = "".join(f"line {n}\n" for n in range(1, 11))


async def lines(root: Path, ref: str) -> dict[str, set[int]]:
    new = await new_since(read(root), ref)
    return {path: set(numbers) for path, numbers in new.lines.items() if numbers}


async def test_committed_staged_unstaged_and_untracked_lines_are_new(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN, "b.py": TEN, "c.py": TEN, "same.py": TEN})
    repository.git("branch", "base")
    repository.commit({"a.py": TEN.replace("line 2\n", "line two\n")})
    written(tmp_path, {"b.py": TEN + "staged\n"})
    repository.git("add", "b.py")
    written(tmp_path, {"c.py": "first\n" + TEN, "d.py": "x\ny\n"})
    assert await lines(tmp_path, "base") == {"a.py": {2}, "b.py": {11}, "c.py": {1}, "d.py": {1, 2}}


async def test_what_the_other_branch_did_since_is_not_new_here(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN, "b.py": TEN})
    repository.git("checkout", "--quiet", "-b", "mine")
    repository.commit({"a.py": TEN + "mine\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b.py": "theirs\n" + TEN})
    repository.git("checkout", "--quiet", "mine")
    assert await lines(tmp_path, "main") == {"a.py": {11}}


async def test_a_moved_file_is_new_only_where_it_changed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"old.py": TEN, "other.py": TEN.upper()})
    (tmp_path / "old.py").rename(tmp_path / "untracked.py")
    (tmp_path / "pkg").mkdir()
    repository.git("mv", "other.py", "pkg/moved.py")
    written(tmp_path, {"pkg/moved.py": TEN.upper() + "more\n"})
    assert await lines(tmp_path, "HEAD") == {"pkg/moved.py": {11}}


async def test_a_submodule_that_was_added_since_is_not_new(tmp_path: Path) -> None:
    outer = Repository(tmp_path)
    outer.commit({"a.py": TEN})
    outer.git("branch", "base")
    Repository(tmp_path / "lib").commit({"b.py": TEN, "deep/c.py": TEN})
    outer.commit({})
    new = await new_since(read(tmp_path), "base")
    assert not any(new.lines.values())
    assert new.note == "2 files of submodules are not compared."


async def test_line_ends_alone_are_no_change(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN})
    written(tmp_path, {"a.py": TEN.replace("\n", "\r\n") + "new\r\n"})
    assert await lines(tmp_path, "HEAD") == {"a.py": {11}}


async def test_odd_names_are_read_as_they_are(tmp_path: Path) -> None:
    names = [
        'quo"te.py',
        "tab\there.py",
        "new\nline.py",
        "spa ce.py",
        "ümlaut.py",
        "-x.py",
        "a\\b.py",
    ]
    names += [":(glob)*.py", "*.py"]
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN})
    repository.commit({name: f"{name!r}\n" * 3 for name in names})
    assert await lines(tmp_path, "HEAD~1") == {name: {1, 2, 3} for name in names}


async def test_a_folder_of_a_repository_is_compared_alone(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN, "sub/b.py": TEN})
    written(tmp_path, {"a.py": TEN + "x\n", "sub/b.py": TEN + "y\n"})
    assert await lines(tmp_path / "sub", "HEAD") == {"b.py": {11}}


async def test_a_submodule_is_another_repository(tmp_path: Path) -> None:
    Repository(tmp_path / "lib").commit({"lib.py": TEN})
    repository = Repository(tmp_path / "app")
    repository.commit({"a.py": TEN})
    repository.git("submodule", "add", "--quiet", str(tmp_path / "lib"), "vendor")
    repository.git("commit", "--quiet", "--message", "submodule")
    written(tmp_path / "app", {"vendor/lib.py": TEN + "x\n", "a.py": TEN + "x\n"})
    new = await new_since(read(tmp_path / "app"), "HEAD")
    assert {path: set(n) for path, n in new.lines.items()} == {"a.py": {11}}
    assert "submodules" in new.note


async def test_a_linked_worktree_is_compared_too(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "main")
    repository.commit({"a.py": TEN})
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    written(tmp_path / "side", {"a.py": TEN + "x\n"})
    assert await lines(tmp_path / "side", "main") == {"a.py": {11}}


async def test_a_repository_with_long_names_is_compared_too(tmp_path: Path) -> None:
    repository = Repository(tmp_path, "--object-format=sha256")
    repository.commit({"a.py": TEN, "b.py": TEN})
    written(tmp_path, {"a.py": TEN + "x\n"})
    assert await lines(tmp_path, "HEAD") == {"a.py": {11}}


async def test_a_repository_inside_that_is_no_submodule_is_new_as_any_folder(
    tmp_path: Path,
) -> None:
    Repository(tmp_path).commit({"a.py": TEN})
    Repository(tmp_path / "inner").commit({"b.py": "x\n"})
    assert await lines(tmp_path, "HEAD") == {"inner/b.py": {1}}


async def test_a_file_that_became_a_folder_is_compared(tmp_path: Path) -> None:
    Repository(tmp_path).commit({"a": TEN, "b/c.py": "x\n"})
    (tmp_path / "a").unlink()
    (tmp_path / "b/c.py").unlink()
    (tmp_path / "b").rmdir()
    written(tmp_path, {"a/d.py": "new\n", "b": "new\n"})
    assert await lines(tmp_path, "HEAD") == {"a/d.py": {1}, "b": {1}}


async def test_an_attribute_does_not_hide_a_change(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN, ".gitattributes": "*.py binary -diff\n"})
    written(tmp_path, {"a.py": TEN + "x\n"})
    assert (await lines(tmp_path, "HEAD"))["a.py"] == {11}


async def test_without_git_everything_is_new_and_that_is_said(tmp_path: Path) -> None:
    tree = written(tmp_path, {"a.py": "x\ny\n"})
    new = await new_since(tree, "main")
    assert {path: set(n) for path, n in new.lines.items()} == {"a.py": {1, 2}}
    assert new.note


@pytest.mark.parametrize(
    "ref",
    ["", "nowhere", "--upload-pack=touch x", "-x", "a\0b", "main\n", "HEAD:a.py", "main..HEAD"],
)
async def test_what_is_no_commit_is_refused(tmp_path: Path, ref: str) -> None:
    Repository(tmp_path).commit({"a.py": TEN})
    with pytest.raises(InvalidInput):
        await new_since(read(tmp_path), ref)


async def test_a_shallow_clone_without_the_parting_is_refused_with_the_way_out(
    tmp_path: Path,
) -> None:
    origin = Repository(tmp_path / "origin")
    origin.commit({"a.py": TEN})
    origin.git("branch", "old")
    origin.commit({"a.py": TEN + "1\n"})
    origin.commit({"a.py": TEN + "1\n2\n"})
    clone = Repository(tmp_path / "clone")
    clone.git("fetch", "--quiet", "--depth=1", (tmp_path / "origin").as_uri(), "main:m", "old:old")
    clone.git("checkout", "--quiet", "m")
    with pytest.raises(InvalidInput) as caught:
        await new_since(read(tmp_path / "clone"), "old")
    assert caught.value.hint is not None
    assert "--unshallow" in caught.value.hint


async def test_branches_without_a_common_past_are_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.py": TEN})
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit({"b.py": TEN})
    with pytest.raises(InvalidInput):
        await new_since(read(tmp_path), "main")


async def test_a_hostile_repository_runs_nothing(tmp_path: Path) -> None:
    """Hooks, fsmonitor, filters, external diff, textconv, ssh, pager and aliases stay unused."""
    mark = tmp_path / "ran"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\necho \"$0 $@\" >> '{mark}'\ncat\n")
    evil.chmod(0o755)
    repository = Repository(tmp_path / "work")
    texts = {"a.py": TEN, ".gitattributes": "*.py filter=evil diff=evil\n"}
    repository.commit(texts)
    written(tmp_path / "work", {"a.py": TEN + "x\n", "b.py": TEN})
    for name in ("post-index-change", "pre-commit", "reference-transaction", "post-checkout"):
        hook = tmp_path / "work/.git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(evil.read_text())
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    config = tmp_path / "work/.git/config"
    config.write_text(
        f"{config.read_text()}\tfsmonitor = {evil}\n\tpager = {evil}\n\tsshCommand = {evil}\n"
        f"\teditor = {evil}\n\talternateRefsCommand = {evil}\n"
        f'[filter "evil"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired\n'
        f'[diff]\n\texternal = {evil}\n[diff "evil"]\n\tcommand = {evil}\n\ttextconv = {evil}\n'
        f"[alias]\n\tdiff-index = !{evil}\n[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = ssh://nowhere.example/x\n\tuploadpack = {evil}\n'
        "\tpromisor = true\n"
    )
    assert await lines(tmp_path / "work", "HEAD") == {"a.py": {11}, "b.py": set(range(1, 11))}
    assert not mark.exists()
    repository.git("status")
    assert mark.exists(), "the traps are live: an ordinary git springs them"


async def test_a_missing_object_of_a_partial_clone_is_not_fetched(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    evil.chmod(0o755)
    repository = Repository(tmp_path / "work")
    repository.commit({"a.py": TEN})
    blob = repository.git("rev-parse", "HEAD:a.py")
    (tmp_path / "work/.git/objects" / blob[:2] / blob[2:]).unlink()
    config = tmp_path / "work/.git/config"
    config.write_text(
        f"{config.read_text()}\tsshCommand = {evil}\n[extensions]\n\tpartialClone = origin\n"
        '[remote "origin"]\n\turl = ssh://nowhere.example/x\n\tpromisor = true\n'
    )
    written(tmp_path / "work", {"a.py": TEN + "x\n"})
    with pytest.raises(InvalidInput):
        await new_since(read(tmp_path / "work"), "HEAD")
    assert not mark.exists()


async def test_git_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    Repository(tmp_path).commit({"a.py": TEN})
    with pytest.raises(EngineFailed):
        await new_since(read(tmp_path), "HEAD", timeout_s=0)


async def test_a_cancelled_comparison_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    Repository(tmp_path / "work").commit({f"{n}.py": TEN for n in range(50)})
    tree = read(tmp_path / "work")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(new_since, tree, "HEAD")
        while not any((tmp_path / "temporary").iterdir()):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert not any((tmp_path / "temporary").iterdir())


def test_text_that_looks_like_a_header_is_text() -> None:
    diff = (
        b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n-@@ -1 +1 @@\n"
        b"+++ b/y\n+@@ -5 +50,3 @@\n@@ -9 +9,0 @@\n-gone\n@@ -20,0 +20 @@\n+z\n"
        b"\\ No newline at end of file\n"
    )
    assert new_lines(diff) == {"x": {1, 2, 20}}
