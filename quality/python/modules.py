"""Which file of a tree a module is, and which files it depends on."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import sha256

from quality.python.graph import components
from quality.python.scopes import absolute
from quality.source import Tree

# Read without parsing, since the keys of a cache are asked for before anything is parsed. What
# looks like an import in a text is one dependency too many, which does no harm.
_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:"
    r"from[ \t]+(?P<source>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|(?:[^\n#;\\]|\\\r?\n)*)"
    r"|import[ \t]+(?P<modules>(?:[^\n#;\\]|\\\r?\n)+))",
    re.MULTILINE,
)
_NAME = re.compile(r"([\w.]+|\*)(?:\s+as\s+\w+)?")
_SOURCE_ROOTS = frozenset({"src", "lib", "python"})


class Modules:
    """The Python modules among the files of a tree."""

    def __init__(self, tree: Tree) -> None:
        self._files = {file.path: file for file in tree.files if file.language == "python"}
        self._folders = {folder for path in self._files for folder in _above(path)}
        self._tops: dict[str, str] = {}  # by folder, where the dotted names of its files begin
        self._starts: dict[str, tuple[str, ...]] = {}  # by folder, where its imports are looked for
        self._found: dict[tuple[str, str], str | None] = {}  # by name and folder
        self._by_stem = self._stems()
        self._roots = self._find_roots()

    def is_package(self, path: str) -> bool:
        return posixpath.basename(path).startswith("__init__.")

    def name(self, path: str) -> str:
        """The dotted name that `path` is imported by: "shop.views" for "src/shop/views.py"."""
        stem = posixpath.splitext(path)[0]
        if self.is_package(path):
            stem = posixpath.dirname(stem)
        root = self._root(posixpath.dirname(path))
        return (stem[len(root) + 1 :] if root else stem).replace("/", ".") or "__init__"

    def path(self, module: str, near: str = "") -> str | None:
        """The file that `import module` in the file `near` reads; None: none of this tree."""
        folder = posixpath.dirname(near)
        if (module, folder) not in self._found:
            inside = module.replace(".", "/")
            stems = (f"{root}/{inside}" if root else inside for root in self._search(folder))
            known = (self._by_stem.get(stem) for stem in stems)
            self._found[module, folder] = next((path for path in known if path), None)
        return self._found[module, folder]

    def owner(self, full: str, near: str = "") -> tuple[str, str] | None:
        """The file and the name in it of "shop.views.Cart.add": ("shop/views.py", "Cart.add")."""
        module, rest = full, ""
        while module:
            if path := self.path(module, near):
                return path, rest
            module, _, last = module.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
        return None

    def imports(self, path: str) -> frozenset[str]:
        """The files that `path` itself imports."""
        return self._imports.get(path, frozenset())

    def dependencies(self, path: str) -> frozenset[str]:
        """The files that `path` imports, and those that they import, and so on; not itself."""
        found: set[str] = set()
        todo = [path]
        while todo:
            new = self.imports(todo.pop()) - found
            found |= new
            todo += new
        return frozenset(found - {path})

    def islands(self) -> Iterator[list[str]]:
        """The files that imports join, whichever way: programs that have nothing to do with others.

        Each in the order of the tree.
        """
        joined: dict[str, set[str]] = {path: set(self.imports(path)) for path in self._files}
        for path in self._files:
            for to in self.imports(path):
                joined[to].add(path)
        place = {path: at for at, path in enumerate(self._files)}
        seen: set[str] = set()
        for start in self._files:
            found, todo = {start}, [start]
            while todo and start not in seen:
                new = joined[todo.pop()] - found
                found |= new
                todo += new
            if start not in seen:
                yield sorted(found, key=place.__getitem__)
            seen |= found

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Of every file, a digest of its text and of all that it depends on."""
        digests: dict[str, str] = {}
        for ring in components({path: sorted(self.imports(path)) for path in self._files}):
            ring_set = set(ring)
            below = {digests[to] for path in ring for to in self.imports(path) - ring_set}
            own = (f"{path} {self._files[path].sha256}" for path in sorted(ring))
            digest = sha256("\n".join([*own, *sorted(below)]).encode())
            for path in ring:
                each = digest.copy()
                each.update(path.encode())
                digests[path] = each.hexdigest()
        return digests

    @cached_property
    def _imports(self) -> dict[str, frozenset[str]]:
        return {
            path: frozenset(
                found
                for module in self._modules_in(path)
                if (found := self.path(module, path)) and found != path
            )
            for path in self._files
        }

    def _modules_in(self, path: str) -> Iterator[str]:
        """All modules that importing what the file at `path` names may run."""
        own, package = self.name(path), self.is_package(path)
        for match in _IMPORT.finditer(self._files[path].text):
            if match["modules"]:
                for module in match["modules"].split(","):
                    if found := _NAME.match(module.strip()):
                        yield from _with_packages(found[1])
                continue
            dotted = match["source"].lstrip(".")
            source = absolute(dotted, len(match["source"]) - len(dotted), own, package)
            yield from _with_packages(source)
            for name in _NAME.finditer(match["names"]):
                yield f"{source}.{name[1]}"

    def _find_roots(self) -> tuple[str, ...]:
        """The folders that modules are imported from, but for those of scripts."""
        sources = {f for f in self._folders if posixpath.basename(f) in _SOURCE_ROOTS}
        folders = {posixpath.dirname(path) for path in self._files}
        tops = {self._root(folder) for folder in folders if self._packaged(folder)}
        return tuple(sorted({"", *sources, *tops}))

    def _stems(self) -> dict[str, str]:
        """By what a module's path is without its ending, the file that is read first."""
        found: dict[str, str] = {}
        for ending in (".pyi", ".py", "/__init__.py"):
            found |= {
                path.removesuffix(ending): path for path in self._files if path.endswith(ending)
            }
        return found

    def _packaged(self, folder: str) -> bool:
        return f"{folder}/__init__.py".lstrip("/") in self._files

    def _root(self, folder: str) -> str:
        """The folder that the dotted names of the files in `folder` begin under."""
        if folder not in self._tops:
            self._tops[folder] = self._top(folder)
        return self._tops[folder]

    def _top(self, folder: str) -> str:
        if self._packaged(folder):
            while folder and f"{folder}/__init__.py" in self._files:
                folder = posixpath.dirname(folder)
            return folder
        for above in (folder, *_above(folder)):  # the nearest first
            if posixpath.basename(above) in _SOURCE_ROOTS:
                return above
        return ""

    def _search(self, folder: str) -> tuple[str, ...]:
        if folder not in self._starts:
            start = self._root(folder) if self._packaged(folder) else folder
            above = (start, *_above(start))
            self._starts[folder] = (*above, *(root for root in self._roots if root not in above))
        return self._starts[folder]


def _above(path: str) -> list[str]:
    """The folders that hold `path`, the nearest first; "" is the last."""
    folders = []
    while path:
        path = path.rpartition("/")[0]
        folders.append(path)
    return folders


def _with_packages(module: str) -> Iterator[str]:
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        if parts[0]:
            yield ".".join(parts[:end])
