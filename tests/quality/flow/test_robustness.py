"""Any program has a result, and always the same."""

import ast
import random
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quality.finding import Analysis
from quality.flow.analysing import analyse
from quality.flow.catalogue import Catalogue
from quality.flow.outline import Outliner
from quality.flow.rules import load_rules
from tests.quality.flow.programs import tree_of

RULES = load_rules()
OUTLINER = Outliner(Catalogue(RULES))
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
NAMES = st.sampled_from(["a", "b", "request", "os", "self", "f", "C", "x"])


def followed(text: str) -> Analysis:
    tree = tree_of({"app.py": text})
    return analyse(RULES, ["app.py"], tree, {"app.py": OUTLINER.outline(tree.files[0])})


def expressions() -> st.SearchStrategy[str]:
    leaves = NAMES | st.sampled_from(
        ["1", "'s'", "None", "request.args", "input()", "[]", "{}", "os.environ", "b'x'", "..."]
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/%"), inner).map("({0[0]} {0[1]} {0[2]})".format),
            st.tuples(NAMES, inner, inner).map("{0[0]}({0[1]}, k={0[2]})".format),
            st.tuples(inner, inner).map("{0[0]}[{0[1]}]".format),
            st.tuples(inner, NAMES, inner).map("{0[0]}.{0[1]}({0[2]})".format),
            st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
            st.tuples(inner, inner).map("[{0[0]} for a in {0[1]} if a]".format),
            st.tuples(inner, inner).map("{{{0[0]}: {0[1]}}}".format),
            st.tuples(inner, inner).map("({0[0]} in {0[1]} and not {0[0]})".format),
            inner.map("os.system({})".format),
            inner.map("(lambda b: {})".format),
            inner.map("f'{{{}}}'".format),
        ),
        max_leaves=12,
    )


def statements(depth: int = 0) -> st.SearchStrategy[str]:
    pad = "    " * depth
    simple = st.one_of(
        st.tuples(NAMES, expressions()).map(lambda p: f"{pad}{p[0]} = {p[1]}\n"),
        st.tuples(NAMES, expressions()).map(lambda p: f"{pad}{p[0]} += {p[1]}\n"),
        st.tuples(NAMES, NAMES, expressions()).map(lambda p: f"{pad}{p[0]}.{p[1]} = {p[2]}\n"),
        st.tuples(NAMES, expressions(), expressions()).map(
            lambda p: f"{pad}{p[0]}[{p[1]}] = {p[2]}\n"
        ),
        expressions().map(lambda e: f"{pad}{e}\n"),
        expressions().map(lambda e: f"{pad}return {e}\n") if depth else st.nothing(),
        st.just(f"{pad}del x\n"),
    )
    if depth > 2:
        return simple
    inner = st.lists(statements(depth + 1), min_size=1, max_size=3).map("".join)
    return st.one_of(
        simple,
        st.tuples(expressions(), inner, inner).map(
            lambda p: f"{pad}if {p[0]}:\n{p[1]}{pad}else:\n{p[2]}"
        ),
        st.tuples(NAMES, expressions(), inner).map(lambda p: f"{pad}for {p[0]} in {p[1]}:\n{p[2]}"),
        st.tuples(expressions(), inner).map(lambda p: f"{pad}while {p[0]}:\n{p[1]}"),
        st.tuples(inner, inner).map(
            lambda p: f"{pad}try:\n{p[0]}{pad}except E as x:\n{p[1]}{pad}finally:\n{pad}    a = b\n"
        ),
        st.tuples(NAMES, inner).map(lambda p: f"{pad}def {p[0]}(a, *b, x=1, **f):\n{p[1]}"),
        st.tuples(NAMES, inner).map(lambda p: f"{pad}class {p[0]}(C):\n{p[1]}"),
        st.tuples(expressions(), inner).map(lambda p: f"{pad}with {p[0]} as x:\n{p[1]}"),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(statements(), min_size=1, max_size=8).map("".join))
def test_any_program_has_a_result_and_always_the_same(body: str) -> None:
    text = "import os\nfrom flask import request\n" + body
    assert followed(text) == followed(text)


FILES = sorted(LIBRARY.glob("*.py"))


@pytest.mark.parametrize("path", random.Random(7).sample(FILES, 12), ids=lambda path: path.name)
def test_a_file_of_pythons_own_library_has_a_result(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    ast.parse(text)
    assert all(finding.place.path == "app.py" for finding in followed(text).findings)
