"""Where the code is that a caller names, and whether it may be read or changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import InvalidInput

# Not of files that anyone wrote; reading them may do something.
NEVER = tuple(map(Path, ("/proc", "/sys", "/dev")))


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that the settings open.

    Without any, all folders may be analysed, since a report holds findings and no files; nothing
    is written without one.
    """

    roots: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()  # never read: Pointsman's own home

    def find(self, given: str, more: Sequence[Path] = ()) -> Path:
        """The real path of what `given` names; `more` are the folders open for this call.

        It blocks.

        Raises:
            InvalidInput: there is nothing, or it is not open.
        """
        if "\0" in given or not given.strip():
            raise InvalidInput("That is no path.")
        roots = self.open(more)
        asked = Path(given).expanduser()
        candidates = [asked] if asked.is_absolute() else [root / asked for root in roots]
        if not candidates:
            raise InvalidInput(
                f"{given!r} is not an absolute path, and no folder is open that it could be in.",
                hint="Name it from the root on, or set `tools.roots`.",
            )
        found = next((real for one in candidates if (real := _real(one))), None)
        if found is None:
            raise InvalidInput(f"There is nothing to analyse at {given}.")
        self._check(found, given, roots)
        return found

    def open(self, more: Sequence[Path] = ()) -> tuple[Path, ...]:
        """The folders in which files may be changed. It blocks."""
        real = (_real(root) for root in (*more, *self.roots))
        return tuple(dict.fromkeys(root for root in real if root and root.parent != root))

    def _check(self, found: Path, given: str, roots: Sequence[Path]) -> None:
        if roots and not any(found.is_relative_to(root) for root in roots):
            names = ", ".join(map(str, roots))
            raise InvalidInput(f"{given} is outside of the open folders.", hint=f"Open: {names}.")
        shut = (*NEVER, *filter(None, map(_real, self.closed)))
        if found.parent == found or any(found.is_relative_to(folder) for folder in shut):
            raise InvalidInput(f"{given} is not code that can be analysed.")


def _real(path: Path) -> Path | None:
    """`path` with its links followed; None: there is nothing."""
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
