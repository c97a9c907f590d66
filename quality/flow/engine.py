"""The engine `flow`."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import anyio.to_thread

from quality.apart import apart
from quality.finding import Analysis
from quality.flow.analysing import analyse, analyse_with
from quality.flow.findings import ENGINE
from quality.flow.relevance import called_from
from quality.flow.rules import load_rules
from quality.python.modules import Modules
from quality.source import SourceFile, Tree

VERSION = "1"  # raised whenever the same rules may find something else
SMALL = 20_000  # characters that are not worth a process


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
        return await apart(ENGINE, partial(analyse_with, self._paths, paths, small))
