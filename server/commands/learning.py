"""`pointsman learning`: what was learned of each model, and forgetting it."""

import argparse
from typing import Any, get_args

from pointsman.records import Category
from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["show", "reset"], nargs="?", default="show")
    parser.add_argument("--model", metavar="M", help="only this one: its id, or provider/model")
    parser.add_argument("--category", choices=get_args(Category), help="only this one")
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    arguments = {"action": given.action, "model": given.model, "category": given.category}
    chosen = {name: value for name, value in arguments.items() if value is not None}
    result = await use_tool(context, "learning", chosen)
    context.tell(result, _told(context, result))
    return DONE


def _told(context: Context, result: dict[str, Any]) -> str:
    """A line for each thing that was learned, the rest around it."""
    lines: list[str] = []
    if result["forgotten"] is not None:
        lines.append(f"Forgotten; {result['forgotten']} ratings no longer count.")
    lines += [_line(context, row) for row in result["rows"]]
    if result["satisfaction"] is not None:
        answers = result["rated"] + result["unrated"]
        lines.append(
            f"{result['satisfaction']:.0%} of {answers} answers in 30 days pleased, "
            f"{result['rated']} of them by rating."
        )
    return "\n".join(lines) or "Nothing was learned yet: rate answers with the `feedback` tool."


def _line(context: Context, row: dict[str, Any]) -> str:
    term = f"{row['learned']:+.3f}"
    colour = "red" if row["learned"] < 0 else "green"
    place = f"{row['category']}/{row['band']}"
    notes = context.paint("; ".join(row["notes"]), "dim")
    return f"{place:<16} {context.paint(term, colour)}  {context.plain(row['model'])}  {notes}"


COMMAND = Command("what was learned of each model; forget it", _declare, _run)
