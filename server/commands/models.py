"""`pointsman models`: the local models, and how to get them."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from pointsman.errors import InvalidInput
from server.commands.command import DONE, FAILED, Command, Context

if TYPE_CHECKING:
    from providers.local.fetch import Progress

MB = 1_000_000


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["list", "pull", "rm"], nargs="?", default="list")
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="without it, pull takes the default"
    )
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from providers.local.store import ModelStore
    from server.windows.ownership import make_home

    given = context.arguments
    await anyio.to_thread.run_sync(make_home, context.home)
    store = ModelStore(context.home / "models")
    match given.action:
        case "pull":
            name = given.name or context.settings.local.model
            with _progress(name) as progress:
                path = await store.pull(name, progress)
            context.tell({"name": name, "path": str(path)}, f"{name} is ready: {path}")
        case "rm":
            if given.name is None:
                raise InvalidInput("Say which model to remove: pointsman models rm NAME.")
            removed = await store.rm(given.name)
            state = "was removed" if removed else "was not there"
            context.tell({"name": given.name, "removed": removed}, f"{given.name} {state}.")
            return DONE if removed else FAILED
        case _:
            rows = [_row(stored) for stored in await store.list()]
            context.tell({"models": rows}, "\n".join(_line(context, row) for row in rows))
    return DONE


def _row(stored: Any) -> dict[str, Any]:
    known = stored.known
    state = "ready" if stored.path else "fetching" if stored.fetching else "not here"
    return {
        "name": known.name,
        "state": state,
        "size": known.size,
        "licence": known.licence,
        "sha256": known.sha256,
        "author": known.author,
        "description": known.description,
        "path": str(stored.path) if stored.path else None,
    }


def _line(context: Context, row: dict[str, Any]) -> str:
    style = "green" if row["state"] == "ready" else "dim"
    state = context.paint(f"{row['state']:<9}", style)
    size = f"{row['size'] / MB:>6.0f} MB"
    return f"{row['name']:<30} {state} {size}  {row['licence']:<11} {row['description']}"


@contextmanager
def _progress(name: str) -> "Generator[Progress, None, None]":
    """A bar on a terminal; elsewhere a line whenever another tenth has come."""
    if sys.stderr.isatty():
        with _bar(name) as bar:
            yield bar
        return
    told = -1

    def tell(done: int, total: int, phase: str) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if tenth != told:
            told = tenth
            sys.stderr.write(f"{name}: {phase} {done / MB:.0f} of {total / MB:.0f} MB\n")

    yield tell


@contextmanager
def _bar(name: str) -> "Generator[Progress, None, None]":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)

        def show(done: int, total: int, phase: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{name}: {phase}")

        yield show


COMMAND = Command("list, fetch or remove local models", _declare, _run)
