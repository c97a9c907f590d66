"""Runs Python that a model wrote, where it can reach nothing.

The code is interpreted by pydantic-monty in a worker process that is started for it with an empty
environment and killed at the end. It has no files, no network and no way to start anything. What
it can do is a part of Python: no generators, no `del`, few modules. Code that needs more is
neither right nor wrong here, and `Verdict.lacks` says what it needs.
"""

import builtins
import importlib
import os
import re
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from pointsman.seams import Value, Verdict

MOST_MEMORY = 16 * 1024 * 1024  # bytes, of the program's values
MOST_OUTPUT = 64 * 1024  # bytes printed
MOST_RECURSION = 500
GRACE_S = 1.0  # from the program's time limit to the end of its process

_UNSUPPORTED = re.compile(r"NotImplementedError: (The monty syntax parser.*|Wildcard imports.*)")
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
_REACHING_OUT = {"input", "exit", "quit", "breakpoint", "help"}  # nothing to offer anywhere


async def run_code(source: str, expressions: Sequence[str], timeout_s: float) -> Verdict:
    """What `source` printed, and what each expression then comes to, within `timeout_s` in all.

    What `source` defined before it failed stands. Never raises; cancelling kills the program.
    """
    try:
        monty, binary = await anyio.to_thread.run_sync(_find_monty)
    except ImportError:
        return _nothing("pydantic-monty is not installed")
    printed = monty.CollectString(MOST_OUTPUT)
    ran: list[Value] = []  # the program itself, then the expressions
    gone: str | None = None
    with anyio.move_on_after(timeout_s + GRACE_S) as scope:
        try:
            async with (
                monty.AsyncMonty(
                    binary_path=binary, max_processes=1, request_timeout=timeout_s + GRACE_S / 2
                ) as pool,
                pool.checkout(limits=_limits(timeout_s), os_policy={"sleep": "zero"}) as session,
            ):
                for code in (source, *expressions):
                    ran.append(await _feed(monty, session, code, printed))  # noqa: PERF401
        except (monty.MontyCrashedError, OSError) as error:
            gone = f"the program was ended: {_line(error)}"
    if scope.cancelled_caught:
        gone = f"the program took longer than {timeout_s:g} s"
    ran += [Value(error=gone)] * (1 + len(expressions) - len(ran))
    lacking = (_lacking(value.error) for value in ran)
    return Verdict(
        values=tuple(ran[1:]),
        output=printed.output,
        error=gone or ran[0].error,
        lacks=next((what for what in lacking if what), None),
    )


def _find_monty() -> tuple[Any, Path | None]:
    """The library, and the worker's program where it was installed beside it."""
    binary = Path(sysconfig.get_path("scripts"), "monty.exe" if os.name == "nt" else "monty")
    return importlib.import_module("pydantic_monty"), binary if binary.is_file() else None


async def _feed(monty: Any, session: Any, code: str, printed: Any) -> Value:
    """What `code` comes to; what it raises is its error.

    Raises:
        MontyCrashedError: the process is gone.
    """
    try:
        return Value(await session.feed_run(code, print_callback=printed))
    except monty.MontyCrashedError:
        raise
    except (monty.MontyError, TypeError, ValueError) as error:  # the last: of no form in Python
        return Value(error=_line(error))


def _limits(timeout_s: float) -> dict[str, Any]:
    return {
        "max_feed_duration_secs": timeout_s,
        "max_memory": MOST_MEMORY,
        "max_recursion_depth": MOST_RECURSION,
        "max_total_sleep_secs": 0.0,
    }


def _lacking(error: str | None) -> str | None:
    """What Python has and the sandbox has not, if that is why the program failed."""
    if error is None:
        return None
    if unsupported := _UNSUPPORTED.match(error):
        return unsupported.group(1)
    if (module := _NO_MODULE.match(error)) and module[1].split(".")[0] in sys.stdlib_module_names:
        return f"the module {module[1]}"
    name = _NO_NAME.match(error)
    if name and hasattr(builtins, name[1]) and name[1] not in _REACHING_OUT:
        return f"the name {name[1]}"
    return None


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


def _nothing(lacks: str) -> Verdict:
    return Verdict(values=(), output="", error=lacks, lacks=lacks)
