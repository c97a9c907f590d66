"""A tool's definition as its server gives it, made fit to be shown to a model."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.attach.schema import Unusable, tidy_schema
from agent.untrusted.cleaning import clean, line, visible
from pointsman.agents import Risk
from pointsman.types import Json

DESCRIPTION = 2_000  # characters
SUSPICIOUS = re.compile(
    r"<\s*/?\s*(?:important|system|instructions?|secret)\b"
    r"|\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|above|other|all)\b.{0,40}\binstruction"
    r"|\bdo not (?:tell|mention|inform|reveal|show)\b"
    r"|\b(?:before|after|when) (?:using|calling) (?:this|any|another|other)\b.{0,40}\btools?\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a server says of one tool of its own."""

    tool: str  # its own name
    description: str  # cleaned, cut
    parameters: Mapping[str, Json]  # a JSON Schema, bounded
    risk: Risk
    idempotent: bool
    digest: str  # of all that was said, as it was said
    notes: tuple[str, ...] = ()


def read_definition(
    tool: str,
    description: str | None,
    schema: Mapping[str, Any],
    annotations: Mapping[str, Any],
) -> Definition:
    """The definition of a tool, from what was listed; `annotations` by their protocol names.

    Raises:
        Unusable: it must not be offered.
    """
    if not tool or line(tool, 256) != tool:
        raise Unusable("its name is empty, too long or hides characters")
    said = description or ""
    shown = clean(said[: 16 * DESCRIPTION]).strip()
    if len(shown) > DESCRIPTION:
        shown = shown[: DESCRIPTION - 1] + "…"
    return Definition(
        tool=tool,
        description=shown,
        parameters=tidy_schema(schema),
        risk=_risk(annotations),
        idempotent=_is_idempotent(annotations),
        digest=_digest([tool, said, schema, annotations]),
        notes=_notes(said, shown),
    )


def _risk(hints: Mapping[str, Any]) -> Risk:
    """The worst we expect, where a hint can only be believed as far as it costs the server.

    A server that says it reads a closed world is taken at its word, since its results are untrusted
    anyway. Whoever says nothing is taken for what the specification's defaults say: it changes
    things, and reaches out. Of the two the change is the graver, so such a tool is a `write`.
    """
    reads = hints.get("readOnlyHint") is True
    closed = hints.get("openWorldHint") is False
    if reads:
        return "read" if closed else "network"
    return "write"


def _is_idempotent(hints: Mapping[str, Any]) -> bool:
    """Whether a call whose end nobody knows may be made again."""
    if hints.get("readOnlyHint") is True:
        return True
    return hints.get("idempotentHint") is True and hints.get("destructiveHint") is False


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _notes(said: str, shown: str) -> tuple[str, ...]:
    notes = list[str]()
    if shown.endswith("…") and not said.rstrip().endswith("…"):
        notes.append("its description was cut")
    if visible(said) != said.replace("\r\n", "\n"):
        notes.append("its description hid characters; they were taken out")
    if SUSPICIOUS.search(shown):
        notes.append("its description reads like instructions to the model")
    return tuple(notes)
