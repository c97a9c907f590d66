"""Going through nodes."""

import ast

from quality.python.walking import walk, walk_scope

TEXT = """
@mark(1)
def f(a=g(2), *, b: int = 3) -> str:
    "doc"
    async with h() as (x, y): yield x
    return lambda k=m: k
class A(B, meta=C):
    z: list[int] = [i async for i in j if i]
match s:
    case {"k": [P(q=1) as r, *_], **rest} | 5 | True | None: pass
"""


def test_every_node_that_says_something_is_met_once() -> None:
    dull = ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop
    tree = ast.parse(TEXT)
    met = list(walk(tree))
    assert len(met) == len(set(met))
    assert set(met) == {node for node in ast.walk(tree) if not isinstance(node, dull)}


def test_a_scope_ends_where_another_begins() -> None:
    names = {node.id for node in walk_scope(ast.parse(TEXT)) if isinstance(node, ast.Name)}
    assert names == {"mark", "g", "B", "C", "s", "P"}
