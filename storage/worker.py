"""A thread that runs jobs for an event loop, and wakes the loop once a batch."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

Task = Callable[[Any], Any]  # what a job does with the thread's connection


class Job:
    """One task, what came of it, and the future of who waits for it (None: nobody does)."""

    __slots__ = ("error", "future", "result", "task")

    def __init__(self, task: Task, future: asyncio.Future[Any] | None) -> None:
        self.task = task
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None

    def run(self, argument: object) -> None:
        """Do the task; what it raises is kept for who waits."""
        try:
            self.result = self.task(argument)
            self.error = None
        except Exception as error:  # noqa: BLE001 - handed on, whatever it is
            self.error = error

    def resolve(self) -> None:
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Worker:
    """Takes what has queued up, at most `most` jobs, and runs it as one batch.

    It never lingers for more: that was slower at every load (RELIABILITY 2.1).
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[Job]], None],
        *,
        most: int,
        lost: Callable[[Exception], None],
        idle_s: float | None = None,
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_idle` is run in the thread, once each time nothing was asked for `idle_s`."""
        self._run = run
        self._idle_s = idle_s
        self._on_idle = on_idle
        self._most = most
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # A daemon: a database that nobody closed must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, task: Task) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put(Job(task, future))
        return future

    def post(self, tasks: Sequence[Task]) -> None:
        """Queue tasks that nobody waits for."""
        for task in tasks:
            self._jobs.put(Job(task, None))

    def end(self) -> None:
        """Finish what is queued, then end the thread, if it was ever started. It blocks."""
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next()
            if batch:
                self._run(batch)
                self._deliver(batch)

    def _next(self) -> tuple[list[Job], bool]:
        """The next batch, and whether it is the last."""
        job = self._first()
        batch: list[Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) >= self._most:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _first(self) -> Job | None:
        try:
            return self._jobs.get(timeout=self._idle_s)
        except queue.Empty:
            self._on_idle()
            return self._jobs.get()

    def _deliver(self, batch: Sequence[Job]) -> None:
        for job in batch:
            if job.future is None and job.error is not None:
                self._lost(job.error)
        waited = [job for job in batch if job.future is not None]
        if waited:
            with suppress(RuntimeError):  # the loop is gone, and so is who waited
                self._loop.call_soon_threadsafe(_resolve, waited)


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.resolve()
