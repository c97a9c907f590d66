"""The tool: which tier runs a program, what is told of it, and what where none can."""

from typing import Any

import anyio
import pytest

from pointsman.agent_settings import ToolSettings
from pointsman.errors import InvalidInput
from pointsman.seams import Clock
from tools.describe import arguments_from
from tools.tool import Caller, Tool
from tools.workbench.code.bubblewrap import Cell, Refused
from tools.workbench.code.outcome import MOST_SHOWN
from tools.workbench.code.tiers import OK, Tier, Tiers, probe_tiers
from tools.workbench.code.tool import RunCodeResult, run_code_tool

TIERS: tuple[Tier, ...] = ("monty", "bubblewrap")
CLOCK = Clock(monotonic=anyio.current_time, wall=lambda: 0.0)
LET_ALL_THROUGH = bytes.fromhex("06000000" + "0000ff7f")  # RET ALLOW


def no_cell() -> Cell:
    raise Refused("bubblewrap is not installed")


def make_tool(tiers: Tiers) -> Tool:
    return run_code_tool(tiers, CLOCK)


async def call(tool: Tool, code: str, **more: Any) -> RunCodeResult:
    given = arguments_from(tool.name, tool.arguments, {"code": code, **more})
    with anyio.fail_after(30):
        result = await tool.run(given, Caller())
    assert isinstance(result, RunCodeResult)
    return result


@pytest.fixture(params=TIERS)
def each_tier(request: pytest.FixtureRequest) -> Tool:
    """The tool with one tier alone."""
    if request.param == "bubblewrap":
        request.getfixturevalue("cell")
    return make_tool(Tiers(ToolSettings(code=request.param, code_s=8, code_memory_mb=64)))


async def test_what_monty_can_run_it_runs() -> None:
    result = await call(make_tool(Tiers(ToolSettings(), no_cell)), "print('hi')\n6 * 7")
    assert result == RunCodeResult(output="hi\n", result="42", tier="monty", seconds=result.seconds)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import statistics\nstatistics.mean([1, 2])", "1.5"),
        ("def f():\n    yield 1\nlist(f())", "[1]"),
        ("from collections import OrderedDict\nlen(OrderedDict())", "0"),
        ("(5).bit_count()", "2"),
        ("open('a', 'w').write('abc')\nopen('a').read()", "'abc'"),
        ("import asyncio, threading\nasyncio.run(asyncio.to_thread(lambda: 7))", "7"),
        ("import tempfile, pathlib\npathlib.Path(tempfile.mkdtemp()).is_dir()", "True"),
        ("import os.path\nos.path.expanduser('~')", "'/work'"),
    ],
)
async def test_what_it_lacks_python_has(cell: Cell, code: str, expected: str) -> None:
    result = await call(make_tool(Tiers(ToolSettings())), code)
    assert (result.error, result.lacks) == (None, None)
    assert (result.tier, result.result, result.exit_code) == ("bubblewrap", expected, 0)


@pytest.mark.parametrize(
    ("code", "lacks"),
    [
        ("import statistics", "the module statistics"),
        ("def f():\n    yield 1", "yield"),
        ("from collections import OrderedDict", "collections.OrderedDict"),
        ("import sys\nsys.exit(3)", "sys.exit"),
        ("exit()", "the name exit"),
        ("(5).bit_count()", "int.bit_count"),
        ("open('a', 'w')", "files"),
        ("import os\nos.getenv('HOME')", "os.getenv"),
        ("raise SystemExit(4)", "what this program does"),
    ],
)
async def test_where_python_cannot_be_confined_the_answer_says_what_is_lacking(
    code: str, lacks: str
) -> None:
    """AT-216: never silently weaker."""
    result = await call(make_tool(Tiers(ToolSettings(), no_cell)), code)
    assert result.tier == "monty"
    assert result.error is not None
    assert result.lacks is not None
    assert lacks in result.lacks
    assert "bubblewrap is not installed" in result.lacks


@pytest.mark.parametrize(
    "code",
    [
        "1 / 0",
        "undefined_name",
        "import numpy",
        "[].nothing",
        "raise AttributeError(\"module 'nothing' has no attribute 'x'\")",
        "raise ImportError(\"cannot import name 'x' from 'nothing'\")",
    ],
)
async def test_a_program_that_is_wrong_lacks_nothing(code: str) -> None:
    result = await call(make_tool(Tiers(ToolSettings(), no_cell)), code)
    assert result.error is not None
    assert (result.tier, result.lacks) == ("monty", None)


async def test_where_only_bubblewrap_may_run_programs_nothing_else_does() -> None:
    tiers = Tiers(ToolSettings(code="bubblewrap"), no_cell)
    result = await call(make_tool(tiers), "print('ran')")
    assert (result.tier, result.output) == (None, "")
    assert result.error is not None
    assert "bubblewrap is not installed" in result.error
    assert (await tiers.probe()).chosen == ()


async def test_off_is_off() -> None:
    result = await call(make_tool(Tiers(ToolSettings(code="off"))), "print('ran')")
    assert (result.tier, result.output) == (None, "")
    assert result.error is not None


