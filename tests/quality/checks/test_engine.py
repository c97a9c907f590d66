"""The engine "checks" as an analysis uses it."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pointsman.quality_settings import QualitySettings
from quality.checks.code import Code
from quality.checks.engine import Checks
from quality.checks.looking import Table
from quality.checks.table import CHECKS
from quality.engine import Engine
from quality.python.parse import parse
from quality.source import SourceFile, Tree


def file(path: str, text: str, language: str = "python", *, test: bool = False) -> SourceFile:
    return SourceFile(path=path, language=language, text=text, sha256=text, test=test)


def tree(*files: SourceFile) -> Tree:
    return Tree(root=Path("/nowhere"), files=files)


async def test_it_finds_in_stale_files_only_and_says_where() -> None:
    bad = "def f():\n    raise NotImplemented\n"
    whole = tree(file("a.py", bad), file("b.py", bad), file("c.js", bad, "javascript"))
    engine: Engine = Checks(QualitySettings())
    said = await engine.analyse(whole.files[1:], whole)
    assert [(f.place.path, f.place.line, f.rule) for f in said.findings] == [
        ("b.py", 2, "raises-no-exception")
    ]
    assert engine.languages == frozenset({"python"})
    assert await engine.version() == await engine.version()


async def test_a_broken_stretch_is_named_and_the_rest_is_judged() -> None:
    text = "x = (1,,)\n\ndef f():\n    raise NotImplemented\n"
    said = await Checks(QualitySettings()).analyse([file("a.py", text)], tree(file("a.py", text)))
    assert [f.place.line for f in said.findings] == [4]
    assert list(said.notes) == ["a.py"]


def test_a_key_changes_with_the_text_and_the_settings() -> None:
    one, other = file("a.py", "x"), file("a.py", "y")
    settings = QualitySettings()
    key = Checks(settings).keys(tree(one))["a.py"]
    assert key == Checks(settings).keys(tree(one, file("b.js", "", "javascript")))["a.py"]
    assert key != Checks(settings).keys(tree(other))["a.py"]
    assert key != Checks(settings).keys(tree(replace(one, test=True)))["a.py"]
    assert key != Checks(QualitySettings(max_file_lines=60)).keys(tree(one))["a.py"]


@pytest.mark.parametrize(
    ("lines", "test", "rules"),
    [
        (5, False, []),
        (6, False, ["long-function"]),
        (6, True, []),
        (60, False, ["long-file", "long-function"]),
        (60, True, ["long-file"]),
    ],
)
async def test_what_is_too_long_is_a_smell(lines: int, test: bool, rules: list[str]) -> None:
    """CQ-04: size findings follow the settings."""
    settings = QualitySettings(max_function_lines=5, max_file_lines=50)
    text = "def f():\n" + "    g()\n" * (lines - 1)
    source = file("a.py", text, test=test)
    said = await Checks(settings).analyse([source], tree(source))
    assert sorted(f.rule for f in said.findings) == rules
    assert all(f.kind == "smell" for f in said.findings)


async def test_it_stops_when_it_is_cancelled() -> None:
    text = "x = [1, 2, 3]\n" * 500
    files = [file(f"{n}.py", text) for n in range(2_000)]
    with anyio.fail_after(30), anyio.move_on_after(0.2) as scope:
        await Checks(QualitySettings()).analyse(files, tree(*files))
    assert scope.cancelled_caught


class _Broken(Exception):
    pass


def test_a_huge_file_is_broken_off_in_the_middle() -> None:
    """Else neither the time limit nor Ctrl-C would end it before its last line."""
    text = "x = 1\n" * 100
    paused = 0

    def pause() -> None:
        nonlocal paused
        paused += 1
        if paused == 50:
            raise _Broken

    with pytest.raises(_Broken):
        Table(CHECKS).findings(Code(parse(text).tree, text, path="a.py"), pause)
    assert paused == 50


def test_the_names_of_a_module_are_gathered_once() -> None:
    text = "INSTALLED_APPS = []\n" + "x = 1\n" * 100
    code = Code(parse(text).tree, text, path="a.py")
    assert code.assigned == {"INSTALLED_APPS", "x"}
    assert code.assigned is code.assigned


async def test_a_test_may_ask_for_just_this_number() -> None:
    text = "def f(x):\n    return x == 0.1\n"
    for test, rules in ((False, ["float-equality"]), (True, [])):
        one = file("a.py", text, test=test)
        said = await Checks(QualitySettings()).analyse([one], tree(one))
        assert [f.rule for f in said.findings] == rules


async def test_a_number_of_too_many_digits_for_python_to_write_stops_nothing() -> None:
    text = f"x = {{0x{'f' * 9000}: 1, 0x{'f' * 9000}: 2}}\n\ndef f():\n    raise NotImplemented\n"
    said = await Checks(QualitySettings()).analyse([file("a.py", text)], tree(file("a.py", text)))
    assert [f.rule for f in said.findings] == ["raises-no-exception"]
