"""The table that a call is judged by where no rule of the operator's speaks.

docs/agent-security.md shows it; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Literal

from agent.untrusted.taint import Level

Doing = Literal[
    "look",  # our own tool that only reads
    "look there",  # a tool of an attached server that says it only reads, and reaches nobody
    "own words",  # an attached reading tool, with nothing but what the person said
    "fetch named",  # an address that the person named, as it stands
    "fetch host",  # another page of a host that the person named, without a query
    "fetch query",  # the same with a query, which the model made
    "fetch found",  # an address from our own search's results, as it stands
    "fetch seen",  # an address that stands so in other untrusted text
    "fetch made",  # an address that the model made
    "search",  # words sent to our own search
    "send",  # anything else that leaves by one of our tools
    "ask there",  # an attached tool that says it only reads, and reaches out
    "change",  # our own tool that writes or runs a program
    "change as told",  # the same, with arguments that quote untrusted text
    "spend",  # our own tool that costs money
    "hand on",  # another run of the agent, which would begin with a clean context
    "change there",  # any other tool of an attached server
]
Outcome = Literal["run", "ask"]
LEVELS: tuple[Level, ...] = ("clean", "untrusted", "exposed")
Row = Mapping[Level, tuple[Outcome, Outcome]]  # with approve=ask, with approve=all

_FREE: Row = dict.fromkeys(LEVELS, ("run", "run"))
_ASKED: Row = dict.fromkeys(LEVELS, ("ask", "run"))
_ALWAYS: Row = dict.fromkeys(LEVELS, ("ask", "ask"))
_UNLESS_EXPOSED: Row = {**_FREE, "exposed": ("ask", "ask")}
_OUT: Row = {**_ASKED, "exposed": ("ask", "ask")}
_UNLESS_CLEAN: Row = {**_ALWAYS, "clean": ("ask", "run")}
_ONLY_CLEAN: Row = {**_ALWAYS, "clean": ("run", "run")}

TABLE: Mapping[Doing, Row] = {
    "look": _FREE,
    "look there": _UNLESS_EXPOSED,
    "own words": _FREE,
    "fetch named": _FREE,
    "fetch host": _UNLESS_EXPOSED,
    "fetch query": _ONLY_CLEAN,
    "fetch found": _UNLESS_EXPOSED,
    "fetch seen": _OUT,
    "fetch made": _UNLESS_CLEAN,
    "search": _UNLESS_EXPOSED,
    "send": _UNLESS_CLEAN,
    "ask there": _OUT,
    "change": _ASKED,
    "change as told": _ALWAYS,
    "spend": _ASKED,
    "hand on": _UNLESS_CLEAN,
    "change there": _UNLESS_CLEAN,
}
WHY: Mapping[Doing, str] = {
    "look": "it reads",
    "look there": "it reads, at an attached server",
    "own words": "it reads, with your own words only",
    "fetch named": "you named the address",
    "fetch host": "it fetches another page of a host that you named",
    "fetch query": "it sends a query to a host that you named",
    "fetch found": "it fetches a search result",
    "fetch seen": "it follows an address in text of others",
    "fetch made": "it fetches an address that the model made up",
    "search": "it sends words to a web search",
    "send": "it sends something out",
    "ask there": "it sends something to an attached server, which reaches out",
    "change": "it changes files or runs a program",
    "change as told": "its arguments repeat text of others",
    "spend": "it costs money",
    "hand on": "it begins another run, which would not know what this one has read",
    "change there": "it acts at an attached server",
}
AFTER: Mapping[Level, str | None] = {
    "clean": None,
    "untrusted": "follows untrusted content",
    "exposed": "follows untrusted content, and private data could leave",
}
