"""`pointsman route`: why a prompt would go where; nothing is called."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import orjson

from pointsman.errors import ConfigError, InvalidInput, PointsmanError
from server.commands.command import DONE, USAGE, Command, Context

Plan = Callable[[Mapping[str, Any]], dict[str, Any]]


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", nargs="?", metavar="PROMPT")
    parser.add_argument("--model", default="auto", metavar="M")
    parser.add_argument("--prefer", default="balanced", metavar="P")
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
    parser.add_argument(
        "--batch", type=Path, metavar="IN.jsonl", help="lines of {id, prompt or messages}"
    )
    parser.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where --batch writes")


async def _run(context: Context) -> int:
    given = context.arguments
    if given.batch is not None:
        return await _batch(context, given.batch, given.out)
    if given.prompt is None:
        raise InvalidInput("Give a PROMPT, or --batch IN.jsonl.")
    from server.reach import use_tool

    asked = {"prompt": given.prompt, "model": given.model, "prefer": given.prefer}
    result = await use_tool(context, "route", asked)
    context.tell(result, explain(context, result))
    return DONE


def explain(context: Context, route: dict[str, Any]) -> str:
    """A route for a person: the choice, then every candidate with its factors."""
    complexity = route["complexity"]
    where = f"{route['provider']}/{route['model']}" if route["model"] else "nowhere"
    lines = [
        f"{context.paint(where, 'bold')}  {route['category']} "
        f"({route['category_confidence']:.0%}), {complexity['band4']} ({complexity['score']:.2f}), "
        f"strong tier needed {route['p_strong']:.0%}",
        f"stages: {' > '.join(route['stages'])}",
    ]
    for c in route["candidates"]:
        factors = " ".join(f"{n} {v:+.3f}" for n, v in c["factors"].items() if v)
        detail = factors if c["eligible"] else context.paint(f"refused: {c['reason']}", "yellow")
        lines.append(f"  {c['score']:+.3f}  {c['provider']}/{c['model']}  {detail}")
    return "\n".join(lines)


async def _batch(context: Context, source: Path, target: Path | None) -> int:
    """Route every line of `source`; a line that cannot be routed says so and stops nothing."""
    from server.planning import open_plan

    try:
        lines = (await anyio.Path(source).read_text(encoding="utf-8-sig")).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source} cannot be read: {error}.") from error
    failed = 0
    results: list[dict[str, Any]] = []
    async with open_plan(context.settings, context.home, context.environ) as plan:
        for number, line in enumerate(lines, 1):
            if line.strip():
                results.append(_routed(plan, line, number))
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


def _routed(plan: Plan, line: str, number: int) -> dict[str, Any]:
    name: Any = None
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            raise InvalidInput(f"Line {number} is not a JSON object.")
        name = row.pop("id", None)
        result: dict[str, Any] = plan(row)
    except (orjson.JSONDecodeError, PointsmanError) as error:
        return {"id": name, "error": f"line {number}: {error}"}
    result.pop("candidates")
    return {"id": name, **result}


COMMAND = Command("show where a prompt would go and why; nothing is called", _declare, _run)
