"""Which file of the tree a path in another tool's report means.

Reports are written elsewhere: on another machine, in a container, from a folder above or below.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from quality.source import Tree


class Paths:
    """The files of a tree, to be found by what a report calls them."""

    def __init__(self, tree: Tree) -> None:
        self.root = tree.root.resolve()
        self._begin = PurePosixPath(self.root.as_posix())
        self._here = {file.path for file in tree.files}
        self._by_name: dict[str, list[PurePosixPath]] = {}
        for path in map(PurePosixPath, self._here):
            self._by_name.setdefault(path.name, []).append(path)

    def match(self, written: str, sources: Sequence[str], report: Path) -> str | None:
        """The path in the tree that `written` means, in a report at `report`; None: no one's.

        First below the folders in `sources` as they are, then by the longest end of such a path
        that a file here has; then from the root and from the report's own folder; last the only
        file whose path ends so.
        """
        path = PurePosixPath(written.replace("\\", "/"))
        full = [PurePosixPath(one.replace("\\", "/")) / path for one in sources]
        near = PurePosixPath(report.parent.as_posix()) / path
        found = [*self._within(full), *_ends(full), *self._within([path, near]), *_ends([path])]
        return next((one for one in found if one in self._here), None) or self._only(path)

    def _within(self, paths: Iterable[PurePosixPath]) -> Iterator[str]:
        for path in paths:
            flat = _flat(self._begin / path)
            if flat.is_relative_to(self._begin):
                yield flat.relative_to(self._begin).as_posix()

    def _only(self, path: PurePosixPath) -> str | None:
        """Where sources lie deeper than a report says: `com/x/A.java` for `src/com/x/A.java`."""
        parts = tuple(part for part in path.parts if part not in ("/", ".", ".."))
        if len(parts) < 2:
            return None
        alike = [
            one for one in self._by_name.get(path.name, ()) if one.parts[-len(parts) :] == parts
        ]
        return alike[0].as_posix() if len(alike) == 1 else None


def _flat(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return PurePosixPath(*parts)


def _ends(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """The ends of each path, the longest first; a lone name is no evidence."""
    for path in paths:
        parts = _flat(path).parts
        yield from ("/".join(parts[n:]) for n in range(1, len(parts) - 1))
