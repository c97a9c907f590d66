"""Comprehensions and generator expressions as `ast` nodes."""

import ast

from tree_sitter import Node

from quality.python.reading import LOAD, Reading, at, field, has_token, only, parts, span


def _generators(reading: Reading, node: Node) -> list[ast.comprehension]:
    found: list[ast.comprehension] = []
    for part in parts(node):
        if part.type == "for_in_clause":
            left, *right = parts(part)
            source = [reading.expression(each) for each in right]
            every = (
                source[0]
                if len(source) == 1
                else ast.Tuple(source, LOAD, **span(right[0], right[-1]))
            )
            target = reading.target(left)
            found.append(ast.comprehension(target, every, [], int(has_token(part, "async"))))
        elif part.type == "if_clause":
            found[-1].ifs.append(reading.expression(only(part)))
    return found


def list_comprehension(reading: Reading, node: Node) -> ast.ListComp:
    body = reading.expression(field(node, "body"))
    return ast.ListComp(body, _generators(reading, node), **at(node))


def set_comprehension(reading: Reading, node: Node) -> ast.SetComp:
    body = reading.expression(field(node, "body"))
    return ast.SetComp(body, _generators(reading, node), **at(node))


def generator(reading: Reading, node: Node) -> ast.GeneratorExp:
    body = reading.expression(field(node, "body"))
    return ast.GeneratorExp(body, _generators(reading, node), **at(node))


def dict_comprehension(reading: Reading, node: Node) -> ast.DictComp:
    pair = field(node, "body")
    key, value = (reading.expression(field(pair, side)) for side in ("key", "value"))
    return ast.DictComp(key, value, _generators(reading, node), **at(node))
