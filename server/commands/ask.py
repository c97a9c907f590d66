"""`pointsman ask`: one routed, cached completion."""

import argparse
import sys
from typing import Any, get_args

from pointsman.errors import InvalidInput
from pointsman.records import Prefer
from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="the question; - reads standard input")
    parser.add_argument(
        "--model", default="auto", metavar="M", help="auto, a model, provider/model"
    )
    parser.add_argument("--prefer", choices=get_args(Prefer), default="balanced")
    parser.add_argument("--session", metavar="S", help="turns of one session belong together")
    parser.add_argument("--system", metavar="TEXT", help="how the model should behave")
    parser.add_argument("--max-tokens", type=int, metavar="N")
    parser.add_argument("--max-cost", type=float, metavar="USD", help="never spend more on this")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show text as it comes",
    )


async def _run(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    stream = context.colour if given.stream is None else given.stream
    if given.json or not stream:
        result = await use_tool(context, "complete", _arguments(given))
        context.say_json(result) if given.json else context.say(result["text"])
    else:

        async def show(text: str) -> None:
            context.say(text, end="")

        result = await use_tool(context, "complete", _arguments(given), show)
        context.say("")
    if sys.stderr.isatty() and not given.json:
        context.hint(context.paint(receipt(result), "dim"))
    for warning in result.get("warnings") or ():
        context.hint(f"pointsman: {warning}")
    return DONE


def receipt(result: dict[str, Any]) -> str:
    """One line: who answered, what it cost, where it came from."""
    cost = result["cost_usd"]
    price = "price unknown" if cost is None else f"${cost:.6f}"
    cache = result["cache"]
    origin = f"{cache['kind']} hit in {cache['layer']}" if cache["hit"] else "miss"
    saved = f", saved ${result['saved_usd']:.6f}" if result["saved_usd"] else ""
    return (
        f"[{result['provider']}/{result['model']} | {price}{saved} | cache {origin} | "
        f"{result['latency_ms']:.0f} ms | {result['decision_id']}]"
    )


def _arguments(given: argparse.Namespace) -> dict[str, Any]:
    prompt = sys.stdin.read() if given.prompt == "-" else given.prompt
    if not prompt.strip():
        raise InvalidInput("The prompt is empty: say what you want answered.")
    arguments: dict[str, Any] = {
        "prompt": prompt,
        "model": given.model,
        "prefer": given.prefer,
        "session_id": given.session,
        "system": given.system,
        "max_tokens": given.max_tokens,
        "max_cost_usd": given.max_cost,
        "cache": "off" if given.no_cache else "use",
    }
    return {name: value for name, value in arguments.items() if value is not None}


COMMAND = Command("ask a question: one routed, cached completion", _declare, _run)
