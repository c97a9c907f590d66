"""bandit: dangerous calls in Python, as a second opinion beside ruff."""

import re
import sys
from collections.abc import Mapping, Sequence

from anyio import to_thread
from pydantic import BaseModel, ValidationError

from quality.engines.folder import Folder, folder_of
from quality.engines.isolating import isolated
from quality.engines.keys import by_file
from quality.engines.process import Ended, run
from quality.engines.table import Meaning, table
from quality.engines.versions import package_version
from quality.engines.working import unreadable
from quality.finding import Analysis, Confidence, Finding, Place, Severity
from quality.source import SourceFile, Tree

_PYTHON = frozenset({"python"})
# What ruff and `secrets` tell of just as well, or nobody wants to hear: asserts, swallowed errors,
# imports, names of passwords, random numbers, SQL in strings, programs started without a shell.
_SKIPPED = "B101,B105,B106,B107,B110,B112,B311,B603,B606,B607,B608,B610," + ",".join(
    f"B4{number:02}" for number in range(1, 16) if number != 10
)
# Each of the other tests needs one of these; bandit takes 0.1 CPU-s a kLOC, and is spared the rest.
_WORDS = re.compile(
    r"\b(?:exec\(|eval\(|chmod|os\.(?:system|popen|exec|spawn|startfile)|popen[234]?|commands\.get|shell"
    r"|0\.0\.0\.0|requests\.\w+\(|httpx\.\w+\(|debug\s*=|tarfile|pickle|cPickle|dill|shelve"
    r"|jsonpickle|pandas|marshal|hashlib|MD[245]|md5|crypt|Crypto|Cryptodome|cryptography|mktemp"
    r"|mark_safe|urlopen|urllib\.request|six\.moves|telnetlib|xml\.|lxml|ftplib|xmlrpc|verify\s*="
    r"|ssl\.|OpenSSL|yaml\.|paramiko|pysnmp|RawSQL|logging\.config|jinja2|mako|Markup|torch\."
    r"|from_pretrained|load_dataset|hf_hub_download|snapshot_download|_create_unverified_context)"
    r"|/tmp|/dev/shm|[\u202a-\u202e\u2066-\u2069]"  # it looks for them
)
_SEVERITIES: dict[str, Severity] = {"HIGH": "critical", "MEDIUM": "major", "LOW": "minor"}
_SURE: dict[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}

_RULES = table("ruff")


class _Cwe(BaseModel):
    id: int = 0


class _Told(BaseModel):
    test_id: str
    filename: str
    issue_text: str
    issue_severity: str
    issue_confidence: str
    issue_cwe: _Cwe = _Cwe()
    line_number: int
    line_range: tuple[int, ...] = ()
    col_offset: int = 0
    end_col_offset: int = 0


class _Broken(BaseModel):
    filename: str
    reason: str


class _Report(BaseModel):
    results: tuple[_Told, ...]
    errors: tuple[_Broken, ...]


class Bandit:
    """Reads one file at a time, with the grammar of the Python that it runs on.

    A file that this one cannot parse is named as not read. Tests are left to ruff.
    """

    name = "bandit"
    languages = _PYTHON

    async def version(self) -> str | None:
        return await package_version("bandit")

    def keys(self, tree: Tree) -> Mapping[str, str]:
        return by_file(tree, _PYTHON, _RULES.digest, sys.version_info[:2])

    async def analyse(
        self,
        stale: Sequence[SourceFile],
        tree: Tree,  # noqa: ARG002  # it needs no other file
    ) -> Analysis:
        worth = await to_thread.run_sync(_worth, stale)
        if not worth:
            return Analysis()
        command = [sys.executable, "-I", "-m", "bandit", "-r", ".", "-f", "json", "-q"]
        command += ["--ignore-nosec", "--exit-zero", "-x", "", "-s", _SKIPPED]

        async def look(files: Sequence[SourceFile]) -> Analysis:
            async with folder_of(files) as folder:
                ended = await run(self.name, command, folder.path)
                return await to_thread.run_sync(_analysis, ended, folder)

        return await isolated(worth, look)


def _worth(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Those in which it may find anything."""
    return [one for one in files if not one.test and _WORDS.search(one.text)]


def _analysis(ended: Ended, folder: Folder) -> Analysis:
    try:
        report = _Report.model_validate_json(ended.output)
    except ValidationError as error:
        raise unreadable("bandit", ended) from error
    findings = [
        _finding(told, path, _meaning(told))
        for told in report.results
        if (path := folder.original(told.filename)) is not None
    ]
    unread = {
        path: broken.reason[:200]
        for broken in report.errors
        if (path := folder.original(broken.filename)) is not None
    }
    return Analysis(findings=tuple(findings), unread=unread)


def _meaning(told: _Told) -> Meaning:
    """That of the rule of ruff that was made after it, if there is one."""
    return _RULES.meaning(f"S{told.test_id[1:]}") or Meaning(
        kind="hotspot",
        severity=_SEVERITIES.get(told.issue_severity, "minor"),
        effort_min=20,
        cwe=(told.issue_cwe.id,) if told.issue_cwe.id else (),
    )


def _finding(told: _Told, path: str, meaning: Meaning) -> Finding:
    end = max(told.line_range, default=told.line_number)
    own = (told.issue_cwe.id,) if told.issue_cwe.id else ()
    one_line = end == told.line_number and told.end_col_offset > told.col_offset
    return Finding(
        rule=told.test_id,
        engine="bandit",
        kind=meaning.kind,
        severity=meaning.severity,
        place=Place(
            path,
            told.line_number,
            max(end, told.line_number),
            told.col_offset + 1,
            told.end_col_offset + 1 if one_line else 0,
        ),
        message=told.issue_text.split("\n")[0],
        cwe=tuple(dict.fromkeys((*meaning.cwe, *own))),
        remediation=meaning.remedy,
        effort_min=meaning.effort_min,
        confidence=_SURE.get(told.issue_confidence, "low"),
    )
