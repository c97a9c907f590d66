"""`make conformance`: both requirement sets, the general scenarios, the Inspector, our client.

The requirement sets run against the test build, the rest against the server as it is shipped; the
client is the one that attaches other servers. The last line is `N passed, N failed`; the exit code
is 0 if nothing failed, 2 if nothing could be run.
"""

import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from tests.conformance.node import ROOT, NoNode, install, run

REVISIONS = ("2026-07-28", "2025-11-25")
GENERAL = {  # scenarios that need no fixtures, by the revision they are run at
    "2026-07-28": (
        "tools-list",
        "resources-list",
        "dns-rebinding-protection",
        "caching",
        "sep-2164-resource-not-found",
        "http-header-validation",
    ),
    "2025-11-25": ("server-initialize", "server-session-lifecycle", "ping"),
}
SCENARIO = re.compile(r"^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)
LISTED = re.compile(r"^  - (\S+)$", re.MULTILINE)
CHECKS = re.compile(r"^Passed: (\d+)/(\d+)", re.MULTILINE)
AT_ONCE = 2  # clients; the suite itself would start all at once
UNSCORED = re.compile(r"^  [✓✗] ([\w-]+) \((\w+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    where: str
    what: str
    passed: bool
    note: str = ""
    scored: bool = True


async def requirements(url: str, revision: str) -> list[Row]:
    """Every scenario that `revision` requires; the ones it does not score are marked."""
    _, text = await run("conformance", "server", "--url", url, "--requirements", revision)
    where = f"requirements {revision}"
    unscored = dict(UNSCORED.findall(text))
    rows = list[Row]()
    for name, good, failed in SCENARIO.findall(text):
        note = f"{good} checks, {failed} failed"
        if name in unscored:
            note += f" (not scored: {unscored[name]})"
        rows.append(Row(where, name, failed == "0", note, name not in unscored))
    return rows or [Row(where, "the suite itself", False, text[-500:])]


async def general(url: str, revision: str) -> list[Row]:
    rows = list[Row]()
    for name in GENERAL[revision]:
        arguments = ("--url", url, "--scenario", name, "--spec-version", revision)
        code, text = await run("conformance", "server", *arguments)
        note = "" if code == 0 else text[-500:]
        rows.append(Row(f"as shipped, {revision}", name, code == 0, note))
    return rows


async def inspector(config: Path, server: str) -> list[Row]:
    """What the Inspector's command line makes of one entry of `config`, in both eras."""
    rows = list[Row]()
    for era in ("legacy", "modern"):
        for what, asked in (
            ("tools/list --strict", ("--method", "tools/list", "--strict")),
            (
                "tools/call route",
                ("--method", "tools/call", "--tool-name", "route", "--tool-arg", "prompt=hi"),
            ),
        ):
            entry = ("--cli", "--config", str(config), "--server", server, "--protocol-era", era)
            code, text = await run("mcp-inspector", *entry, *asked, "--format", "json", "-q")
            note = "" if code == 0 else f"exit {code}: {text[-500:]}"
            rows.append(Row(f"Inspector, {server}, {era}", what, code == 0, note))
    return rows


async def client(revision: str) -> list[Row]:
    """The scenarios that `revision` requires of a client. Ours signs in nowhere: it sends the
    headers that it is given, so how the ones about authorization end is told and not scored."""
    _, listed = await run("conformance", "list", "--client", "--requirements", revision)
    names = LISTED.findall(listed.partition("Client scenarios")[2].partition("Run and reported")[0])
    rows = list[Row]()
    at_once = anyio.CapacityLimiter(AT_ONCE)

    async def check_one(name: str) -> None:
        async with at_once:
            rows.append(await client_scenario(name, revision))

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(check_one, name)
    where = f"our client, {revision}"
    return sorted(rows, key=lambda row: names.index(row.what)) or [
        Row(where, "the suite itself", False, listed[-500:])
    ]


async def client_scenario(name: str, revision: str) -> Row:
    # The suite hands the command to a shell.
    command = f"{sys.executable} -m tests.conformance.client"
    arguments = ("--command", command, "--scenario", name, "--spec-version", revision)
    code, text = await run("conformance", "client", *arguments, "--timeout", "60000")
    found = CHECKS.search(text)
    passed = code == 0 and found is not None and found[1] != "0"
    note = f"{found[1]} of {found[2]} checks" if found else text[-500:]
    if scored := not name.startswith("auth/"):
        note = note if passed else f"{note}: {text[-500:]}"
    else:
        note += f", {'passed' if passed else 'failed'} (not scored: authorization)"
    return Row(f"our client, {revision}", name, passed, note, scored)


@asynccontextmanager
async def serving(port: int, home: Path, *command: str) -> AsyncIterator[str]:
    """The URL of the MCP endpoint of `command`, run with this Python, once it listens."""
    arguments = [sys.executable, *command]
    environ = environment(home)
    async with await anyio.open_process(arguments, cwd=ROOT, env=environ, stdout=None) as process:
        try:
            with anyio.fail_after(60):
                while not await _listens(port):
                    if process.returncode is not None:
                        raise NoNode(f"{' '.join(command)} ended with {process.returncode}")
                    await anyio.sleep(0.1)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            if process.returncode is None:
                process.terminate()


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "POINTSMAN_HOME": str(home), "POINTSMAN_LOCAL__ENABLED": "false"}


async def _listens(port: int) -> bool:
    try:
        stream = await anyio.connect_tcp("127.0.0.1", port)
    except OSError:
        return False
    await stream.aclose()
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def check(work: Path) -> list[Row]:
    """Run everything; `work` is an empty folder to do it in."""
    rows = list[Row]()
    port = free_port()
    async with serving(port, work / "build", "-m", "tests.conformance.build", str(port)) as url:
        for revision in REVISIONS:
            rows += await requirements(url, revision)
    port = free_port()
    serve = ("-m", "pointsman", "serve")
    async with serving(port, work / "http", *serve, "--http", "--port", str(port)) as url:
        for revision in REVISIONS:
            rows += await general(url, revision)
        stdio = {"command": sys.executable, "args": list(serve), "cwd": str(ROOT)}
        config = work / "mcp.json"
        servers = {
            "stdio": {**stdio, "env": environment(work / "stdio")},
            "http": {"type": "http", "url": url},
        }
        await anyio.Path(config).write_text(json.dumps({"mcpServers": servers}))
        for name in servers:
            rows += await inspector(config, name)
    for revision in REVISIONS:
        rows += await client(revision)
    return rows


def show(rows: list[Row]) -> int:
    """Print the table and the last line; the exit code."""
    for row in rows:
        verdict = ("pass" if row.passed else "FAIL") if row.scored else "n/a "
        print(f"{verdict}  {row.where:28} {row.what:46} {row.note}")  # noqa: T201
    scored = [row for row in rows if row.scored]
    failed = sum(not row.passed for row in scored)
    print(f"{len(scored) - failed} passed, {failed} failed")  # noqa: T201
    return 1 if failed else 0


async def main() -> int:
    try:
        await install()
        with TemporaryDirectory() as work:
            return show(await check(Path(work)))
    except NoNode as error:
        print(f"Conformance was not checked: {error}", file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    raise SystemExit(anyio.run(main))
