"""`pointsman init CLIENT`: add this server to a client's configuration, and nothing else."""

import argparse
import difflib
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from pointsman.errors import ConfigError
from server.commands.command import DONE, Command, Context

NAME = "pointsman"


@dataclass(frozen=True, slots=True)
class Client:
    """Where a client keeps its servers, and under which key."""

    path: Path
    key: str = "mcpServers"
    typed: bool = False  # it wants "type": "stdio" on each entry


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "client", choices=["claude-code", "claude-desktop", "cursor", "vscode", "print"]
    )
    parser.add_argument("--yes", action="store_true", help="write without asking")


async def _run(context: Context) -> int:
    client = context.arguments.client
    if client == "print":
        context.say_json({"mcpServers": {NAME: entry(typed=False)}})
        return DONE
    target = clients(context.environ)[client]
    try:
        return await _write(context, target)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{target.path} cannot be used: {error}; it was left alone.") from error


async def _write(context: Context, target: Client) -> int:
    path = await anyio.Path(target.path).resolve()  # a link stays a link
    before = await path.read_text(encoding="utf-8-sig") if await path.exists() else ""
    after = with_entry(before, target)
    if before == after:
        context.say(f"{target.path} has the entry already.")
        return DONE
    context.say(_diff(before, after, target.path))
    if not context.arguments.yes and not _agreed():
        context.say("Nothing was written.")
        return DONE
    await path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".pointsman-new")
    await fresh.touch(mode=0o600)  # other entries may hold secrets
    await fresh.write_text(after, encoding="utf-8")
    if await path.exists():
        await fresh.chmod(stat.S_IMODE((await path.stat()).st_mode))
    await fresh.replace(path)
    context.say(f"Wrote {target.path}; restart the client to see it.")
    return DONE


def clients(environ: Mapping[str, str]) -> dict[str, Client]:
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        desktop = home / "Library/Application Support/Claude"
    else:
        desktop = Path(environ.get("APPDATA") or home / ".config") / "Claude"
    return {
        "claude-code": Client(Path.cwd() / ".mcp.json"),
        "claude-desktop": Client(desktop / "claude_desktop_config.json"),
        "cursor": Client(home / ".cursor/mcp.json"),
        "vscode": Client(Path.cwd() / ".vscode/mcp.json", key="servers", typed=True),
    }


def entry(*, typed: bool) -> dict[str, Any]:
    """The command that starts this very installation, wherever the client runs it from."""
    import pointsman.__main__ as launcher

    script = Path(sys.executable).with_name("pointsman")
    installed = script.is_file() and os.access(script, os.X_OK)
    if installed:
        started: dict[str, Any] = {"command": str(script), "args": ["serve"]}
    else:
        launched = str(Path(launcher.__file__).resolve())
        started = {"command": sys.executable, "args": ["-P", launched, "serve"]}
    return {"type": "stdio", **started} if typed else started


def with_entry(before: str, client: Client) -> str:
    """The file's text with our entry; every other entry stays as it is.

    Raises:
        ConfigError: the file is not a JSON object.
    """
    try:
        table = json.loads(before) if before.strip() else {}
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{client.path} is not JSON (line {error.lineno}): it was left alone.",
            hint="Mend it, or add the entry that 'pointsman init print' shows by hand.",
        ) from error
    servers = table.setdefault(client.key, {}) if isinstance(table, dict) else None
    if not isinstance(servers, dict):
        raise ConfigError(f"{client.path} has no object {client.key!r}: it was left alone.")
    if servers.get(NAME) == entry(typed=client.typed):
        return before
    servers[NAME] = entry(typed=client.typed)
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def _diff(before: str, after: str, path: Path) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(path), str(path), lineterm=""
    )
    return "\n".join(lines)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("There is no terminal to ask on.", hint="Use --yes to write the file.")
    return input("Write this? [y/N] ").strip().lower() in ("y", "yes")


COMMAND = Command("add this server to a client's configuration", _declare, _run)
