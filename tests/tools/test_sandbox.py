"""Programs that nobody trusts, run for real: what they come to, and what they cannot do."""

import os

import anyio
import pytest

from tools.sandbox import MOST_OUTPUT, run_code

LIMIT_S = 0.5


async def test_a_program_gives_its_values_and_its_output() -> None:
    source = "def double(x):\n    print('doubling')\n    return x * 2"
    verdict = await run_code(source, ["double(2)", "double('a')", "(1, [2.5], {'k': None})"], 5)
    assert [v.value for v in verdict.values] == [4, "aa", (1, [2.5], {"k": None})]
    assert verdict.output == "doubling\n" * 2
    assert (verdict.error, verdict.lacks) == (None, None)


async def test_one_expression_that_fails_spoils_no_other_and_what_was_defined_stands() -> None:
    verdict = await run_code("x = 3\ny = 1 / 0\nz = 4", ["x", "x / 0", "z", "x"], 5)
    assert verdict.error is not None
    assert "ZeroDivisionError" in verdict.error
    assert [v.value for v in verdict.values] == [3, None, None, 3]
    assert ["Error" in (v.error or "") for v in verdict.values] == [False, True, True, False]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("while True: pass", "limit"),
        ("try:\n    while True: pass\nexcept BaseException:\n    while True: pass", "limit"),
        ("x = 9 ** 9 ** 9", "memory"),
        ("x = [0] * 10 ** 9", "memory"),
        ("x = 'a' * 10 ** 10", "memory"),
        ("def f(n): return f(n + 1)\nf(0)", "recursion"),
        ("while True: print('a' * 1000)", "limit"),
        ("def f(:", "xpected"),
        ("s = '\ud800'", "surrogate"),
    ],
)
async def test_no_program_takes_more_than_its_share(source: str, word: str) -> None:
    with anyio.fail_after(20):
        verdict = await run_code(source, ["1"], LIMIT_S)
    assert verdict.error is not None
    assert word in verdict.error
    assert len(verdict.output) <= MOST_OUTPUT
    assert verdict.lacks is None


async def test_waiting_in_vain_is_not_waited_for() -> None:
    with anyio.fail_after(20):
        verdict = await run_code("import time\ntime.sleep(10000)", ["1"], 15)
    assert verdict.values[0].value == 1


@pytest.mark.parametrize(
    "attack",
    [
        "open('/etc/passwd').read()",
        "open('/tmp/x', 'w').write('x')",
        "import os\nos.environ['PATH']",
        "import os\nos.getenv('POINTSMAN_CANARY')",
        "import os\nos.system('id')",
        "import os\nos.listdir('/')",
        "from pathlib import Path\nPath('/etc/passwd').read_text()",
        "import subprocess",
        "import socket",
        "import ctypes",
        "import importlib",
        "__import__('os')",
        "().__class__.__base__.__subclasses__()",
        "(lambda: 0).__globals__",
        "eval(\"__import__('os')\")",
        "import sys\nsys.modules['os']",
        "import asyncio\nasyncio.open_connection('127.0.0.1', 80)",
        "input()",
    ],
)
async def test_nothing_of_ours_can_be_reached(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_CANARY", "canary-1234")
    verdict = await run_code(f"{attack}\nreached = True", ["reached"], 5)
    assert verdict.values[0].error is not None
    assert verdict.error is not None
    assert "canary" not in str(verdict)


@pytest.mark.parametrize(
    ("source", "lacks"),
    [
        ("def f():\n    yield 1", "yield"),
        ("x = 1\ndel x", "del"),
        ("import statistics", "statistics"),
        ("from itertools import *", "Wildcard"),
        ("x = bytearray(b'a')", "bytearray"),
        ("import numpy", None),
        ("undefined_name", None),
        ("raise NotImplementedError('The code is missing')", None),
        ("input()", None),
        ("import os\nopen('/etc/passwd')", None),
    ],
)
async def test_what_the_sandbox_lacks_is_told_apart_from_what_is_wrong(
    source: str, lacks: str | None
) -> None:
    verdict = await run_code(source, ["1"], 5)
    assert verdict.error is not None
    if lacks is None:
        assert verdict.lacks is None
    else:
        assert verdict.lacks is not None
        assert lacks in verdict.lacks


async def test_a_class_that_equals_everything_is_plain_to_see() -> None:
    source = "class Always:\n    def __eq__(self, other):\n        return True"
    (value,) = (await run_code(source, ["Always()"], 5)).values
    assert value.value != 3


async def test_what_python_cannot_take_over_is_no_value_and_spoils_no_other() -> None:
    source = "class Key:\n    def __hash__(self):\n        return 1\nkey = Key()"
    verdict = await run_code(source, ["{key: 1}", "{key}", "2"], 5)
    assert [value.value for value in verdict.values] == [None, None, 2]
    assert ["unhashable" in (value.error or "") for value in verdict.values] == [True, True, False]


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
async def test_cancelling_ends_the_process() -> None:
    with anyio.move_on_after(0.3) as scope:
        await run_code("while True: pass", [], 60)
    assert scope.cancelled_caught
    with anyio.fail_after(5):
        while await anyio.to_thread.run_sync(sandboxes):
            await anyio.lowlevel.checkpoint()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
async def test_the_process_has_nothing_of_our_environment() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_code, "while True: pass", [], 60)
        with anyio.fail_after(5):
            while not (found := await anyio.to_thread.run_sync(sandboxes)):
                await anyio.lowlevel.checkpoint()
        environment = await anyio.Path(f"/proc/{found[0]}/environ").read_bytes()
        tasks.cancel_scope.cancel()
    assert environment == b""


def sandboxes() -> list[str]:
    """The worker processes that this one has."""
    found: list[str] = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                name, _, rest = stat.read().partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if name == "monty" and int(parent) == os.getpid() and state != "Z":
            found.append(pid)
    return found
