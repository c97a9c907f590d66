"""A tree laid beside a commit, in a repository of our own."""

import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import anyio

from pointsman.errors import InvalidInput
from quality.rating.new.diff import new_lines
from quality.rating.new.git import GitSays, git
from quality.source import SourceFile, Tree

_GITLINK = "160000"  # the mode of a submodule in a tree


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """What of a tree is new."""

    lines: Mapping[str, Collection[int]]  # by path in the tree
    note: str = ""  # what the reader should know of how that was found


@dataclass(frozen=True, slots=True)
class Repository:
    top: Path
    objects: Path
    form: str  # of its object names: "sha1", "sha256"
    shallow: bool


async def compared(tree: Tree, repository: Repository, base: str, timeout_s: float) -> NewCode:
    """The lines of `tree` that the commit `base` does not have.

    Raises:
        InvalidInput: git cannot compare them.
        EngineFailed: it took too long.
    """
    top = repository.top
    under = await anyio.to_thread.run_sync(_under, tree.root, top)
    files = {(under / file.path).as_posix(): file for file in tree.files}
    async with _ours(repository) as into:
        try:
            old, links = await _entries(repository, base, into, timeout_s)
            head = await git(top, "rev-parse", "HEAD", timeout_s=timeout_s)
            links |= (await _entries(repository, head.decode().strip(), into, timeout_s))[1]
            foreign = {name for name in files if _is_under(name, links)}
            ours = {name: file for name, file in files.items() if name not in foreign}
            changed = await anyio.to_thread.run_sync(_changed, top, ours, old, repository.form)
            await git(top, "read-tree", base, into=into, timeout_s=timeout_s)
            put = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
            await git(top, *put, into=into, given=changed, timeout_s=timeout_s)
            said = await git(top, *_DIFF, base, into=into, timeout_s=timeout_s)
        except GitSays as error:
            raise InvalidInput(f"git cannot compare with {base[:12]}: {error.said}") from error
    lines = {files[name].path: new for name, new in new_lines(said).items() if name in files}
    note = f"{len(foreign)} files of submodules are not compared." if foreign else ""
    return NewCode(lines=lines, note=note)


_DIFF = (
    "diff-index",
    "--cached",
    "--patch",
    "--unified=0",
    "--inter-hunk-context=0",
    "--find-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--text",  # an attribute that calls a source binary would hide its changes
    "--no-color",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--ignore-cr-at-eol",
    "--ignore-submodules=all",
)


@asynccontextmanager
async def _ours(repository: Repository) -> AsyncGenerator[dict[str, str], None]:
    """A repository with a fresh configuration that sees the files and objects of `repository`."""
    folder = await anyio.to_thread.run_sync(tempfile.TemporaryDirectory)
    try:
        place = Path(folder.name)
        await anyio.to_thread.run_sync(_begin, place, repository)
        yield {
            "GIT_DIR": str(place),
            "GIT_WORK_TREE": str(repository.top),
            "GIT_INDEX_FILE": str(place / "index"),
        }
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(folder.cleanup)


def _begin(place: Path, repository: Repository) -> None:
    """What git needs to take `place` for a repository."""
    for part in ("objects/info", "refs"):
        (place / part).mkdir(parents=True)
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    version = 0 if repository.form == "sha1" else 1
    form = "" if version == 0 else f"[extensions]\n\tobjectFormat = {repository.form}\n"
    (place / "config").write_text(f"[core]\n\trepositoryFormatVersion = {version}\n{form}")
    (place / "objects/info/alternates").write_text(
        f"{repository.objects}\n", errors="surrogateescape"
    )


async def _entries(
    repository: Repository, base: str, into: Mapping[str, str], timeout_s: float
) -> tuple[dict[str, str], set[str]]:
    """The files that `base` has, each with the name of its content, and its submodules."""
    said = await git(
        repository.top, "ls-tree", "-r", "-z", "--full-tree", base, into=into, timeout_s=timeout_s
    )
    files: dict[str, str] = {}
    links: set[str] = set()
    for entry in said.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        told, _, name = entry.partition("\t")
        mode, _, content = told.split(" ")
        if mode == _GITLINK:
            links.add(name)
        else:
            files[name] = content
    return files, links


def _changed(
    top: Path, files: Mapping[str, SourceFile], old: Mapping[str, str], form: str
) -> bytes:
    """The names of files that are not as they were, or gone, as git reads a list of names."""
    same = {n for n, file in files.items() if n in old and _content(file, form) == old[n]}
    gone = {n for n in old.keys() - files.keys() if not os.path.lexists(top / n)}
    names = sorted((files.keys() - same) | gone)
    return "\0".join(names).encode("utf-8", "surrogateescape")


def _content(file: SourceFile, form: str) -> str:
    """What git names the content of `file`, unless its bytes are not those of its text."""
    data = file.text.encode("utf-8", "surrogatepass")
    return hashlib.new(form, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _under(root: Path, top: Path) -> PurePosixPath:
    try:
        return PurePosixPath(root.resolve().relative_to(top.resolve()).as_posix())
    except ValueError as error:
        raise InvalidInput(f"git takes {top}, which does not hold {root}, for the work.") from error


def _is_under(name: str, folders: Collection[str]) -> bool:
    return bool(folders) and any(str(above) in folders for above in PurePosixPath(name).parents)
