"""`pointsman bench`: how good, fast and dear each model is."""

import argparse
from contextlib import nullcontext
from typing import Any, get_args

from pointsman.records import Category
from server.commands.command import DONE, FAILED, Command, Context
from server.commands.progress import live_progress

HEAD = (
    *("category", "model", "quality", "speed", "cost", "final"),
    *("latency", "$ a task", "tasks", "at"),
)
LEFT = 2  # columns that are words


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=("run", "latest", "history"),
        default="run",
        help="run the suites (the default), or show the latest scores or the last runs",
    )
    parser.add_argument(
        "--category", action="append", choices=get_args(Category), help="may be given again"
    )
    parser.add_argument("--model", action="append", metavar="M", help="may be given again")
    parser.add_argument("--max-cost", type=float, metavar="USD", help="of the whole run")
    parser.add_argument("-n", type=int, default=10, metavar="10", help="results of the history")
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    arguments: dict[str, Any] = {"action": given.action, "n": given.n}
    wishes = {"categories": given.category, "models": given.model, "max_cost_usd": given.max_cost}
    arguments |= {name: value for name, value in wishes.items() if value is not None}
    with live_progress(context) if given.action == "run" else nullcontext() as progress:
        result = await use_tool(context, "benchmark", arguments, progress=progress)
    context.tell(result, table(context, result["results"]))
    for skipped in result["skipped"] or ():
        context.hint(
            f"pointsman: {skipped['model']}, {skipped['category']}: "
            f"{skipped['tasks']} tasks not completed: {skipped['reason']}"
        )
    if given.action != "run":
        return DONE
    context.hint(f"pointsman: the run cost ${result['spent_usd']:.6f} at most")
    return DONE if result["results"] else FAILED


def table(context: Context, results: list[dict[str, Any]]) -> str:
    """A line for each result, as they come."""
    if not results:
        return "Nothing has been measured."
    rows = [HEAD, *map(_cells, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if at < LEFT else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([context.paint(lines[0], "dim"), *lines[1:]])


def _cells(result: dict[str, Any]) -> tuple[str, ...]:
    cost_usd = result["cost_usd"]
    return (
        result["category"],
        f"{result['provider']}/{result['model']}",
        *(f"{result[name]:.0f}" for name in ("quality", "speed", "cost", "final")),
        f"{result['latency_ms']:.0f} ms",
        "?" if cost_usd is None else f"{cost_usd:.6f}",
        f"{result['completed']}/{result['n']}",
        result["at"],
    )


COMMAND = Command("measure the models, or show what was measured", _declare, _run)
