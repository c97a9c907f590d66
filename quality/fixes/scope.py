"""Where a fix may change anything: near the finding, in a file of the product."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from quality.files.projects import project_of
from quality.fixes.changes import Hunk, size
from quality.fixes.errors import Refused
from quality.fixes.imports import import_lines
from quality.fixes.passage import Passage
from quality.source import SourceFile

MOST_CHANGED = 80  # lines
# What says how the project is tested, built, checked and shipped is not mended by a tool.
_CLOSED = re.compile(
    r"""
    (?:^|/)(?:\.[^/]+/|(?:tests?|testing|spec|__tests__|ci|migrations)/)
    | (?:^|/)(?:conftest|setup|noxfile|fabfile|tasks|sitecustomize|usercustomize)\.py$
    | (?:^|/)(?:test_[^/]*|[^/]*_test)\.[^/]+$ | \.(?:test|spec)\.[^/]+$
    | (?:^|/)(?:\.[^/]*|[^/]*\.(?:toml|cfg|ini|ya?ml|json|lock|pth|env))$
    | (?:^|/)(?:makefile|dockerfile|jenkinsfile|vagrantfile|procfile|requirements[^/]*\.txt)$
    """,
    re.IGNORECASE | re.VERBOSE,
)


def check_file(file: SourceFile, root: Path) -> None:
    """`file` is of a tree at `root`, which may be a part of a project. It blocks.

    Raises:
        Refused: no fix may touch that file.
    """
    path = (root / file.path).relative_to(project_of(root)).as_posix()
    if file.test or _CLOSED.search(path):
        raise Refused("tests, settings and build files are not changed by fixes")


def check_size(many: Sequence[Hunk]) -> None:
    """
    Raises:
        Refused: nothing changes, or too much.
    """
    if not many:
        raise Refused("it changes nothing")
    if size(many) > MOST_CHANGED:
        raise Refused(f"it changes more than {MOST_CHANGED} lines")


def check_region(many: Sequence[Hunk], around: Passage, old: ast.Module, new: ast.Module) -> None:
    """Only the lines `around` the finding and imports change.

    Raises:
        Refused: others do too.
    """
    old_imports, new_imports = import_lines(old), import_lines(new)
    shift = 0
    for hunk in many:
        here = hunk.start + shift
        shift += len(hunk.new) - (hunk.end - hunk.start)
        if around.holds(hunk.start, hunk.end):
            continue
        blank = {here + at for at, line in enumerate(hunk.new) if not line.strip()}
        added = set(range(here, here + len(hunk.new))) - blank
        if not set(range(hunk.start, hunk.end)) <= old_imports or not added <= new_imports:
            raise Refused("it changes lines beyond the code around the finding")
