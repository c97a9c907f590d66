"""bandit, ty and oxlint behind our seam."""

import pytest

from quality.engines.bandit import Bandit
from quality.engines.javascript import JavaScript
from quality.engines.types import Types
from tests.quality.engines.trees import only, said, told, tree

SHELL = "import subprocess\n\ndef f(x):\n    subprocess.run('ls ' + x, shell=True)\n"


async def test_bandit_tells_with_the_meaning_of_ruffs_rule() -> None:
    found = only(await said(Bandit(), {"a.py": SHELL, "-b.py": "x = 1\n"}), "B602")
    assert (found.kind, found.severity, found.cwe, found.place.line) == (
        "hotspot",
        "critical",
        (78,),
        4,
    )


async def test_bandit_names_what_it_cannot_parse() -> None:
    analysis = await said(Bandit(), {"a.py": SHELL + "def f(:\n", "b.py": SHELL})
    assert set(analysis.unread) == {"a.py"}
    assert {path for path, *_ in told(analysis)} == {"b.py"}


async def test_bandit_is_not_silenced_by_a_comment() -> None:
    assert told(await said(Bandit(), {"a.py": SHELL.replace("True)", "True)  # nosec")}))


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("def f(x: int) -> int:\n    return x\n\n\nf('a')\n", "invalid-argument-type"),
        ("def f() -> str:\n    return 1\n", "invalid-explicit-return"),
        ("x: int = 'a'\n", "invalid-assignment"),
        ("def f(x):\n    return x\n\n\nf(1, 2)\n", "too-many-positional-arguments"),
        ("x = 1\nx.nothing\n", "missing-attribute"),
        ("async def f():\n    pass\n\n\nasync def g():\n    f()\n", "unused-awaitable"),
        ("import re\n\nre.match('a', 'b').group()\n", "missing-union-attribute"),
        ("'a' + 1\n", "unsupported-operator"),
    ],
)
async def test_types_tell_what_fails_when_it_runs(code: str, rule: str) -> None:
    assert only(await said(Types(), {"a.py": code}), rule).kind == "bug"


async def test_what_is_not_installed_is_a_note_and_never_a_finding() -> None:
    code = (
        "import numpy\nfrom django.http import HttpRequest\n\nnumpy.nothing(HttpRequest('a') + 1)\n"
    )
    analysis = await said(Types(), {"a.py": code})
    assert analysis.findings == ()
    assert "django.http, numpy" in analysis.notes["a.py"]


async def test_types_see_the_other_files_and_leave_tests_alone() -> None:
    files = {
        "app/__init__.py": "",
        "app/a.py": "from app.b import f, g\n\nf('a')\n",
        "app/b.py": "def f(x: int) -> None:\n    pass\n",
        "tests/test_a.py": "from app.b import g\n",
        "ty.toml": "[rules]\nall = 'ignore'\n",
    }
    assert told(await said(Types(), files)) == {
        ("app/a.py", "missing-module-member", 1),
        ("app/a.py", "invalid-argument-type", 3),
    }


def test_a_types_key_changes_with_what_the_file_imports_near_or_far() -> None:
    files = {
        "app/__init__.py": "",
        "app/a.py": "from . import b\n",
        "app/b.py": "from app.c import (\n    x,\n)\n",
        "app/c.py": "x = 1\nfrom app import a\n",
        "other.py": "import json\n",
    }
    one, other = Types().keys(tree(files)), Types().keys(tree(files | {"app/c.py": "x = 2\n"}))
    changed = {path for path in one if one[path] != other[path]}
    assert changed == {"app/a.py", "app/b.py", "app/c.py"}


JS = {
    "a.js": "// eslint-disable\nconst é = eval(location.hash);\nif (x == NaN) {}\n",
    "b.tsx": "export const A = (p: any) => <i dangerouslySetInnerHTML={{ __html: p.h }} />;\n",
    "c.vue": "<template><b/></template>\n<script>\nconst a = eval('1')\n</script>\n",
    "d.ts": "let x = {\n",
    "-e.mjs": "debugger;\n",
    "oxlint.config.ts": "throw new Error('run');\n",
    ".oxlintrc.json": '{"rules": {"no-eval": "off"}}',
}


async def test_javascript_is_read_in_all_its_forms_whatever_its_settings_say() -> None:
    found = told(await said(JavaScript(), JS))
    assert {
        ("a.js", "no-eval", 2),
        ("a.js", "use-isnan", 3),
        ("b.tsx", "no-danger", 1),
        ("c.vue", "no-eval", 3),
        ("d.ts", "syntax-error", 2),
        ("-e.mjs", "no-debugger", 1),
    } <= found


async def test_a_place_counts_characters_and_not_bytes() -> None:
    found = only(await said(JavaScript(), {"a.js": "let é = eval('é');\n"}), "no-eval")
    assert (found.place.column, found.place.end_column) == (9, 13)
    assert (found.kind, found.cwe) == ("hotspot", (95,))
