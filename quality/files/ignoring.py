"""What the project's own `.gitignore` files, and the settings, leave out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

MOST_BYTES = 256_000  # of one .gitignore
_MOST_STARS = 3  # in one part: as a regular expression, each takes a loop over the name


@dataclass(frozen=True, slots=True)
class Ignored:
    """Patterns that hold below a folder; before those of the folders `above` it."""

    spec: GitIgnoreSpec
    folder: str = ""  # below the root, where they hold: "" or "a/b/"
    prefix: str = ""  # from where they hold down to the root, when that is above it
    above: "Ignored | None" = None

    def holds(self, path: str) -> bool:
        """Whether `path`, from the root, is left out; a folder's ends with "/"."""
        layer: Ignored | None = self
        while layer is not None:
            said = layer.spec.check_file(layer.prefix + path[len(layer.folder) :]).include
            if said is not None:
                return said
            layer = layer.above
        return False


def patterns(lines: Sequence[str]) -> GitIgnoreSpec:
    """The patterns in `lines`; one that cannot be read, or would take long, leaves nothing out."""
    kept: list[str] = []
    for line in lines:
        if not any(_stars(part) > _MOST_STARS for part in line.split("/")):
            try:
                GitIgnoreSpec.from_lines([line])
            except ValueError:
                continue
            kept.append(line)
    return GitIgnoreSpec.from_lines(kept)


def from_above(root: Path) -> Ignored | None:
    """What the rest of the repository that `root` is a folder of says about what is below it.

    Not what leaves out `root` as a whole: somebody asked for just that.
    """
    chain = [root, *root.parents]
    top = next((folder for folder in chain if (folder / ".git").exists()), None)
    if top is None:
        return None
    ignored: Ignored | None = None
    for folder in (top / ".git" / "info", *reversed(chain[: chain.index(top) + 1])):
        if folder != root:
            name = "exclude" if folder.name == "info" else ".gitignore"
            within = top if folder.name == "info" else folder
            ignored = _layer(folder / name, root.relative_to(within).as_posix(), ignored)
    return ignored


def _layer(file: Path, way: str, above: Ignored | None) -> Ignored | None:
    prefix = "" if way == "." else f"{way}/"
    try:
        lines = file.read_bytes()[:MOST_BYTES].decode("utf-8", "replace").splitlines()
    except OSError:
        return above
    spec = patterns(lines)
    if not lines or (prefix and spec.check_file(prefix).include):
        return above
    return Ignored(spec, prefix=prefix, above=above)


def _stars(part: str) -> int:
    return len(re.findall(r"\*+", part))
