"""One analysis under way, and one function of the program that it is in."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from quality.flow.catalogue import Catalogue
from quality.flow.conditions import Given
from quality.flow.findings import Findings
from quality.flow.functions import Callee, Class, Function, Unit
from quality.flow.state import Key, Obj, ObjKind, State
from quality.flow.values import UNKNOWN, Value

if TYPE_CHECKING:
    from quality.flow.remembering import Known

MOST_NESTED = 160  # of expressions, statements and calls in each other: our own stack is finite
MOST_CALLS = 8  # calls in each other


class Units(Protocol):
    """The files of the project."""

    def everything(self, module: str, near: str) -> dict[str, Value]:
        """What `from module import *` gives."""

    def member(self, full: str, near: str) -> Value | None:
        """What a module of the project has under this dotted name; None: it is not of it."""


@dataclass(slots=True, eq=False)
class Run:
    """All that one analysis shares."""

    catalogue: Catalogue
    units: Units
    evaluate: "Callable[[ast.expr, Frame], Value]"
    execute: "Callable[[Sequence[ast.stmt], Frame], None]"
    assume: "Callable[[ast.expr, Frame], tuple[State | None, State | None]]"
    invoke: "Callable[[Callee, Given, ast.AST, Frame], Value]"
    findings: Findings
    base: dict[int, Obj] = field(default_factory=dict[int, Obj])  # the objects of modules
    work: int = 0  # steps that are left for this file
    calls_work: int = 0  # of those, for following calls from where it began
    clean_work: int = 0  # of those, for calls that are given nothing from outside
    review: bool = True  # what a sink gets may come from callers that are not seen
    floor: int = 0  # what `work` must not fall below while a call is followed
    nested: int = 0
    cut: str = ""  # why something was not followed to the end
    last: int = 0  # the newest object
    oldest: int = 0  # of those that were changed since a call began
    defined: "dict[str, list[Function]]" = field(default_factory=dict)  # by path, in their order
    sources: frozenset[str] = frozenset()  # names of functions that may read outside data
    sinks: frozenset[str] = frozenset()  # and of those that may let a parameter do harm
    awaited: Function | None = None  # a call of this is not followed, but ends in `arrived`
    arrived: list[State] = field(default_factory=list[State])
    memory: "dict[object, Known]" = field(default_factory=dict)
    acting: "dict[Function, bool]" = field(default_factory=dict)  # see acting.py
    read: int = 0  # times that data came in


@dataclass(slots=True, eq=False)
class Loop:
    breaks: list[State] = field(default_factory=list[State])
    continues: list[State] = field(default_factory=list[State])


@dataclass(slots=True, eq=False)
class Frame:
    run: Run
    unit: Unit
    state: State
    function: Function | None = None  # None: the top of the module, or a class's body
    closure: "Frame | None" = None  # that the function was defined in
    caller: "Frame | None" = None
    site: ast.AST | None = None  # of the call, in `caller`
    depth: int = 0
    live: bool = True  # the program can come here
    returns: list[tuple[Value, State]] = field(default_factory=list[tuple[Value, State]])
    results: list[tuple[Value, ast.AST, State]] = field(
        default_factory=list[tuple[Value, ast.AST, State]]
    )  # what it returns or yields, and where
    yields: list[Value] = field(default_factory=list[Value])
    loops: list[Loop] = field(default_factory=list[Loop])
    tries: list[list[State]] = field(default_factory=list[list[State]])
    elsewhere: dict[str, "Frame | None"] = field(default_factory=dict[str, "Frame | None"])
    owner: Class | None = None  # whose body this is
    target: str = ""  # what the value that is made goes to

    def evaluate(self, node: ast.expr) -> Value:
        run = self.run
        run.work -= 1
        if run.work < 0 or run.nested > MOST_NESTED:
            run.cut = run.cut or ("too much to follow" if run.work < 0 else "nested too deeply")
            return UNKNOWN
        run.nested += 1
        try:
            return run.evaluate(node, self)
        finally:
            run.nested -= 1

    def execute(self, body: Sequence[ast.stmt]) -> None:
        run = self.run
        if run.nested > MOST_NESTED:
            run.cut = run.cut or "nested too deeply"
            return
        run.nested += 2
        try:
            run.execute(body, self)
        finally:
            run.nested -= 2

    def new(
        self,
        kind: ObjKind,
        items: dict[Key, Value] | None = None,
        rest: Value | None = None,
        exact: bool = True,
    ) -> int:
        """A new object's place in the heap."""
        return self.put(Obj(kind, items, rest, exact))

    def put(self, obj: Obj) -> int:
        self.run.last += 1
        self.state.heap[self.run.last] = obj
        return self.run.last

    def change(self, value: Value, change: Callable[[Obj], Obj]) -> None:
        """Change the object that `value` is; if it may be several, each perhaps."""
        for ref, obj in self.state.objects(value):
            self.state.heap[ref] = change(obj)
            self.run.oldest = min(self.run.oldest, ref)

    def die(self) -> None:
        """The program does not go on from here."""
        self.live = False
