"""What the server answers to a window that asks what it is, recorded.

Importing `mcp` takes longer than a window should wait for its list of tools, so a front answers
these questions itself until the engine is there. `handshake.json` is recorded from the real server
(`handshake_record.py`); a test compares the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pointsman import __version__
from server.windows.messages import CAPABILITIES_KEY, MODERN, Message

FILE = Path(__file__).parent / "handshake.json"
ASKED = ("tools/list", "resources/list", "resources/templates/list", "prompts/list")

Answers = Mapping[str, Mapping[str, Any]]  # protocol revision -> method -> result


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The recorded answers of the server with one choice of toolsets."""

    answers: Answers

    def answer(self, request: Message, handshake: Message | None) -> object | None:
        """The result of `request`, if it is recorded; `handshake` is the window's `initialize`."""
        if request.method == "initialize":
            return self._initialize(request)
        if request.version is not None:
            if CAPABILITIES_KEY not in request.params["_meta"] or "cursor" in request.params:
                return None
            return self.answers.get(request.version, {}).get(request.method)
        if handshake is None or "cursor" in request.params:
            return None
        if request.method == "ping":
            return {}
        return self.answers[self._negotiated(handshake)].get(request.method)

    def _initialize(self, request: Message) -> object | None:
        wanted = ("protocolVersion", "capabilities", "clientInfo")
        if not all(name in request.params for name in wanted):
            return None  # the engine will say what is wrong with it
        found: object = self.answers[self._negotiated(request)]["initialize"]
        return found

    def _negotiated(self, handshake: Message) -> str:
        asked = handshake.params.get("protocolVersion")
        known = [version for version in self.answers if version != MODERN]
        return asked if asked in known else max(known)


def load_snapshot(toolsets: Iterable[str], file: Path = FILE) -> Snapshot | None:
    """The snapshot of this version with these toolsets; None if none was recorded."""
    if not file.is_file():
        return None
    recorded = orjson.loads(file.read_bytes())
    places = recorded["answers"].get(key_of(toolsets))
    if recorded["version"] != __version__ or places is None:
        return None
    results = recorded["results"]  # each once: most revisions and toolsets share them
    return Snapshot(
        {
            version: {method: results[place] for method, place in methods.items()}
            for version, methods in places.items()
        }
    )


def key_of(toolsets: Iterable[str]) -> str:
    return ",".join(sorted(set(toolsets)))
