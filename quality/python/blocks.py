"""Statements that hold others, and what is left of a file around what nobody can read."""

import ast
from collections.abc import Callable, Iterable

from tree_sitter import Node

from quality.python.expressions import READERS, passed
from quality.python.parameters import (
    TYPE_PARAMETERS,
    arguments,
    definition_name,
    type_parameters,
)
from quality.python.patterns import subject_pattern
from quality.python.reading import (
    LOAD,
    Reading,
    Unreadable,
    at,
    field,
    has_token,
    identifier,
    parts,
    span,
    until,
)
from quality.python.statements import SIMPLE

_DEEPEST = 100  # blocks in blocks, as Python's own tokenizer has it
_HOLDERS = frozenset({"block", "ERROR", "module", "decorated_definition", "case_clause"})
_CLAUSES = ("elif_clause", "else_clause", "except_clause", "finally_clause", "with_clause")


class Blocks:
    """Reads the statements of one file; `broken` fills with what could not be read."""

    def __init__(self, source: bytes) -> None:
        self.reading = Reading(source, READERS)
        self.broken: list[tuple[int, int]] = []
        self._depth = 0

    def body(self, node: Node) -> list[ast.stmt]:
        """The statements right in a block, or in what was broken."""
        found: list[ast.stmt] = []
        if self._depth > _DEEPEST:
            self._give_up(node)
            return found
        self._depth += 1
        for child in node.named_children:
            if child.type == "ERROR":
                found += self.body(child)
            elif child.type in SIMPLE or child.type in _COMPOUND:
                found += self._statement(child)
        self._depth -= 1
        return found

    def _statement(self, node: Node) -> list[ast.stmt]:
        depth = self._depth
        try:
            if simple := SIMPLE.get(node.type):
                return [simple(self.reading, node)]
            return [_COMPOUND[node.type](self, node)]
        except (LookupError, ValueError, RecursionError):
            self._depth = depth
            self._give_up(node)
            return [stmt for child in node.named_children for stmt in self._saved(child)]

    def _give_up(self, node: Node) -> None:
        inner = next((c for c in node.named_children if c.type == "block"), None)
        last = inner.start_point[0] if inner else node.end_point[0] + 1
        first = node.start_point[0] + 1
        self.broken.append((first, max(first, last)))

    def _saved(self, node: Node) -> list[ast.stmt]:
        """The statements in a part of one that could not be read."""
        if node.type in _HOLDERS:
            return self.body(node)
        if node.type in _CLAUSES:
            return [stmt for child in node.named_children for stmt in self._saved(child)]
        return self._statement(node) if node.type in _COMPOUND else []

    def block(self, node: Node | None) -> list[ast.stmt]:
        """The body of a statement, which is never empty.

        Raises:
            Unreadable: it has none.
        """
        if node is None:
            raise Unreadable("no block")
        found = self.body(node)
        if not found:
            found = [ast.Pass(**at(node))]
            self._give_up(node)
        return found


def _block_in(node: Node) -> Node | None:
    return next((child for child in node.named_children if child.type == "block"), None)


def _orelse(blocks: Blocks, node: Node) -> list[ast.stmt]:
    clause = next((child for child in node.named_children if child.type == "else_clause"), None)
    return blocks.block(_block_in(clause)) if clause else []


def _if(blocks: Blocks, node: Node) -> ast.If:
    tests = [node, *(child for child in node.named_children if child.type == "elif_clause")]
    orelse = _orelse(blocks, node)
    made: ast.If | None = None
    for each in reversed(tests):
        test = blocks.reading.expression(field(each, "condition"))
        body = blocks.block(_block_in(each))
        made = ast.If(test, body, orelse, **until(each, (orelse or body)[-1]))
        orelse = [made]
    if made is None:
        raise Unreadable(node.type)
    return made


def _for(blocks: Blocks, node: Node) -> ast.stmt:
    target = blocks.reading.target(field(node, "left"))
    source = blocks.reading.expression(field(node, "right"))
    body, orelse = blocks.block(_block_in(node)), _orelse(blocks, node)
    kind = ast.AsyncFor if has_token(node, "async") else ast.For
    return kind(target, source, body, orelse, **until(node, (orelse or body)[-1]))


def _while(blocks: Blocks, node: Node) -> ast.While:
    test = blocks.reading.expression(field(node, "condition"))
    body, orelse = blocks.block(_block_in(node)), _orelse(blocks, node)
    return ast.While(test, body, orelse, **until(node, (orelse or body)[-1]))


def _try(blocks: Blocks, node: Node) -> ast.stmt:
    body = blocks.block(_block_in(node))
    clauses = [child for child in node.named_children if child.type == "except_clause"]
    handlers = [_handler(blocks, clause) for clause in clauses]
    orelse = _orelse(blocks, node)
    last = next((child for child in node.named_children if child.type == "finally_clause"), None)
    final = blocks.block(_block_in(last)) if last else []
    ends = [*body, *(handler.body[-1] for handler in handlers), *orelse, *final]
    starred = any(has_token(clause, "*") for clause in clauses)
    kind: type[ast.Try] = ast.TryStar if starred else ast.Try  # type: ignore[assignment, unused-ignore]
    return kind(body, handlers, orelse, final, **until(node, ends[-1]))


