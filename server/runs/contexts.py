"""Conversations that grow too long: shortened in a run, and by the `context_*` tools."""

from collections.abc import Sequence
from functools import partial

from agent.context.service import ContextService
from agent.context.window import Window
from agent.loop.seams import Compact
from pointsman.agent_settings import ContextStrategy
from pointsman.agents import RunHead
from pointsman.errors import NotFound
from routing.dispatch import Dispatcher
from storage.runs import CONTEXT
from storage.runs import Runs as RunTable
from tools.context import context_tools
from tools.tool import Tool


def compact_of(
    dispatcher: Dispatcher, table: RunTable, strategy: ContextStrategy, run_id: str
) -> Compact:
    """What makes the conversation of that run shorter; the originals are kept with the run."""
    window = Window(
        keep=partial(table.keep, run_id),
        kept=partial(table.kept, run_id),
        new_id=dispatcher.new_id,
        clock=dispatcher.clock,
        complete=dispatcher.complete,
        strategy=strategy,
    )
    return window.compact


def context_of(dispatcher: Dispatcher, table: RunTable) -> Sequence[Tool]:
    """The tools that shorten conversations; the originals are kept as a run of their own is."""

    async def keep(principal: str, handle: str, text: str) -> None:
        at = dispatcher.clock.wall()
        head = RunHead(id=handle, principal=principal, task="", started_at=at, status="completed")
        await table.begin(head)
        await table.keep(handle, handle, text)

    async def kept(principal: str, handle: str) -> str | None:
        try:
            await table.events(handle, principal)
        except NotFound:
            return None
        return await table.kept(handle, handle)

    service = ContextService(
        complete=dispatcher.complete,
        keep=keep,
        kept=kept,
        new_id=lambda: f"{CONTEXT}{dispatcher.new_id()}",
        clock=dispatcher.clock,
    )
    return context_tools(service.compress, service.restore)
