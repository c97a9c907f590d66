"""The part of the tree that a question is about."""

import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from posixpath import basename, dirname

_QUOTED = re.compile(r"[`\"']([\w./*?\[\]~-]{1,200})[`\"']")
_SHAPED = re.compile(r"(?<![\w./*?-])(?=[\w.*?-]*[/*.])([\w./*?-]*[\w/*])")
_PLACED = re.compile(r"\b(?:in|of|under|within|inside|for|about|from) (?:the |our |my )?([\w-]+)")


def asked_path(question: str, paths: Collection[str]) -> tuple[str | None, str]:
    """The glob that `question` names, and the question without it.

    What looks like a path is one, whether any of `paths` fits or not; a bare word after "in" only
    if a file or a folder is called so.
    """
    for pattern in (_QUOTED, _SHAPED):
        for found in pattern.finditer(question):
            if glob := _glob(found[1], paths):
                return glob, question[: found.start()] + " " + question[found.end() :]
    known = {name.lower(): name for path in paths for name in _names(path)}
    for found in _PLACED.finditer(question):
        if name := known.get(found[1].lower()):
            return _of_name(name, paths), question[: found.start(1)] + question[found.end(1) :]
    return None, question


def fits(path: str, glob: str | None) -> bool:
    """Whether `path` is meant; a glob that ends in "/" means all below the folder."""
    if glob is None:
        return True
    if glob.endswith("/"):
        return path.startswith(glob) or f"/{glob}" in f"/{path}"
    return fnmatchcase(path, glob) or fnmatchcase(path, f"*/{glob}")


def _glob(word: str, paths: Collection[str]) -> str | None:
    """`word` as a glob; None: it is no path after all ("e.g.", "v1.2")."""
    word = word.removeprefix("./")
    if "/" in word or "*" in word:
        folder = not word.endswith("/") and any(f"/{word}/" in f"/{path}" for path in paths)
        return f"{word}/" if folder else word
    file = any(fits(path, word) for path in paths)
    return word if file or re.fullmatch(r"[\w-]+\.[a-z]{1,4}", word) else None


def _names(path: str) -> Iterator[str]:
    """The folders above `path`, and its own name without its ending."""
    yield from dirname(path).split("/")
    yield basename(path).partition(".")[0]


def _of_name(name: str, paths: Collection[str]) -> str:
    if any(f"/{name}/" in f"/{path}" for path in paths):
        return f"{name}/"
    return next(basename(path) for path in paths if basename(path).partition(".")[0] == name)
