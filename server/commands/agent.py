"""`pointsman agent`: a whole task, with every step shown and every risky one asked."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, get_args

import anyio
from anyio import get_cancelled_exc_class

from pointsman.agent_settings import Approve
from pointsman.agents import NOBODY, Approver, Question, Ruling
from pointsman.errors import InvalidInput
from server.commands.ask import receipt_of_cost
from server.commands.command import DONE, FAILED, Command, Context
from server.windows.client import Person

MOST_TYPED = 4096  # bytes of a line
ANSWERS: Mapping[str, Ruling] = {"y": "yes", "yes": "yes", "a": "always", "always": "always"}


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", nargs="?", help="- reads standard input")
    parser.add_argument("--max-turns", type=int, metavar="N", help="model calls, at most")
    parser.add_argument("--max-cost", type=_amount, metavar="USD", help="of the whole run")
    parser.add_argument("--deadline", type=_amount, metavar="S", help="seconds, at most")
    parser.add_argument(
        "--approve",
        choices=get_args(Approve),
        help="what could do harm: ask me (the default), never do it, or do all the task needs",
    )
    parser.add_argument("--servers", metavar="FILE", help="an mcp.json with servers to attach")
    parser.add_argument(
        "--root", action="append", metavar="DIR", help="a folder to open; . if none is given"
    )
    parser.add_argument("--tools", metavar="A,B", help="only these tools")
    parser.add_argument("--model", metavar="M", help="auto, a model, provider/model")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped")
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    given = context.arguments
    steps = _Steps(context)
    person = Person(
        approver=Terminal(context) if sys.stdin.isatty() else NOBODY, roots=_roots(given)
    )
    try:
        result = await use_tool(context, "agent", _arguments(given), progress=steps, person=person)
    except get_cancelled_exc_class():
        if steps.run_id:
            context.hint(f"pointsman: stopped; go on with --resume {steps.run_id}")
        raise
    if given.json:
        context.say_json(result)
    else:
        context.say(context.plain(result["answer"]))
        _tell_end(context, result)
    return DONE if result["status"] == "completed" else FAILED


def _amount(text: str) -> float:
    """
    Raises:
        ValueError: it is no number that there can be so much of.
    """
    amount = float(text)
    if not (isfinite(amount) and amount >= 0):
        raise ValueError
    return amount


def _roots(given: argparse.Namespace) -> list[Path]:
    """The folders to open.

    Raises:
        InvalidInput: one is no folder, or the whole disk.
    """
    roots = [Path(root).resolve() for root in given.root or ["."]]
    for root in roots if given.root else ():
        if not root.is_dir() or root.parent == root:
            raise InvalidInput(f"{root} cannot be opened to the tools: name a folder on the disk.")
    return [root for root in roots if root.parent != root]


def _tell_end(context: Context, result: Mapping[str, Any]) -> None:
    for note in result.get("notes") or ():
        context.hint(f"pointsman: {note}")
    if result["status"] != "completed":
        run_id = result["run_id"]
        context.hint(f"pointsman: {result['status']}; go on with --resume {run_id}")
    if sys.stderr.isatty():
        models = ", ".join(result["models"]) or "no model"
        told = f"{len(result['steps'])} steps | {models} | {receipt_of_cost(result['cost_usd'])}"
        context.hint(context.paint(f"[{told} | run {result['run_id']}]", "dim"))


class _Steps:
    """Shows each step on standard error as it happens."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.run_id: str | None = None

    async def __call__(self, _done: float, _total: float | None, message: str) -> None:
        if self.run_id is None and message.startswith("run "):
            self.run_id = message.removeprefix("run ")
        if not message.endswith("still working"):
            self._context.hint(self._context.paint(self._context.plain(message), "dim"))


class Terminal(Approver):
    """Asks the person at the terminal, one question after another."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        return {question.id: await self._one(question) for question in questions}

    async def _one(self, question: Question) -> Ruling:
        always = ", [a]lways in this run" if question.kind == "tool" else ""
        self._context.hint(self._context.paint(question.text, "yellow"))
        forget_typed()  # what was typed before the question is no answer to it
        sys.stderr.write(f"[y]es, [n]o{always}? ")
        sys.stderr.flush()
        line = await _typed()
        return ANSWERS.get(line.strip().lower(), "no")


async def _typed() -> str:
    """The next line at the terminal; nobody goes on reading once it is not wanted any more."""
    await anyio.wait_readable(sys.stdin.fileno())
    return os.read(sys.stdin.fileno(), MOST_TYPED).decode(errors="replace")


def forget_typed() -> None:
    """Drop what stands in the terminal's input."""
    with suppress(ImportError, OSError, ValueError):
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _arguments(given: argparse.Namespace) -> dict[str, Any]:
    task = sys.stdin.read() if given.task == "-" else given.task or ""
    if not task.strip() and given.resume is None:
        raise InvalidInput("The task is empty: say what is to be done.")
    arguments: dict[str, Any] = {
        "task": task,
        "max_turns": given.max_turns,
        "max_cost_usd": given.max_cost,
        "deadline_s": given.deadline,
        "approve": given.approve,
        "servers": [str(Path(given.servers).resolve())] if given.servers else None,
        "tools": [n.strip() for n in given.tools.split(",") if n.strip()] if given.tools else None,
        "model": given.model,
        "resume": given.resume,
    }
    return {name: value for name, value in arguments.items() if value is not None}


COMMAND = Command("do a whole task with tools, step by step", _declare, _run)
