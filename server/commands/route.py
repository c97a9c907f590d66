"""`pointsman route`: why a prompt would go where; nothing is called."""

import argparse
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import anyio
import orjson

from pointsman.errors import ConfigError, InvalidInput, PointsmanError
from pointsman.evidence import Prefer
from server.commands.command import DONE, FAILED, USAGE, Command, Context
from server.supposing import read_routing, what_if
from tools.routed import told

Plan = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prompt", nargs="?", metavar="PROMPT", help="the prompt; - reads standard input"
    )
    parser.add_argument("--model", default="auto", metavar="M")
    parser.add_argument("--prefer", choices=get_args(Prefer))
    parser.add_argument("--max-cost", type=float, metavar="USD")
    parser.add_argument("--deadline-ms", type=int, metavar="MS")
    parser.add_argument("--user", metavar="NAME", help="whose preferences hold")
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
    _declare_files(parser)
    _declare_suppositions(parser)


def _declare_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch", type=Path, metavar="IN.jsonl", help="lines of {id, prompt or messages}"
    )
    parser.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where --batch writes")
    parser.add_argument(
        "--replay",
        metavar="SINCE",
        help="decide the ledger's calls since then (7d, 24h, all) again: under --routing, or each "
        "profile",
    )


def _declare_suppositions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--routing", type=Path, metavar="FILE", help="suppose this file's [routing] section"
    )
    parser.add_argument(
        "--what-if", type=Path, metavar="FILE.toml", help="suppose [prices] [breakers] [routing]"
    )
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="MODEL=IN,OUT",
        help="suppose a price in USD per million tokens",
    )
    parser.add_argument(
        "--breaker", action="append", default=[], metavar="MODEL=STATE", help="suppose it open"
    )


async def _run(context: Context) -> int:
    given = context.arguments
    ways = (given.prompt, given.batch, given.replay)
    if sum(way is not None for way in ways) != 1:
        raise InvalidInput("Give one of a PROMPT, --batch IN.jsonl, and --replay SINCE.")
    if given.out is not None and given.batch is None:
        raise InvalidInput("--out is for --batch; this prints its result.")
    if given.replay is not None:
        return await _replay(context)
    asked = await _asked(given)
    if given.batch is not None:
        return await _batch(context, asked)
    from server.reach import use_tool

    prompt = sys.stdin.read() if given.prompt == "-" else given.prompt
    result = await use_tool(context, "route", {**asked, "prompt": prompt})
    context.tell(result, told(result))
    return DONE


async def _asked(given: argparse.Namespace) -> dict[str, Any]:
    """What the flags say of a call, as the tool takes it."""
    asked = {
        "model": given.model,
        "prefer": given.prefer,
        "max_cost_usd": given.max_cost,
        "deadline_ms": given.deadline_ms,
        "user": given.user,
        "what_if": await what_if(given),
    }
    return {name: value for name, value in asked.items() if value is not None}


async def _replay(context: Context) -> int:
    """Decide the ledger's calls again; an engine that runs on the home is not in the way."""
    given = context.arguments
    if given.what_if or given.price or given.breaker:
        raise InvalidInput("--replay supposes a --routing FILE, no prices and no breakers.")
    # Only now: numbers take half a second to import.
    from server.replaying import replayed, tried

    if given.routing is None:
        routing = context.settings.routing
        result = await tried(context.home, given.replay, routing, time.time())
    else:
        routing = await read_routing(given.routing)
        result = await replayed(context.home, given.replay, routing, time.time())
    context.tell(result, "\n".join(result["told"]))
    return DONE if result.get("replay") or result.get("trials") else FAILED


async def _batch(context: Context, asked: Mapping[str, Any]) -> int:
    """Route every line of a file; a line that cannot be routed says so and stops nothing.

    What the flags ask for holds where a line says nothing else.
    """
    from server.planning import open_plan

    source, target = context.arguments.batch, context.arguments.out
    try:
        lines = (await anyio.Path(source).read_text(encoding="utf-8-sig")).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source} cannot be read: {error}.") from error
    failed = 0
    results: list[dict[str, Any]] = []
    async with open_plan(context.settings, context.home, context.environ) as plan:
        for number, line in enumerate(lines, 1):
            if line.strip():
                results.append(await _routed(plan, asked, line, number))
                failed += "error" in results[-1]
    text = "".join(orjson.dumps(r).decode() + "\n" for r in results)
    if target is None:
        context.say(text, end="")
    else:
        try:
            await anyio.Path(target).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{target} cannot be written: {error.strerror}.") from error
    return USAGE if failed else DONE


async def _routed(plan: Plan, asked: Mapping[str, Any], line: str, number: int) -> dict[str, Any]:
    name: Any = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            raise InvalidInput(f"Line {number} is not a JSON object.")
        name = row.pop("id", None)
        result: dict[str, Any] = await plan({**asked, **row})
    except (orjson.JSONDecodeError, PointsmanError) as error:
        return {"id": name, "error": f"line {number}: {error}"}
    result.pop("candidates")
    return {"id": name, **result}


COMMAND = Command("show where a prompt would go and why; nothing is called", _declare, _run)
