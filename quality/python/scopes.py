"""Which name is bound where in a module, and in which scope each use of a name stands."""

import ast
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from quality.python.walking import children

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(slots=True, eq=False)
class Scope:
    kind: Literal["module", "class", "function"]  # a lambda and a comprehension are functions
    name: str  # from the module's top: "Shop.buy"
    outer: "Scope | None" = None
    # What binds a name: an import (its full name), a def or class, or any other way (None)
    imports: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    defined: set[str] = field(default_factory=set)
    assigned: dict[str, list[ast.expr | None]] = field(default_factory=lambda: defaultdict(list))
    stars: list[str] = field(default_factory=list)  # modules that `import *` takes from
    elsewhere: dict[str, "Scope"] = field(default_factory=dict)  # by `global` or `nonlocal`

    def binds(self, name: str) -> bool:
        return name in self.imports or name in self.defined or name in self.assigned


class Scopes:
    """`of` gives the scope of each `ast.Name` of the module."""

    def __init__(self, tree: ast.Module, module: str, package: bool) -> None:
        self.top = Scope("module", "")
        self.of: dict[ast.Name, Scope] = {}
        self._module, self._package = module, package
        self._todo: list[tuple[ast.AST, Scope]] = [(tree, self.top)]
        while self._todo:
            node, scope = self._todo.pop()
            visit = _VISITS.get(type(node))
            if visit is None:
                self._push(children(node), scope)
            else:
                visit(self, node, scope)

    def _push(self, nodes: Sequence[ast.AST], scope: Scope) -> None:
        # In the order of the source, since `global` stands before what it speaks of
        self._todo += [(node, scope) for node in reversed(nodes)]

    def _name(self, node: ast.Name, scope: Scope) -> None:
        self.of[node] = scope
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, scope, None)

    def _bind(self, name: str, scope: Scope, value: ast.expr | None) -> None:
        scope.elsewhere.get(name, scope).assigned[name].append(value)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        match node.targets:
            case [ast.Name() as target]:
                self.of[target] = scope
                self._bind(target.id, scope, node.value)
                self._push([node.value], scope)
            case _:
                self._push([*node.targets, node.value], scope)

    def _walrus(self, node: ast.NamedExpr, scope: Scope) -> None:
        self.of[node.target] = scope
        self._bind(node.target.id, scope, None)
        self._push([node.value], scope)

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            full = alias.name if alias.asname else name
            scope.elsewhere.get(name, scope).imports[name].append(full)

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        source = absolute(node.module, node.level, self._module, self._package)
        for alias in node.names:
            if alias.name == "*":
                scope.stars.append(source)
                continue
            name = alias.asname or alias.name
            full = f"{source}{'' if source.endswith('.') else '.'}{alias.name}"
            scope.elsewhere.get(name, scope).imports[name].append(full)

    def _function(self, node: Function, scope: Scope) -> None:
        scope.elsewhere.get(node.name, scope).defined.add(node.name)
        inner = Scope("function", _under(scope, node.name), scope)
        args = node.args
        annotations = [arg.annotation for arg in _arguments(args) if arg.annotation]
        self._push([*node.body, *getattr(node, "type_params", ())], inner)
        defaults = [*args.defaults, *(d for d in args.kw_defaults if d)]
        returns = [node.returns] if node.returns else []
        self._push([*node.decorator_list, *defaults, *annotations, *returns], scope)
        for arg in _arguments(args):
            inner.assigned[arg.arg].append(None)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> None:
        inner = Scope("function", _under(scope, "<lambda>"), scope)
        for arg in _arguments(node.args):
            inner.assigned[arg.arg].append(None)
        self._push([node.body], inner)
        self._push([*node.args.defaults, *(d for d in node.args.kw_defaults if d)], scope)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        scope.elsewhere.get(node.name, scope).defined.add(node.name)
        inner = Scope("class", _under(scope, node.name), scope)
        self._push([*node.body, *getattr(node, "type_params", ())], inner)
        self._push([*node.decorator_list, *node.bases, *node.keywords], scope)

    def _comprehension(self, node: Comprehension, scope: Scope) -> None:
        inner = Scope("function", _under(scope, "<comprehension>"), scope)
        for part in node.generators:
            self._push([part.target, *part.ifs], inner)
            self._push([part.iter], scope if part is node.generators[0] else inner)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._push([*results], inner)

    def _handler(self, node: ast.ExceptHandler, scope: Scope) -> None:
        if node.name:
            self._bind(node.name, scope, None)
        self._push(children(node), scope)

    def _capture(self, node: ast.MatchAs | ast.MatchStar, scope: Scope) -> None:
        if node.name:
            self._bind(node.name, scope, None)
        self._push(children(node), scope)

    def _rest(self, node: ast.MatchMapping, scope: Scope) -> None:
        if node.rest:
            self._bind(node.rest, scope, None)
        self._push(children(node), scope)

    def _global(self, node: ast.Global, scope: Scope) -> None:
        scope.elsewhere |= dict.fromkeys(node.names, self.top)

    def _nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        for name in node.names:
            outer = scope.outer
            while outer and not (outer.kind == "function" and outer.binds(name)):
                outer = outer.outer
            scope.elsewhere[name] = outer or self.top


_VISITS: dict[type[ast.AST], Callable[[Scopes, Any, Scope], None]] = {
    ast.Name: Scopes._name,
    ast.Assign: Scopes._assign,
    ast.NamedExpr: Scopes._walrus,
    ast.Import: Scopes._import,
    ast.ImportFrom: Scopes._import_from,
    ast.FunctionDef: Scopes._function,
    ast.AsyncFunctionDef: Scopes._function,
    ast.Lambda: Scopes._lambda,
    ast.ClassDef: Scopes._class,
    ast.ListComp: Scopes._comprehension,
    ast.SetComp: Scopes._comprehension,
    ast.DictComp: Scopes._comprehension,
    ast.GeneratorExp: Scopes._comprehension,
    ast.ExceptHandler: Scopes._handler,
    ast.MatchAs: Scopes._capture,
    ast.MatchStar: Scopes._capture,
    ast.MatchMapping: Scopes._rest,
    ast.Global: Scopes._global,
    ast.Nonlocal: Scopes._nonlocal,
}


def absolute(source: str | None, level: int, module: str, package: bool) -> str:
    """The module that `from <level dots><source> import` names in `module`.

    Where the dots lead out of what we know, it begins with one: ".views".
    """
    if not level:
        return source or ""
    parts = module.split(".")
    up = level - 1 if package else level
    above = parts[: len(parts) - up] if up < len(parts) else []
    return ".".join([*above, *([source] if source else [])] if above else ["", source or ""])


def _under(scope: Scope, name: str) -> str:
    return f"{scope.name}.{name}" if scope.name else name


def _arguments(args: ast.arguments) -> list[ast.arg]:
    stars = [arg for arg in (args.vararg, args.kwarg) if arg]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *stars]
