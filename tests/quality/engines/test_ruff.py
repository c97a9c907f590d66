"""ruff behind our seam."""

from pathlib import Path

import pytest

from quality.engines.ruff import Ruff
from quality.engines.table import table
from tests.quality.engines.trees import only, said, told, tree

DANGEROUS = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n"


async def test_findings_have_places_kinds_and_weaknesses() -> None:
    found = only(await said(Ruff(), {"a.py": DANGEROUS}), "S605")
    assert (found.kind, found.severity, found.cwe) == ("hotspot", "critical", (78,))
    assert (found.place.line, found.place.column, found.place.end_column) == (4, 5, 14)
    assert found.remediation


@pytest.mark.parametrize(
    ("code", "rule", "kind"),
    [
        ("import hashlib\nhashlib.md5(b'')\n", "S324", "vulnerability"),
        ("import requests\nrequests.get('x', verify=False, timeout=1)\n", "S501", "vulnerability"),
        ("import yaml\nyaml.load(x)\n", "S506", "hotspot"),
        ("def f(x=[]):\n    return x\n", "B006", "bug"),
        ("print(undefined)\n", "F821", "bug"),
        ("'%s %s' % (1,)\n", "F507", "bug"),
        ("if True:\n    x = None\n    y = x == None\n", "E711", "smell"),
        ("try:\n    x = 1\nexcept:\n    pass\n", "E722", "smell"),
        ("async def f():\n    import time\n    time.sleep(1)\n", "ASYNC251", "bug"),
    ],
)
async def test_a_rule_has_its_kind(code: str, rule: str, kind: str) -> None:
    assert only(await said(Ruff(), {"a.py": code}), rule).kind == kind


async def test_a_fix_is_carried_with_its_edits_and_whether_it_is_safe() -> None:
    found = only(await said(Ruff(), {"a.py": "import os\n"}), "F401")
    assert found.fix is not None
    assert found.fix.safe
    (edit,) = found.fix.edits
    assert (edit.text, edit.place.line, edit.place.end_line) == ("", 1, 2)


async def test_a_file_that_does_not_parse_is_told_once_and_new_syntax_is_none() -> None:
    newest = "type A[T] = list[T]\nx = f'{'a'}'\nmatch x:\n    case _: pass\n"
    analysis = await said(Ruff(), {"bad.py": "def f(:\n  x y z\n", "new.py": newest})
    assert [(f.place.path, f.rule) for f in analysis.findings] == [("bad.py", "syntax-error")]


async def test_the_projects_own_settings_and_comments_hide_nothing(tmp_path: Path) -> None:
    hidden = {
        "ruff.toml": "exclude = ['*.py']\n",
        "pyproject.toml": "[tool.ruff]\nexclude = ['a.py']\n",
        "build/a.py": "# ruff: noqa\n" + DANGEROUS,
        ".hidden/b.py": DANGEROUS.replace("name)\n", "name)  # noqa\n"),
    }
    paths = {path for path, rule, _ in told(await said(Ruff(), hidden)) if rule == "S605"}
    assert paths == {"build/a.py", ".hidden/b.py"}


@pytest.mark.parametrize(
    "path",
    [
        "-x.py",
        "--config=a.py",
        "a b.py",
        "é/ñ.py",
        "a\nb.py",
        "@file.py",
        "script.pyw",
        "x" * 300 + ".py",
    ],
)
async def test_odd_names_are_read_and_given_back(path: str) -> None:
    assert {place for place, *_ in told(await said(Ruff(), {path: DANGEROUS}))} == {path}


async def test_rules_that_do_not_hold_in_tests_are_not_told_of_tests() -> None:
    code = "def test_a():\n    assert run() == 1\n\ndef run(x=[]):\n    return x\n"
    analysis = await said(Ruff(), {"tests/test_a.py": code, "a.py": code})
    assert {p for p, rule, _ in told(analysis) if rule == "S101"} == {"a.py"}
    assert {p for p, rule, _ in told(analysis) if rule == "B006"} == {"tests/test_a.py", "a.py"}


def test_a_key_changes_with_the_text_and_with_nothing_else() -> None:
    one = Ruff().keys(tree({"a.py": "x = 1\n", "b.py": "y = 1\n"}))
    other = Ruff().keys(tree({"a.py": "x = 2\n", "b.py": "y = 1\n", "c.js": ""}))
    assert one["a.py"] != other["a.py"]
    assert one["b.py"] == other["b.py"]
    assert one.keys() == other.keys() == {"a.py", "b.py"}


def test_the_longest_code_counts() -> None:
    known = table("ruff")
    assert known.meaning("F507") != known.meaning("F504")
    assert known.meaning("PLE0100") == known.meaning("PLE")
    assert known.meaning("Z999") is None
