"""Which project a folder is of."""

from pathlib import Path

MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "package.json", "go.mod", "Cargo.toml")


def project_of(folder: Path) -> Path:
    """The nearest folder above or at `folder` that looks like a project's; else itself.

    It blocks.
    """
    for each in (folder, *folder.parents):
        if any((each / mark).exists() for mark in MARKS):
            return each
    return folder
