"""The servers of an mcp.json, attached; and what about them is secret."""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import anyio
import structlog
from pydantic import BaseModel, SecretStr

from agent.attach.attachments import Attachments, open_attachments
from agent.attach.config import Endpoint, Program, ServerConfig, read_config
from agent.attach.server import Attached as Status
from agent.untrusted.secrets import Secrets
from pointsman.errors import ConfigError
from pointsman.seams import Clock

log = structlog.get_logger("pointsman.agent")

# In the name of a variable or a header; but not in KEYBOARD, TOKENIZERS or GIT_AUTHOR_NAME, whose
# values are ordinary words, which would be taken out of every text.
SECRET = re.compile(
    r"KEY(?!BOARD|MAP)|TOKEN(?!IZER)|SECRET|PASSW|CREDENTIAL|AUTH(?!OR(?!I))|COOKIE|SESSION",
    re.IGNORECASE,
)
# Of a desktop: which one it is, and where its sockets are.
HARMLESS = re.compile(r"^(?:XDG|DESKTOP|DBUS)_|^SESSION_MANAGER$|_SOCK$", re.IGNORECASE)
PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/@]+)@")  # in an address, as of a database


class Attached(NamedTuple):
    """The servers of a file, and what it says of them."""

    attachments: Attachments
    configs: Sequence[ServerConfig]


@asynccontextmanager
async def attach(
    file: Path,
    *,
    pins: Path,
    environ: Mapping[str, str],
    idle_s: float,
    clock: Clock,
    taken: Sequence[str],
    needed: bool = True,
) -> AsyncGenerator[Attached, None]:
    """The servers that `file` lists, and what it says of them.

    Raises:
        ConfigError: it cannot be read; or it is not there, and `needed`.
    """
    configs = await read_servers(file, environ, needed=needed)
    opened = open_attachments(
        configs,
        clock,
        pins=pins,
        environ=environ,
        random=Random(),  # noqa: S311 -- when to try again, no secret
        idle_s=idle_s,
        taken=taken,
        told=_log_status,
    )
    async with opened as attachments:
        yield Attached(attachments, configs)


async def read_servers(
    file: Path, environ: Mapping[str, str], *, needed: bool = True
) -> Sequence[ServerConfig]:
    """What `file` lists; nothing where it is not there and not `needed`.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        text = await anyio.Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if not needed:
            return ()
        raise ConfigError(f"There is no file {str(file)!r}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error
    return read_config(text, environ, str(file))


def _log_status(status: Status) -> None:
    level = log.warning if status.state == "failed" else log.info
    level("server.attached", server=status.name, state=status.state, problem=status.problem)


def secrets_of(
    settings: BaseModel, environ: Mapping[str, str], configs: Sequence[ServerConfig]
) -> Secrets:
    """Every secret that this process was given: none of them is for a model."""
    values = [*_secret(environ), *_hidden(settings)]
    for where in (config.where for config in configs):
        if isinstance(where, Endpoint):
            values += _secret(where.headers)
        elif isinstance(where, Program):
            values += _secret(where.env)
    return Secrets(values)


def _secret(named: Mapping[str, str]) -> Iterator[str]:
    """What is secret in variables or headers, by their names; and passwords in addresses."""
    for name, value in named.items():
        if SECRET.search(name) and not HARMLESS.search(name):
            yield value
        yield from PASSWORD.findall(value)


def _hidden(value: object) -> list[str]:
    """The secrets in settings."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        value = tuple(part for _, part in value)  # `dict` would call a field named `keys`
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return [secret for part in value for secret in _hidden(part)]
    return []
