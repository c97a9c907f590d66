"""Reads what is to be analysed, and counts what is not."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from anyio import from_thread, to_thread
from pathspec import GitIgnoreSpec

from pointsman.errors import NotFound
from quality.files.decoding import decode
from quality.files.ignoring import MOST_BYTES, Ignored, from_above, patterns
from quality.files.languages import LOCK, TEXT, ending_of, holds_tests, language_of
from quality.files.opening import contents, open_folder
from quality.files.skipping import (
    is_generated_name,
    is_generated_text,
    is_minified,
    is_vendored,
)
from quality.source import Skip, Skipped, SourceFile, Tree

MOST_BYTES_HELD = 400_000_000  # of all files together
_DEEPEST = 60  # folders in folders, each of which is open on the way
_PROSE = {LOCK, TEXT, "markdown"}  # where a line is a paragraph, or a package
_SHEBANG = 200  # characters
_COUNTED = 10  # times `max_files` is how many more are counted before the walk ends


async def read_tree(
    path: Path, *, exclude: Sequence[str] = (), max_files: int = 50_000, max_file_mb: float = 2
) -> Tree:
    """The files below the folder `path`, or the one file that it is, and what was left out.

    `exclude` is written as in .gitignore. Links are not followed. A folder that is left out as a
    whole counts as one; its path ends with "/".

    Raises:
        NotFound: there is nothing at `path`, or nothing that may be read.
    """

    def read() -> Tree:
        try:
            found = path.resolve(strict=True)
            alone = not found.is_dir()
            folder = open_folder(str(found.parent if alone else found))
        except (OSError, RuntimeError):  # a RuntimeError is a ring of links
            raise NotFound(f"There is nothing to analyse at {path}.") from None
        walk = _Walk(patterns(exclude), max_files, int(max_file_mb * 1e6))
        try:
            if alone:
                walk.take(folder, found.name, found.name)
            else:
                walk.folder(folder, "", from_above(found), _DEEPEST)
        finally:
            os.close(folder)
        return Tree(
            root=found.parent if alone else found,
            files=tuple(sorted(walk.files, key=lambda file: file.path)),
            skipped=tuple(sorted(walk.skipped, key=lambda skipped: skipped.path)),
        )

    return await to_thread.run_sync(read)


def tree_of(code: str, language: str) -> Tree:
    """`code` as a tree of one file; its root is no folder."""
    data = code.encode("utf-8", "replace")
    file = SourceFile(
        path=f"snippet{ending_of(language)}",
        language=language,
        text=data.decode(),
        sha256=sha256(data).hexdigest(),
    )
    return Tree(root=Path(os.devnull), files=(file,))


@dataclass(slots=True)
class _Walk:
    excluded: GitIgnoreSpec
    max_files: int
    max_bytes: int
    files: list[SourceFile] = field(default_factory=list[SourceFile])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    held: int = 0  # bytes

    def folder(self, inside: int, way: str, ignored: Ignored | None, deeper: int) -> None:
        """Take what is in the open folder `inside`, which is at `way`: "" or "a/b/"."""
        from_thread.check_cancelled()
        with os.scandir(inside) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        names = {entry.name for entry in found}
        if ".gitignore" in names:
            ignored = _own(inside, way, ignored)
        for entry in found:
            if len(self.skipped) > _COUNTED * self.max_files:
                return
            path = way + entry.name
            if entry.is_symlink():
                self._skip(path, "link")
            elif not entry.is_dir(follow_symlinks=False):
                self._file(inside, entry, path, ignored)
            elif is_vendored(entry.name, names):
                self._skip(f"{path}/", "vendored")
            else:
                self._enter(inside, f"{path}/", ignored, deeper - 1)

    def _enter(self, inside: int, way: str, ignored: Ignored | None, deeper: int) -> None:
        if not deeper or self._left_out(way, ignored):
            self._skip(way, "excluded" if deeper else "too many")
            return
        try:
            opened = open_folder(way[:-1].rpartition("/")[2], inside)
        except OSError:
            self._skip(way, "unreadable")
            return
        try:
            self.folder(opened, way, ignored, deeper)
        except OSError:
            self._skip(way, "unreadable")
        finally:
            os.close(opened)

    def _file(
        self, inside: int, entry: "os.DirEntry[str]", path: str, ignored: Ignored | None
    ) -> None:
        if self._left_out(path, ignored):
            self._skip(path, "excluded")
        elif is_generated_name(entry.name):
            self._skip(path, "generated")
        elif not entry.is_file(follow_symlinks=False):
            self._skip(path, "not text")
        else:
            self.take(inside, entry.name, path)

    def take(self, inside: int, name: str, path: str) -> None:
        """Read the file `name` in the folder `inside`, or say why not."""
        taken = self._read(inside, name, path)
        if isinstance(taken, SourceFile):
            self.files.append(taken)
        else:
            self._skip(path, taken)

    def _read(self, inside: int, name: str, path: str) -> SourceFile | Skip:
        if len(self.files) >= self.max_files or self.held >= MOST_BYTES_HELD:
            return "too many"
        try:
            path.encode()
            data = contents(name, inside, self.max_bytes)
        except (OSError, UnicodeError):
            return "unreadable"
        if isinstance(data, str):
            return data
        decoded = decode(data)
        if decoded is None:
            return "binary"
        language = language_of(path, decoded.text[:_SHEBANG].partition("\n")[0])
        if language != LOCK and is_generated_text(decoded.text):
            return "generated"
        if language not in _PROSE and is_minified(decoded.text):
            return "generated"
        self.held += len(data)
        return SourceFile(
            path=path,
            language=language,
            text=decoded.text,
            sha256=sha256(data).hexdigest(),
            test=holds_tests(path),
            guessed=decoded.guessed,
        )

    def _left_out(self, path: str, ignored: Ignored | None) -> bool:
        return bool(self.excluded.check_file(path).include) or (
            ignored is not None and ignored.holds(path)
        )

    def _skip(self, path: str, why: Skip) -> None:
        readable = path.encode("utf-8", "backslashreplace").decode()  # a name may be any bytes
        self.skipped.append(Skipped(path=readable, why=why))


def _own(inside: int, way: str, above: Ignored | None) -> Ignored | None:
    """What the `.gitignore` in the folder `inside` adds."""
    try:
        data = contents(".gitignore", inside, MOST_BYTES)
    except OSError:
        return above
    if isinstance(data, str):
        return above
    lines = data.decode("utf-8", "replace").splitlines()
    return Ignored(patterns(lines), folder=way, above=above)
