"""`pointsman quality`: how good code is, for a person, a program or a build."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from pointsman.errors import ConfigError, InvalidInput
from server.commands.command import DONE, FAILED, Command, Context
from server.commands.stopping import until_told

if TYPE_CHECKING:
    from quality.examining import Examination
    from tools.quality.bench import Bench

SHOWN = 50  # findings, unless more are wanted


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a file or folder")
    parser.add_argument("--new-since", metavar="REF", help="judge what changed since a git ref")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--fail-on", choices=("gate",), help="exit 1 when the gate fails")
    parser.add_argument("--limit", type=int, default=SHOWN, metavar="N", help="findings shown")
    parser.add_argument("--coverage", type=Path, action="append", metavar="FILE")
    parser.add_argument("--sarif", type=Path, action="append", metavar="FILE", help="read it too")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="findings that are known")
    parser.add_argument("--write-baseline", action="store_true", help="what is found is known")
    parser.add_argument("--ask", metavar="QUESTION", help="answered from what was measured")


async def _run(context: Context) -> int:
    given = context.arguments
    if given.limit < 0:
        raise InvalidInput("--limit counts findings: give 0 or more.")
    await anyio.to_thread.run_sync(_check, given)
    return await until_told(partial(_done, context))


def _check(given: argparse.Namespace) -> None:
    """
    Raises:
        InvalidInput: a file that was named is not there: without it, the gate would ask for less.
    """
    named = [*(given.coverage or ())]
    if given.baseline and not given.write_baseline:
        named.append(given.baseline)
    for path in named:
        if not path.exists():
            raise InvalidInput(f"There is no file {path}.")


async def _done(context: Context) -> int:
    given = context.arguments
    examination, text = await _examined(context)
    if given.output:
        await anyio.to_thread.run_sync(_write, given.output, text + "\n")
        context.hint(f"pointsman: wrote {given.output}")
    else:
        context.say(text)
    failed = examination.judgement.gate.status == "failed"
    return FAILED if failed and given.fail_on else DONE


async def _examined(context: Context) -> "tuple[Examination, str]":
    """The examination, and the report of it in the form that was asked for."""
    from server.quality_bench import open_bench

    await anyio.to_thread.run_sync(_make, context.home)
    async with open_bench(context.settings, context.home, context.environ, None) as bench:
        examination = await _examine(context, bench)
        if context.arguments.write_baseline:
            await anyio.to_thread.run_sync(_keep, bench, examination, _changes(context))
        return examination, await _report(context, examination)


async def _examine(context: Context, bench: "Bench") -> "Examination":
    """What the path holds: whoever runs the command may read what they name."""
    from tools.tool import Caller

    tree = await bench.tree_at(Path(context.arguments.path))
    return await bench.look(
        tree, None, Caller(), ref=context.arguments.new_since, changes=_changes(context)
    )


def _changes(context: Context) -> dict[str, Any]:
    """What the command says otherwise than the settings; its paths are from where it is run."""
    given = context.arguments
    changes: dict[str, Any] = {}
    for name in ("coverage", "sarif"):
        if paths := getattr(given, name):
            changes[name] = tuple(str(path.absolute()) for path in paths)
    if given.baseline:
        changes["baseline"] = str(given.baseline.absolute())
    return changes


def _keep(bench: "Bench", examination: "Examination", changes: dict[str, Any]) -> None:
    from quality.rating.allowed.baseline import write_baseline

    place = examination.tree.root / changes.get("baseline", bench.settings.baseline)
    write_baseline(place, examination.judgement.findings)


async def _report(context: Context, examination: "Examination") -> str:
    from server.quality_report import written
    from tools.quality.answering import answered
    from tools.quality.telling import quality_result

    given = context.arguments
    if given.format == "sarif":
        return await anyio.to_thread.run_sync(_sarif, examination)
    answer = await answered(given.ask, examination) if given.ask else None
    if given.format == "json":
        result = quality_result(examination, first=None, answer=answer)
        told: str = result.model_dump_json(indent=2)
        return told
    colour = context.colour and not given.output
    return written(examination, colour=colour, limit=given.limit, answer=answer)


def _sarif(examination: "Examination") -> str:
    import json

    from pointsman import __version__
    from quality.sarif.writing import sarif_log

    report, judgement = examination.report, examination.judgement
    log = sarif_log(report, judgement, examination.tree.root, __version__)
    return json.dumps(log, indent=1)


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"The home {home} cannot be made: {error.strerror}.") from error


def _write(place: Path, text: str) -> None:
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror}.") from error


COMMAND = Command("how good code is: gate, ratings, findings", _declare, _run)
