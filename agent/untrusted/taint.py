"""What a run has read of others, and what it has read that is private: what may follow is judged
by it."""

import re
from collections.abc import Mapping
from posixpath import normpath
from typing import Literal

from agent.tool import AgentTool
from agent.untrusted.addresses import Address, addresses, named
from agent.untrusted.decoding import texts
from agent.untrusted.spans import Spans
from pointsman.types import Json

Level = Literal["clean", "untrusted", "exposed"]
Provenance = Literal[
    "named",  # the person named this page
    "found",  # our search found it
    "seen",  # untrusted text has it so
    "host",  # the person named its host, and it has no query
    "query",  # the person named its host; the model made the query
    "made",  # the model made it
]
HERE = "(this machine)"  # the origin of what our own tools read; no name of a server
_MOST_VALUES = 8  # of own words: more of them could spell something
_MOST_ADDRESSES = 20_000  # of each kind; one that is not kept counts as made by the model


class TaintState:
    """One for each run. It changes only by `heard` and `note`, in the order of the journal.

    A run that goes on after a stop gets the same state by the same calls, made once more for each
    task and result in its journal.
    """

    def __init__(self, task: str, boundary: str) -> None:
        """`task` is what the person asked for. `boundary` is random, of this run, and hex: 8
        digits do; it must be kept with the run."""
        self.boundary = boundary
        self.sources: dict[str, None] = {}  # tools whose untrusted results are in the context
        self.private: dict[str, None] = {}  # origins whose data are: `HERE`, or a server
        self.always: dict[str, bool] = {}  # tools with an "always"; True: to a grave question
        self._said = ""
        self._pages: dict[str, None] = {}  # that the person named
        self._hosts: dict[str, None] = {}
        self._found: dict[str, None] = {}  # pages in the results of our own search
        self._seen: dict[str, None] = {}  # pages in other untrusted text
        self._spans = Spans()
        self.heard(task)

    def heard(self, text: str) -> None:
        """Take in what the person said: the task, or a later word. Never text of anybody else."""
        self._said = f"{self._said}\n{text.casefold()}"
        for one in named(text):
            _keep(self._pages, one.page)
            _keep(self._hosts, one.host)

    def note(self, tool: AgentTool, text: str, arguments: Mapping[str, Json] | None = None) -> None:
        """Take in a result that the model will see, whole; also one that is an error.

        `arguments` are those of the call: what a file says may be written back to it. A tool that
        reads a kept result on (`read_result`) must be noted as the tool that gave it.
        """
        if not self.is_others(tool):
            return
        self.sources[tool.spec.name] = None
        if origin := _origin(tool):
            self.private[origin] = None
        place = _place(arguments or {}) if origin == HERE else ""
        self._spans.add(text, place)
        pages = self._found if is_search(tool) else self._seen
        for one in addresses(text):
            _keep(pages, one.page)

    def is_others(self, tool: AgentTool) -> bool:
        """Whether its results are text of others.

        Once untrusted text was read, so are those of a program or a model: it may be that text in
        other words.
        """
        turns = tool.risk in ("exec", "spend") and bool(self.sources)
        return tool.untrusted or tool.server is not None or turns

    def level(self, sink: str | None = None) -> Level:
        """How much is at stake when something is sent to `sink`, a server; None: to anybody.

        "exposed": untrusted text and private data of another origin than `sink` are in the
        context. Going back to where it came from, data gives nothing away. What an attached server
        says of its own tools steers the model too: for it, private data of others is enough.
        """
        if self.private.keys() - {sink} and (self.sources or sink is not None):
            return "exposed"
        return "untrusted" if self.sources else "clean"

    def quotes(self, arguments: Mapping[str, Json]) -> bool:
        """Whether they contain a span of untrusted text, as it is or encoded once.

        What the person said themselves is none, nor what goes back into the file it was read from.
        """
        made = {
            name: None if self._accounts_for(value) else value for name, value in arguments.items()
        }
        return self._spans.quoted_in(texts(made), _place(arguments))

    def said(self, arguments: Mapping[str, Json]) -> bool:
        """Whether the person's own words account for all the values in them.

        Yes and no are nobody's words: a server that asks for a hundred of them is told a key.
        """
        values = arguments.values()
        return len(values) <= _MOST_VALUES and all(self._accounts_for(value) for value in values)

    def _accounts_for(self, value: Json) -> bool:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return f" {_words(str(value))} " in f" {_words(self._said)} "
        if isinstance(value, list):
            short = len(value) <= _MOST_VALUES and not any(isinstance(v, list) for v in value)
            return short and all(self._accounts_for(item) for item in value)
        return False

    def knows(self, one: Address) -> Provenance:
        """Where an address comes from."""
        if one.page in self._pages:
            return "named"
        if one.page in self._found:
            return "found"
        if one.page in self._seen:
            return "seen"
        if not self.names(one.host):
            return "made"
        return "query" if one.query else "host"

    def names(self, host: str) -> bool:
        """Whether the person named the host, with or without `www.`."""
        return any(h in self._hosts for h in (host, f"www.{host}", host.removeprefix("www.")))


def is_search(tool: AgentTool) -> bool:
    """Whether it is our own search of the web: its results are addresses that nobody made up."""
    return tool.server is None and (tool.own_name or tool.spec.name) == "web_search"


def _origin(tool: AgentTool) -> str | None:
    """Whose data an untrusted result may hold; None: it came from the open web, of a model, or
    of a program that reaches no files."""
    if tool.server is not None:
        return tool.server
    return HERE if tool.risk in ("read", "write") else None


def _place(arguments: Mapping[str, Json]) -> str:
    """The file that a call names; none: it names none, or not in a plain way."""
    path = arguments.get("path")
    return normpath(path) if isinstance(path, str) and path else ""


def _words(text: str) -> str:
    words = re.split(r"[\s,;!?\"'()<>\[\]{}`]+", text.casefold())
    return " ".join(bare for word in words if (bare := word.strip(".:")))


def _keep(kept: dict[str, None], page: str) -> None:
    if len(kept) < _MOST_ADDRESSES:
        kept[page] = None
