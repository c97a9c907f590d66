"""Loops, branches and functions whose control flow is wrong."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from quality.checks.check import on
from quality.checks.code import (
    FUNCTIONS,
    Code,
    Function,
    bodies,
    is_true,
    last_name,
    leaves,
    same,
    written,
)
from quality.python.walking import walk_scope

_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)
_DECIDING: frozenset[type[ast.AST]] = frozenset(
    {ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.IfExp, ast.BoolOp, ast.Match}
    | {ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda}
    | {ast.Yield, ast.YieldFrom, ast.Await, ast.With, ast.AsyncWith}
)
_EXITS = frozenset({"sys.exit", "os._exit", "builtins.exit", "builtins.quit", "os.abort"})


def _unreachable(node: ast.AST, code: Code) -> Iterator[ast.AST]:
    for block in bodies(node):
        for statement, after in pairwise(block):
            if not leaves(statement) and not _exits(statement, code):
                continue
            # `return; yield` makes a generator of nothing
            if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Yield)):
                yield after
                break


def _exits(statement: ast.stmt, code: Code) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=func)):
            return code.full(func) in _EXITS
    return False


def _same_branches(node: ast.If, code: Code) -> Iterator[ast.AST]:
    parent = code.parent(node)
    if not node.orelse or (isinstance(parent, ast.If) and parent.orelse == [node]):
        return  # the first of the chain speaks for all
    branches, last = [node.body], node
    while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
        last = last.orelse[0]
        branches.append(last.body)
    if last.orelse and all(_same_block(branches[0], b) for b in [*branches[1:], last.orelse]):
        yield node


def _same_block(a: list[ast.stmt], b: list[ast.stmt]) -> bool:
    return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))


def _same_conditions(node: ast.If, code: Code) -> Iterator[ast.AST]:
    parent = code.parent(node)
    alone = len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If)
    if alone or (isinstance(parent, ast.If) and parent.orelse == [node]):
        return  # the first of the chain speaks for all
    seen = {written(node.test)}
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
        calls = any(isinstance(each, ast.Call | ast.NamedExpr) for each in code.inside(node.test))
        if not calls and written(node.test) in seen:
            yield node.test
        seen.add(written(node.test))


def _leaves_finally(node: ast.Try, _: Code) -> Iterator[ast.AST]:
    for statement in node.finalbody:
        todo: list[tuple[ast.AST, bool]] = [(statement, False)]
        while todo:
            each, in_loop = todo.pop()
            if isinstance(each, ast.Return) or (
                isinstance(each, ast.Break | ast.Continue) and not in_loop
            ):
                yield each
            if not isinstance(each, (*FUNCTIONS, ast.ClassDef)):
                loop = in_loop or isinstance(each, ast.For | ast.While)
                todo += [(s, loop) for block in bodies(each) for s in block]


def _changes_while_iterating(node: ast.For, code: Code) -> Iterator[ast.AST]:
    source = node.iter
    match source:
        case ast.Call(func=ast.Attribute(value=value, attr="items" | "keys" | "values"), args=[]):
            source = value
    if not isinstance(source, ast.Name | ast.Attribute):
        return
    iterated = written(source)
    if any(written(each) == iterated and not isinstance(each.ctx, ast.Load) for each in
           code.inside(node) if isinstance(each, ast.Name)):  # fmt: skip
        return
    for block in _blocks_in(node):
        for statement, after in zip(block, [*block[1:], None], strict=False):
            if _changes(statement, iterated) and not (after and leaves(after)):
                yield statement


def _blocks_in(node: ast.AST) -> Iterator[list[ast.stmt]]:
    todo = [node.body] if isinstance(node, ast.For) else []
    while todo:
        block = todo.pop()
        yield block
        for statement in block:
            if isinstance(statement, _BLOCKS):
                todo += bodies(statement)


def _changes(statement: ast.stmt, iterated: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr=name))):
            changing = name in ("remove", "pop", "clear", "insert", "append", "popitem", "add")
            return changing and written(value) == iterated
        case ast.Delete(targets=[ast.Subscript(value=value)]):
            return written(value) == iterated
    return False


def _endless(node: ast.While, code: Code) -> Iterator[ast.AST]:
    """Either nothing in it can end it, or nothing in it changes what its condition asks."""
    inside = [each for statement in node.body for each in [statement, *code.own(statement)]]
    if _stands_still(node, inside, code):
        yield node
        return
    if any(isinstance(e, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom) for e in inside):
        return
    if _breaks(node.body) or node.orelse:
        return
    calls = [each for each in inside if isinstance(each, ast.Call | ast.Await)]
    if is_true(node.test) or (isinstance(node.test, ast.Constant) and node.test.value == 1):
        quiet = all(isinstance(c, ast.Call) and _is_quiet(c, code) for c in calls)
        if quiet:
            yield node
    elif _unchanged(node.test, inside, code):
        yield node


def _stands_still(node: ast.While, inside: list[ast.AST], code: Code) -> bool:
    """Nothing in it changes anything, so what did not end it at first never will."""
    places = [e for e in inside if isinstance(e, ast.Name | ast.Attribute | ast.Subscript)]
    if any(not isinstance(each.ctx, ast.Load) for each in places):
        return False
    acting = ast.Await | ast.Yield | ast.YieldFrom | ast.With | ast.Import | ast.ImportFrom
    if any(isinstance(each, acting) for each in inside) or is_true(node.test):
        return False
    calls = [each for each in [*inside, *code.inside(node.test)] if isinstance(each, ast.Call)]
    leaves_at_once = any(leaves(statement) for statement in node.body)
    return all(_is_quiet(call, code) for call in calls) and not leaves_at_once


def _skips_step(node: ast.While, code: Code) -> Iterator[ast.AST]:
    """`continue` before the step that its condition waits for, on what stays the same."""
    asked = {each.id for each in code.inside(node.test) if isinstance(each, ast.Name)}
    for index, statement in enumerate(node.body):
        before = [each for s in node.body[:index] for each in code.inside(s)]
        if any(isinstance(each, ast.Call | ast.Await | ast.AugAssign) for each in before):
            return
        if not isinstance(statement, ast.If) or not isinstance(statement.body[-1], ast.Continue):
            continue
        called = any(isinstance(each, ast.Call) for each in code.inside(statement))
        made = {name for s in statement.body for name in _stored_names(s)}
        later = {name for s in node.body[index:] for name in _stored_names(s)}
        if not called and not made & asked and asked & later:
            yield statement.body[-1]


def _stored_names(statement: ast.stmt) -> set[str]:
    inside = [statement, *walk_scope(statement)]
    return {each.id for each in inside if isinstance(each, ast.Name) and not _read(each)}


def _is_quiet(call: ast.Call, code: Code) -> bool:
    """It can neither end the loop nor wait for anything."""
    full = code.full(call.func)
    return full.startswith("builtins.") and full[9:] in ("print", "len", "str", "int", "range")


def _breaks(block: list[ast.stmt]) -> bool:
    for statement in block:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, ast.For | ast.AsyncFor | ast.While):
            if _breaks(statement.orelse):
                return True
        elif any(_breaks(inner) for inner in bodies(statement)):
            return True
    return False


def _unchanged(test: ast.expr, inside: list[ast.AST], code: Code) -> bool:
    if not isinstance(test, ast.Compare):
        return False  # a list that is asked by its name may change elsewhere
    parts = list(code.inside(test))
    simple = ast.Name | ast.Constant | ast.Compare | ast.BinOp | ast.UnaryOp | ast.BoolOp
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    if not names or not all(isinstance(part, simple) for part in parts):
        return False
    scope = code.function(test)
    local = (
        {arg.arg for arg in code.inside(scope.args) if isinstance(arg, ast.arg)} if scope else set()
    )
    local |= _assigned(scope) if scope else set()
    changed = {each.id for each in inside if isinstance(each, ast.Name) and not _read(each)}
    held = [e.value for e in inside if isinstance(e, ast.Attribute | ast.Subscript)]
    changed |= {value.id for value in held if isinstance(value, ast.Name)}
    shared = any(isinstance(each, ast.Global | ast.Nonlocal) for each in code.inside(scope or test))
    return names <= local and not names & changed and not shared


def _read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _assigned(function: Function) -> set[str]:
    return {e.id for e in walk_scope(function) if isinstance(e, ast.Name) and not _read(e)}


def _calls_itself(node: Function, code: Code) -> Iterator[ast.AST]:
    """With nothing that decides whether to."""
    method = isinstance(code.parent(node), ast.ClassDef)
    for statement in node.body:
        inside = code.inside(statement)
        if not _DECIDING.isdisjoint(map(type, inside)):
            return
        for each in inside:
            if isinstance(each, ast.Call) and _names_it(each.func, node.name, method=method):
                own = {arg.arg for arg in code.inside(node.args) if isinstance(arg, ast.arg)}
                another = node.name in own or any(isinstance(e, ast.Global) for e in node.body)
                yield from () if another else [each]
                return
        if leaves(statement):
            return


def _names_it(func: ast.expr, name: str, *, method: bool) -> bool:
    match func:
        case ast.Name(id=called):
            return called == name and not method
        case ast.Attribute(value=ast.Name(id="self"), attr=called):
            return called == name and method
    return False


def _missing_return(node: Function, code: Code) -> Iterator[ast.AST]:
    # Few have two, and what is looked at below takes longer
    if list(map(type, code.inside(node))).count(ast.Return) < 2 or not _falls_off(node.body):
        return
    inside = code.own(node)
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in inside):
        return
    returns = [each for each in inside if isinstance(each, ast.Return)]
    valued = [r for r in returns if r.value and not _is_none(r.value)]
    if valued and len(valued) == len(returns) and len(returns) > 1:
        yield node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _falls_off(block: list[ast.stmt]) -> bool:
    """Whether what follows the block is reached."""
    if not block:
        return True
    match block[-1]:
        case ast.Return() | ast.Raise():
            return False
        case ast.If(body=body, orelse=orelse):
            return not orelse or _falls_off(body) or _falls_off(orelse)
        case ast.With() | ast.AsyncWith() | ast.While() | ast.Match() | ast.Try():
            return False  # a context may swallow, a loop may not end: nobody knows
        case ast.Expr(value=ast.Call(func=func)):
            return last_name(func) not in ("exit", "abort", "fail", "_exit", "error", "skip")
    return not isinstance(block[-1], ast.Assert)


CHECKS = (
    on("unreachable", _unreachable, *FUNCTIONS, *_BLOCKS, ast.ExceptHandler, tests=False),
    on("same-branches", _same_branches, ast.If),
    on("same-conditions", _same_conditions, ast.If),
    on("leaves-finally", _leaves_finally, ast.Try),
    on("changed-while-iterated", _changes_while_iterating, ast.For),
    on("endless-loop", _endless, ast.While),
    on("endless-loop", _skips_step, ast.While),
    on("endless-recursion", _calls_itself, *FUNCTIONS),
    on("missing-return", _missing_return, *FUNCTIONS, tests=False),
)
