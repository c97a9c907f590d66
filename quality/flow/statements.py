"""What a statement does."""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from quality.flow.assigning import assign
from quality.flow.containers import delete_item
from quality.flow.control import go_on, if_statement, try_statement, with_statement
from quality.flow.definitions import define_class, define_function, import_from, import_module
from quality.flow.frame import Frame
from quality.flow.loops import for_loop, while_loop
from quality.flow.matching import match
from quality.flow.values import NONE


def execute(body: Sequence[ast.stmt], frame: Frame) -> None:
    """Run statements one after the other, until the program cannot come further."""
    for node in body:
        if not frame.live:
            return
        frame.run.work -= 1
        if frame.run.work < 0:
            frame.run.cut = frame.run.cut or "too much to follow"
            return
        run = _KINDS.get(type(node))
        if run:
            run(node, frame)


def _assign(node: ast.Assign, frame: Frame) -> None:
    before = frame.target
    frame.target = _word(node.targets[0])
    value = frame.evaluate(node.value)
    frame.target = before
    if frame.live:
        for target in node.targets:
            assign(target, value, frame)


def _word(target: ast.expr) -> str:
    match target:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Subscript(slice=ast.Constant(value=str(word))):
            return word
    return ""


def _annotated(node: ast.AnnAssign, frame: Frame) -> None:
    if node.value is not None:
        before = frame.target
        frame.target = _word(node.target)
        value = frame.evaluate(node.value)
        frame.target = before
        assign(node.target, value, frame)


def _augmented(node: ast.AugAssign, frame: Frame) -> None:
    sum_of = ast.copy_location(ast.BinOp(_load(node.target), node.op, node.value), node)
    assign(node.target, frame.evaluate(sum_of), frame)


def _load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=attr):
            return ast.copy_location(ast.Attribute(value, attr, ast.Load()), target)
        case ast.Subscript(value=value, slice=key):
            return ast.copy_location(ast.Subscript(value, key, ast.Load()), target)
    return target


def _expression(node: ast.Expr, frame: Frame) -> None:
    if not isinstance(node.value, ast.Constant):
        frame.evaluate(node.value)


def _return(node: ast.Return, frame: Frame) -> None:
    value = frame.evaluate(node.value) if node.value else NONE
    if frame.live:
        frame.returns.append((value, frame.state))
        frame.results.append((value, node, frame.state))
        frame.die()


def _raise(node: ast.Raise, frame: Frame) -> None:
    if node.exc is not None:
        frame.evaluate(node.exc)
    if frame.tries:
        frame.tries[-1].append(frame.state)
    frame.die()


def _assert(node: ast.Assert, frame: Frame) -> None:
    true, _ = frame.run.assume(node.test, frame)
    go_on(true, frame)


def _delete(node: ast.Delete, frame: Frame) -> None:
    for target in node.targets:
        match target:
            case ast.Name(id=name):
                frame.state.env.pop(name, None)
            case ast.Subscript(value=container, slice=key) if not isinstance(key, ast.Slice):
                delete_item(frame.evaluate(container), frame.evaluate(key), frame)


def _break(_node: ast.Break, frame: Frame) -> None:
    if frame.loops:
        frame.loops[-1].breaks.append(frame.state)
    frame.die()


def _continue(_node: ast.Continue, frame: Frame) -> None:
    if frame.loops:
        frame.loops[-1].continues.append(frame.state)
    frame.die()


def _global(node: ast.Global, frame: Frame) -> None:
    frame.elsewhere |= dict.fromkeys(node.names, frame.unit.frame)


def _nonlocal(node: ast.Nonlocal, frame: Frame) -> None:
    for name in node.names:
        home = frame.closure
        while home is not None and name not in home.state.env:
            home = home.closure
        frame.elsewhere[name] = home


_KINDS: dict[type[ast.stmt], Callable[[Any, Frame], None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.If: if_statement,
    ast.For: for_loop,
    ast.AsyncFor: for_loop,
    ast.While: while_loop,
    ast.With: with_statement,
    ast.AsyncWith: with_statement,
    ast.Try: try_statement,
    ast.TryStar: try_statement,
    ast.Delete: _delete,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.FunctionDef: define_function,
    ast.AsyncFunctionDef: define_function,
    ast.ClassDef: define_class,
    ast.Import: import_module,
    ast.ImportFrom: import_from,
    ast.Match: match,
}
