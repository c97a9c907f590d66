"""Sizes and complexities, duplicates, dead code: engines that measure."""

from collections.abc import Mapping

import pytest

from pointsman.quality_settings import QualitySettings
from quality.engines.cognitive import Cognitive
from quality.engines.dead_code import DeadCode
from quality.engines.duplication import Duplication
from quality.engines.metrics import Metrics
from tests.quality.engines.trees import only, said, told, tree

BRANCHES = "def f(x):\n" + "".join(f"    if x == {n}:\n        x += {n}\n" for n in range(12))
NESTED = """\
def f(rows):
    for row in rows:
        if row:
            for cell in row:
                if cell:
                    while cell:
                        if cell > 1:
                            cell -= 1
"""
GO = """\
package a

// one
func F(x int) int {
\tif x > 1 && x < 3 {
\t\treturn 1
\t}
\treturn 0
}
"""


@pytest.mark.parametrize(
    ("path", "text", "ncloc", "complexity", "functions"),
    [
        ("a.py", '"""Says."""\n\ndef f():\n    # no\n    return 1\n', 2, 1, 1),
        ("a.py", BRANCHES, 25, 13, 1),
        ("a.go", GO, 7, 3, 1),
        ("a.js", "function f(a) {\n  return a ? 1 : 2\n}\n", 3, 2, 1),
        ("a.tsx", "export const f = (a: number) => {\n  if (a) { return <b/> }\n}\n", 3, 2, 1),
        ("A.java", "class A {\n  int f(int a) {\n    return a;\n  }\n}\n", 5, 1, 1),
        ("a.rs", "fn f(x: i32) -> i32 {\n    if x > 1 { 1 } else { 2 }\n}\n", 3, 2, 1),
    ],
)
async def test_sizes_and_complexity_are_counted(
    path: str, text: str, ncloc: int, complexity: int, functions: int
) -> None:
    measures = (await said(Metrics(QualitySettings()), {path: text})).measures[path]
    assert (measures.ncloc, measures.complexity, measures.functions) == (
        ncloc,
        complexity,
        functions,
    )


async def test_lines_are_counted_in_other_languages() -> None:
    analysis = await said(Metrics(QualitySettings()), {"a.sh": "#!/bin/sh\n\n# no\necho 1\n"})
    assert analysis.measures["a.sh"].ncloc == 1


async def test_what_is_too_much_is_a_finding() -> None:
    """CQ-04: functions and files have limits."""
    settings = QualitySettings(max_complexity=5, max_function_lines=20, max_file_lines=50)
    long = BRANCHES + "\n" * 30
    analysis = await said(Metrics(settings), {"a.py": long, "b.py": "x = 1\n"})
    assert told(analysis) == {
        ("a.py", "complexity", 1),
        ("a.py", "long-function", 1),
        ("a.py", "long-file", 1),
    }
    assert only(analysis, "complexity").effort_min == 10 + 13 - 5


async def test_cognitive_complexity_is_counted_as_sonarqube_does() -> None:
    analysis = await said(Cognitive(15), {"a.py": NESTED, "b.py": "def f(: pass"})
    assert analysis.measures["a.py"].cognitive == 1 + 2 + 3 + 4 + 5 + 6
    assert only(analysis, "cognitive-complexity").effort_min == 10 + 21 - 15
    assert set(analysis.unread) == {"b.py"}


async def test_a_copy_is_told_at_both_places_with_the_lines_it_covers() -> None:
    body = "".join(f"    total += weight_{n} * rows[{n}] + offset_{n}\n" for n in range(15))
    files = {
        "a.py": f"def f(rows, total):\n{body}",
        "lib/b.py": f"X = 1\n\n\ndef g(rows, total):\n{body}",
    }
    analysis = await said(Duplication(), files | {"c.py": "x = 1\n"})
    assert {(f.place.path, f.message.split(" at ")[1]) for f in analysis.findings} == {
        ("a.py", "lib/b.py:4 too."),
        ("lib/b.py", "a.py:1 too."),
    }
    assert analysis.measures["c.py"].duplicated == ()
    ((first, last),) = analysis.measures["a.py"].duplicated or ()
    assert last - first + 1 >= 15


async def test_a_comment_does_not_hide_a_copy() -> None:
    body = "".join(f"    total += weight_{n} * rows[{n}] + offset_{n}\n" for n in range(15))
    text = f"# jscpd:ignore-start\ndef f(rows, total):\n{body}# jscpd:ignore-end\n"
    assert told(await said(Duplication(), {"a.py": text, "b.py": text}))


class Kept:
    """Facts in memory, and which files were read anew."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], bytes] = {}
        self.fresh: list[str] = []

    async def recall_facts(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> dict[str, bytes]:
        return {p: self.rows[p, key] for p, key in keys.items() if (p, key) in self.rows}

    async def keep_facts(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, bytes]
    ) -> None:
        self.fresh = sorted(by_path)
        self.rows.update({(path, keys[path]): raw for path, raw in by_path.items()})


DEAD = "def _used():\n    return 1\n    print(2)\n\n\ndef _unused():\n    pass\n"


async def test_code_that_nothing_reaches_or_uses_is_told() -> None:
    analysis = await said(DeadCode(), {"a.py": DEAD, "b.py": "from a import _used\n\n_used()\n"})
    assert told(analysis) == {("a.py", "unreachable-code", 3), ("a.py", "unused-function", 6)}
    assert only(analysis, "unreachable-code").severity == "major"


async def test_what_is_registered_or_used_by_tests_is_not_dead() -> None:
    code = "@app.route('/')\ndef page():\n    pass\n\n\ndef _helped():\n    pass\n"
    files = {"a.py": code, "tests/test_a.py": "from a import _helped\n\n_helped()\n"}
    assert told(await said(DeadCode(), files)) == set()


async def test_only_what_changed_is_read_again_though_all_counts() -> None:
    kept = Kept()
    engine = DeadCode(kept)
    files = {"a.py": DEAD, "b.py": "from a import _used\n\n_used()\n"}
    before = told(await said(engine, files))
    after = told(
        await said(engine, files | {"b.py": "from a import _used, _unused\n\n_unused()\n"})
    )
    assert kept.fresh == ["b.py"]
    assert ("a.py", "unused-function", 6) in before
    assert ("a.py", "unused-function", 1) in after


async def test_a_file_that_this_python_cannot_parse_is_named() -> None:
    analysis = await said(DeadCode(), {"a.py": "def f(:\n", "b.py": DEAD})
    assert set(analysis.unread) == {"a.py"}
    assert told(analysis)


@pytest.mark.parametrize("engine", [Duplication(), DeadCode()], ids=["duplication", "dead_code"])
def test_every_key_changes_when_one_file_does(engine: Duplication | DeadCode) -> None:
    one = engine.keys(tree({"a.py": "x", "b.py": "y"}))
    other = engine.keys(tree({"a.py": "x", "b.py": "z"}))
    assert one["a.py"] != other["a.py"]
