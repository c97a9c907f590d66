"""Node, the two official tools and some servers of others, kept in `.cache` of this checkout."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import anyio

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "node"
PROGRAMS = FOLDER / "node_modules" / ".bin"
PACKAGES = (
    "node@24",  # both tools need 22 or newer, whatever this machine has
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
)


SERVERS = ROOT / ".cache" / "servers"
SERVER_PACKAGES = (  # nobody here wrote them
    "@modelcontextprotocol/server-everything@2026.8.31",
    "@modelcontextprotocol/server-filesystem@2026.8.31",
    "@modelcontextprotocol/server-memory@2026.8.31",
    "everything-2024@npm:@modelcontextprotocol/server-everything@0.6.2",  # speaks 2024-11-05
)


class NoNode(Exception):
    """The tools cannot be had here."""


async def install() -> None:
    """Fetch the tools with npm, unless they are here already.

    Raises:
        NoNode: there is no npm, or it could not fetch them.
    """
    wanted = (PROGRAMS / name for name in ("node", "conformance", "mcp-inspector"))
    if not all(program.exists() for program in wanted):
        await _fetch(FOLDER, PACKAGES)


async def install_servers() -> Path:
    """The folder that the servers are in, which npm fetches unless they are here already.

    Raises:
        NoNode: there is no npm, or it could not fetch them.
    """
    folder = SERVERS / "node_modules"
    done = SERVERS / "done"  # what was fetched, written last
    wanted = "\n".join(SERVER_PACKAGES)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        await _fetch(SERVERS, SERVER_PACKAGES)
        done.write_text(wanted, encoding="utf-8")
    return folder


def node() -> str:
    """The Node of this checkout if it is here, else the machine's; either runs the servers."""
    ours = PROGRAMS / "node"
    return str(ours) if ours.exists() else "node"


async def _fetch(folder: Path, packages: Sequence[str]) -> None:
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", *packages]
    try:
        done = await anyio.run_process(command, cwd=folder, check=False, stderr=subprocess.STDOUT)
    except OSError as error:
        raise NoNode("npm is needed to fetch programs of others, and is not here.") from error
    if done.returncode:
        raise NoNode(done.stdout.decode(errors="replace")[-2000:])


async def run(program: str, *arguments: str) -> tuple[int, str]:
    """The exit code of one of the tools, and all that it wrote."""
    environ = os.environ | {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),  # for the client, which is started from elsewhere
    }
    done = await anyio.run_process(
        [str(PROGRAMS / program), *arguments],
        cwd=FOLDER,
        env=environ,
        check=False,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode(errors="replace")
