"""Runs a project's tests over a change, confined: what a model wrote is run by them.

They see this machine read-only, without network, without the folders that hold secrets, and the
project with the change laid over it; whatever they write is gone when they end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from quality.engines.process import run
from quality.errors import EngineFailed
from quality.files.projects import project_of
from quality.fixes.fix import Check, TestOutcome
from tools.workbench.code.bubblewrap import Refused, find_bwrap

# Below the home: nothing that tests need, and much that nobody else should read.
SECRET_FOLDERS = (".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".config", ".mozilla")
SECRET_FILES = (".netrc", ".pgpass", ".git-credentials", ".npmrc", ".pypirc")
MOST_OUTPUT = 4 << 20  # bytes
LAST_LINES = 25  # that whoever mends the fix is told
MOST_TOLD = 4_000  # characters
CONFINED = (
    *("--unshare-all", "--die-with-parent", "--cap-drop", "ALL"),
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """How the tests of whatever is analysed are run."""

    command: tuple[str, ...]
    seconds: float
    home: Path  # of the user
    closed: tuple[Path, ...] = ()  # Pointsman's own folders
    path: str  # where programs are

    __test__ = False  # pytest would collect the name

    def of(self, root: Path) -> Check:
        """Runs the tests of the project around `root`; its copy is laid over `root`."""

        async def check(copy: Path) -> TestOutcome:
            try:
                bwrap = await anyio.to_thread.run_sync(find_bwrap)
                confined = await anyio.to_thread.run_sync(self._confined, root, copy)
                command = [str(bwrap), *confined, "--", *self.command]
                with anyio.fail_after(self.seconds):
                    ended = await run("tests", command, copy, most=MOST_OUTPUT)
            except Refused as refused:
                return TestOutcome(False, f"the tests cannot be confined here: {refused}")
            except EngineFailed as failed:
                return TestOutcome(False, failed.why)
            except TimeoutError:
                return TestOutcome(False, f"the tests took longer than {self.seconds:g} s")
            told = (ended.output + b"\n" + ended.errors).decode(errors="replace")
            return TestOutcome(ended.code == 0, _end_of(told))

        return check

    def _confined(self, root: Path, copy: Path) -> list[str]:
        """What bubblewrap is told; needs its 0.11, which can lay one folder over another."""
        temporary = "/tmp"  # noqa: S108  # of the confinement, in memory
        told = [*CONFINED, "--tmpfs", temporary]
        inside = project_of(root)
        for folder in (*(self.home / name for name in SECRET_FOLDERS), *self.closed):
            if folder.is_dir():
                told += ["--tmpfs", str(folder)]
        for file in (self.home / name for name in SECRET_FILES):
            if file.is_file():
                told += ["--ro-bind", "/dev/null", str(file)]
        told += _laid(inside, []) if inside != root else []
        told += _laid(root, [copy])
        shown = {"HOME": temporary, "TMPDIR": temporary, "PATH": self.path, "LANG": "C.UTF-8"}
        for name, value in shown.items():
            told += ["--setenv", name, value]
        return [*told, "--chdir", str(inside)]


def _laid(folder: Path, over: Sequence[Path]) -> list[str]:
    """`folder` with others laid over it; what is written to it is kept in memory."""
    layers = [word for each in (folder, *over) for word in ("--overlay-src", str(each))]
    return [*layers, "--tmp-overlay", str(folder)]


def _end_of(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])[-MOST_TOLD:]
