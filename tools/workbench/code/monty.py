"""Tier 1: pydantic-monty, an interpreter of a part of Python, in a worker process.

The process is started for one program with an empty environment, and killed at the end. It has
no files, no network and no way to start anything; sleeping takes no time in it.
"""

import importlib
import os
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from tools.workbench.code.lacking import missing
from tools.workbench.code.outcome import MOST_PRINTED, MOST_SHOWN, Limits, Outcome, clean

GRACE_S = 1.0  # from the program's time limit to the end of its process
MOST_RECURSION = 1_000


class NotInstalled(Exception):
    """There is no pydantic-monty here."""


@dataclass(frozen=True, slots=True)
class Fed:
    """What one piece of code came to."""

    value: object = None
    error: str | None = None  # one line
    trace: str | None = None  # the same, with the lines it came from


@dataclass(frozen=True, slots=True)
class Ran:
    fed: tuple[Fed, ...]  # one for each piece of code
    output: str
    gone: str | None  # why the process ended before the last piece did


async def feed_monty(
    codes: Sequence[str], limits: Limits, *, recursion: int, most_output: int
) -> Ran:
    """What each of `codes` came to, one after another in one session.

    What one defined before it failed stands for the next. Cancelling kills the process.

    Raises:
        NotInstalled: there is no interpreter.
    """
    try:
        monty, binary = await anyio.to_thread.run_sync(_find_monty)
    except ImportError as error:
        raise NotInstalled("pydantic-monty is not installed") from error
    printed = monty.CollectString(most_output)
    fed: list[Fed] = []
    gone: str | None = None
    whole_s = limits.seconds + GRACE_S
    with anyio.move_on_after(whole_s) as scope:
        try:
            async with (
                monty.AsyncMonty(
                    binary_path=binary, max_processes=1, request_timeout=whole_s - GRACE_S / 2
                ) as pool,
                pool.checkout(
                    limits=_limits(limits, recursion), os_policy={"sleep": "zero"}
                ) as session,
            ):
                for code in codes:
                    fed.append(await _feed(monty, session, code, printed))  # noqa: PERF401
        except (monty.MontyCrashedError, OSError) as error:
            gone = f"the program was ended: {_line(error)}"
    if scope.cancelled_caught:
        gone = f"the program took longer than {limits.seconds:g} s"
    fed += [Fed(error=gone)] * (len(codes) - len(fed))
    return Ran(tuple(fed), printed.output, gone)


async def run_monty(code: str, limits: Limits) -> Outcome:
    """What became of `code`; cancelling kills it.

    Raises:
        NotInstalled: there is no interpreter.
    """
    ran = await feed_monty([code], limits, recursion=MOST_RECURSION, most_output=MOST_PRINTED)
    (fed,) = ran.fed
    error = ran.gone or fed.trace or fed.error
    shown = ran.output.encode(errors="replace")[:MOST_SHOWN].decode(errors="ignore")
    return Outcome(
        output=shown,
        result=_shown(fed.value),
        error=error and clean(error),
        truncated=len(shown) < len(ran.output),
        lacks=missing(fed.error),
    )


def _find_monty() -> tuple[Any, Path | None]:
    """The library, and the worker's program where it was installed beside it."""
    binary = Path(sysconfig.get_path("scripts"), "monty.exe" if os.name == "nt" else "monty")
    return importlib.import_module("pydantic_monty"), binary if binary.is_file() else None


async def _feed(monty: Any, session: Any, code: str, printed: Any) -> Fed:
    """What `code` comes to; what it raises is its error.

    Raises:
        MontyCrashedError: the process is gone.
    """
    try:
        return Fed(await session.feed_run(code, print_callback=printed))
    except monty.MontyCrashedError:
        raise
    except (monty.MontyRuntimeError, monty.MontySyntaxError) as error:
        return Fed(error=_line(error), trace=error.display().strip())
    except (monty.MontyError, TypeError, ValueError) as error:  # the last: of no form in Python
        return Fed(error=_line(error))


def _limits(limits: Limits, recursion: int) -> dict[str, Any]:
    return {
        "max_feed_duration_secs": limits.seconds,
        "max_memory": limits.memory_bytes,
        "max_recursion_depth": recursion,
        "max_total_sleep_secs": 0.0,
    }


def _shown(value: object) -> str | None:
    """The value as Python writes it, where it is plain data."""
    plain = isinstance(value, str | bytes | int | float | complex | list | tuple | dict | set)
    try:
        return clean(repr(value)) if plain else None
    except ValueError:  # an integer of too many digits
        return None


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
