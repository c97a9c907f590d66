"""The process that holds one model: JSON lines in, JSON lines out. Run by file, never imported.

In, on standard input; its end ends the process:
    {"op": "start", "path": [...], "runtime": "auto", "model": "...", "context", "threads", "slots"}
    {"op": "complete", "id": 1, "stream": true, "ask": {"messages", "max_tokens"?, ...}}
    {"op": "cancel", "id": 1}
Out:
    {"event": "ready", "runtime": "xllamacpp"}    {"event": "failed", "reason": "..."}
    {"event": "piece", "id": 1, "text": "..."}
and, once for each id, one of
    {"event": "done", "id": 1, "text", "finish", "input_tokens", "cached_tokens", "output_tokens"}
    {"event": "cancelled", "id": 1}    {"event": "error", "id": 1, "fault": ..., "message": "..."}
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


class Worker:
    def __init__(self, out: int) -> None:
        self._out = os.fdopen(out, "wb")
        self._lock = threading.Lock()
        self._cancelled: dict[int, threading.Event] = {}

    def run(self, lines: Iterator[bytes]) -> None:
        if not self._start(json.loads(next(lines))):
            return
        for line in lines:
            message = json.loads(line)
            match message["op"]:
                case "complete":
                    self._cancelled[message["id"]] = threading.Event()
                    self._pool.submit(self._complete, message)
                case "cancel":
                    if flag := self._cancelled.get(message["id"]):
                        flag.set()

    def _start(self, message: dict[str, Any]) -> bool:
        ours, *others = message["path"]  # the host's own, so that both import the same files
        sys.path[:] = [ours, *(p for p in others if p not in ("", os.getcwd()))]
        from providers.local.runtime import Load, open_runtime

        load = Load(
            model=Path(message["model"]),
            context=message["context"],
            threads=message["threads"],
            slots=message["slots"],
        )
        with _native_errors() as errors:
            try:
                name, self._runtime = open_runtime(message["runtime"], load)
            except LookupError as error:  # no runtime
                self._send("failed", reason=str(error))
                return False
            except Exception as error:  # noqa: BLE001 - whatever it is, the host must hear of it
                reason = (errors() or str(error)).replace(str(load.model), load.model.name)
                advice = "fetch it again or choose another in local.model"
                self._send("failed", reason=f"{reason}; {advice}")
                return False
        self._pool = ThreadPoolExecutor(self._runtime.parallel)
        self._send("ready", runtime=name)
        return True

    def _complete(self, message: dict[str, Any]) -> None:
        from providers.local.runtime import Ask, Refused

        call: int = message["id"]
        flag = self._cancelled[call]
        try:
            told = None
            if not flag.is_set():
                emit = self._emitter(call) if message["stream"] else _drop
                told = self._runtime.complete(Ask(**message["ask"]), emit, flag.is_set)
        except Refused as error:
            self._end(call, "error", fault=error.fault, message=str(error))
        except Exception as error:  # noqa: BLE001 - one call's failure is not the worker's
            self._end(call, "error", fault=None, message=f"{type(error).__name__} in the runtime")
        else:
            self._end(call, "cancelled") if told is None else self._end(
                call, "done", **asdict(told)
            )

    def _emitter(self, call: int) -> Any:
        def emit(text: str) -> None:
            self._send("piece", id=call, text=text)

        return emit

    def _end(self, call: int, event: str, **data: Any) -> None:
        del self._cancelled[call]
        self._send(event, id=call, **data)

    def _send(self, event: str, **data: Any) -> None:
        line = json.dumps({"event": event, **data}).encode() + b"\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()


@contextmanager
def _native_errors() -> Iterator[Callable[[], str]]:
    """What llama.cpp says about a model that it cannot load; afterwards it speaks to nobody."""
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)

        def read() -> str:
            log.seek(0)
            lines = log.read().decode(errors="replace").splitlines()
            marks = (line.partition("error loading model: ")[2] for line in lines)
            return next((mark for mark in marks if mark), "")

        try:
            yield read
        finally:
            nowhere = os.open(os.devnull, os.O_WRONLY)  # what it says later may quote prompts
            os.dup2(nowhere, 2)
            os.dup2(nowhere, 1)


def _drop(_text: str) -> None:
    pass


def _die_with_parent() -> None:
    """The end of standard input ends us too, but not while a runtime holds the GIL to load."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _no_core_dump() -> None:
    """A dump would hold prompts."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    _die_with_parent()
    _no_core_dump()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to handle
    out = os.dup(1)
    os.dup2(2, 1)  # native code prints; standard output is the protocol's alone
    Worker(out).run(iter(sys.stdin.buffer.readline, b""))
    os._exit(0)  # not waiting for threads inside native code


if __name__ == "__main__":
    main()
