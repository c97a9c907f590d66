"""What an engine is: something that reads files and says what is wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from quality.finding import Analysis
from quality.source import SourceFile, Tree


class Engine(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def languages(self) -> frozenset[str] | None:
        """Those it reads; None: all."""

    async def version(self) -> str | None:
        """Its own version and that of its rules; None: it is not there."""

    def keys(self, tree: Tree) -> Mapping[str, str]:
        """What the result for each of its files depends on, as a digest.

        A file whose key is as before has the result that it had before. An engine that looks at
        one file at a time gives the file's own digest, one that looks at all gives all the same.
        """

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        """What it says about the files `stale`, which are of `tree`.

        Cancelled, it leaves no process behind.

        Raises:
            EngineFailed: it broke off, or gave what nobody can read.
        """


class Facts(Protocol):
    """Where facts about files are kept; `quality.remembering` has it."""

    async def recall_facts(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, bytes]: ...

    async def keep_facts(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, bytes]
    ) -> None: ...
