"""Trying a change without touching the project: the engines look again, and the tests run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from anyio import to_thread

from quality.finding import Finding
from quality.fixes.comparing import check_report
from quality.fixes.copying import changed_files
from quality.fixes.errors import Refused
from quality.fixes.fix import Check, Means, TestOutcome, Verified
from quality.report import Report
from quality.source import SourceFile, Tree


@dataclass(frozen=True, slots=True)
class Changed:
    """A file as it would be."""

    raw: bytes
    text: str  # as in a `SourceFile`


class Bench:
    """A tree, and what the engines and the tests say of it as it is and as it would be."""

    def __init__(self, tree: Tree, means: Means) -> None:
        self.tree = tree
        self._means = means
        self._report: Report | None = None
        self._unchanged: TestOutcome | None = None  # how the tests end without any change

    async def verify(self, changes: Mapping[str, Changed], gone: Sequence[Finding]) -> Verified:
        """What holds with `changes`, by path. That they parse was seen before.

        Raises:
            Refused: a finding of `gone` is still there, one has come, or the tests fail.
        """
        if self._report is None:
            self._report = await self._means.analyse(self.tree)
        after = await self._means.analyse(_with(self.tree, changes))
        await to_thread.run_sync(check_report, self._report, after, gone)
        tests = await self._tests({path: change.raw for path, change in changes.items()})
        red = self._unchanged.says if self._unchanged and not self._unchanged.green else ""
        return Verified(reanalysed=True, parses=True, tests=tests, red=red)

    async def _tests(self, changes: Mapping[str, bytes]) -> bool | None:
        """
        Raises:
            Refused: they were green, and are not with the changes.
        """
        check = self._means.check
        if check is None:
            return None
        if self._unchanged is None:
            self._unchanged = await _tested(check, {})
        if not self._unchanged.green:
            return False
        outcome = await _tested(check, changes)
        if not outcome.green:
            raise Refused(f"the tests fail with it: {outcome.says[-500:]}")
        return True


async def _tested(check: Check, changes: Mapping[str, bytes]) -> TestOutcome:
    async with changed_files(changes) as folder:
        return await check(folder)


def _with(tree: Tree, changes: Mapping[str, Changed]) -> Tree:
    """`tree` as it would be: engines read the text that they are given, in copies of their own."""
    files = (_changed(f, changes[f.path]) if f.path in changes else f for f in tree.files)
    return replace(tree, files=tuple(files))


def _changed(file: SourceFile, change: Changed) -> SourceFile:
    return replace(file, text=change.text, sha256=sha256(change.raw).hexdigest())
