"""A function, or some statements, put in the place of what a fix was asked for."""

import ast
import textwrap

from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.imports import Import, with_imports
from quality.fixes.passage import Function, Passage, first_line
from quality.python.parse import Parsed, parse
from quality.python.walking import walk


def with_code(text: str, around: Passage, code: str) -> str:
    """`text` with the passage `around` as `code` has it, and the imports that stand before it.

    Raises:
        Refused: `code` is no Python, or the function is not in it.
    """
    code, parsed = _readable(code)
    imports = [node for node in parsed.tree.body if isinstance(node, Import)]
    rest = [node for node in parsed.tree.body if not isinstance(node, Import)]
    if around.function is None:
        new = _statements(code, rest)
        if not new:
            imports = []  # it is about an import itself
            new = code
    else:
        new = _function(code, parsed.tree, around)
    all_lines = lines(text)
    all_lines[around.start - 1 : around.end] = lines(_fitted(new, around))
    result = "".join(all_lines)
    return with_imports(result, parse(result).tree, [ast.unparse(node) for node in imports])


def _readable(code: str) -> tuple[str, Parsed]:
    """The code at the left margin, or, where a text in it forbids that, under an `if`."""
    for way in (textwrap.dedent(code), f"if True:\n{code}"):
        parsed = parse(way)
        if parsed.tree.body and not parsed.broken:
            return way, parsed
    raise Refused("the code in the answer does not parse")


def _statements(code: str, rest: list[ast.stmt]) -> str:
    if not rest:
        return ""
    return "".join(lines(code)[first_line(rest[0]) - 1 : rest[-1].end_lineno])


def _function(code: str, tree: ast.Module, around: Passage) -> str:
    """The function's lines, as they are indented in `code`; decorators left out are kept."""
    named = [n for n in walk(tree) if isinstance(n, Function) and n.name == around.function]
    if not named:
        raise Refused(f"the function {around.function} is not in the answer")
    node = named[-1]
    _check_brought(tree, node)
    start = first_line(node)
    new = lines(code)[start - 1 : node.end_lineno]
    kept = around.body - around.start
    if not node.decorator_list and kept:
        above = textwrap.dedent("".join(lines(around.text)[:kept]))
        return textwrap.indent(above, " " * node.col_offset) + "".join(new)
    return "".join(new)


def _check_brought(tree: ast.Module, node: ast.AST) -> None:
    """Nothing else that stands in the answer is needed by the function."""
    others = {
        name for other in tree.body if node not in set(walk(other)) for name in _defined(other)
    }
    used = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    if needed := others & used:
        raise Refused(f"it needs {min(needed)}, which is not part of the function")


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _fitted(new: str, around: Passage) -> str:
    """`new` at the indentation of the passage; lines inside of texts stay where they are."""
    body = lines(new if new.endswith("\n") else f"{new}\n")
    have = body[0][: len(body[0]) - len(body[0].lstrip())]
    inside = _inside_texts(textwrap.dedent(new), around.text)
    shifted = [
        line if at in inside or not line.strip() else around.indent + line.removeprefix(have)
        for at, line in enumerate(body)
    ]
    result = "".join(shifted)
    return result if around.text.endswith("\n") else result.removesuffix("\n")


def _inside_texts(code: str, old: str) -> set[int]:
    """The lines (the first is 0) of `code` that begin within a text that `old` has as it is.

    Any other text moves with the code around it: it is a docstring, or was moved by the model.
    """
    return {
        row
        for node in walk(parse(code).tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "\n" in node.value
        and node.value in old
        for row in range(node.lineno, node.end_lineno or node.lineno)
    }
