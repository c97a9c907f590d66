"""What a call would do, as far as its tool and its arguments tell."""

import re
from collections.abc import Mapping

from agent.approval.table import Doing
from agent.tool import AgentTool
from agent.untrusted.addresses import Address, address, addresses
from agent.untrusted.decoding import leaves
from agent.untrusted.taint import Provenance, TaintState, is_search
from pointsman.types import Json

# In the name of an attached tool: it does something, whatever the server's hints say (a tool
# `delete_repo` that calls itself read-only).
_VERBS = re.compile(
    r"(?:^|[_\W])(?:add|append|apply|buy|cancel|commit|create|delete|deploy|drop|edit|email|erase"
    r"|exec|execute|fork|grant|insert|install|kill|mail|merge|modify|move|notify|patch|pay|post"
    r"|publish|purge|push|put|remove|rename|reply|reset|revoke|run|save|send|set|share|spawn|start"
    r"|stop|submit|transfer|trigger|truncate|tweet|update|upload|wipe|write)(?:$|[_\W])"
)
AGENT = "agent"  # our own tool that begins a run
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ADDRESS_FIELDS = frozenset({"url", "urls", "uri", "uris", "href", "link", "links", "address"})
_WORST: tuple[Doing, ...] = (
    "fetch made",
    "fetch query",
    "fetch seen",
    "fetch host",
    "fetch found",
    "fetch named",
)
_FETCHED: Mapping[Provenance, Doing] = {
    "named": "fetch named",
    "host": "fetch host",
    "found": "fetch found",
    "seen": "fetch seen",
    "query": "fetch query",
    "made": "fetch made",
}


def doing(tool: AgentTool, arguments: Mapping[str, Json], state: TaintState) -> Doing:
    """The worst that the call is."""
    if tool.server is not None:
        return _there(tool, arguments, state)
    if tool.risk == "read":
        return "look"
    if tool.risk == "network":
        return _out(tool, arguments, state)
    if tool.risk == "spend":
        return "hand on" if _name(tool) == AGENT else "spend"
    return "change as told" if state.quotes(arguments) else "change"


def targets(arguments: Mapping[str, Json]) -> list[Address]:
    """The addresses in the arguments; in a field for addresses one needs no scheme."""
    found: list[Address] = []
    for name, value in arguments.items():
        texts = list(leaves(value))
        if name.lower() in _ADDRESS_FIELDS:
            found += [one for text in texts if (one := address(text)) is not None]
        else:
            found += [one for text in texts for one in addresses(text)]
    return found


def _out(tool: AgentTool, arguments: Mapping[str, Json], state: TaintState) -> Doing:
    if is_search(tool):
        return "search"
    fetched = _fetched(arguments, state)
    if fetched is None or _carries_more(arguments):
        return "send"
    return fetched


def _there(tool: AgentTool, arguments: Mapping[str, Json], state: TaintState) -> Doing:
    if tool.risk not in ("read", "network") or _acts(_name(tool)):
        return "change there"
    if state.said(arguments) and _has_only_known_fields(tool, arguments):
        return "own words"
    if tool.risk == "read":
        return "look there"
    fetched = _fetched(arguments, state)
    return "ask there" if fetched is None or _carries_more(arguments) else fetched


def _fetched(arguments: Mapping[str, Json], state: TaintState) -> Doing | None:
    kinds = {_FETCHED[state.knows(one)] for one in targets(arguments)}
    return next((kind for kind in _WORST if kind in kinds), None)


def _carries_more(arguments: Mapping[str, Json]) -> bool:
    """Whether there is text beside the address that could be sent there."""
    texts = [
        text
        for name, value in arguments.items()
        if name.lower() not in _ADDRESS_FIELDS
        for text in leaves(value)
    ]
    return sum(map(len, texts)) > 64


def _has_only_known_fields(tool: AgentTool, arguments: Mapping[str, Json]) -> bool:
    """A field that the tool does not name says something by its name."""
    known = tool.spec.parameters.get("properties")
    return isinstance(known, dict) and arguments.keys() <= known.keys()


def _name(tool: AgentTool) -> str:
    return tool.own_name or tool.spec.name


def _acts(name: str) -> bool:
    return bool(_VERBS.search(_CAMEL.sub("_", name).lower()))