async def test_a_confinement_with_an_open_lock_is_never_used(cell: Cell) -> None:
    """The self-test only looks; it finds that the kernel calls are not filtered."""
    tiers = Tiers(ToolSettings(), lambda: Cell(cell.command, cell.readable, LET_ALL_THROUGH))
    probe = await tiers.probe()
    assert probe.bubblewrap.startswith("its self-test failed: ")
    assert "network" in probe.bubblewrap
    assert probe.chosen == ("monty",)
    assert (await call(make_tool(tiers), "import statistics")).tier == "monty"


async def test_the_machine_is_probed_once() -> None:
    asked: list[int] = []

    def count() -> Cell:
        asked.append(1)
        return no_cell()

    tiers = Tiers(ToolSettings(), count)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(tiers.run, "1")
    assert len(asked) == 1


async def test_what_is_told_of_the_tiers() -> None:
    probe = await Tiers(ToolSettings(), no_cell).probe()
    assert probe.health() == {
        "monty": OK,
        "bubblewrap": "bubblewrap is not installed",
        "chosen": ["monty"],
    }
    state, detail, fix = probe.finding()
    assert (state, detail) == ("note", "monty; bubblewrap: bubblewrap is not installed")
    assert fix is not None
    small = await Tiers(ToolSettings(code="monty"), no_cell).probe()
    assert small.finding() == ("ok", "monty", None)
    off = await Tiers(ToolSettings(code="off"), no_cell).probe()
    assert off.finding() == ("ok", "off", None)
    nothing = await Tiers(ToolSettings(code="bubblewrap"), no_cell).probe()
    assert nothing.finding()[:2] == ("broken", "none; bubblewrap: bubblewrap is not installed")
    assert (await probe_tiers(ToolSettings())).monty == OK


@pytest.mark.parametrize(
    "attack",
    [
        "while True: pass",
        "def f(): f()\nf()",
        "x = 'a' * 10 ** 10",
        "x = [0] * 10 ** 9",
        "x = bytes(10 ** 12)",
        "while True: print('a' * 1000)",
        "print(open('/etc/passwd').read())",
        "print(open('/proc/self/environ').read())",
        "import os\nprint(os.listdir('/root'))",
        "import os\nprint(os.environ['POINTSMAN_CANARY'])",
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')",
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['id'])",
        "import ctypes\nctypes.CDLL(None).system(b'id') and 1 / 0",
        "().__class__.__base__.__subclasses__()\nimport os\nos.kill(1, 9)",
        "input()",
    ],
)
async def test_no_tier_lets_a_program_out(
    each_tier: Tool, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AT-216, in each tier alone: infinite loop, processes, network and files."""
    monkeypatch.setenv("POINTSMAN_CANARY", "canary-1234")
    result = await call(each_tier, attack, timeout_s=1)
    assert result.error is not None
    assert "canary-1234" not in result.model_dump_json()
    assert "root:" not in result.output
    assert len(result.output) <= MOST_SHOWN


@pytest.mark.parametrize(("text", "times"), [("a", 1), ("a", 100_000), ("é", 50_000)])
async def test_a_long_output_is_cut_and_it_says_so(each_tier: Tool, text: str, times: int) -> None:
    result = await call(each_tier, f"print({text!r} * {times})")
    cut = times > 1
    assert result.error is None
    assert result.truncated is cut
    assert (text * times).startswith(result.output.rstrip("\N{REPLACEMENT CHARACTER}\n"))
    assert MOST_SHOWN - 3 <= len(result.output.encode()) <= MOST_SHOWN + 3 or not cut
    assert ("cut here" in each_tier.read(result)) is cut


async def test_a_program_gets_no_more_time_than_the_settings_give(each_tier: Tool) -> None:
    short = make_tool(Tiers(ToolSettings(code="monty", code_s=0.3), no_cell))
    result = await call(short, "while True: pass", timeout_s=600)
    assert result.error is not None
    assert "limit" in result.error


@pytest.mark.parametrize(
    "code", ["raise ValueError('\\ud800')", "'\\ud800' + 1", "print('\\ud800')"]
)
async def test_half_a_character_harms_nobody(each_tier: Tool, code: str) -> None:
    result = await call(each_tier, code)
    assert result.model_dump_json()
    assert each_tier.read(result).encode()


async def test_the_line_that_failed_is_told(each_tier: Tool) -> None:
    result = await call(each_tier, "x = 1\ndef f():\n    return x / 0\nf()")
    assert result.error is not None
    for part in ("line 3, in f", "return x / 0", "ZeroDivisionError: division by zero"):
        assert part in result.error
    assert "ZeroDivisionError" in each_tier.read(result)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"code": ""},
        {"code": "a" * 100_001},
        {"code": "1", "language": "javascript"},
        {"code": "1", "timeout_s": 0},
        {"code": "1", "timeout_s": "inf"},
        {"code": "1", "folder": "/"},
        {"code": "x = '\ud800'"},
    ],
)
def test_what_cannot_be_asked(given: dict[str, Any]) -> None:
    tool = make_tool(Tiers(ToolSettings()))
    with pytest.raises(InvalidInput):
        arguments_from(tool.name, tool.arguments, given)


async def test_a_model_reads_what_came_of_it() -> None:
    tool = make_tool(Tiers(ToolSettings(), no_cell))
    assert tool.read(await call(tool, "print('a')\n2")) == "a\nResult: 2"
    assert tool.read(await call(tool, "x = 1")) == "It printed nothing."
    assert "lacks: the module statistics" in tool.read(await call(tool, "import statistics"))
