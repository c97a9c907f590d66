"""Thirty findings at once, and texts that nobody would think of."""

import ast
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from quality.asking import Answer
from quality.finding import Place
from quality.fixes.answer import proposed
from quality.fixes.applying import apply
from quality.fixes.changes import composed, hunks, unified
from quality.fixes.content import lines
from quality.fixes.errors import Refused
from quality.fixes.fix import Means
from quality.fixes.passage import passage
from quality.fixes.patch import patched
from quality.fixes.suggesting import suggest
from tests.quality.fixes.answers import BAD, EVIL, GOOD, QUERY
from tests.quality.fixes.project import Engines, findings, project
from tests.quality.fixes.test_suggest import state

CASES = [
    case
    for case in GOOD + BAD + EVIL
    if case.code == QUERY and "def find(" in case.answer and "@@" not in case.answer
][:30]


async def test_of_thirty_findings_only_the_good_fixes_are_offered_and_written(
    tmp_path: Path,
) -> None:
    """AT-305: a scripted model, good, bad and malicious; nothing outside the root is touched."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "keep.py").write_text(QUERY)
    body = QUERY.partition("\n\n\n")
    functions = [body[2].replace("def find(", f"def find{n}(") for n in range(len(CASES))]
    tree = project(root, {"app.py": body[0] + "".join(f"\n\n\n{each}" for each in functions)})

    async def ask(system: str, prompt: str, most: int) -> Answer:
        asked = re.search(r"function `find(\d+)`", prompt)
        assert asked
        answer = CASES[int(asked[1])].answer
        return Answer(answer.replace("def find(", f"def find{asked[1]}("))

    means = Means(analyse=Engines(), ask=ask, attempts=1)
    found = findings(tree)
    assert len(found) == len(CASES) == 30
    results = await suggest(found, tree, means)
    offered = [result.fix is not None for result in results]
    assert offered == [case.good for case in CASES]
    before = state(tmp_path)
    fixes = [result.fix for result in results if result.fix]
    await apply(fixes, found, tree, [root], means)
    after = state(tmp_path)
    assert {path for path in after if after[path] != before[path]} == {"root/app.py"}
    left = findings(project(root, {"app.py": after["root/app.py"]}))
    assert len(left) == 30 - len(fixes)


TEXTS = st.lists(st.sampled_from(["a", "b", "  c", "", "def f():", "-x", "+y", "@@"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_a_diff_turns_the_one_text_into_the_other(old: list[str], new: list[str]) -> None:
    left, right = ("".join(f"{line}\n" for line in text) for text in (old, new))
    assert composed(lines(left), [hunks(lines(left), lines(right))]) == lines(right)
    if left and left != right:
        assert patched(left, "a.py", unified("a.py", left, right)) == right


PIECES = (
    "```python\n|```\n|def find(db, name):\n|    return 1\n|<<<<<<< SEARCH\n|=======\n|@@\n"
    "|>>>>>>> REPLACE\n|@@ -1,2 +1,3 @@\n|--- a/app.py\n|+++ b/../x\n|-import os\n|+import sys\n"
    "| \n|\x00|\t|é|import os\n|class X:\n|@\n|\r|<think>|diff --git a/x b/y\n"
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=14).map("".join))
def test_no_answer_breaks_the_reader(answer: str) -> None:
    """It gives a text or a reason, whatever a model writes."""
    around = passage(QUERY, ast.parse(QUERY), Place("app.py", 12, 12))
    try:
        assert isinstance(proposed(answer, QUERY, "app.py", around), str)
    except Refused as refused:
        assert refused.why  # noqa: PT017  # either is right
