"""Comments that allow a finding, in any language, with a reason."""

from pathlib import Path

import pytest

from quality.finding import Finding
from quality.rating.allowed.allowances import allowances
from quality.rating.allowed.applied import Applied, applied
from tests.quality.rating.findings import finding
from tests.quality.rating.trees import tree_of


def allowed(text: str, *findings: Finding, path: str = "a.py", complete: bool = True) -> Applied:
    return applied(findings, tree_of(Path("/"), {path: text}), complete=complete)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", "f()  # pointsman: allow R1 -- it is a test\n", 1),
        ("a.py", "x = 1\n# pointsman: allow R1 -- it is a test\n\n# more\nf()\n", 5),
        ("a.py", "# pointsman: allow-file R1 -- it is a test\n" + "f()\n" * 90, 77),
        ("a.py", "f()  # pointsman: allow S9, R1 -- it is a test\n", 1),
        ("a.py", "f()  # pointsman: allow ruff:R1 -- it is a test\n", 1),
        ("a.py", "f()  # pointsman: allow CWE-89 -- it is a test\n", 1),
        ("a.py", "f()  #pointsman:allow R1 — it is a test\n", 1),
        ("a.js", "f(); // pointsman: allow R1 -- it is a test\n", 1),
        ("a.js", "f(); /* pointsman: allow R1 -- it is a test */ g();\n", 1),
        ("a.go", "/*\n pointsman: allow R1 -- it is a test\n*/\nf()\n", 4),
        ("a.sql", "SELECT 1; -- pointsman: allow R1 -- it is a test\n", 1),
        ("Dockerfile", "RUN it's # pointsman: allow R1 -- it is a test\n", 1),
    ],
)
def test_a_reasoned_comment_allows_what_it_names(path: str, text: str, line: int) -> None:
    one = finding(path, line, rule="R1", cwe=(89,))
    result = allowed(text, one, path=path)
    assert [(s.finding, s.reason) for s in result.suppressed] == [(one, "it is a test")]
    assert not result.findings


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", "f()  # pointsman: allow R2 -- another rule\n", 1),
        ("a.py", "f()  # pointsman: allow R1 -- another line\nf()\n", 2),
        ("a.py", "# pointsman: allow R1 -- the next only\nf()\nf()\n", 3),
        ("a.py", 's = "# pointsman: allow R1 -- in a string"; f()\n', 1),
        ("a.py", '"""\n# pointsman: allow R1 -- in a string\n"""\nf()\n', 4),
        ("a.js", "s = `\n// pointsman: allow R1 -- in a string\n`; f()\n", 3),
        ("a.py", "f()  # pointsman: allowed R1 -- another word\n", 1),
        ("a.py", "f()  # noqa: R1\n", 1),
    ],
)
def test_what_a_comment_does_not_name_stays(path: str, text: str, line: int) -> None:
    one = finding(path, line, rule="R1")
    result = allowed(text, one, path=path, complete=False)
    assert result.findings == (one,)
    assert not result.suppressed


@pytest.mark.parametrize("comment", ["allow R1", "allow R1 --", "allow R1 --   ", "allow -- why"])
def test_a_comment_without_reason_or_rule_allows_nothing_and_is_told(comment: str) -> None:
    one = finding(rule="R1")
    result = allowed(f"f()  # pointsman: {comment}\n", one)
    assert one in result.findings
    (told,) = set(result.findings) - {one}
    assert (told.rule, told.severity, told.place.line) == ("allowance-incomplete", "minor", 1)


def test_a_comment_that_allows_nothing_is_told_once_all_engines_ran() -> None:
    text = "f()  # pointsman: allow R1 -- why\n"
    (told,) = allowed(text).findings
    assert (told.rule, told.severity) == ("allowance-unused", "info")
    assert not allowed(text, complete=False).findings


def test_comments_for_other_tools_are_counted() -> None:
    text = "f()  # noqa: S1\ng()  # nosec B1\nh()  # noqa\ns = '# noqa'\n"
    assert allowed(text).foreign == {"noqa": 2, "nosec": 1}


def test_a_finding_over_several_lines_is_allowed_from_any_of_them() -> None:
    one = finding(line=1, end_line=3, rule="R1")
    assert allowed("f(\n  x,\n)  # pointsman: allow R1 -- why\n", one).suppressed


@pytest.mark.parametrize(
    "hostile",
    [
        "/*" * 100_000,
        '"\\' * 100_000,
        "'''" * 100_000 + "'",
        "/**/" * 40_000,
        "`\\`" * 100_000,
        "\\'''\n" * 60_000 + "\\",
        "// pointsman: allow " + "a -" * 100_000,
        "// pointsman: allow R" + " " * 300_000 + "x",
    ],
    ids=range(8),
)
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.sql", "a.html"])
def test_a_hostile_file_is_read_in_linear_time(path: str, hostile: str) -> None:
    """Read in quadratic time, these would run into the test's own time limit."""
    (file,) = tree_of(Path("/"), {path: f"# pointsman: noqa\n{hostile}"}).files
    assert list(allowances(file)) == []


@pytest.mark.parametrize("comment", ["# pointsman: allow", "# pointsman: allow R1 -- why"])
@pytest.mark.parametrize("code", ["", "f()"])
def test_many_allowances_take_no_square_of_time(comment: str, code: str) -> None:
    """With each compared to each other or to each finding, this would not end in time."""
    count = 15_000
    findings = [finding("a.py", 2 * number) for number in range(1, count + 1)]
    result = allowed(f"{comment}\n{code}\n" * count, *findings)
    assert len(result.suppressed) == (count if "R1" in comment and code else 0)
