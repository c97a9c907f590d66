"""The command line: reads the arguments, runs one command, turns its end into an exit code."""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio

from pointsman import __version__
from pointsman.errors import PointsmanError
from server.commands.command import DONE, EXIT_CODES, FAILED, INTERRUPTED, Command, Context

COMMANDS = (
    *("serve", "ask", "agent", "route", "quality", "stats", "models", "doctor", "init", "config"),
    "bench",
    "experiment",
    "session",
    "learning",
    "cache",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every failure that can be explained is one paragraph, never a traceback."""
    if sys.stdout is None:  # it was closed before we began: what it is told is lost
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 -- for the process
    parser, commands = _parser()
    arguments = parser.parse_args(argv)
    command = commands[arguments.command]
    context = Context(arguments, dict(os.environ), colour=sys.stdout.isatty())
    uvloop = bool(getattr(arguments, "http", False))
    try:
        return anyio.run(command.run, context, backend_options={"use_uvloop": uvloop})
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        return DONE
    except Exception as error:  # noqa: BLE001 -- the outermost edge
        return _explain(error, verbose=context.verbose)


def _explain(error: Exception, *, verbose: bool) -> int:
    """Say what went wrong in one paragraph; the exit code."""
    told = next((e for e in _leaves(error) if isinstance(e, PointsmanError)), None)
    if told is not None:
        sys.stderr.write(f"pointsman: {told}\n")
        return EXIT_CODES.get(told.code, FAILED)
    if verbose:
        traceback.print_exception(error)
    leaf = next(_leaves(error))
    sys.stderr.write(
        f"pointsman: failed inside ({type(leaf).__name__}); "
        "POINTSMAN_LOG__LEVEL=debug shows where. "
        "Please report it.\n"
    )
    return FAILED


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in `error`, which a task group may have bundled."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Command]]:
    parser = argparse.ArgumentParser(
        prog="pointsman",
        description="Routes, caches and accounts for every model call: an MCP server and its "
        "command line.",
        epilog="Exit codes: 0 done, 1 what was asked about failed, 2 wrong usage or "
        "configuration, 3 no backend could answer.",
    )
    parser.add_argument("--version", action="version", version=f"pointsman {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help="a pointsman.toml to use")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands: dict[str, Command] = {}
    for name in COMMANDS:
        command: Command = importlib.import_module(f"server.commands.{name}").COMMAND
        commands[name] = command
        sub = subparsers.add_parser(
            name, parents=[shared], help=command.help, description=command.help
        )
        command.declare(sub)
    return parser, commands
