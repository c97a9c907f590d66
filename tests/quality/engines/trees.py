"""Trees made of a few texts."""

from hashlib import sha256
from pathlib import Path

from quality.engine import Engine
from quality.files.languages import holds_tests, language_of
from quality.finding import Analysis, Finding
from quality.source import SourceFile, Tree


def tree(files: dict[str, str]) -> Tree:
    """A tree that is on no disk."""
    return Tree(
        root=Path("/nowhere"),
        files=tuple(
            SourceFile(
                path=path,
                language=language_of(path),
                text=text,
                sha256=sha256(text.encode()).hexdigest(),
                test=holds_tests(path),
            )
            for path, text in sorted(files.items())
        ),
    )


async def said(engine: Engine, files: dict[str, str]) -> Analysis:
    """What `engine` says about all of `files` that are in its languages."""
    whole = tree(files)
    wanted = [f for f in whole.files if engine.languages is None or f.language in engine.languages]
    return await engine.analyse(wanted, whole)


def told(analysis: Analysis) -> set[tuple[str, str, int]]:
    return {(one.place.path, one.rule, one.place.line) for one in analysis.findings}


def only(analysis: Analysis, rule: str) -> Finding:
    (found,) = (one for one in analysis.findings if one.rule == rule)
    return found
