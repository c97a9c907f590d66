"""The lines of a tree that a commit did not have: committed since, staged, unstaged, untracked."""

from pathlib import Path

from pointsman.errors import InvalidInput
from quality.rating.new.comparing import NewCode, Repository, compared
from quality.rating.new.git import GitMissing, GitSays, git
from quality.source import Tree


async def new_since(tree: Tree, ref: str, timeout_s: float = 60) -> NewCode:
    """The lines that are not in the commit where HEAD and `ref` parted.

    Staged, unstaged and untracked changes count. A line that moved with its file, or changed only
    in how it ends, is not new. Without git, everything is new.

    Raises:
        InvalidInput: `ref` is no commit, or what it shares with HEAD is not in this clone.
        EngineFailed: git took too long.
    """
    if not ref or ref.startswith("-") or "\0" in ref or "\n" in ref:
        raise InvalidInput(f"{ref!r} names no commit.", hint="Give a branch, a tag or a commit.")
    try:
        repository = await _repository(tree.root, timeout_s)
    except GitMissing:
        return _everything(tree, "There is no git on this machine, so everything counts as new.")
    except GitSays as error:
        if "not a git repository" not in error.said:
            raise InvalidInput(f"git cannot read this repository: {error.said}") from error
        return _everything(tree, "This is no git repository, so everything counts as new.")
    base = await _base(repository, ref, timeout_s)
    return await compared(tree, repository, base, timeout_s)


async def _repository(root: Path, timeout_s: float) -> Repository:
    said = await git(
        root,
        "rev-parse",
        "--path-format=absolute",
        "--show-object-format",
        "--is-shallow-repository",
        "--git-path",
        "objects",
        "--show-toplevel",
        timeout_s=timeout_s,
    )
    form, shallow, objects, top = said.decode("utf-8", "surrogateescape").split("\n", 3)
    return Repository(Path(top.removesuffix("\n")), Path(objects), form, shallow == "true")


async def _base(repository: Repository, ref: str, timeout_s: float) -> str:
    """The commit where HEAD and `ref` parted."""
    wanted = f"{ref}^{{commit}}"
    ask = ("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    try:
        commit = (await git(repository.top, *ask, timeout_s=timeout_s)).decode().strip()
    except GitSays as error:
        hint = "git fetch it, or name another branch, tag or commit."
        raise InvalidInput(f"This repository has no commit {ref!r}.", hint=hint) from error
    try:
        base = await git(repository.top, "merge-base", commit, "HEAD", timeout_s=timeout_s)
    except GitSays as error:
        if repository.shallow:
            hint = "Run `git fetch --unshallow`, or clone with all history (fetch-depth: 0)."
            message = f"This clone is shallow: where HEAD and {ref!r} parted is not in it."
            raise InvalidInput(message, hint=hint) from error
        raise InvalidInput(f"HEAD and {ref!r} have no commit in common.") from error
    return base.decode().strip()


def _everything(tree: Tree, note: str) -> NewCode:
    lines = {f.path: range(1, f.lines + 1) for f in tree.files}
    return NewCode(lines=lines, note=note)
