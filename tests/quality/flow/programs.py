"""Programs to analyse, and what is found in them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from quality.finding import Analysis, Finding
from quality.flow.engine import FlowEngine
from quality.source import SourceFile, Tree

ENGINE = FlowEngine()


def tree_of(files: Mapping[str, str]) -> Tree:
    return Tree(
        root=Path("/nowhere"),
        files=tuple(
            SourceFile(
                path=path,
                language="python",
                text=text,
                sha256=sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            )
            for path, text in files.items()
        ),
    )


async def analysed(files: Mapping[str, str], engine: FlowEngine = ENGINE) -> Analysis:
    tree = tree_of(files)
    return await engine.analyse(tree.files, tree)


async def found(
    files: Mapping[str, str] | str, rule: str, engine: FlowEngine = ENGINE
) -> list[Finding]:
    """The findings of `rule`; one text is the file app.py."""
    analysis = await analysed({"app.py": files} if isinstance(files, str) else files, engine)
    return [finding for finding in analysis.findings if finding.rule == rule]