def _handler(blocks: Blocks, node: Node) -> ast.ExceptHandler:
    body = blocks.block(_block_in(node))
    kind, name = _caught(blocks.reading, [p for p in parts(node) if p.type != "block"])
    return ast.ExceptHandler(kind, name, body, **until(node, body[-1]))


def _caught(reading: Reading, nodes: list[Node]) -> tuple[ast.expr | None, str | None]:
    match nodes:
        case []:
            return None, None
        case [only] if only.type == "as_pattern":
            value, name = parts(only)
            return reading.expression(value), identifier(name)
        case [only]:
            return reading.expression(only), None
        case [value, name] if name.type == "identifier" and identifier(name)[0].islower():
            return reading.expression(value), identifier(name)  # Python 2's `except E, e`
    place = span(nodes[0], nodes[-1])
    return ast.Tuple([reading.expression(node) for node in nodes], LOAD, **place), None


def _with(blocks: Blocks, node: Node) -> ast.stmt:
    clause = next(child for child in parts(node) if child.type == "with_clause")
    items = [_item(blocks.reading, part) for part in parts(clause)]
    body = blocks.block(_block_in(node))
    kind = ast.AsyncWith if has_token(node, "async") else ast.With
    return kind(items, body, **until(node, body[-1]))


def _item(reading: Reading, node: Node) -> ast.withitem:
    value = field(node, "value")
    if value.type == "parenthesized_expression" and parts(value)[0].type == "as_pattern":
        value = parts(value)[0]  # `with (a as b):`
    if value.type != "as_pattern":
        return ast.withitem(reading.expression(value), None)
    context, target = parts(value)
    return ast.withitem(reading.expression(context), reading.target(target))


def _function(blocks: Blocks, node: Node) -> ast.stmt:
    given = arguments(blocks.reading, field(node, "parameters"))
    body = blocks.block(_block_in(node))
    returns = node.child_by_field_name("return_type")
    kind = ast.AsyncFunctionDef if has_token(node, "async") else ast.FunctionDef
    made = kind(
        definition_name(node),
        given,
        body,
        [],
        blocks.reading.expression(returns) if returns else None,
        **until(node, body[-1]),
    )
    _put_type_parameters(blocks, made, node)
    return made


def _class(blocks: Blocks, node: Node) -> ast.ClassDef:
    given = node.child_by_field_name("superclasses")
    bases, keywords = passed(blocks.reading, given) if given else ([], [])
    body = blocks.block(_block_in(node))
    made = ast.ClassDef(definition_name(node), bases, keywords, body, [], **until(node, body[-1]))
    _put_type_parameters(blocks, made, node)
    return made


def _put_type_parameters(blocks: Blocks, made: ast.stmt, node: Node) -> None:
    if TYPE_PARAMETERS:
        params = type_parameters(blocks.reading, node.child_by_field_name("type_parameters"))
        vars(made)["type_params"] = params


def _decorated(blocks: Blocks, node: Node) -> ast.stmt:
    made = _COMPOUND[field(node, "definition").type](blocks, field(node, "definition"))
    if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        marks: Iterable[Node] = (part for part in parts(node) if part.type == "decorator")
        made.decorator_list = [blocks.reading.expression(parts(mark)[0]) for mark in marks]
    return made


def _match(blocks: Blocks, node: Node) -> ast.Match:
    block = _block_in(node)
    head = [child for child in node.children[1:] if child.type != "comment"]
    head = head[: next(i for i, child in enumerate(head) if child.type == ":")]
    subjects = [blocks.reading.expression(child) for child in head if child.is_named]
    subject = subjects[0]
    if head[-1].type == "," or len(subjects) > 1 or isinstance(subject, ast.Starred):
        subject = ast.Tuple(subjects, LOAD, **span(head[0], head[-1]))
    cases = [_case(blocks, part) for part in parts(block or node) if part.type == "case_clause"]
    return ast.Match(subject, cases, **until(node, cases[-1].body[-1]))


def _case(blocks: Blocks, node: Node) -> ast.match_case:
    nodes = [part for part in parts(node) if part.type == "case_pattern"]
    tokens = [child for child in node.children if child.type in ("case_pattern", ",")]
    guard = node.child_by_field_name("guard")
    return ast.match_case(
        subject_pattern(blocks.reading, nodes, tokens),
        blocks.reading.expression(parts(guard)[0]) if guard else None,
        blocks.block(_block_in(node)),
    )


_COMPOUND: dict[str, Callable[[Blocks, Node], ast.stmt]] = {
    "if_statement": _if,
    "for_statement": _for,
    "while_statement": _while,
    "try_statement": _try,
    "with_statement": _with,
    "function_definition": _function,
    "class_definition": _class,
    "decorated_definition": _decorated,
    "match_statement": _match,
}
