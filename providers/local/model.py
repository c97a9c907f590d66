"""One local model as the server sees it: loaded when needed, queued for, restarted, let go."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from pointsman.seams import Clock
from pointsman.settings import LocalSettings
from pointsman.types import Readiness
from providers.local.gguf import Unusable
from providers.local.process import Event, Question, WorkerProcess

OpenWorker = Callable[[Event], AbstractAsyncContextManager[WorkerProcess]]
Find = Callable[[], Awaitable[Path]]  # the checked model file; raises Unusable
GRACE_S = 3.0  # a cancelled call may take this long to leave its slot: a batch of the prompt


class Busy(Exception):
    """Every slot and every place in the queue is taken."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("busy")
        self.retry_after_s = retry_after_s


class LocalModel:
    """One worker process at most, in the task group that it was given."""

    def __init__(
        self,
        name: str,
        settings: LocalSettings,
        find: Find,
        open_worker: OpenWorker,
        tasks: TaskGroup,
        clock: Clock,
        grace_s: float,
    ) -> None:
        self.state: Readiness = "cold"
        self.problem: str | None = None  # why it is `failed`
        self.worker: WorkerProcess | None = None  # while it is `ready`
        self._name = name
        self._settings = settings
        self._find = find
        self._open_worker = open_worker
        self._tasks = tasks
        self._clock = clock
        self._grace_s = grace_s
        self._slots = anyio.Semaphore(settings.slots)
        self._inside = 0  # calls that wait, run, or were cancelled and still hold a slot
        self._used_at = clock.monotonic()
        self._call_s = 1.0  # the last call took
        self._settled = anyio.Event()  # no longer loading
        self._gone = anyio.Event()  # the process has ended
        self._gone.set()

    def load(self) -> None:
        """Begin to load, unless it is loaded or loading; `settled` waits for the end of it."""
        if self.state in ("cold", "failed") and self._gone.is_set():
            self._to("loading")
            self._settled, self._gone = anyio.Event(), anyio.Event()
            self._tasks.start_soon(self._live)

    def forgive(self) -> None:
        """Forget a failure, for its cause may be gone."""
        if self.state == "failed":
            self._to("cold")

    async def settled(self) -> None:
        await self._settled.wait()

    async def unload(self) -> None:
        """End the process; the next call loads again."""
        if self.worker is not None:
            self.worker.over.set()
        await self._gone.wait()

    async def unload_idle(self) -> bool:
        """Unload if nobody is in a call and the last was long enough ago; whether it was."""
        idle_s = self._clock.monotonic() - self._used_at
        limit_s = self._settings.idle_unload_s
        if self.state != "ready" or self._inside or not 0 < limit_s <= idle_s:
            return False
        await self.unload()
        return True

    @asynccontextmanager
    async def ask(self, **data: Any) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of one call; leaving early cancels it in the worker.

        The events just end where the process dies.

        Raises:
            Busy: the queue is full.
            Unusable: the model cannot be loaded.
        """
        if self._inside >= self._settings.slots + self._settings.max_queue:
            raise Busy(max(self._call_s, 1.0))
        self._inside += 1
        try:
            await self._slots.acquire()
        except BaseException:
            self._inside -= 1
            raise
        try:
            worker = await self._loaded()
        except BaseException:
            self._leave_slot()
            raise
        began = self._clock.monotonic()
        question = worker.ask(self._leave_slot, **data)
        try:
            yield question.events
        finally:
            self._call_s = self._clock.monotonic() - began
            question.leave()
            if not question.ended.is_set():
                worker.tell("cancel", id=question.id)
                self._tasks.start_soon(self._see_off, worker, question)

    async def _loaded(self) -> WorkerProcess:
        while self.worker is None or self.worker.over.is_set():
            if self.state == "ready":  # dying, or being unloaded
                await self._gone.wait()
            self.load()
            await self._settled.wait()
            if self.problem is not None:
                raise Unusable(self.problem)
        return self.worker

    async def _see_off(self, worker: WorkerProcess, question: Question) -> None:
        """A cancelled call that does not end costs the process its life, once nobody else uses it.

        That takes xllamacpp in a long batch, or native code that has hung.
        """
        with anyio.move_on_after(self._grace_s):
            await question.ended.wait()
        while not question.ended.is_set():
            others = [q for q in worker.questions.values() if not q.left]
            if others:
                await others[0].over.wait()
            else:
                worker.over.set()
                await self._gone.wait()
                self.load()

    async def _live(self) -> None:
        """The life of one process."""
        problem: str | None = None
        try:
            path = await self._find()
            async with self._open_worker(self._start(path)) as worker:
                problem = await self._trouble(worker)
                if problem is None:
                    self.worker = worker
                    self._used_at = self._clock.monotonic()
                    self._to("ready")
                    await worker.over.wait()
        except Unusable as error:
            problem = str(error)
        except OSError as error:
            problem = f"the local model's process cannot be run ({error.strerror})"
        finally:
            self.worker = None
            self._to("failed" if problem else "cold", problem)
            self._gone.set()
            self._settled.set()

    async def _trouble(self, worker: WorkerProcess) -> str | None:
        """Wait until the model is loaded: None, or else why it cannot be."""
        limit_s = self._settings.load_timeout_s
        try:
            with anyio.fail_after(limit_s):
                event = await worker.started()
        except TimeoutError:
            return f"{self._name} did not load within {limit_s:g} s; raise local.load_timeout_s"
        except anyio.EndOfStream:
            return (
                f"the runtime died while it loaded {self._name}; "
                "the file may be damaged: fetch it again"
            )
        if event["event"] == "failed":
            return f"{self._name} cannot be loaded: {event['reason']}"
        return None

    def _start(self, path: Path) -> Event:
        return {
            "runtime": self._settings.runtime,
            "model": str(path),
            "context": self._settings.context,
            "threads": self._settings.threads,
            "slots": self._settings.slots,
        }

    def _to(self, state: Readiness, problem: str | None = None) -> None:
        self.state = state
        self.problem = problem
        if state == "ready":
            self._settled.set()

    def _leave_slot(self) -> None:
        self._inside -= 1
        self._used_at = self._clock.monotonic()
        self._slots.release()
