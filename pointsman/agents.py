"""The words of a run: what it may do, what a person is asked, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

# read: looks only, and at nothing that leaves this machine; write: changes files or state;
# exec: runs a program; network: sends what the model wrote to somebody; spend: costs money.
Risk = Literal["read", "write", "exec", "network", "spend"]
RunStatus = Literal[
    "running",  # under way
    "waiting",  # parked until a person answers
    "completed",
    "max_turns",
    "budget",
    "deadline",
    "refused",
    "failed",
    "cancelled",
]
Ruling = Literal["yes", "always", "no"]  # always: this tool, for the rest of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked before a run goes on."""

    id: str
    run_id: str
    kind: Literal["tool", "budget", "definition"]
    text: str  # whole, for a person; what it quotes was cleaned
    tool: str | None = None  # as the model calls it
    server: str | None = None  # the attached server that offers it
    arguments: str | None = None  # JSON, cut
    why: tuple[str, ...] = ()  # what makes it worth asking: "follows untrusted content"


class Parked(Exception):
    """The answers come with a later call; the run waits in its record, and nothing is under way."""

    def __init__(self, run_id: str, questions: Sequence[Question]) -> None:
        super().__init__(run_id)
        self.run_id = run_id
        self.questions = tuple(questions)


class Approver(Protocol):
    """The way to the person who can say yes."""

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        """The answers, by question; one that is missing is a no.

        Raises:
            Parked: they come with a later call.
        """
        ...


class Nobody:
    """There is nobody to ask: no answer is a no."""

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        del questions
        return {}


NOBODY = Nobody()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """What is known of a run without reading its events."""

    id: str
    principal: str
    task: str  # its first line, cut
    started_at: float  # wall clock
    status: RunStatus


class RunBook(Protocol):
    """The journals of runs. What `append` has acknowledged survives a crash."""

    async def begin(self, head: RunHead) -> None: ...

    async def append(self, run_id: str, number: int, event: bytes, status: RunStatus) -> None:
        """Write the event of that number, 0 the first.

        Raises:
            StorageFailed: it could not be written, or another process wrote that number.
        """
        ...

    async def events(self, run_id: str, principal: str) -> Sequence[bytes]:
        """All events in order.

        Raises:
            NotFound: there is no such run of `principal`.
        """
        ...

    async def heads(self, principal: str, limit: int) -> Sequence[RunHead]:
        """The last runs, newest first."""
        ...

    async def keep(self, run_id: str, handle: str, text: str) -> None:
        """Keep a long text of a run, to be read in parts."""
        ...

    async def kept(self, run_id: str, handle: str) -> str | None: ...
