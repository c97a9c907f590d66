"""A small project on disk, an analysis of it in memory, and a model that says what it is told."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from quality.asking import Answer
from quality.finding import Finding, Kind, Place, Severity
from quality.fixes.content import content
from quality.report import EngineRun, Report, Totals
from quality.source import SourceFile, Tree

RULES: tuple[tuple[str, str, int, Kind, Severity], ...] = (  # rule, pattern, CWE, kind, severity
    ("eval-used", r"\beval\(", 95, "vulnerability", "critical"),
    ("exec-used", r"\bexec\(", 95, "vulnerability", "blocker"),
    ("yaml-load", r"yaml\.load\(", 502, "vulnerability", "critical"),
    ("pickle-load", r"pickle\.loads?\(", 502, "vulnerability", "critical"),
    ("shell-command", r"os\.system\(|shell=True", 78, "vulnerability", "critical"),
    ("sql-injection", r"execute\((?:f\"|f'|\"[^\"]*\" [%+]|\w+\))", 89, "vulnerability", "blocker"),
    ("weak-hash", r"hashlib\.(?:md5|sha1)\((?!.*usedforsecurity=False)", 327, "hotspot", "major"),
    ("no-certificate", r"verify=False", 295, "vulnerability", "critical"),
    ("no-timeout", r"requests\.get\((?!.*timeout)", 400, "hotspot", "major"),
    ("password-in-code", r"(?i)password\s*=\s*[\"']", 798, "hotspot", "blocker"),
    ("weak-random", r"\brandom\.", 330, "hotspot", "major"),
    ("none-comparison", r"[!=]= None", 0, "smell", "minor"),
    ("temp-name", r"tempfile\.mktemp", 377, "vulnerability", "major"),
    ("debugger", r"debug=True", 489, "vulnerability", "major"),
    ("redirect", r"redirect\(request\.args", 601, "vulnerability", "major"),
    ("path-traversal", r"open\(ROOT \+", 22, "vulnerability", "critical"),
    ("html-built", r"return f?\"<p>\" ?\+", 79, "vulnerability", "major"),
)


@cache
def said(path: str, text: str) -> tuple[Finding, ...]:
    return tuple(say(path, text))


def say(path: str, text: str) -> Iterator[Finding]:
    """A toy of an engine: patterns by line, and what it cannot read."""
    seen = Counter[str]()
    for row, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        code = line.partition("#")[0]
        for rule, pattern, cwe, kind, severity in RULES:
            if (found := re.search(pattern, code)) and "import" not in code:
                name = f"{rule}:{path}:{sha256(line.strip().encode()).hexdigest()[:8]}"
                seen[name] += 1
                yield Finding(
                    rule=rule,
                    engine="toy",
                    kind=kind,
                    severity=severity,
                    place=Place(path, row, row, found.start() + 1, found.end() + 1),
                    message=f"{rule} here",
                    cwe=(cwe,) if cwe else (),
                    remediation=f"Mend {rule}.",
                    id=f"{name}:{seen[name]}",
                )


class Engines:
    """What an analysis of a tree says; it counts how often it was asked."""

    def __init__(self, broken: Sequence[str] = ()) -> None:
        self.trees: list[Tree] = []
        self.broken = broken

    async def __call__(self, tree: Tree) -> Report:
        self.trees.append(tree)
        unread = {
            f.path: "no Python"
            for f in tree.files
            if f.path.endswith(".py") and not _parses(f.text)
        }
        failed = any(word in file.text for file in tree.files for word in self.broken)
        return Report(
            findings=tuple(f for file in tree.files for f in said(file.path, file.text)),
            engines=(
                EngineRun(name="toy", state="failed" if failed else "ok", unread=unread),
                EngineRun(name="absent", state="missing"),
            ),
            measures={},
            totals=Totals(),
            skipped={},
        )


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def project(root: Path, files: Mapping[str, str | bytes]) -> Tree:
    """Write `files` below `root`; the tree of them."""
    sources = []
    for path, given in files.items():
        raw = given if isinstance(given, bytes) else given.encode()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(raw)
        read = content(raw)
        sources.append(
            SourceFile(
                path=path,
                language="python" if path.endswith(".py") else "text",
                text=read.whole(read.text),
                sha256=sha256(raw).hexdigest(),
                test=path.startswith("tests/"),
            )
        )
    return Tree(root=root, files=tuple(sources))


def findings(tree: Tree, rule: str = "") -> list[Finding]:
    found = [f for file in tree.files for f in said(file.path, file.text)]
    return [f for f in found if rule in ("", f.rule)]


class Script:
    """A model that gives its answers in order, the last one for ever."""

    def __init__(self, *answers: str, cost: int | None = 0) -> None:
        self.answers, self.cost = answers, cost
        self.prompts: list[str] = []
        self.most: list[int] = []  # that each ask might cost

    async def __call__(self, system: str, prompt: str, most: int) -> Answer:
        self.prompts.append(prompt)
        self.most.append(most)
        return Answer(self.answers[min(len(self.prompts), len(self.answers)) - 1], self.cost)


def fence(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```\nDone."
