"""Statements that define functions and classes, and that import."""

import ast

from quality.flow.frame import Frame
from quality.flow.functions import Class, Function, parameters
from quality.flow.values import Value
from quality.python.scopes import absolute

Defined = ast.FunctionDef | ast.AsyncFunctionDef


def define_function(node: Defined, frame: Frame) -> None:
    owner = frame.owner
    function = Function(
        node,
        frame.unit,
        f"{_prefix(frame)}.{node.name}",
        frame if frame.function else None,
        owner,
        default_values(node, frame),
        tuple(frame.evaluate(_bare(each)) for each in node.decorator_list),
    )
    frame.run.defined.setdefault(frame.unit.file.path, []).append(function)
    frame.state.env[node.name] = Value(funcs=(function,))


def _bare(node: ast.expr) -> ast.expr:
    """A decorator without its arguments."""
    return node.func if isinstance(node, ast.Call) else node


def _prefix(frame: Frame) -> str:
    if frame.owner:
        return frame.owner.name
    return frame.function.name if frame.function else frame.unit.module


def default_values(node: Defined | ast.Lambda, frame: Frame) -> tuple[Value | None, ...]:
    """The defaults of all parameters, in their order."""
    positional = [*node.args.posonlyargs, *node.args.args]
    given = [*([None] * (len(positional) - len(node.args.defaults))), *node.args.defaults]
    nodes = [*given, *node.args.kw_defaults][: len(parameters(node))]
    return tuple(frame.evaluate(each) if each is not None else None for each in nodes)


def define_class(node: ast.ClassDef, frame: Frame) -> None:
    bases = tuple(frame.evaluate(each) for each in node.bases)
    cls = Class(node, frame.unit, f"{_prefix(frame)}.{node.name}", bases, {})
    inner = Frame(
        frame.run, frame.unit, frame.state.inner({}), None, frame, frame, node, frame.depth
    )
    inner.owner = cls
    inner.execute(node.body)
    frame.state.take(inner.state)
    cls.members = inner.state.env
    frame.state.env[node.name] = Value(funcs=(cls,))
    for decorator in node.decorator_list:
        frame.evaluate(decorator)


def import_module(node: ast.Import, frame: Frame) -> None:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        full = alias.name if alias.asname else name
        frame.state.env[name] = Value(type="import", names=(full,))


def import_from(node: ast.ImportFrom, frame: Frame) -> None:
    unit = frame.unit
    source = absolute(node.module, node.level, unit.module, unit.package)
    for alias in node.names:
        if alias.name == "*":
            frame.state.env |= frame.run.units.everything(source, unit.file.path)
            continue
        full = f"{source}{'' if source.endswith('.') else '.'}{alias.name}"
        frame.state.env[alias.asname or alias.name] = Value(type="import", names=(full,))
