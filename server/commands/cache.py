"""`pointsman cache`: what it was worth, what is in it, and keeping it well."""

import argparse
from pathlib import Path
from typing import Any

import orjson

from pointsman.errors import InvalidInput
from server.commands.cache_files import backup, probe, read_text, restore, verify
from server.commands.command import DONE, FAILED, Command, Context
from server.commands.progress import live_progress

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
GROUPS = "layer kind category scope model"
HEAD = ("", "requests", "hits", "rate", "exact", "semantic", "adapted", "stale", "saved")


def _declare(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        made.add_argument(
            "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS,
            help="a pointsman.toml to use",
        )  # fmt: skip
        made.add_argument("--json", action="store_true")
        return made

    stats = action("stats", "hits, savings, the answers served most, and how full each layer is")
    stats.add_argument("--since", default="7d", metavar="7d", help="7d, 24h, 30m, 2w, all, a date")
    stats.add_argument("--by", metavar="layer,kind", help=f"group by: {GROUPS}")
    stats.add_argument("--top", type=int, default=10, metavar="10", help="answers to name")
    _declare_changes(action)
    _declare_files(action)


def _declare_changes(action: Any) -> None:
    purge = action("purge", "forget answers; all that is given must fit")
    purge.add_argument("--scope", metavar="S", help="public, department:NAME or user:NAME")
    purge.add_argument("--model", metavar="M", help="that gave them: its id, or provider/model")
    purge.add_argument("--prefix", metavar="P", help="of their keys")
    purge.add_argument("--older-than", metavar="7d", help="7d, 24h, 30m, 90s")
    purge.add_argument("--all", action="store_true", help="every answer")
    warm = action("warm", "ask prompts now, so that they are answered from cache later")
    warm.add_argument(
        "file", nargs="?", metavar="FILE",
        help="a prompt a line, or JSON lines of {prompt}; - reads standard input",
    )  # fmt: skip
    warm.add_argument(
        "--history", type=int, metavar="N",
        help="renew the N most used answers that are stale, or soon will be",
    )  # fmt: skip
    warm.add_argument("--model", metavar="M", help="to ask; with --history: that was asked")
    warm.add_argument(
        "--max-cost", type=float, metavar="USD", help="of all of it; 0.25 if not said"
    )
    warm.add_argument("--concurrency", type=int, metavar="2", help="prompts asked at once")
    report = action("report", "say that an answer from the cache was wrong: it is deleted")
    report.add_argument("hit", nargs="?", metavar="HIT_ID", help="from `cache` of the answer")
    report.add_argument("--decision", metavar="ID", help="your last hit on that decision's answer")
    report.add_argument("--key", metavar="KEY", help="the answer's key, as `stats` shows it")
    report.add_argument("--outdated", action="store_true", help="it was right once")
    action("gc", "delete now what has passed its time or is over the size limit")


def _declare_files(action: Any) -> None:
    asked = action("probe", "which pairs of prompts would share an answer; nothing is called")
    asked.add_argument(
        "--pairs", type=Path, required=True, metavar="IN.jsonl", help="lines of {id, a, b}"
    )
    asked.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where the results go")
    kept = action("backup", "copy the cache to a file, also while it is in use")
    kept.add_argument("path", type=Path, metavar="PATH")
    kept.add_argument("--overwrite", action="store_true", help="a file that is there already")
    looked = action(
        "verify", "read every answer of the cache, or of a backup, and count the damaged"
    )
    looked.add_argument("path", type=Path, nargs="?", metavar="PATH")
    back = action("restore", "put a backup in place of the cache; no Pointsman may be running")
    back.add_argument("path", type=Path, metavar="PATH")


async def _run(context: Context) -> int:
    actions = {
        "stats": _stats,
        "purge": _purge,
        "warm": _warm,
        "report": _report,
        "gc": _gc,
        "probe": probe,
        "backup": backup,
        "verify": verify,
        "restore": restore,
    }
    return await actions[context.arguments.action](context)


async def _stats(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    arguments: dict[str, Any] = {"since": given.since, "top": given.top}
    if given.by:
        arguments["group_by"] = given.by.split(",")
    result = await use_tool(context, "cache_stats", arguments)
    context.tell(result, stats_text(context, result))
    return DONE


def stats_text(context: Context, stats: dict[str, Any]) -> str:
    """A table of the groups, the answers served most, and a line for all that remains."""
    totals, layers = stats["totals"], stats["layers"]
    rows = [_cells(" ".join(_group(row, totals)), row) for row in stats["rows"]]
    table = [HEAD, *rows, _cells("total", totals)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in table]
    lines[0], lines[-1] = context.paint(lines[0], "dim"), context.paint(lines[-1], "bold")
    for top in stats["top"]:
        name = context.plain(top["prompt"]) if top["prompt"] else context.paint(top["key"], "dim")
        lines.append(f"{top['hits']:>6}x  ${top['saved_usd']:.6f}  {top['last']}  {name}")
    for again in stats["reasked"]:
        often = f"asked again after {_span(again['median_s'])} (median of {again['n']})"
        lines.append(f"{again['category'] or '-'}: {often}")
    if totals["false_hit_reports"]:
        rate = totals["false_hit_rate"] or 0
        told = f"{totals['false_hit_reports']} semantic hits reported as wrong ({rate:.2%})"
        lines.append(context.paint(told, "yellow"))
    for purge in stats["purges"]:
        what = context.plain(purge["what"])
        lines.append(f"{purge['at']}  {purge['by']} purged {what}: {purge['removed']} answers")
    lines.append(
        f"memory {layers['memory_items']} answers, {_size(layers['memory_bytes'])}; redis "
        f"{layers['redis']}; database {layers['database_items']} answers, "
        f"{_size(layers['database_bytes'])}, {layers['damaged']} found damaged, "
        f"{layers['failures']} failures; {layers['semantic_items']} prompts compared"
    )
    return "\n".join(lines)


def _group(row: dict[str, Any], totals: dict[str, Any]) -> list[str]:
    """What a row has that the totals have not: the values it is grouped by."""
    return ["-" if value is None else str(value) for key, value in row.items() if key not in totals]


def _cells(name: str, m: dict[str, Any]) -> tuple[str, ...]:
    counts = (f"{m[kind]}" for kind in HEAD[4:8])
    saved = f"${m['saved_usd']:.6f}"
    return (name, f"{m['requests']}", f"{m['hits']}", f"{m['hit_rate']:.1%}", *counts, saved)


def _span(seconds: float) -> str:
    for unit in ("w", "d", "h", "m"):
        if seconds >= 2 * SECONDS[unit]:
            return f"{seconds / SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.0f}s"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


async def _purge(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    wishes = {"scope": given.scope, "model": given.model, "prefix": given.prefix}
    arguments: dict[str, Any] = {k: v for k, v in wishes.items() if v is not None}
    if given.older_than is not None:
        arguments["older_than_s"] = _seconds(given.older_than)
    if given.all:
        arguments["all"] = True
    if not arguments:
        raise InvalidInput(
            "Say what to forget: --scope, --model, --prefix or --older-than; or --all."
        )
    result = await use_tool(context, "cache_purge", arguments)
    context.tell(result, f"Forgot {result['removed']} answers.")
    return DONE


def _seconds(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if unit not in SECONDS or not number.isdecimal():
        raise InvalidInput(f"{text[:40]!r} is no span of time.", hint="Write 90s, 30m, 24h or 7d.")
    return float(int(number) * SECONDS[unit])


async def _warm(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    if given.file is None and given.history is None:
        raise InvalidInput("Give a FILE of prompts, or --history N.")
    wishes = {
        "prompts": None if given.file is None else prompts(await read_text(given.file)),
        "from_history": given.history,
        "model": given.model,
        "max_usd": given.max_cost,
        "concurrency": given.concurrency,
    }
    arguments = {name: value for name, value in wishes.items() if value is not None}
    with live_progress(context) as progress:
        result = await use_tool(context, "cache_warm", arguments, progress=progress)
    context.tell(result, _warmed(result))
    for problem in result["problems"]:
        context.hint(f"pointsman: {context.plain(problem)}")
    return FAILED if result["failed"] or result["not_asked"] else DONE


def prompts(text: str) -> list[str]:
    """The prompts in a file: one a line, or a JSON object a line with one under `prompt`.

    Raises:
        InvalidInput: a line is neither, or there is none.
    """
    found = [
        _prompt(line, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()
    ]
    if not found:
        raise InvalidInput("There is no prompt in the file.")
    return found


def _prompt(line: str, number: int) -> str:
    if not line.lstrip().startswith("{"):
        return line.strip()
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"Line {number} is not JSON: {error}.") from error
    prompt = row.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidInput(f"Line {number} has no 'prompt'.")
    return prompt


def _warmed(r: dict[str, Any]) -> str:
    text = (
        f"Asked {r['asked']} prompts for ${r['cost_usd']:.6f}: {r['stored']} answers stored, "
        f"{r['hits']} were there, {r['failed']} failed."
    )
    if r["not_asked"]:
        text += f" {r['not_asked']} not asked: their worst cost is over the limit (--max-cost)."
    return text


async def _report(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    names = {"hit_id": given.hit, "decision_id": given.decision, "key": given.key}
    arguments: dict[str, Any] = {k: v for k, v in names.items() if v is not None}
    if len(arguments) != 1:
        raise InvalidInput("Say which answer: a HIT_ID, --decision ID, or --key KEY.")
    if given.outdated:
        arguments["reason"] = "outdated"
    result = await use_tool(context, "cache_report_wrong", arguments)
    removed = "The answer was deleted." if result["removed"] else "The answer was gone already."
    more = " Prompts like it now need more certainty." if result["tightened"] else ""
    context.tell(result, removed + more)
    return DONE


async def _gc(context: Context) -> int:
    from server.reach import use_tool

    result = await use_tool(context, "cache_gc", {})
    freed = _size(max(result["bytes_before"] - result["bytes"], 0))
    left = f"{result['items']} are left, in {_size(result['bytes'])}"
    context.tell(result, f"Deleted {result['removed']} answers and freed {freed}; {left}.")
    return DONE


COMMAND = Command("hits, savings and upkeep of the cache", _declare, _run)
