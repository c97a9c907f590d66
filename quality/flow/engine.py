"""The engine `flow`."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import anyio.to_thread

from quality.apart import apart
from quality.engine import Facts
from quality.finding import Analysis
from quality.flow.findings import ENGINE
from quality.flow.outline import Outline
from quality.flow.outlines import Outlines
from quality.flow.relevance import called_from
from quality.flow.rules import Rules, load_rules
from quality.python.modules import Modules
from quality.source import SourceFile, Tree

VERSION = "1"  # raised whenever the same rules may find something else
SMALL = 20_000  # characters that are not worth a process


class FlowEngine:
    """Follows outside data through Python; `rules` are files of the user's own.

    With `facts`, what only a file's own words tell is remembered.

    Raises:
        ConfigError: a file of rules is wrong.
    """

    def __init__(self, rules: Sequence[Path] = (), facts: Facts | None = None) -> None:
        self._rules = load_rules(rules)
        self._version = f"{VERSION}.{self._rules.digest[:8]}"
        self._outlines = Outlines(ENGINE, self._version, self._rules, facts)

    @property
    def name(self) -> str:
        return ENGINE

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({"python"})

    async def version(self) -> str:
        return self._version

    def keys(self, tree: Tree) -> Mapping[str, str]:
        """The digest of a file, of all that it imports, and of what calls its functions."""
        modules = Modules(tree)
        outlines = self._outlines.of(tree)
        by_path = {file.path: file for file in tree.files}
        callers: dict[str, str] = {}
        for island in modules.islands():
            callers |= called_from([by_path[path] for path in island], outlines)
        return {
            path: sha256(
                f"{VERSION} {self._rules.digest} {digest} {callers.get(path, '')}".encode()
            ).hexdigest()
            for path, digest in modules.digests.items()
        }

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        files = tuple(file for file in tree.files if file.language == "python")
        paths = [file.path for file in stale if file.language == "python"]
        if not paths:
            return Analysis()
        outlines = await anyio.to_thread.run_sync(self._outlines.of, tree)
        small = Tree(root=tree.root, files=files)
        work = partial(_follow, self._rules, paths, small, outlines)
        if sum(len(file.text) for file in stale) <= SMALL:
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        return await apart(ENGINE, work)


def _follow(
    rules: Rules, stale: Sequence[str], tree: Tree, outlines: Mapping[str, Outline]
) -> Analysis:
    # Which takes 0.2 s to import, and is of no use to an analysis with nothing new.
    from quality.flow.analysing import analyse

    return analyse(rules, stale, tree, outlines)
