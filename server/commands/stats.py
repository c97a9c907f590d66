"""`pointsman stats`: the ledger, summed."""

import argparse
import csv
import io
from typing import Any

from server.commands.command import DONE, Command, Context

HEAD = (
    *("", "requests", "cost", "saved by cache", "by routing", "tokens"),
    *("hits", "errors", "p50 ms", "p95 ms"),
)


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default="7d", metavar="7d", help="7d, 24h, 30m, 2w, all, a date")
    parser.add_argument("--by", metavar="day,model", help="group by: day hour model provider ...")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true")
    form.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    arguments: dict[str, Any] = {"since": given.since}
    if given.by:
        arguments["group_by"] = given.by.split(",")
    result = await use_tool(context, "cost_stats", arguments)
    if given.json:
        context.say_json(result)
    elif given.csv:
        context.say(_csv(result), end="")
    else:
        context.say(bill(context, result))
    return DONE


def bill(context: Context, stats: dict[str, Any]) -> str:
    """A table: a line for each group, then the totals."""
    totals = stats["totals"]
    rows = [_cells(" ".join(_group(row, totals)), row) for row in stats["rows"]]
    table = [HEAD, *rows, _cells("total", totals)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in table]
    lines[0], lines[-1] = context.paint(lines[0], "dim"), context.paint(lines[-1], "bold")
    return "\n".join([*lines, *(context.paint(w, "yellow") for w in stats["warnings"] or ())])


def _group(row: dict[str, Any], totals: dict[str, Any]) -> list[str]:
    """What a row has that the totals have not: the values it is grouped by."""
    return ["-" if value is None else str(value) for key, value in row.items() if key not in totals]


def _cells(name: str, m: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        f"{m['requests']}",
        f"${m['cost_usd']:.6f}",
        f"${m['saved_by_cache_usd']:.6f}",
        f"${m['saved_by_routing_usd']:.6f}",
        f"{m['input_tokens']}+{m['output_tokens']}",
        f"{m['cache_hit_rate']:.0%}",
        f"{m['error_rate']:.1%}",
        "-" if m["p50_ms"] is None else f"{m['p50_ms']:.0f}",
        "-" if m["p95_ms"] is None else f"{m['p95_ms']:.0f}",
    )


def _csv(stats: dict[str, Any]) -> str:
    rows = stats["rows"] or [stats["totals"]]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


COMMAND = Command("what was spent and saved", _declare, _run)
