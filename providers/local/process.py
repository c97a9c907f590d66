"""The host's side of one worker process: start it, ask it, hear its events, end it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from math import inf
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

Event = dict[str, Any]
LAST = ("done", "cancelled", "error")  # of the events of one call
MAX_LINE = 64 * 1024 * 1024
# By file and isolated: it imports what this process would, and nothing from the user's folder.
OURS = str(Path(__file__).parents[2])
COMMAND = (sys.executable, "-I", "-X", "utf8", str(Path(__file__).with_name("worker.py")))


class Question:
    """A call under way in the worker: its events as they come, and whether it is over."""

    def __init__(self, call: int, on_end: Callable[[], None]) -> None:
        self.id = call
        self.ended = anyio.Event()  # it holds no slot any more
        self.over = anyio.Event()  # it ended, or its caller left
        self._on_end = on_end
        # Unbounded, and still bounded: by the tokens of one answer.
        self._send, self.events = anyio.create_memory_object_stream[Event](inf)

    @property
    def left(self) -> bool:
        return self.over.is_set()

    def leave(self) -> None:
        """The caller wants no more of it."""
        self.over.set()
        self.events.close()

    def hear(self, event: Event) -> None:
        with suppress(anyio.BrokenResourceError):  # nobody listens any more
            self._send.send_nowait(event)

    def end(self) -> None:
        """No more events come; whoever waits for one sees the end of the stream."""
        self._send.close()
        self.ended.set()
        self.over.set()
        self._on_end()


class WorkerProcess:
    """Open it with `open_worker`."""

    def __init__(self, process: Process) -> None:
        self.pid = process.pid
        self.over = anyio.Event()  # it is gone, or is to go
        self.questions: dict[int, Question] = {}
        self._process = process
        self._next = 1
        self._send, self._outgoing = anyio.create_memory_object_stream[Event](inf)
        self._hear, self._control = anyio.create_memory_object_stream[Event](inf)

    async def started(self) -> Event:
        """Its `ready` or `failed` event.

        Raises:
            anyio.EndOfStream: it died before that.
        """
        async with self._control:
            return await self._control.receive()

    def ask(self, on_end: Callable[[], None] = lambda: None, **data: Any) -> Question:
        """A completion under way; `on_end` is called once, when it no longer holds a slot."""
        question = Question(self._next, on_end)
        self._next += 1
        self.questions[question.id] = question
        self.tell("complete", id=question.id, **data)
        if self.over.is_set():
            self._finish(question.id)
        return question

    def tell(self, op: str, **data: Any) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._send.send_nowait({"op": op, **data})

    async def write(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was opened as a pipe
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async with self._outgoing:
                async for message in self._outgoing:
                    await stdin.send(json.dumps(message).encode() + b"\n")

    async def read(self) -> None:
        """Hand out events until the process ends, or says what no worker says."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        lines = BufferedByteReceiveStream(self._process.stdout)
        try:
            while True:
                self._route(json.loads(await lines.receive_until(b"\n", MAX_LINE)))
        except (anyio.IncompleteRead, anyio.DelimiterNotFound, OSError):
            pass
        except (ValueError, LookupError, TypeError, AttributeError):  # no event of ours
            pass
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
            pass
        finally:
            self.close()

    def _route(self, event: Event) -> None:
        call = event.get("id")
        if call is None:
            self._hear.send_nowait(event)
        elif question := self.questions.get(call):
            question.hear(event)
            if event["event"] in LAST:
                self._finish(call)

    def close(self) -> None:
        """Nothing more comes from it: every question ends."""
        self.over.set()
        self._send.close()
        self._hear.close()
        for call in list(self.questions):
            self._finish(call)

    def forget(self) -> None:
        """It is dead: let go of what might still have been sent or read."""
        self.close()
        self._outgoing.close()
        self._control.close()

    def _finish(self, call: int) -> None:
        self.questions.pop(call).end()


@asynccontextmanager
async def open_worker(
    start: Event, *, command: Sequence[str] = COMMAND
) -> AsyncIterator[WorkerProcess]:
    """A worker that has been told to load the model of `start`; it is killed on the way out."""
    process = await anyio.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    worker = WorkerProcess(process)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.write)
            tasks.start_soon(worker.read)
            worker.tell("start", path=[OURS, *sys.path], **start)
            yield worker
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await process.aclose()
        worker.forget()
