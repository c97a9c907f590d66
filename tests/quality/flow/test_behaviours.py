"""How data is followed: pairs of programs, of which one runs a stranger's command.

Each stands in a handler of a web application. What follows `%unsafe` is in the first alone, what
follows `%safe` in the second, and `%both` ends that.
"""

from pathlib import Path
from textwrap import indent

import pytest

from tests.quality.flow.programs import found

HEAD = """
import base64, configparser, functools, io, os, re, shlex, threading
from contextlib import contextmanager
from dataclasses import dataclass
from flask import Flask, abort, request

app = Flask(__name__)
ALLOWED = ["a", "b"]
COMMAND = ""

@app.route("/")
def handler():
"""
TEXT = Path(__file__).with_name("behaviours.txt").read_text(encoding="utf-8")
CASES = [part.split("\n", 1) for part in ("\n" + TEXT).split("\n==== ")[1:]]


def program(body: str, side: str) -> str:
    lines, here = [], "%both"
    for line in body.splitlines():
        if line.startswith("%"):
            here = line
        elif here in ("%both", side):
            lines.append(line)
    return HEAD + indent("\n".join(lines), "    ") + "\n"


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in CASES])
async def test_the_unsafe_program_is_told_from_its_safe_twin(body: str) -> None:
    unsafe = await found(program(body, "%unsafe"), "command-injection")
    safe = await found(program(body, "%safe"), "command-injection")
    assert [finding.kind for finding in unsafe if finding.confidence == "high"] == ["vulnerability"]
    assert [finding for finding in safe if finding.confidence == "high"] == []
