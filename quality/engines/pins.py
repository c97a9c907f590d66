"""The exact versions of packages that a project's files ask for."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from quality.source import SourceFile

Ecosystem = Literal["PyPI", "npm"]
_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in)")
_PINNED = re.compile(
    r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([0-9][\w.!+-]*)\s*(?:[;#\\].*|--.*)?$"
)
_ASKED = re.compile(r"\s*[A-Za-z0-9][\w.-]*\s*(?:\[|[<>=!~;@#\\]|$)")


class Pin(NamedTuple):
    ecosystem: Ecosystem
    name: str
    version: str
    path: str
    line: int


class Pins(NamedTuple):
    """What a file asks for."""

    exact: tuple[Pin, ...]
    loose: int = 0  # how many it asks for without an exact version


def pins_of(file: SourceFile) -> Pins | None:
    """What `file` asks for; None: it is no file that asks for packages.

    Raises:
        ValueError: it is one, and cannot be read.
    """
    name = PurePosixPath(file.path).name.lower()
    if _REQUIREMENTS.fullmatch(name):
        return _requirements(file)
    read = _READERS.get(name)
    if read is None:
        return None
    try:
        return Pins(tuple(dict.fromkeys(read(file))))
    except (AttributeError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("it has another form") from error


def _requirements(file: SourceFile) -> Pins:
    exact, loose = [], 0
    for number, line in enumerate(file.text.split("\n"), 1):
        if match := _PINNED.match(line):
            exact.append(Pin("PyPI", _pypi(match[1]), match[2], file.path, number))
        elif _ASKED.match(line):
            loose += 1
    return Pins(tuple(exact), loose)


def _pyproject(file: SourceFile) -> Iterator[Pin]:
    project = tomllib.loads(file.text).get("project", {})
    groups = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    for asked in (asked for group in groups for asked in group):
        if match := _PINNED.match(asked):
            line = _line(file.text, asked)
            yield Pin("PyPI", _pypi(match[1]), match[2], file.path, line)


def _toml_lock(file: SourceFile) -> Iterator[Pin]:
    for package in tomllib.loads(file.text).get("package", []):
        name, version = package["name"], package.get("version")
        if version is not None:
            line = _line(file.text, f'name = "{name}"\nversion = "{version}"')
            yield Pin("PyPI", _pypi(name), str(version), file.path, line)


def _pipfile_lock(file: SourceFile) -> Iterator[Pin]:
    locked = json.loads(file.text)
    for group in ("default", "develop"):
        for name, package in locked.get(group, {}).items():
            version = str(package.get("version", "")).removeprefix("==")
            if version:
                line = _line(file.text, f'"{name}": {{')
                yield Pin("PyPI", _pypi(name), version, file.path, line)


def _package_lock(file: SourceFile) -> Iterator[Pin]:
    locked = json.loads(file.text)
    for where, package in locked.get("packages", {}).items():
        name = package.get("name") or where.rpartition("node_modules/")[2]
        if where and "version" in package and not package.get("link"):
            line = _line(file.text, f'"{where}": {{')
            yield Pin("npm", name, package["version"], file.path, line)
    if "packages" not in locked:
        yield from _nested(locked.get("dependencies", {}), file)


def _nested(packages: Mapping[str, Mapping[str, object]], file: SourceFile) -> Iterator[Pin]:
    """As the first form of the file has them, in each other."""
    for name, package in packages.items():
        version, inner = package.get("version"), package.get("dependencies")
        if isinstance(version, str):
            yield Pin("npm", name, version, file.path, _line(file.text, f'"{name}": {{'))
        if isinstance(inner, dict):
            yield from _nested(inner, file)


_READERS: Mapping[str, Callable[[SourceFile], Iterator[Pin]]] = {
    "pyproject.toml": _pyproject,
    "poetry.lock": _toml_lock,
    "uv.lock": _toml_lock,
    "pdm.lock": _toml_lock,
    "pipfile.lock": _pipfile_lock,
    "package-lock.json": _package_lock,
    "npm-shrinkwrap.json": _package_lock,
}


def _pypi(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _line(text: str, part: str) -> int:
    return text.count("\n", 0, max(0, text.find(part))) + 1
