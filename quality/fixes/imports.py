"""Imports added to a module, where a reader looks for them."""

import ast
from collections.abc import Iterator, Sequence

from quality.fixes.content import lines
from quality.python.parse import parse
from quality.python.walking import walk

Import = ast.Import | ast.ImportFrom


def with_imports(text: str, tree: ast.Module, wanted: Sequence[str]) -> str:
    """`text` with the import statements `wanted` that it has not yet, among those at its top."""
    have = {name for node in tree.body if isinstance(node, Import) for name in _bound(node)}
    missing = sorted(
        {line for line in wanted if not set(_bound(_statement(line))) <= have},
        key=lambda line: (line.startswith("from"), line),
    )
    if not missing:
        return text
    all_lines = lines(text)
    for line in missing:
        at = _row(tree, line)
        all_lines[at:at] = [f"{line}\n"]
        tree = parse("".join(all_lines)).tree
    return "".join(all_lines)


def without_unused(text: str, before: ast.Module) -> str:
    """`text` without the imports whose use went away: the name was read in `before`, and is not.

    Only those that have a line for themselves.
    """
    tree = parse(text).tree
    gone = _read(before) - _read(tree)
    all_lines = lines(text)
    for node in reversed(tree.body):
        match node:
            case ast.Import(names=[alias]) | ast.ImportFrom(names=[alias]):
                name = alias.asname or alias.name.partition(".")[0]
                alone = all_lines[node.lineno - 1].strip() == ast.unparse(node)
                if name in gone and alone:
                    del all_lines[node.lineno - 1]
    return "".join(all_lines)


def _read(tree: ast.Module) -> set[str]:
    return {
        node.id
        for node in walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def import_lines(tree: ast.Module) -> frozenset[int]:
    """The lines (the first is 0) of the imports at the module's top."""
    return frozenset(
        row
        for node in tree.body
        if isinstance(node, Import)
        for row in range(node.lineno - 1, node.end_lineno or node.lineno)
    )


def _row(tree: ast.Module, line: str) -> int:
    """Before which line (the first is 0) `line` goes: sorted into the first block of imports."""
    after = 0
    block = list(_first_block(tree))
    plain = line.startswith("import")
    for node in block:
        if node.lineno - 1 >= after and _comes_after(node, line, plain):
            return node.lineno - 1
        after = node.end_lineno or node.lineno
    return after if block else _after_docstring(tree)


def _first_block(tree: ast.Module) -> Iterator[Import]:
    """The imports that stand together at the top, but for those from `__future__`."""
    last: int | None = None
    for node in tree.body:
        if isinstance(node, Import) and getattr(node, "module", None) != "__future__":
            if last is not None and node.lineno > last + 1:
                return
            last = node.end_lineno or node.lineno
            yield node
        elif last is not None:
            return


def _comes_after(node: Import, line: str, plain: bool) -> bool:
    if isinstance(node, ast.ImportFrom):
        return plain or f"from {'.' * node.level}{node.module or ''}" > line
    return plain and f"import {node.names[0].name}" > line


def _after_docstring(tree: ast.Module) -> int:
    row = 0
    for node in tree.body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (future or docstring):
            break
        row = node.end_lineno or node.lineno
    return row


def _statement(line: str) -> Import:
    match ast.parse(line).body:
        case [ast.Import() | ast.ImportFrom() as node]:
            return node
    raise ValueError(f"{line!r} is no import")


def _bound(node: Import) -> list[tuple[str, str]]:
    """What it imports, and under which name."""
    source = "" if isinstance(node, ast.Import) else f"{'.' * node.level}{node.module or ''}:"
    return [(f"{source}{alias.name}", alias.asname or "") for alias in node.names]
