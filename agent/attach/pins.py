"""The definitions of attached tools as they were accepted, so that a change is seen before use.

A server that was harmless when it was attached may not stay so (postmark-mcp 1.0.16).
"""

import difflib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import anyio
import anyio.to_thread

from agent.attach.definition import Definition
from agent.untrusted.cleaning import line
from pointsman.errors import ConfigError

VERSION = 1
WORDS = 500  # of a description that are compared


@dataclass(frozen=True, slots=True)
class Pin:
    """A definition as it was accepted."""

    digest: str
    description: str
    parameters: Mapping[str, str]  # a short digest of each one's schema


Servers = dict[str, dict[str, Pin]]


class Pins:
    """The pins of one home. The file is read anew each time: another run may have it open too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = anyio.Lock()

    async def check(
        self, identity: str, definitions: Sequence[Definition]
    ) -> Mapping[str, tuple[str, ...]]:
        """What changed, for a person, by tool; what is seen for the first time is pinned.

        Raises:
            ConfigError: the file is damaged.
        """
        async with self._lock:
            pinned = await anyio.to_thread.run_sync(_pin_new, self._path, identity, definitions)
        return {
            one.tool: _changes(pinned[one.tool], one)
            for one in definitions
            if pinned[one.tool].digest != one.digest
        }

    async def accept(self, identity: str, definition: Definition) -> None:
        """From now on this is what the tool is expected to be.

        Raises:
            ConfigError: the file is damaged.
        """
        async with self._lock:
            await anyio.to_thread.run_sync(_pin_anew, self._path, identity, definition)


async def open_pins(path: Path) -> Pins:
    """The pins kept at `path`; none if there is no such file.

    Raises:
        ConfigError: the file is damaged. It is not replaced, since that would accept any change.
    """
    await anyio.to_thread.run_sync(_read, path)
    return Pins(path)


def _pin_new(path: Path, identity: str, definitions: Sequence[Definition]) -> Mapping[str, Pin]:
    servers = _read(path)
    pinned = servers.setdefault(identity, {})
    fresh = {one.tool: _pin(one) for one in definitions if one.tool not in pinned}
    if fresh:
        pinned.update(fresh)
        _write(path, servers)
    return pinned


def _pin_anew(path: Path, identity: str, definition: Definition) -> None:
    servers = _read(path)
    servers.setdefault(identity, {})[definition.tool] = _pin(definition)
    _write(path, servers)


def _read(path: Path) -> Servers:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {
            identity: {tool: Pin(**pin) for tool, pin in tools.items()}
            for identity, tools in document["servers"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} cannot be read: the accepted definitions of attached tools",
            hint="Restore it, or delete it to accept all definitions as they are now.",
        ) from error


def _write(path: Path, servers: Servers) -> None:
    """Write the file whole or not at all; only its owner may read it."""
    plain = {
        identity: {tool: asdict(pin) for tool, pin in tools.items()}
        for identity, tools in servers.items()
    }
    text = json.dumps({"version": VERSION, "servers": plain}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(
        "w", dir=path.parent, prefix=path.name, encoding="utf-8", delete=False
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _pin(definition: Definition) -> Pin:
    return Pin(definition.digest, definition.description, _parameters(definition))


def _parameters(definition: Definition) -> Mapping[str, str]:
    properties = definition.parameters.get("properties")
    return {
        name: hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:8]
        for name, schema in (properties.items() if isinstance(properties, dict) else ())
    }


def _changes(old: Pin, new: Definition) -> tuple[str, ...]:
    changes = list[str]()
    if old.description != new.description:
        changes.append(f"its description has changed: {_diff(old.description, new.description)}")
    before, after = old.parameters, _parameters(new)
    differ = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    parts = [
        f"{what} {line(', '.join(sorted(names)), 300)}"
        for what, names in (
            ("new:", after.keys() - before.keys()),
            ("gone:", before.keys() - after.keys()),
            ("different:", differ),
        )
        if names
    ]
    if parts:
        changes.append(f"its parameters have changed: {'; '.join(parts)}")
    return tuple(changes) or ("what it says of itself has changed",)


def _diff(old: str, new: str) -> str:
    """The words that went and came, on one line."""
    before, after = old.split()[:WORDS], new.split()[:WORDS]
    parts = list[str]()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            parts.append(" ".join(before[a:b]) if b - a <= 6 else "…")
            continue
        parts += [f"[-{' '.join(before[a:b])}-]"] if b > a else []
        parts += [f"[+{' '.join(after[c:d])}+]"] if d > c else []
    return line(" ".join(parts), 800)
