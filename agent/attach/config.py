"""What an `mcp.json` lists, in the shape of any host that writes one."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import PurePath
from typing import Any, Literal

from agent.attach.expand import Unset, expand
from agent.attach.jsonc import read_jsonc
from pointsman.errors import ConfigError

KINDS: Mapping[str, Literal["stdio", "http", "sse"]] = {
    "stdio": "stdio",
    "http": "http",
    "streamable-http": "http",
    "streamablehttp": "http",
    "streamable_http": "http",
    "sse": "sse",
}
URLS = ("url", "httpUrl", "serverUrl")
OURS = "pointsman"
NOTES = {
    "alwaysAllow": "alwaysAllow is not followed: our own rules decide what is asked",
    "autoApprove": "autoApprove is not followed: our own rules decide what is asked",
    "trust": "trust is not followed: our own rules decide what is asked",
    "envFile": "envFile is not read",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A server that is started here and spoken to over its pipes."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)  # they may hold keys, as `env` does
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cwd: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that is spoken to over streamable HTTP."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """One entry. It can be attached if it has a `where` and is not disabled."""

    name: str
    where: Program | Endpoint | None = None
    identity: str = ""  # the same while it means the same server, whatever the keys are
    disabled: bool = False
    idle_s: float | None = None  # of a call without a sign of life; None: as the settings say
    is_legacy: bool = False  # it is spoken to as before 2026-07-28; else it is asked what it speaks
    problem: str | None = None  # why it cannot be attached
    notes: tuple[str, ...] = ()


class _Bad(Exception):
    """The entry cannot be used; the message says why."""


def read_config(text: str, environ: Mapping[str, str], where: str) -> tuple[ServerConfig, ...]:
    """The servers that `text` lists, in its order; what is wrong with one is in its `problem`.

    Raises:
        ConfigError: the file as a whole cannot be read; `where` names it.
    """
    document = read_jsonc(text, where)
    if not isinstance(document, dict):
        raise ConfigError(f"{where} must be a JSON object with `mcpServers`")
    servers = document.get("mcpServers", document.get("servers", {}))
    if not isinstance(servers, dict):
        raise ConfigError(f"{where}: `mcpServers` must be an object of servers by name")
    return tuple(_apart(_entry(name, raw, environ) for name, raw in servers.items()))


def _apart(found: Iterator[ServerConfig]) -> Iterator[ServerConfig]:
    """Refuse a name that differs from an earlier one in capitals only: people would mix them up."""
    seen = set[str]()
    for config in found:
        folded = config.name.casefold()
        if folded in seen:
            problem = "another server has this name in other capitals; rename one of them"
            config = replace(config, where=None, problem=problem)
        seen.add(folded)
        yield config


def _entry(name: str, raw: Any, environ: Mapping[str, str]) -> ServerConfig:
    if not isinstance(raw, dict):
        return ServerConfig(name=name, problem="its entry must be a JSON object")
    config = ServerConfig(
        name=name,
        disabled=raw.get("disabled") is True or raw.get("enabled") is False,
        notes=tuple(note for key, note in NOTES.items() if raw.get(key)),
    )
    try:
        config = replace(
            config, idle_s=_idle_s(raw.get("timeout")), is_legacy=raw.get("protocolEra") == "legacy"
        )
        if _kind(raw) == "http":
            return replace(config, where=_endpoint(raw, environ), identity=_identity(name, raw))
        program = _program(raw, environ)
    except (_Bad, Unset) as error:
        return replace(config, problem=str(error))
    if _is_ourselves(program):
        note = "it would start Pointsman itself, whose tools are here already: left out"
        return replace(config, disabled=True, notes=(*config.notes, note))
    return replace(config, where=program, identity=_identity(name, raw))


def _kind(raw: Mapping[str, Any]) -> str:
    url = next((key for key in URLS if raw.get(key)), None)
    said = raw.get("type", raw.get("transport"))
    kind = KINDS.get(said.lower()) if isinstance(said, str) else None
    if said is not None and kind is None:
        raise _Bad(f"its type is not known; known are {', '.join(sorted({*KINDS.values()}))}")
    if kind == "sse":
        raise _Bad("the SSE transport is no longer spoken; give the server's streamable HTTP URL")
    kind = kind or ("stdio" if raw.get("command") or not url else "http")
    if kind == "http" and not url:
        raise _Bad("it needs a `url`")
    return kind


def _program(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Program:
    command = raw.get("command")
    if not isinstance(command, str) or not command.strip():
        raise _Bad("it needs a `command` or a `url`")
    cwd = raw.get("cwd")
    return Program(
        expand(_text("command", command), environ),
        tuple(expand(_text("args", one), environ) for one in _listed(raw.get("args"))),
        _texts("env", raw.get("env"), environ),
        expand(_text("cwd", cwd), environ) if cwd else None,
    )


def _endpoint(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    url = expand(_text("url", next(raw[key] for key in URLS if raw.get(key))), environ)
    if not re.match(r"https?://[^/\s]", url):
        raise _Bad("its url must start with http:// or https://")
    headers = _texts("headers", raw.get("headers"), environ)
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
            raise _Bad("a header's name or value has characters that HTTP does not allow")
    return Endpoint(url, headers)


def _listed(raw: Any) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise _Bad("`args` must be a list")
    return raw


def _text(key: str, raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise _Bad(f"`{key}` must be text")
    if "\0" in str(raw):
        raise _Bad(f"`{key}` has a null character in it")
    return str(raw)


def _texts(key: str, raw: Any, environ: Mapping[str, str]) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise _Bad(f"`{key}` must be an object of texts")
    return {
        name: expand(_text(key, value), environ) for name, value in raw.items() if value is not None
    }


def _idle_s(raw: Any) -> float | None:
    """Seconds. Claude Code, Gemini CLI and Cursor write milliseconds and ignore what is below
    1,000; Cline and Roo write seconds, so what is below 1,000 is seconds."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < 1e9:
        return None
    return raw / 1000 if raw >= 1000 else float(raw)


def _identity(name: str, raw: Mapping[str, Any]) -> str:
    """Of what is written, before variables are filled in: a new key is not a new server."""
    parts = [name, *(raw.get(key) for key in ("command", "args", "cwd", *URLS))]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]


def _is_ourselves(program: Program) -> bool:
    command = PurePath(program.command).stem.lower()
    runner = command in {"uvx", "uv", "pipx", "env", "nice"}
    named = [re.split(r"[@=<>\[]", word)[0].lower() for word in program.args]
    module = ("-m", OURS) in pairwise(named)
    return command == OURS or module or (runner and OURS in named)
