"""What other tools found, as an engine beside ours."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import anyio

from pointsman.errors import InvalidInput
from quality.finding import Analysis, Finding
from quality.rating.measured_by import IMPORTED
from quality.sarif.reading import LARGEST, read_sarif
from quality.source import SourceFile, Tree


class SarifEngine:
    """The findings of SARIF logs, each credited to the tool that wrote its log."""

    name = IMPORTED
    languages: frozenset[str] | None = None

    def __init__(self, findings: Sequence[Finding], notes: Sequence[str], digest: str) -> None:
        """`digest` is one of all the logs."""
        self.notes = tuple(notes)  # what of the logs does not count, and why
        self._findings = tuple(findings)
        self._digest = digest

    async def version(self) -> str | None:
        return "2.1.0"

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return {file.path: f"{file.sha256}{self._digest}" for file in tree.files}

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # the logs were laid onto it when they were opened
    ) -> Analysis:
        wanted = {file.path for file in stale}
        return Analysis(findings=tuple(f for f in self._findings if f.place.path in wanted))


async def open_sarif(tree: Tree, names: Sequence[str]) -> SarifEngine | None:
    """An engine of the logs `names`, from the root of `tree`; None: none is named.

    One that is named from the root, as in the settings, need not be there: what is analysed may be
    a part of the project, or a snippet. Then a note tells it.

    Raises:
        InvalidInput: one is named in full and not there, cannot be read, is no SARIF 2.1.0, or too
            large.
    """
    return await anyio.to_thread.run_sync(_opened, tree, names) if names else None


def _opened(tree: Tree, names: Sequence[str]) -> SarifEngine:
    findings: list[Finding] = []
    notes: list[str] = []
    digest = sha256()
    for name in names:
        place = tree.root / name
        if not place.is_file():  # a pipe would never end
            if Path(name).is_absolute():
                raise InvalidInput(f"There is no SARIF log {name}.")
            notes.append(f"There is no SARIF log {name} here.")
            continue
        try:
            with place.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise InvalidInput(f"The SARIF log {name} cannot be read: {error.strerror}.") from error
        read = read_sarif(data, tree, place)
        findings += read.findings
        notes += read.notes
        digest.update(sha256(data).digest())
    return SarifEngine(findings, notes, digest.hexdigest())
