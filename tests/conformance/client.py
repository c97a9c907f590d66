"""A client for the official suite: our attachments, pointed at the scenario's server.

`python -m tests.conformance.client URL`. It calls every tool that is offered: with the arguments
that the scenario hands over, else with some that the tool's schema allows. Forms are accepted with
their defaults.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from agent.attach.attachments import Attachments, open_attachments
from agent.attach.config import read_config
from agent.tool import AgentTool, Use
from pointsman.seams import Clock

SAMPLES = {"integer": 3, "number": 3.5, "boolean": True, "array": [], "object": {}, "null": None}
PATIENCE_S = 20.0


async def accept(_server: str, _message: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: one.get("default", sample(one)) for name, one in properties.items()}


def sample(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    return SAMPLES.get(str(schema.get("type")), "a text")


def arguments(tool: AgentTool) -> dict[str, Any]:
    properties: Any = tool.spec.parameters.get("properties") or {}
    return {name: sample(schema) for name, schema in properties.items()}


async def exercise(attachments: Attachments, context: Mapping[str, Any]) -> None:
    tools = {tool.own_name: tool for tool in await found(attachments)}
    told: Sequence[Mapping[str, Any]] = context.get("toolCalls", ())
    calls = [(one["name"], one.get("arguments", {})) for one in told if one["name"] in tools]
    named = {name for name, _ in calls}
    calls += [(name, arguments(tool)) for name, tool in tools.items() if name not in named]
    async with anyio.create_task_group() as tasks:
        for name, given in calls:
            tasks.start_soon(show, tools[name], given)


async def found(attachments: Attachments) -> Sequence[AgentTool]:
    """What is offered; a first connection that failed is waited for once more, as a run would."""
    tools = await attachments.tools(wait_s=PATIENCE_S)
    (status,) = attachments.statuses()
    if not tools and status.state == "failed":
        await anyio.sleep(1)
        tools = await attachments.tools(wait_s=PATIENCE_S)
    return tools


async def show(tool: AgentTool, given: Mapping[str, Any]) -> None:
    result = await tool.run(given, Use(call_id="c", run_id="r"))
    verdict = "error" if result.is_error else "ok"
    print(f"{tool.own_name}: {verdict}: {result.text[:200]}", file=sys.stderr)  # noqa: T201


async def main(url: str, context: Mapping[str, Any], revision: str, home: Path) -> None:
    # The suite says which wire the scenario is about: servers of the older one are not probed.
    era = "auto" if revision >= "2026" else "legacy"
    entry = {"url": url, "protocolEra": era}
    configs = read_config(json.dumps({"mcpServers": {"suite": entry}}), {}, "the suite")
    clock = Clock(monotonic=time.monotonic, wall=time.time)
    async with open_attachments(
        configs,
        clock,
        pins=home / "pins.json",
        environ={},
        random=Random(0),
        idle_s=PATIENCE_S,
        elicit=accept,
    ) as attachments:
        await exercise(attachments, context)
        for status in attachments.statuses():
            print(status, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    handed = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    spoken = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION") or "2026-07-28"
    with TemporaryDirectory() as folder:
        anyio.run(partial(main, sys.argv[-1], handed, spoken, Path(folder)))
