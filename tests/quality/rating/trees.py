"""Trees and git repositories for the tests."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from quality.source import SourceFile, Tree

_LANGUAGES = {".py": "python", ".js": "javascript", ".go": "go", ".java": "java", ".sql": "sql"}


def tree_of(root: Path, texts: Mapping[str, str], tests: frozenset[str] = frozenset()) -> Tree:
    """A tree of files that need not be on disk."""
    return Tree(
        root=root,
        files=tuple(
            SourceFile(
                path=path,
                language=_LANGUAGES.get(Path(path).suffix, "text"),
                text=text,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                test=path in tests,
            )
            for path, text in sorted(texts.items())
        ),
    )


def written(root: Path, texts: Mapping[str, str]) -> Tree:
    for path, text in texts.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    return read(root)


def read(root: Path) -> Tree:
    """Every file below `root` but git's own."""
    return tree_of(
        root,
        {
            path.relative_to(root).as_posix(): path.read_bytes().decode()
            for path in root.rglob("*")
            if path.is_file() and not path.is_symlink() and ".git" not in path.parts
        },
    )


class Repository:
    """A git repository, driven as a person would."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *arguments: str) -> str:
        own = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        more = ("-c", "protocol.file.allow=always")
        command = ["git", *own, *more, *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True)  # noqa: S603
        return done.stdout.decode().strip()

    def commit(self, texts: Mapping[str, str]) -> str:
        written(self.root, texts)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")
