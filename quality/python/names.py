"""What a name in a module stands for: `p.join` after `import os.path as p` is `os.path.join`."""

import ast
import builtins

from quality.python.scopes import Scope, Scopes

_OLD = frozenset({"unicode", "raw_input", "xrange", "execfile", "basestring", "long", "unichr"})
_OLD |= frozenset({"file", "reduce", "cmp", "apply", "buffer", "intern", "coerce"})
_BUILTINS = frozenset(dir(builtins)) | _OLD
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module"})


class Names:
    """The full dotted names of the expressions of one module.

    `module` is its own dotted name, which its own definitions and relative imports begin with;
    `package`: it is an `__init__`.
    """

    def __init__(self, tree: ast.Module, module: str = "__main__", package: bool = False) -> None:
        self.module = module
        self._scopes = Scopes(tree, module, package)

    def full(self, node: ast.expr) -> str | None:
        """ "flask.request.args" for `request.args`, "builtins.open" for `open`.

        "<module>.Shop" for what the module itself defines or assigns at its top. None for what a
        function assigns or is given, and for what is no chain of names. A name that is assigned
        once, and that to a chain of names, stands for it.
        """
        return self._full(node, frozenset())

    def value(self, node: ast.Name) -> ast.expr | None:
        """What the name was assigned, where that happens once and in no other way."""
        start = self._scopes.of.get(node) or self._scopes.top
        home = start.elsewhere.get(node.id) or _home(start, node.id)
        if home is None or node.id in home.imports or node.id in home.defined:
            return None
        match home.assigned.get(node.id):
            case [value]:
                return value
        return None

    def _full(self, node: ast.expr, seen: frozenset[tuple[Scope, str]]) -> str | None:
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        first: str | None = None
        if isinstance(node, ast.Name):
            first = self._name(node, seen)
        elif isinstance(node, ast.Call) and attributes:
            first = self._imported(node, seen)
        return ".".join([first, *reversed(attributes)]) if first else None

    def _imported(self, call: ast.Call, seen: frozenset[tuple[Scope, str]]) -> str | None:
        match call.args:
            case [ast.Constant(value=str(module)), *_] if isinstance(call.func, ast.expr):
                return module if self._full(call.func, seen) in _IMPORTERS else None
        return None

    def _name(self, node: ast.Name, seen: frozenset[tuple[Scope, str]]) -> str | None:
        scope = self._scopes.of.get(node)
        start = scope or self._scopes.top
        home = start.elsewhere.get(node.id) or _home(start, node.id)
        if home is None or not home.binds(node.id):
            return self._unbound(node.id)
        if imported := home.imports.get(node.id):
            return imported[0]
        if node.id not in home.defined and (alias := self._alias(home, node.id, seen)):
            return alias
        if node.id in home.defined or home.kind == "module":
            return ".".join(filter(None, (self.module, home.name, node.id)))
        return None

    def _alias(self, home: Scope, name: str, seen: frozenset[tuple[Scope, str]]) -> str | None:
        """What stands behind `name`, if it is assigned once and that is outside this module."""
        match home.assigned[name]:
            case [ast.Name() | ast.Attribute() as value] if (home, name) not in seen:
                return self._full(value, seen | {(home, name)})
        return None

    def _unbound(self, name: str) -> str | None:
        if name in _BUILTINS:
            return f"builtins.{name}"
        match self._scopes.top.stars:
            case [only]:
                return f"{only}.{name}"
        return None


def _home(start: Scope, name: str) -> Scope | None:
    """The scope that a use of `name` in `start` finds it in; a class hides its own from within."""
    scope: Scope | None = start
    while scope:
        if scope.binds(name) and (scope is start or scope.kind != "class"):
            return scope
        scope = scope.outer
    return None
