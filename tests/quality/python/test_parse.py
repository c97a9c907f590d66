"""Python source of any version as the nodes of the running one."""

import ast
import random
import site
import sys
import sysconfig
import threading
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from quality.python.names import Names
from quality.python.parse import parse, tolerant

PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def corpus(count: int) -> list[Path]:
    """Real files, the same at every run on one machine."""
    folders = [sysconfig.get_path("stdlib"), *site.getsitepackages()]
    found = sorted(set(chain.from_iterable(Path(f).rglob("*.py") for f in folders)))
    return random.Random(6).sample(found, min(count, len(found)))


def differences(a: object, b: object) -> Iterator[str]:
    """Where two trees differ, with their places; those in formatted texts came with 3.12."""
    todo = [(a, b, True)]
    while todo:
        a, b, placed = todo.pop()
        if type(a) is not type(b):
            yield f"{a!r} {b!r}"
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                yield f"{a} {b}"
            todo += [(x, y, placed) for x, y in zip(a, b, strict=False)]
        elif isinstance(a, ast.AST):
            if placed and any(getattr(a, k, None) != getattr(b, k, None) for k in PLACE):
                yield f"{ast.dump(a, include_attributes=True)} {ast.dump(b)}"  # type: ignore[arg-type]
            placed = placed and not isinstance(a, ast.JoinedStr)
            todo += [(getattr(a, f, None), getattr(b, f, None), placed) for f in a._fields]
        elif a != b and repr(a) != repr(b):
            yield f"{a!r} {b!r}"


def read(path: Path) -> tuple[str, ast.Module] | None:
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return text, ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def test_the_tolerant_reader_agrees_with_python_on_real_files() -> None:
    compared = 0
    for path in corpus(80):
        if both := read(path):
            found = tolerant(both[0])
            assert not found.broken, path
            assert next(differences(both[1], found.tree), None) is None, path
            compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    ("old_or_new", "means"),
    [
        ('f"{x["a"]} {f"{y!r:>{w}}"}"', "f\"{x['a']} {f'{y!r:>{w}}'}\""),
        ('f"{x = }\\n" "{}" rf"\\d{{"', 'f"{x = }\\n{{}}\\\\d{{"'),
        ('f"\\N{EM DASH}{x}"', 'f"—{x}"'),
        ('t"{a} b"', 'f"{a} b"'),
        ("try: pass\nexcept A, B, C: pass", "try: pass\nexcept (A, B, C): pass"),
        ("try: pass\nexcept Aa, Bb: pass", "try: pass\nexcept (Aa, Bb): pass"),
        ("try: pass\nexcept A, e: pass", "try: pass\nexcept A as e: pass"),
        ('print "a", b', 'print("a", b)'),
        ('print >>f, "b"\nprint 1', 'print("b", file=f)\nprint(1)'),
        ('exec "c" in ns', 'exec("c", ns)'),
        ("`x + 1`", "repr(x + 1)"),
        ("a <> b", "a != b"),
        ('raise E, "x", tb', 'raise E("x")'),
        ("0777 + 10L + 0xFFl", "511 + 10 + 0xFF"),
        ('x = ur"\\d"', 'x = "\\\\d"'),
        ("async = 1", None),
        ("with (a as b): pass; print 1", "with a as b: pass; print(1)"),
    ],
)
def test_other_versions_are_read_as_what_they_mean(old_or_new: str, means: str | None) -> None:
    found = parse(old_or_new)
    assert found.broken == ()
    if means:
        assert ast.unparse(found.tree) == ast.unparse(ast.parse(means))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="these nodes hold type parameters")
@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("def f[T: int, *U, **P](a: T) -> T: return a", "def f(a: T) -> T: return a"),
        ("class A[T](B): x = 1", "class A(B): x = 1"),
        ("type X[T] = list[T]", "X = list[T]"),
    ],
)
def test_type_parameters_are_dropped_where_no_node_holds_them(text: str, means: str) -> None:
    assert ast.unparse(parse(text).tree) == ast.unparse(ast.parse(means))


@pytest.mark.parametrize(
    ("text", "broken", "left"),
    [
        ("f(a, , b)\ng()", ((1, 1),), "f(a, b)\ng()"),
        ("a = 1\nif x = 1:\n  d(1)\nelse:\n  o()\nw = 1", ((2, 2),), None),
        (
            "x = [\n 1,\n\n\n\ny = 3\n@d\ndef g(): pass\nz = 1",
            ((1, 2), (6, 6)),
            "@d\ndef g(): pass\nz = 1",
        ),
        ("def f(:\n    a = 1\nc = 3", ((1, 1),), "def f():\n    a = 1\nc = 3"),
        ("\0x = 1\ny = 2", ((1, 1),), "x = 1\ny = 2"),
        ("def f():\n  for x in :\n    g(x)\n  return 2", ((2, 2),), None),
    ],
)
def test_what_stands_around_a_broken_stretch_is_read(
    text: str, broken: tuple[tuple[int, int], ...], left: str | None
) -> None:
    found = parse(text)
    assert found.broken == broken
    if left:
        assert ast.unparse(found.tree) == ast.unparse(ast.parse(left))
    names = {node.lineno: node.id for node in ast.walk(found.tree) if isinstance(node, ast.Name)}
    lines = text.split("\n")
    assert names
    assert all(name in lines[line - 1] for line, name in names.items())


@pytest.mark.parametrize(
    "text",
    ["\ufeffx = 1\ny = 2", "x = 1\r\ny = 2\r\n", "x = 1\ry = 2", "\fx = 1\n\fy = 2"],
)
@pytest.mark.parametrize("tail", ["", "\nprint 3"])
def test_line_ends_marks_and_form_feeds_are_no_hurdle(text: str, tail: str) -> None:
    found = parse(text + tail)
    assert found.broken == ()
    assert [node.lineno for node in found.tree.body][:2] == [1, 2]


def test_a_declared_encoding_does_not_matter_since_the_text_is_decoded() -> None:
    assert parse("# -*- coding: latin-1 -*-\nx = 'é'").broken == ()


DEEP = {
    "brackets": "(" * 20_000,
    "minuses": "-" * 50_000 + "1",
    "attributes": "a" + ".b" * 50_000,
    "calls": "a" + "()" * 50_000,
    "sum": "x = " + "+".join(["1"] * 50_000),
    "blocks": "".join(" " * i + "if a:\n" for i in range(300)) + " " * 300 + "pass",
    "branches": "if a: pass\n" + "elif a: pass\n" * 5_000,
    "formats": 'f"{' * 3_000,
    "alternatives": "match x:\n case " + "[" * 3_000,
    "old and deep": 'print "x"\nx = ' + "not " * 900 + "1",
    "long line": 'x = "' + "a" * 10_000_000 + '"',
    "bytes": "".join(chr(i % 256) for i in range(50_000)),
    "surrogates": 'x = "\ud800"\ny = 1',
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_hostile_text_is_read_or_named_broken(text: str) -> None:
    found = parse(text)
    assert found.broken or found.tree.body
    Names(found.tree)


def test_code_that_warns_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse('x = "\\d"').broken == ()
        before = list(warnings.filters)
        parse('x = "\\e"')
        assert warnings.filters == before


def test_threads_may_parse_at_once() -> None:
    found: list[int] = []
    texts = ["print 1\nx = '\\d'\n" * 50, "x = '\\d'\n" * 100]
    threads = [
        threading.Thread(target=lambda t=text: found.append(len(parse(t).tree.body)))
        for text in texts * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [100] * 8
