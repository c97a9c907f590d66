"""The engine `flow`."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.to_process
import anyio.to_thread

from quality.errors import EngineFailed
from quality.finding import Analysis
from quality.flow.analysing import analyse, analyse_with
from quality.flow.findings import ENGINE
from quality.flow.relevance import called_from
from quality.flow.rules import load_rules
from quality.python.modules import Modules
from quality.source import SourceFile, Tree

VERSION = "1"  # raised whenever the same rules may find something else
SMALL = 20_000  # characters that are not worth a process
PROCESSES = 2


class FlowEngine:
    """Follows outside data through Python; `rules` are files of the user's own.

    Raises:
        ConfigError: a file of rules is wrong.
    """

    def __init__(self, rules: Sequence[Path] = ()) -> None:
        self._paths = tuple(rules)
        self._rules = load_rules(self._paths)

    @property
    def name(self) -> str:
        return ENGINE

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({"python"})

    async def version(self) -> str:
        return f"{VERSION}.{self._rules.digest[:8]}"

    def keys(self, tree: Tree) -> Mapping[str, str]:
        """The digest of a file, of all that it imports, and of what calls its functions."""
        modules = Modules(tree)
        callers = called_from(tree)
        return {
            path: sha256(
                f"{VERSION} {self._rules.digest} {digest} {callers.get(path, '')}".encode()
            ).hexdigest()
            for path, digest in modules.digests.items()
        }

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        files = tuple(file for file in tree.files if file.language == "python")
        paths = [file.path for file in stale if file.language == "python"]
        size = sum(len(file.text) for file in stale)
        small = Tree(root=tree.root, files=files)
        if not paths:
            return Analysis()
        if size <= SMALL:
            work = partial(analyse, self._rules, paths, small)
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        return await self._in_processes(paths, small)

    async def _in_processes(self, paths: Sequence[str], tree: Tree) -> Analysis:
        """Cancelled, the processes are killed."""
        parts = [part for at in range(PROCESSES) if (part := _part(paths, at))]
        results: dict[int, Analysis] = {}

        async def one(at: int, part: Sequence[str]) -> None:
            work = partial(analyse_with, self._paths, part, tree)
            try:
                results[at] = await anyio.to_process.run_sync(work, cancellable=True)
            except anyio.BrokenWorkerProcess as error:
                raise EngineFailed(ENGINE, "broke off") from error

        async with anyio.create_task_group() as tasks:
            for at, part in enumerate(parts):
                tasks.start_soon(one, at, part)
        found = [results[at] for at in sorted(results)]
        return Analysis(
            findings=tuple(finding for each in found for finding in each.findings),
            unread={path: why for each in found for path, why in each.unread.items()},
        )


def _part(paths: Sequence[str], at: int) -> Sequence[str]:
    """Neighbours go to the same process, since they import each other."""
    half = -(-len(paths) // PROCESSES)
    return sorted(paths)[at * half : (at + 1) * half]
