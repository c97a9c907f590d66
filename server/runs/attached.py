"""The servers of an mcp.json, attached; and what about them is secret."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import anyio
import structlog

from agent.attach.attachments import Attachments, open_attachments
from agent.attach.config import ServerConfig, read_config
from agent.attach.server import Attached as Status
from pointsman.errors import ConfigError
from pointsman.seams import Clock

log = structlog.get_logger("pointsman.agent")


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
