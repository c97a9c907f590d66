"""The main job, end to end: a real MCP client over stdio, the real server, a real local model."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

SERVER = Path(sys.executable).with_name("pointsman")
QUESTION = "Write a one-line Python function that returns the factorial of n. Code only."


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> tuple[Any, str, float]:
    """The structured result of `tool`, its text, and the round trip in milliseconds."""
    started = time.perf_counter()
    result = await client.call_tool(tool, arguments)
    elapsed_ms = (time.perf_counter() - started) * 1000
    text = "\n".join(getattr(part, "text", "") for part in result.content)
    if result.is_error:
        raise SystemExit(f"{tool} failed: {text}")
    return result.structured_content, text, elapsed_ms


async def main() -> None:
    started = time.perf_counter()
    server = StdioServerParameters(command=str(SERVER), args=["serve"], env=dict(os.environ))
    async with Client(server) as client:
        tools = await client.list_tools()
        ready_ms = (time.perf_counter() - started) * 1000
        say(f"tools after {ready_ms:.0f} ms", ", ".join(tool.name for tool in tools.tools))
        asked = {"prompt": QUESTION, "max_tokens": 400, "temperature": 0}

        answer, text, elapsed_ms = await call(client, "complete", {**asked, "cache": "refresh"})
        say(f"complete, {elapsed_ms:.0f} ms: {QUESTION}", text)
        say("its receipt", receipt(answer))

        _, text, _ = await call(client, "route", asked)
        say("route: why that model", text)

        answer, _, elapsed_ms = await call(client, "complete", asked)
        say(f"the same question again, {elapsed_ms:.1f} ms round trip", receipt(answer))
        if not answer["cache"]["hit"]:
            raise SystemExit("the second call was no cache hit")

        _, text, _ = await call(client, "cost_stats", {"since": "1h", "group_by": ["model"]})
        say("the bill of the last hour", text)


def say(title: str, text: str) -> None:
    indented = "\n".join(f"   {line}" for line in text.splitlines())
    sys.stdout.write(f"\n-- {title}\n{indented}\n")
    sys.stdout.flush()


def receipt(answer: dict[str, Any]) -> str:
    usage, cache = answer["usage"], answer["cache"]
    cost = "unknown" if answer["cost_usd"] is None else f"${answer['cost_usd']:.6f}"
    tried = ", ".join(f"{a['provider']}/{a['model']}: {a['outcome']}" for a in answer["attempts"])
    found = f"{cache['kind']} hit in {cache['layer']}" if cache["hit"] else "miss"
    return (
        f"model {answer['provider']}/{answer['model']} (local: {answer['local']})\n"
        f"tokens {usage['input_tokens']} in, {usage['output_tokens']} out; cost {cost}; "
        f"saved ${answer['saved_usd']:.6f}\n"
        f"cache {found}; attempts: {tried or 'none'}\n"
        f"decision {answer['decision_id']}"
    )


if __name__ == "__main__":
    anyio.run(main)
