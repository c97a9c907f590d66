"""The outlines of all files of a tree, of which those that are known are not made again."""

from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256

import orjson
from anyio import from_thread
from pydantic import ValidationError

from quality.engine import Facts
from quality.flow.catalogue import Catalogue
from quality.flow.outline import OUTLINE, Outline, Outliner
from quality.flow.rules import Rules
from quality.source import SourceFile, Tree


class Outlines:
    """Asked in a worker thread of an event loop, if there are `facts`."""

    def __init__(self, engine: str, version: str, rules: Rules, facts: Facts | None) -> None:
        self._engine, self._version = engine, version
        self._rules = rules
        self._facts = facts
        self._last: tuple[Tree, Mapping[str, Outline]] | None = None

    @cached_property
    def _outliner(self) -> Outliner:
        return Outliner(Catalogue(self._rules))

    def of(self, tree: Tree) -> Mapping[str, Outline]:
        """By path, those of the Python files."""
        if self._last is None or self._last[0] is not tree:
            self._last = tree, self._made(tree)
        return self._last[1]

    def _made(self, tree: Tree) -> Mapping[str, Outline]:
        files = [file for file in tree.files if file.language == "python"]
        keys = {file.path: _key(file) for file in files}
        known = self._recalled(keys)
        unknown = [file for file in files if file.path not in known]
        fresh = {file.path: self._outliner.outline(file) for file in unknown}
        if self._facts is not None and fresh:
            raw = {path: orjson.dumps(outline) for path, outline in fresh.items()}
            from_thread.run(self._facts.keep_facts, self._engine, self._version, keys, raw)
        return known | fresh

    def _recalled(self, keys: Mapping[str, str]) -> dict[str, Outline]:
        if self._facts is None:
            return {}
        raw = from_thread.run(self._facts.recall_facts, self._engine, self._version, keys)
        known: dict[str, Outline] = {}
        for path, text in raw.items():
            try:
                known[path] = OUTLINE.validate_json(text)
            except ValidationError:
                continue
        return known


def _key(file: SourceFile) -> str:
    return sha256(f"{file.sha256} {file.test}".encode()).hexdigest()
