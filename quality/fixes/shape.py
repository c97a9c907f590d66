"""What a fix must leave standing: every definition, its signature, and that it does its work."""

import ast
from collections import Counter
from collections.abc import Iterator

from quality.finding import Place
from quality.fixes.errors import Refused
from quality.fixes.passage import Function, first_line
from quality.python.walking import walk

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def check_shape(old: ast.Module, new: ast.Module, place: Place) -> None:
    """All that others call is there as it was, and no function was emptied.

    Raises:
        Refused: it is not, or one was.
    """
    before, after = dict(definitions(old)), dict(definitions(new))
    if lost := before.keys() - after.keys():
        raise Refused(f"it deletes {min(lost)}")
    if any("." not in name for name in after.keys() - before.keys()):
        raise Refused("it adds a definition of its own")
    for name, node in before.items():
        _check_definition(name, node, after[name], place)


def check_ends(old: ast.AST, new: ast.AST) -> None:
    """All code can run, and every loop can end, as far as it shows.

    Raises:
        Refused: `new`, which takes the place of `old`, holds more that cannot.
    """
    if _dead_ends(new) > _dead_ends(old):
        raise Refused("it leaves code that can never run, or a loop that never ends")


def _check_definition(name: str, old: Definition, new: Definition, place: Place) -> None:
    if type(old) is not type(new) or _outside(old) != _outside(new):
        raise Refused(f"it changes what {name} is called with or derived from")
    near = first_line(old) <= place.line < old.body[0].lineno or place.line == old.lineno
    if not near and _terms(old) != _terms(new):
        raise Refused(f"it changes the decorators or default values of {name}")
    if _empty(new) and not _empty(old):
        raise Refused(f"it empties {name}")


def definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Every class and function by its full name; a second of one name is "name#2"."""
    seen = Counter[str]()
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, outer = stack.pop()
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, Definition):
                stack.append((child, outer))
                continue
            name = f"{outer}{child.name}"
            seen[name] += 1
            yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), child
            stack.append((child, f"{name}."))


def _outside(node: Definition) -> object:
    """What a caller or a subclass relies on."""
    if isinstance(node, ast.ClassDef):
        return [ast.dump(base) for base in (*node.bases, *node.keywords)]
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    return (
        [arg.arg for arg in args.posonlyargs],
        [arg.arg for arg in args.args],
        len(plain) - len(args.defaults),
        args.vararg and args.vararg.arg,
        [(arg.arg, default is None) for arg, default in _keyword_only(args)],
        args.kwarg and args.kwarg.arg,
    )


def _keyword_only(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    return zip(args.kwonlyargs, args.kw_defaults, strict=True)


def _terms(node: Definition) -> list[str]:
    """The decorators and default values, as text."""
    parts: list[ast.expr] = list(node.decorator_list)
    if isinstance(node, Function):
        parts += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    return [ast.dump(part) for part in parts]


def _empty(node: Definition) -> bool:
    """Whether it does nothing: passes, raises, or returns a constant, and that is all."""
    work = [stmt for stmt in node.body if not _idle(stmt)]
    match work:
        case []:
            return True
        case [ast.Raise() | ast.Return(value=None | ast.Constant())]:
            return True
    return False


def _idle(stmt: ast.stmt) -> bool:
    match stmt:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
    return False


def _dead_ends(tree: ast.AST) -> int:
    return sum(_is_dead_end(node) for node in walk(tree))


def _is_dead_end(node: ast.AST) -> bool:
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ast.Constant):
            return True
        case ast.While(test=ast.Constant(value=value)):
            return not value or not any(_leaves(child) for child in walk(node))
    return any(
        isinstance(stmt, ast.Return | ast.Raise | ast.Break | ast.Continue)
        for field in ("body", "orelse", "finalbody")
        for stmt in _all_but_last(getattr(node, field, None))
    )


def _leaves(node: ast.AST) -> bool:
    """Whether it ends a loop, or waits for others in it."""
    leaving = ast.Break | ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Await
    return isinstance(node, leaving)


def _all_but_last(body: object) -> list[object]:
    return body[:-1] if isinstance(body, list) else []
