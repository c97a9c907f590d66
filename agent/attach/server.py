"""One attached server: connected by a task of its own, and connected again when it is lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread

from agent.attach.backoff import pause
from agent.attach.config import ServerConfig
from agent.attach.failure import Failed
from agent.attach.offers import Offers, sort_out
from agent.attach.pins import Pins
from agent.attach.traces import Traces
from agent.attach.waiting import within
from agent.tool import Progress, ToolResult
from pointsman.seams import Clock
from pointsman.types import Json

if TYPE_CHECKING:  # the SDK takes a second to import, which a thread does
    from agent.attach.link import Elicit, Link, OpenLink

TRIES = 8  # in a row, before it is left alone until a run asks for it again
STEADY_S = 30.0  # a connection that stood so long starts the counting anew
AGAIN_S = 30.0  # a server that was given up is not asked for again sooner
STALE_S = 60.0  # a list that says nothing of its age, of a server that tells nothing of changes
State = Literal["idle", "connecting", "ready", "failed", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """How an attached server is doing."""

    name: str
    state: State  # idle: no run has asked for it yet
    since: float  # wall clock
    problem: str | None = None  # why it is not ready
    tools: int = 0
    protocol: str | None = None  # the revision that is spoken
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # tools that are not offered, each with the reason


def untold(_status: Attached) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all attached servers share."""

    clock: Clock
    random: Random
    environ: Mapping[str, str]  # of which programs see a few harmless variables
    pins: Pins
    idle_s: float  # of a call without a sign of life
    elicit: "Elicit | None" = None
    told: Callable[[Attached], None] = untold  # of every change, for a log


class Server:
    """The supervisor of one entry. `run` is its task; all else may be called from anywhere."""

    def __init__(self, config: ServerConfig, around: Surroundings) -> None:
        self.config = config
        self.offers = Offers()
        self.traces = Traces()
        self._around = around
        self._link: Link | None = None
        self._protocol: str | None = None
        self._wanted = anyio.Event()
        self._stale = anyio.Event()
        self._settled = anyio.Event()
        self._expires = float("inf")
        off = config.disabled or config.where is None
        self._problem = config.problem
        self._state: State = "idle"
        self._since = around.clock.wall()
        if off:
            self._become("disabled" if config.disabled else "failed", config.problem)

    @property
    def status(self) -> Attached:
        return Attached(
            name=self.config.name,
            state=self._state,
            since=self._since,
            problem=self._problem,
            tools=len(self.offers.definitions),
            protocol=self._protocol,
            notes=self.config.notes,
            left_out=self.offers.left_out,
        )

    @property
    def _can_start(self) -> bool:
        return not self.config.disabled and self.config.where is not None

    def want(self) -> None:
        """Connect, if that was not begun; look again at a list that has grown old."""
        if not self._can_start:
            return
        given_up = self._state == "failed" and not self._wanted.is_set()
        if given_up and self._around.clock.wall() - self._since < AGAIN_S:
            return
        if not self._wanted.is_set():
            self._become("connecting")
            self._wanted.set()
        elif self._state == "ready" and self._around.clock.monotonic() >= self._expires:
            self._look_again()

    async def settled(self) -> None:
        """Wait until it is known what it offers, or that it cannot be reached."""
        await self._settled.wait()

    async def run(self) -> None:
        """Stay connected for as long as it is wanted; ends by cancellation only."""
        failures = 0
        while self._can_start:
            await self._wanted.wait()
            begun = self._around.clock.monotonic()
            self._become("connecting", self._problem)
            lasting, problem = await self._session()
            steady = self._around.clock.monotonic() - begun >= STEADY_S
            failures = 1 if steady else failures + 1
            self.offers = Offers(left_out=self.offers.left_out)
            if not lasting or failures >= TRIES:
                failures = 0
                self._wanted = anyio.Event()
            self._become("failed", problem)
            if self._wanted.is_set():
                await self._around.clock.sleep(pause(failures, self._around.random))

    async def call(
        self, tool: str, digest: str, arguments: Mapping[str, Json], progress: Progress
    ) -> ToolResult:
        """What the tool gave back. The call is not made if the tool is no longer what was offered,
        or has changed and nobody accepted that."""
        link, definition = self._link, self.offers.definitions.get(tool)
        if link is None or link.lost.is_set():
            return self._error(f"is not connected: {self._problem or 'it is being started'}")
        if definition is None or definition.digest != digest:
            return self._error(f"no longer offers {tool!r} as it was described; look at it again")
        if tool in self.offers.changes:
            return self._error(f"has changed {tool!r}, and nobody has accepted that")
        idle_s = self.config.idle_s or self._around.idle_s
        result = await within(
            self._around.clock,
            idle_s,
            lambda alive: link.call(tool, arguments, alive),
            progress,
        )
        if result is None:
            return self._error(f"gave no sign of life for {idle_s:g} s; the call was cancelled")
        return result

    async def accept(self, tool: str, digest: str) -> None:
        """Take the definition with that digest as it is from now on, if it still is the one."""
        definition = self.offers.definitions.get(tool)
        if definition is not None and definition.digest == digest:
            await self._around.pins.accept(self.config.identity, definition)
            changes = {name: text for name, text in self.offers.changes.items() if name != tool}
            self.offers = Offers(self.offers.definitions, changes, self.offers.left_out)

    def _error(self, what: str) -> ToolResult:
        return ToolResult(text=f"The server {self.config.name!r} {what}.", is_error=True)

    async def _session(self) -> tuple[bool, str]:
        """Connect and stay so; in the end, whether to try again, and what went wrong."""
        open_link = await anyio.to_thread.run_sync(_load)
        around = self._around
        try:
            async with open_link(
                self.config, around.environ, self.traces, around.elicit, self._look_again
            ) as link:
                self._protocol = link.protocol
                await self._serve(link)
        except Failed as failed:
            return failed.again, failed.problem
        finally:
            self._link = None
        return True, "the connection was lost"

    async def _serve(self, link: "Link") -> None:
        async with anyio.create_task_group() as tasks:
            await self._list(link)
            self._link = link
            if link.is_modern and link.tells_of_changes:
                tasks.start_soon(link.watch, self._look_again)
            tasks.start_soon(self._relist, link)
            await link.lost.wait()
            tasks.cancel_scope.cancel()

    async def _relist(self, link: "Link") -> None:
        while True:
            await self._stale.wait()
            await self._list(link)

    async def _list(self, link: "Link") -> None:
        self._stale = anyio.Event()
        listing = await link.listing()
        definitions, left_out = sort_out(listing.tools)
        changes = await self._around.pins.check(self.config.identity, definitions)
        if listing.cut:
            left_out += ("it offers more tools than are taken",)
        self.offers = Offers({one.tool: one for one in definitions}, changes, left_out)
        fresh_s = listing.fresh_s or (float("inf") if link.tells_of_changes else STALE_S)
        self._expires = self._around.clock.monotonic() + fresh_s
        self._become("ready")

    def _look_again(self) -> None:
        self._stale.set()
        self._unsettle()

    def _unsettle(self) -> None:
        if self._settled.is_set():  # else there are some who wait for this very one
            self._settled = anyio.Event()

    def _become(self, state: State, problem: str | None = None) -> None:
        if state != self._state:
            self._since = self._around.clock.wall()
        self._state, self._problem = state, problem
        if state == "connecting":
            self._unsettle()
        else:
            self._settled.set()
        self._around.told(self.status)


def _load() -> "OpenLink":
    import_module("jsonschema.validators")  # the SDK would, in the loop, at a structured result
    from agent.attach.link import open_link

    return open_link
