"""What the three tools work with: the engines, what they said, and where each finding is."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import to_thread

from pointsman.errors import InvalidInput, NotFound
from pointsman.quality_settings import QualitySettings
from pointsman.records import Principal
from quality.asking import Ask
from quality.engine import Engine
from quality.examining import Examination, examine
from quality.files.languages import TEXT, ending_of, language_of
from quality.files.reading import read_tree, tree_of
from quality.finding import Finding
from quality.report import EngineRun
from quality.running import Memory
from quality.sonarqube.server import SonarQube
from quality.source import Tree
from tools.quality.forms import Subject
from tools.quality.places import Places
from tools.quality.testing import Tests
from tools.tool import Caller

MOST_KNOWN = 50_000  # findings whose place is remembered
# `Ask`: of the model that reviews; None: none does.
EnginesOf = Callable[[QualitySettings, Ask | None], Sequence[Engine]]
AskFor = Callable[[str, Principal], Ask]  # for a tool, on behalf of whoever calls it


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a finding was."""

    path: Path  # what was analysed
    finding: Finding


@dataclass(slots=True, kw_only=True)
class Bench:
    settings: QualitySettings
    engines_of: EnginesOf  # it blocks
    places: Places
    memory: Memory | None = None
    ask_for: AskFor | None = None  # None: no model is asked
    tests: Tests | None = None  # None: none are configured
    sonarqube: SonarQube | None = None
    _seen: OrderedDict[str, Seen] = field(default_factory=OrderedDict[str, Seen])

    async def examine(
        self,
        given: Subject,
        caller: Caller,
        *,
        only: Collection[str] | None = None,
        ref: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Examination:
        """How good the code is that `given` names, by the engines `only`, or all.

        Raises:
            InvalidInput: there is no such code, it is not open, or `ref` names no commit.
        """
        tree, path = await self._tree(given, caller)
        if path is None and ref is not None:
            raise InvalidInput("'new_since' needs a path: code alone has no history.")
        return await self.look(tree, path, caller, only=only, ref=ref, changes=changes)

    async def look(
        self,
        tree: Tree,
        path: Path | None,
        caller: Caller,
        *,
        only: Collection[str] | None = None,
        ref: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Examination:
        """How good `tree` is, which was read at `path`."""
        settings = self.settings.model_copy(update=dict(changes or {}))
        ask = self.asks("code_quality", caller) if settings.review else None
        engines = [
            engine
            for engine in await to_thread.run_sync(self.engines_of, settings, ask)
            if only is None or engine.name in only
        ]

        async def tell(run: EngineRun, done: int, total: int) -> None:
            if caller.progress is not None:
                await caller.progress(done, total, f"{run.name}: {run.state}")

        found = await examine(tree, engines, settings, self.memory, ref=ref, tell=tell)
        if path is not None:
            self._remember(path, found.judgement.findings)
        return found

    def asks(self, tool: str, caller: Caller) -> Ask | None:
        """How a model is asked for `tool`; None: there is none to ask."""
        return self.ask_for(tool, caller.principal) if self.ask_for else None

    async def tree_at(self, path: Path) -> Tree:
        return await read_tree(
            path,
            exclude=self.settings.exclude,
            max_files=self.settings.max_files,
            max_file_mb=self.settings.max_file_mb,
        )

    def seen(self, issue_id: str) -> Seen:
        """Where the finding of this id was.

        Raises:
            NotFound: nothing that was analysed had it.
        """
        try:
            return self._seen[issue_id]
        except KeyError:
            raise NotFound(
                f"No finding {issue_id!r} is known.",
                hint="Analyse its file with code_quality first, or give its path and line.",
            ) from None

    async def _tree(self, given: Subject, caller: Caller) -> tuple[Tree, Path | None]:
        if given.code is not None:
            return tree_of(given.code, _language(given.language or "")), None
        path = await to_thread.run_sync(self.places.find, given.path or "", caller.roots)
        return await self.tree_at(path), path

    def _remember(self, path: Path, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._seen[finding.id] = Seen(path, finding)
            self._seen.move_to_end(finding.id)
        while len(self._seen) > MOST_KNOWN:
            self._seen.popitem(last=False)


def _language(given: str) -> str:
    """The language called `given`, by its name or by how its files end.

    Raises:
        InvalidInput: it is none that is known.
    """
    name = given.strip().lower()
    for known in (name, language_of(f"code.{name}")):
        if known != TEXT and ending_of(known) != ending_of(TEXT):
            return known
    raise InvalidInput(
        f"{given!r} is no language known here.", hint="Say python, javascript, typescript, go..."
    )
