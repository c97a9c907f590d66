"""What the model calls an attached tool: `server__tool`.

A name depends on its own server and tool alone, so it stays the same whoever else is attached, and
in whatever order they connect (agentgateway#882). Where it could be taken for another's, a short
hash of the two tells them apart.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

LIMIT = 60  # characters; Cursor and some models take no more
FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")


def name_tools(server: str, tools: Sequence[str], taken: Collection[str] = ()) -> Mapping[str, str]:
    """The model's name of each of the tools of `server`; no two are alike, even in lower case.

    `taken` are names that are ours. A tool that is listed twice gets one name.
    """
    plain = {tool: f"{server}__{tool}" for tool in tools}
    folded = [name.casefold() for name in plain.values()]
    ours = {name.casefold() for name in taken}
    names = dict[str, str]()
    for tool, name in plain.items():
        twin = folded.count(name.casefold()) > 1 and tool != tool.lower()
        safe = _is_plain(server, tool) and not twin and name.casefold() not in ours
        names[tool] = name if safe else _marked(server, tool)
    return names


def _is_plain(server: str, tool: str) -> bool:
    """Whether `server__tool` can come from these two only."""
    whole = f"{server}__{tool}"
    return (
        bool(server and tool)
        and len(whole) <= LIMIT
        and FORBIDDEN.search(whole) is None
        and "__" not in server
        and not server.endswith("_")
        and not tool.startswith("_")
    )


def _marked(server: str, tool: str) -> str:
    digest = hashlib.sha256(f"{server}\0{tool}".encode(errors="surrogatepass")).hexdigest()[:6]
    first, second = (FORBIDDEN.sub("_", part) for part in (server, tool))
    return f"{first[:20]}__{second[:31]}_{digest}"
