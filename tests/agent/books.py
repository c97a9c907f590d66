"""A book of runs in memory, which keeps what the real one keeps and refuses what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio.lowlevel

from pointsman.agents import RunHead, RunStatus
from pointsman.errors import NotFound, StorageFailed


@dataclass
class MemoryRuns:
    runs: dict[str, RunHead] = field(default_factory=dict[str, RunHead])
    journals: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])
    texts: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    async def begin(self, head: RunHead) -> None:
        await anyio.lowlevel.checkpoint()
        if head.id in self.runs:
            raise StorageFailed(f"There is a run {head.id}.")
        self.runs[head.id] = head
        self.journals[head.id] = []

    async def append(self, run_id: str, number: int, event: bytes, status: RunStatus) -> None:
        if number != len(self.journals[run_id]):
            raise StorageFailed(f"Event {number} of run {run_id} is written already.")
        self.journals[run_id].append(event)
        self.runs[run_id] = replace(self.runs[run_id], status=status)
        await anyio.lowlevel.checkpoint()  # who leaves while it is written takes nothing back

    async def events(self, run_id: str, principal: str) -> Sequence[bytes]:
        await anyio.lowlevel.checkpoint()
        head = self.runs.get(run_id)
        if head is None or head.principal != principal:
            raise NotFound(f"There is no run {run_id}.")
        return list(self.journals[run_id])

    async def heads(self, principal: str, limit: int) -> Sequence[RunHead]:
        mine = [head for head in self.runs.values() if head.principal == principal]
        return sorted(mine, key=lambda head: head.started_at, reverse=True)[:limit]

    async def keep(self, run_id: str, handle: str, text: str) -> None:
        await anyio.lowlevel.checkpoint()
        self.texts[run_id, handle] = text

    async def kept(self, run_id: str, handle: str) -> str | None:
        return self.texts.get((run_id, handle))
