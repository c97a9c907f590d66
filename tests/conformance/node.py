"""Node and the two official tools, kept in `.cache/node` of this checkout."""

import os
import subprocess
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


class NoNode(Exception):
    """The tools cannot be had here."""


async def install() -> None:
    """Fetch the tools with npm, unless they are here already.

    Raises:
        NoNode: there is no npm, or it could not fetch them.
    """
    wanted = (PROGRAMS / name for name in ("node", "conformance", "mcp-inspector"))
    if all(program.exists() for program in wanted):
        return
    await anyio.Path(FOLDER).mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", *PACKAGES]
    try:
        done = await anyio.run_process(command, cwd=FOLDER, check=False, stderr=subprocess.STDOUT)
    except OSError as error:
        raise NoNode("npm is needed to fetch the conformance suite, and is not here.") from error
    if done.returncode:
        raise NoNode(done.stdout.decode(errors="replace")[-2000:])


async def run(program: str, *arguments: str) -> tuple[int, str]:
    """The exit code of one of the tools, and all that it wrote."""
    environ = os.environ | {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "NO_COLOR": "1",
    }
    done = await anyio.run_process(
        [str(PROGRAMS / program), *arguments],
        cwd=FOLDER,
        env=environ,
        check=False,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode(errors="replace")
