"""What a subcommand is, what it is given, and how it speaks to a person or a program."""

import argparse
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from pointsman.configuration import home_folder, load_settings
from pointsman.settings import Settings

# Control characters other than tab and newline: a model could drive a terminal with them.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
DONE, FAILED, USAGE, NO_BACKEND, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES: Mapping[str, int] = {
    "invalid_input": USAGE,
    "not_found": USAGE,
    "budget_exceeded": NO_BACKEND,
    "rate_limited": NO_BACKEND,
    "no_backend": NO_BACKEND,
    "content_refused": NO_BACKEND,
    "deadline_exceeded": NO_BACKEND,
}


@dataclass(frozen=True)
class Context:
    """What a command may look at."""

    arguments: argparse.Namespace
    environ: Mapping[str, str]
    colour: bool

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.environ, self.arguments.config)

    @cached_property
    def home(self) -> Path:
        return home_folder(self.environ)

    @property
    def verbose(self) -> bool:
        return self.environ.get("POINTSMAN_LOG__LEVEL", "").lower() == "debug"

    def say(self, text: str, *, end: str = "\n") -> None:
        """Write a result to standard output."""
        sys.stdout.write(text + end)
        sys.stdout.flush()

    def say_json(self, value: Any) -> None:
        self.say(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())

    def plain(self, text: str) -> str:
        """`text` of a model, so that it cannot drive a terminal if it is shown on one."""
        return UNPRINTABLE.sub("\ufffd", text) if self.colour else text

    def tell(self, value: Any, text: str) -> None:
        """A result: as JSON where that was asked for, and as text for a person otherwise."""
        if self.arguments.json:
            self.say_json(value)
        else:
            self.say(text)

    def hint(self, text: str) -> None:
        """Tell the person at the terminal something that is no result."""
        sys.stderr.write(text + "\n")

    def paint(self, text: str, style: str) -> str:
        """`text` in colour on a terminal, and as it is elsewhere."""
        codes = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
        return f"\x1b[{codes[style]}m{text}\x1b[0m" if self.colour else text


@dataclass(frozen=True, slots=True)
class Command:
    help: str
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Context], Awaitable[int]]
