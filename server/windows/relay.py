"""A window's side of the wire: carries its messages to an engine, and outlives the engine."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

import anyio
import orjson
from anyio.abc import SocketStream

from pointsman.errors import EngineGone, PointsmanError, RateLimited
from server.windows.handshake import Snapshot
from server.windows.lines import MAX_LINE
from server.windows.link import Link
from server.windows.messages import (
    PARSE_ERROR,
    Id,
    Message,
    NotAMessage,
    error_line,
    notification_line,
    parse,
    refusal_line,
    result_line,
)

ENDED = EngineGone("The Pointsman engine ended while this call was under way.", hint="Try again.")
AWAY = EngineGone(
    "The Pointsman engine did not come up in time.",
    hint="Try again; `pointsman doctor` says what is wrong.",
)
LISTEN = "subscriptions/listen"
FULL = RateLimited("Too much waits for the engine.", hint="Wait for some answers first.")
MOST_REQUESTS = 1000
REPLAY = "pointsman-handshake"


@dataclass(slots=True)
class Asked:
    """A request of the window that has no answer yet."""

    message: Message
    since: float
    sent: bool = False

    def mark_sent(self) -> None:
        """From here on a tool call is never sent again: what it carried is let go."""
        self.sent = True
        if self.message.method == "tools/call":
            self.message = self.message.without_content()


class Relay:
    """What one window has asked for, and which engine, if any, it is linked to."""

    def __init__(
        self, write: Callable[[bytes], Awaitable[None]], snapshot: Snapshot | None = None
    ) -> None:
        self._write = write
        self._snapshot = snapshot
        self._asked: dict[Id, Asked] = {}
        self._handshake: Message | None = None  # the `initialize` that was answered
        self._initialized: bytes | None = None  # the notification that followed it
        self._engine: SocketStream | None = None
        self._to_engine = anyio.Lock()
        self._to_window = anyio.Lock()
        self._questions: dict[str, Id] = {}  # the engine's requests: our id for the window -> its
        self._numbers = count(1)
        self._quiet = anyio.Event()

    # --- from the window

    async def from_window(self, line: bytes | None) -> None:
        """Take one line of the window; None stands for one that was too long to hold."""
        if line is not None and not line.strip():
            return
        try:
            if line is None:
                raise NotAMessage(PARSE_ERROR, "Parse error: the message is too long.")
            message = parse(line)
        except NotAMessage as error:
            await self._tell(error_line(error.id, error.code, str(error)))
            return
        if message.kind == "request":
            await self._request(message)
        elif message.kind == "notification":
            await self._notification(message)
        elif (theirs := self._questions.pop(str(message.id), None)) is not None:
            await self._pass_on(orjson.dumps({**message.body, "id": theirs}))

    async def _request(self, message: Message) -> None:
        if self._engine is None and (known := self._from_snapshot(message)) is not None:
            await self._tell(result_line(message.id, known))
            return
        if self._full(message):
            await self._tell(refusal_line(message, FULL))
            return
        asked = Asked(message, anyio.current_time())
        self._asked[message.id] = asked
        self._quiet = anyio.Event()
        async with self._to_engine:
            await self._send_asked(asked)

    def _full(self, message: Message) -> bool:
        held = sum(len(asked.message.line) for asked in self._asked.values())
        return len(self._asked) >= MOST_REQUESTS or held + len(message.line) > 2 * MAX_LINE

    def _from_snapshot(self, message: Message) -> object | None:
        if self._snapshot is None:
            return None
        known = self._snapshot.answer(message, self._handshake)
        if known is not None and message.method == "initialize":
            self._handshake = message
        return known

    async def _notification(self, message: Message) -> None:
        if message.method == "notifications/initialized":
            self._initialized = message.line
        elif message.method == "notifications/cancelled":
            asked = self._forget(message.params.get("requestId"))
            if asked is None or not asked.sent:
                return
        await self._pass_on(message.line)

    async def _pass_on(self, line: bytes) -> None:
        """Send what only the engine now linked to can make sense of."""
        async with self._to_engine:
            await self._send(line)

    # --- to and from the engine

    async def carry(self, link: Link) -> None:
        """Serve the window over `link` until the engine ends it."""
        async with link.stream:
            try:
                await self._greet(link.stream)
                async for line in link.lines:
                    if line is not None:
                        await self._from_engine(line)
            finally:
                self._engine = None
        await self._lost()

    async def _greet(self, stream: SocketStream) -> None:
        """Bring a new engine to where the last one was, then send what waits."""
        async with self._to_engine:
            self._engine = stream
            if self._handshake is not None:
                await self._send(orjson.dumps({**self._handshake.body, "id": REPLAY}))
                if self._initialized is not None:
                    await self._send(self._initialized)
            for asked in list(self._asked.values()):
                await self._send_asked(asked)

    async def _send_asked(self, asked: Asked) -> None:
        if self._engine is not None and not asked.sent:
            line = asked.message.line
            asked.mark_sent()
            await self._send(line)

    async def _send(self, line: bytes) -> None:
        if self._engine is None:
            return
        try:
            await self._engine.send(line + b"\n")
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._engine = None  # `carry` is about to read the end of it

    async def _from_engine(self, line: bytes) -> None:
        try:
            message = parse(line)
        except NotAMessage:
            if b'"draining"' in line:  # it answers what it has, and takes no more
                self._engine = None
            return  # else half a line: the engine died while it wrote
        if message.kind == "request":
            await self._question(message)
            return
        if message.kind == "response":
            if message.id == REPLAY:
                return
            asked = self._forget(message.id)
            if asked and asked.message.method == "initialize" and "result" in message.body:
                self._handshake = asked.message
        await self._tell(line + b"\n")

    async def _question(self, message: Message) -> None:
        """Ask the window under an id of our own: the next engine would count from 1 again."""
        ours = f"pointsman-{next(self._numbers)}"
        self._questions[ours] = message.id
        await self._tell(orjson.dumps({**message.body, "id": ours}) + b"\n")

    # --- when there is no engine

    async def _lost(self) -> None:
        """Settle what the lost engine was busy with: a call may have had effects, a read none."""
        for asked in list(self._asked.values()):
            if asked.sent and asked.message.method == "tools/call":
                await self._refuse(asked, ENDED)
            asked.sent = False
        for ours in list(self._questions):
            del self._questions[ours]
            await self._tell(notification_line("notifications/cancelled", {"requestId": ours}))

    async def refuse_waiting(self, patience_s: float, error: PointsmanError = AWAY) -> None:
        """Give up on the requests that have waited longer than `patience_s` for an engine."""
        now = anyio.current_time()
        for asked in list(self._asked.values()):
            if not asked.sent and now - asked.since >= patience_s:
                await self._refuse(asked, error)

    async def until_quiet(self) -> None:
        """Wait until every request has its answer."""
        if not self._calm():
            await self._quiet.wait()

    async def _refuse(self, asked: Asked, error: PointsmanError) -> None:
        if self._forget(asked.message.id) is not None:
            await self._tell(refusal_line(asked.message, error))

    def _forget(self, id: object) -> Asked | None:
        asked = self._asked.pop(id, None) if isinstance(id, str | int) else None
        if self._calm():
            self._quiet.set()
        return asked

    def _calm(self) -> bool:
        """Whether nothing is asked that will be answered by itself."""
        return all(asked.message.method == LISTEN for asked in self._asked.values())

    async def _tell(self, line: bytes) -> None:
        async with self._to_window:
            await self._write(line)
