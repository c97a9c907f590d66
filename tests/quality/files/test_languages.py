"""Which language a file is in, and which holds tests."""

import pytest

from quality.files.languages import ending_of, holds_tests, language_of


@pytest.mark.parametrize(
    ("path", "first_line", "language"),
    [
        ("a.py", "", "python"),
        ("a.pyi", "", "python"),
        ("src/A.Java", "", "java"),
        ("Dockerfile", "", "docker"),
        ("Dockerfile.dev", "", "docker"),
        (".env", "", "ini"),
        (".env.local", "", "ini"),
        ("package-lock.json", "", "lock"),
        ("bin/tool", "#!/usr/bin/env python3", "python"),
        ("bin/tool", "#! /usr/bin/env -S python3.12 -u", "python"),
        ("bin/tool", "#!/usr/bin/node", "javascript"),
        ("bin/tool", "#!/opt/strange", "text"),
        ("notes", "hello", "text"),
    ],
)
def test_a_name_or_a_first_line_tells_the_language(
    path: str, first_line: str, language: str
) -> None:
    assert language_of(path, first_line) == language


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/a.py", True),
        ("src/test/java/A.java", True),
        ("test_a.py", True),
        ("a_test.go", True),
        ("web/a.spec.ts", True),
        ("OrderTest.java", True),
        ("conftest.py", True),
        ("latest.py", False),
        ("contest.py", False),
        ("testing.py", False),
        ("protest/a.py", False),
    ],
)
def test_files_of_a_test_suite_are_told(path: str, test: bool) -> None:
    assert holds_tests(path) is test


@pytest.mark.parametrize("language", ["python", "javascript", "go", "text", "docker"])
def test_an_ending_leads_back_to_its_language(language: str) -> None:
    assert language_of(f"a{ending_of(language)}") in (language, "text")
