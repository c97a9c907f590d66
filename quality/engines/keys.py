"""What a file's result depends on."""

from collections.abc import Collection
from hashlib import sha256

from quality.source import SourceFile, Tree


def in_languages(tree: Tree, languages: Collection[str] | None) -> list[SourceFile]:
    return [file for file in tree.files if languages is None or file.language in languages]


def by_file(tree: Tree, languages: Collection[str] | None, *settings: object) -> dict[str, str]:
    """For an engine that looks at one file at a time."""
    salt = repr(settings)
    return {
        file.path: sha256(f"{file.sha256} {file.language} {salt}".encode()).hexdigest()
        for file in in_languages(tree, languages)
    }


def by_tree(tree: Tree, languages: Collection[str] | None, *settings: object) -> dict[str, str]:
    """For an engine whose result for a file may depend on all the others."""
    files = in_languages(tree, languages)
    digest = sha256(repr(settings).encode())
    for file in files:
        digest.update(f"{file.path}\0{file.sha256}\0".encode())
    key = digest.hexdigest()
    return {file.path: key for file in files}
