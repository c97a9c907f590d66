"""The functions, classes and files of the analysed project, as values of the program."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.flow.values import Value
from quality.source import SourceFile

if TYPE_CHECKING:
    from quality.flow.frame import Frame

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(slots=True, eq=False)
class Unit:
    """A file of the project."""

    file: SourceFile
    tree: ast.Module
    module: str  # its dotted name
    package: bool
    imports: frozenset[str] = frozenset()  # the modules that it imports, and their packages
    tests: bool = False  # it holds tests
    ran: bool = False  # its top has run to the end
    frame: "Frame | None" = None  # that its top runs in, or ran


@dataclass(slots=True, eq=False)
class Class:
    node: ast.ClassDef
    unit: Unit
    name: str  # "shop.models.Cart"
    bases: tuple[Value, ...]
    members: dict[str, Value]

    def mro(self) -> "list[Class]":
        """Itself and its bases of the project."""
        found: list[Class] = []
        todo: list[Class] = [self]
        while todo:
            each = todo.pop(0)
            if each not in found:
                found.append(each)
                todo += [f for base in each.bases for f in base.funcs if isinstance(f, Class)]
        return found

    def library(self) -> list[str]:
        """The library's classes that it is derived from."""
        return [name for each in self.mro() for base in each.bases for name in base.names]

    def find(self, name: str) -> Value | None:
        return next((c.members[name] for c in self.mro() if name in c.members), None)


@dataclass(slots=True, eq=False)
class Function:
    node: Definition
    unit: Unit
    name: str  # "shop.models.Cart.add"
    closure: "Frame | None" = None
    owner: Class | None = None
    defaults: tuple[Value | None, ...] = ()  # of all parameters, in the order of `parameters`
    decorators: tuple[Value, ...] = ()

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of an object."""

    function: Function
    receiver: Value


@dataclass(frozen=True, slots=True)
class Partial:
    """A function with its first arguments given: functools.partial."""

    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...] = ()


Callee = Function | Class | Bound | Partial


def parameters(node: Definition) -> list[ast.arg]:
    """All parameters, but for those that take the rest."""
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
