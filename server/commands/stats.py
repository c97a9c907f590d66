"""`pointsman stats`: the ledger, summed."""

import argparse
import csv
import io
from typing import Any

from server.commands.command import DONE, Command, Context

MEASURES = ("requests", "cost_usd", "saved_by_cache_usd", "saved_by_routing_usd", "input_tokens",
            "output_tokens", "cache_hit_rate", "error_rate", "p50_ms", "p95_ms")  # fmt: skip


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
    """The totals, and a line for each group."""
    lines = [context.paint(_line("total", stats["totals"]), "bold")]
    lines += [_line(_name(row), row) for row in stats["rows"]]
    if unpriced := stats["totals"]["unpriced_requests"]:
        lines.append(
            context.paint(f"{unpriced} calls went to models whose price is not known.", "yellow")
        )
    return "\n".join(lines)


def _name(row: dict[str, Any]) -> str:
    return " ".join(str(row[key]) for key in row if key not in MEASURES and "unp" not in key
                    and "unrec" not in key)  # fmt: skip


def _line(name: str, m: dict[str, Any]) -> str:
    p50 = "-" if m["p50_ms"] is None else f"{m['p50_ms']:.0f}"
    p95 = "-" if m["p95_ms"] is None else f"{m['p95_ms']:.0f}"
    return (
        f"{name}: {m['requests']} requests, ${m['cost_usd']:.6f}, saved "
        f"${m['saved_by_cache_usd']:.6f} by cache and ${m['saved_by_routing_usd']:.6f} by routing, "
        f"{m['input_tokens']}+{m['output_tokens']} tokens, {m['cache_hit_rate']:.0%} hits, "
        f"{m['error_rate']:.1%} errors, p50 {p50} ms, p95 {p95} ms"
    )


def _csv(stats: dict[str, Any]) -> str:
    rows = stats["rows"] or [stats["totals"]]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


COMMAND = Command("what was spent and saved", _declare, _run)
