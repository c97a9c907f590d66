"""`pointsman ask`: one routed, cached completion."""

import argparse
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, get_args

from pointsman.errors import InvalidInput
from pointsman.records import Prefer
from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", help="the question; - reads standard input")
    parser.add_argument(
        "--model", default="auto", metavar="M", help="auto, a model, provider/model"
    )
    parser.add_argument("--prefer", choices=get_args(Prefer))
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
    given = context.arguments
    stream = context.colour if given.stream is None else given.stream
    result = await _ask(context, _arguments(given), stream=stream and not given.json)
    if given.json:
        context.say_json(result)
    elif sys.stderr.isatty():
        context.hint(context.paint(receipt(result), "dim"))
    for warning in result.get("warnings") or ():
        context.hint(f"pointsman: {warning}")
    return DONE


async def _ask(context: Context, arguments: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """The result of `complete`; its text is shown as it comes if `stream`, else at the end."""
    from server.reach import use_tool

    with _waiting() as stop_waiting:
        if not stream:
            result: dict[str, Any] = await use_tool(context, "complete", arguments)
            stop_waiting()
            if not context.arguments.json:
                context.say(context.plain(result["text"]))
            return result

        async def show(text: str) -> None:
            stop_waiting()
            context.say(context.plain(text), end="")

        result = await use_tool(context, "complete", arguments, show)
        context.say("")
        return result


@contextmanager
def _waiting() -> Generator[Callable[[], None], None, None]:
    """A sign of life on a terminal, until the function that is given is called."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console

    with Console(stderr=True).status("waiting for the first word...") as status:
        yield status.stop


def receipt(result: dict[str, Any]) -> str:
    """One line: who answered, what it cost, where it came from."""
    price = receipt_of_cost(result["cost_usd"])
    cache = result["cache"]
    origin = f"{cache['kind']} hit in {cache['layer']}" if cache["hit"] else "miss"
    saved = f", saved ${result['saved_usd']:.6f}" if result["saved_usd"] else ""
    return (
        f"[{result['provider']}/{result['model']} | {price}{saved} | cache {origin} | "
        f"{result['latency_ms']:.0f} ms | {result['decision_id']}]"
    )


def receipt_of_cost(cost_usd: float | None) -> str:
    return "price unknown" if cost_usd is None else f"${cost_usd:.6f}"


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
