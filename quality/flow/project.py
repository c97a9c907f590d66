"""The files of the project, read and run when first they are needed."""

import re
from collections.abc import Iterator

from quality.flow import attributes
from quality.flow.frame import Frame, Run
from quality.flow.functions import Unit
from quality.flow.state import State
from quality.flow.values import Value
from quality.flow.words import is_test
from quality.python.modules import Modules
from quality.python.parse import parse
from quality.source import SourceFile, Tree

WORK_PER_LINE = 30  # steps that a file may take, for each of its lines
LEAST_WORK = 20_000
_IMPORTED = re.compile(
    r"^[ \t]*(?:from|import)[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)", re.MULTILINE
)


class Project:
    """Gives the files' names and functions to an analysis."""

    def __init__(self, tree: Tree, modules: Modules) -> None:
        self.modules = modules
        self._files = {file.path: file for file in tree.files if file.language == "python"}
        self._words = {
            part.removesuffix(".py").removesuffix(".pyi")
            for path in self._files
            for part in path.split("/")
        }
        self._units: dict[str, Unit] = {}
        self._members: dict[tuple[str, str], Value | None] = {}
        self._asked: set[tuple[str, str]] = set()
        self.run: Run | None = None

    def unit(self, path: str) -> Unit:
        """The file at `path`, parsed."""
        unit = self._units.get(path)
        if unit is None:
            file = self._files[path]
            unit = Unit(
                file,
                parse(file.text).tree,
                self.modules.name(path),
                self.modules.is_package(path),
                frozenset(_imports(file.text)),
                tests=is_test(file),
            )
            self._units[path] = unit
        return unit

    def load(self, path: str) -> Unit:
        """The file at `path` after its top has run, or while it runs."""
        unit = self.unit(path)
        run = self.run
        if unit.frame is not None or run is None:
            return unit
        run.findings.texts(path, unit.file.text)
        left, run.work = run.work, work_for(unit.file)
        run.calls_work = run.clean_work = run.work
        review, run.review = run.review, True
        nested, run.nested = run.nested, min(run.nested, 100)
        unit.frame = Frame(run, unit, State({}, {}, {}, run.base))
        unit.frame.execute(unit.tree.body)
        unit.frame.live = unit.ran = True
        run.base.update(unit.frame.state.since(None))
        run.work, run.nested, run.review = left, nested, review
        return unit

    def member(self, full: str, near: str) -> Value | None:
        """What a module of the project has under this dotted name; None: it is of no module."""
        full = full.lstrip(".")  # a folder without a package: its neighbours are looked at first
        if full.partition(".")[0] not in self._words:
            return None
        key = (full, near)
        if key in self._members:
            return self._members[key]
        if key in self._asked:  # modules that import from each other
            return None
        self._asked.add(key)
        found = self._find(full, near)
        self._asked.discard(key)
        owner = self.modules.owner(full, near)
        running = owner is not None and not self._done(owner[0])
        if not running:
            self._members[key] = found
        return found

    def _done(self, path: str) -> bool:
        unit = self._units.get(path)
        return unit is not None and unit.ran

    def _find(self, full: str, near: str) -> Value | None:
        owner = self.modules.owner(full, near)
        if owner is None:
            return None
        path, rest = owner
        if not rest:
            return Value(names=(full,))
        unit = self.load(path)
        first, *others = rest.split(".")
        value = unit.frame.state.env.get(first) if unit.frame else None
        if value is None or unit.frame is None:
            return None
        if value.type == "import" and value.names[0] != full:
            value = attributes.resolved(value, unit.tree, unit.frame)
        for attr in others:
            value = attributes.read(value, attr, unit.tree, unit.frame)
        return value

    def everything(self, module: str, near: str) -> dict[str, Value]:
        """What `from module import *` gives."""
        path = self.modules.path(module.lstrip("."), near)
        if path is None:
            return {}
        unit = self.load(path)
        env = unit.frame.state.env if unit.frame else {}
        return {name: value for name, value in env.items() if not name.startswith("_")}


def work_for(file: SourceFile) -> int:
    """The steps that the analysis of a file may take."""
    return max(LEAST_WORK, WORK_PER_LINE * (file.text.count("\n") + 1))


def _imports(text: str) -> Iterator[str]:
    for match in _IMPORTED.finditer(text):
        for name in match[1].split(","):
            parts = name.strip().split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
