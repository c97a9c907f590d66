"""The shapes of an `mcp.json` that hosts write."""

import json
from typing import Any

import pytest

from agent.attach.config import Endpoint, Program, ServerConfig, read_config
from pointsman.errors import ConfigError

ENVIRON = {"TOKEN": "s3cret", "EMPTY": "", "ROOT": "/srv"}


def read(text: str) -> tuple[ServerConfig, ...]:
    return read_config(text, ENVIRON, "mcp.json")


def one(entry: Any, key: str = "mcpServers") -> ServerConfig:
    (config,) = read(json.dumps({key: {"s": entry}}))
    return config


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({"command": "x"}, Program("x")),
        ({"type": "stdio", "command": "x", "args": ["a", 1]}, Program("x", ("a", "1"))),
        ({"command": "${ROOT}/x", "cwd": "${ROOT}"}, Program("/srv/x", cwd="/srv")),
        (
            {"command": "x", "env": {"K": "${TOKEN}", "N": 1, "none": None}},
            Program("x", env={"K": "s3cret", "N": "1"}),
        ),
        ({"command": "x", "args": ["${NO:-d}", "$TOKEN"]}, Program("x", ("d", "$TOKEN"))),
        ({"command": "x", "args": ["${EMPTY:-d}${env:TOKEN}"]}, Program("x", ("ds3cret",))),
        ({"url": "http://h/mcp"}, Endpoint("http://h/mcp")),
        ({"httpUrl": "https://h/"}, Endpoint("https://h/")),
        ({"serverUrl": "https://h/"}, Endpoint("https://h/")),
        *[
            ({"type": kind, "url": "https://h/"}, Endpoint("https://h/"))
            for kind in ("http", "streamable-http", "streamableHttp", "streamable_http", "HTTP")
        ],
        (
            {"url": "https://h/${env:TOKEN}", "headers": {"Authorization": "Bearer ${TOKEN}"}},
            Endpoint("https://h/s3cret", {"Authorization": "Bearer s3cret"}),
        ),
    ],
)
def test_an_entry_is_read(entry: Any, where: Program | Endpoint) -> None:
    for key in ("mcpServers", "servers"):
        config = one(entry, key)
        assert (config.where, config.problem, config.disabled) == (where, None, False)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("x", "object"),
        ({}, "command"),
        ({"command": 1}, "command"),
        ({"command": "x", "args": "a b"}, "args"),
        ({"command": "x", "args": [{}]}, "args"),
        ({"command": "x", "env": ["K=1"]}, "env"),
        ({"command": "x\0"}, "null"),
        ({"type": "http"}, "url"),
        ({"type": "sse", "url": "https://h/sse"}, "SSE"),
        ({"type": "websocket", "url": "wss://h"}, "type"),
        ({"url": "ftp://h/"}, "http://"),
        ({"url": "https://h/", "headers": {"A": "b\r\nEvil: 1"}}, "header"),
        ({"command": "x", "args": ["${MISSING}"]}, "MISSING is not set"),
        ({"url": "https://h/", "headers": {"A": "${env:MISSING}"}}, "MISSING is not set"),
        ({"command": "x", "env": {"K": "${input:key}"}}, "editor"),
        ({"command": "x", "args": ["${workspaceFolder}/${file:x}"]}, "not"),
    ],
)
def test_what_is_wrong_with_one_entry_is_its_own_problem(entry: Any, says: str) -> None:
    bad, good = read(json.dumps({"mcpServers": {"bad": entry, "good": {"command": "x"}}}))
    assert bad.where is None
    assert says in (bad.problem or "")
    assert "s3cret" not in (bad.problem or "")
    assert good.where == Program("x")


def test_it_may_have_comments_and_trailing_commas() -> None:
    configs = read(
        """\ufeff{ // what VS Code writes
          "inputs": [],
          "servers": {
            "a//b": {"command": "x /* no comment */", "args": ["//", ",]"],}, /* this
            is one */
          },
        }"""
    )
    assert [(one.name, one.where) for one in configs] == [
        ("a//b", Program("x /* no comment */", ("//", ",]")))
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"mcpServers": {\n  "a": nope}}', "line 2, column 8"),
        ('{\n// fine\n "a": 1,,}', "line 3, column 10"),
        ("[]", "object"),
        ('{"mcpServers": []}', "object"),
        ("[" * 100_000, "deep"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "mcp.json" in caught.value.message
    assert place in caught.value.message


@pytest.mark.parametrize(
    ("timeout", "idle_s"),
    [(None, None), (60, 60), (999, 999), (1000, 1), (600_000, 600), (0, None), ("9", None)],
)
def test_a_timeout_is_in_milliseconds_or_as_some_hosts_write_it_in_seconds(
    timeout: Any, idle_s: float | None
) -> None:
    assert one({"command": "x", "timeout": timeout}).idle_s == idle_s


def test_keys_that_would_loosen_our_rules_are_not_followed_and_that_is_said() -> None:
    config = one({"command": "x", "alwaysAllow": ["rm"], "autoApprove": [], "unknown": {}})
    assert config.problem is None
    assert len(config.notes) == 1
    assert "alwaysAllow" in config.notes[0]
    assert one({"command": "x", "disabled": True}).disabled
    assert one({"command": "x", "enabled": False}).disabled


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        ({"command": "pointsman", "args": ["serve"]}, True),
        ({"command": "/x/.venv/bin/pointsman"}, True),
        ({"command": "C:/x/Pointsman.exe"}, True),
        ({"command": "uvx", "args": ["pointsman@latest", "serve"]}, True),
        ({"command": "uvx", "args": ["--from", "pointsman==0.1", "serve"]}, True),
        ({"command": "python", "args": ["-m", "pointsman", "serve"]}, True),
        ({"command": "env", "args": ["A=1", "pointsman"]}, True),
        ({"command": "files", "args": ["/home/me/pointsman"]}, False),
        ({"command": "grep", "args": ["pointsman"]}, False),
    ],
)
def test_pointsman_does_not_start_itself(entry: Any, ours: bool) -> None:
    config = one(entry)
    assert (config.disabled, config.where is None) == (ours, ours)
    assert any("itself" in note for note in config.notes) is ours


def test_keys_are_in_no_representation() -> None:
    program = one({"command": "x", "args": ["--key", "${TOKEN}"], "env": {"K": "${TOKEN}"}})
    endpoint = one({"url": "https://h/?k=${TOKEN}", "headers": {"A": "${TOKEN}"}})
    assert "s3cret" not in repr((program, endpoint))
    assert "s3cret" not in str(program.where)


def test_the_identity_is_of_what_is_written() -> None:
    entry = {"command": "x", "args": ["${TOKEN}"]}
    (before,) = read_config(json.dumps({"mcpServers": {"s": entry}}), {"TOKEN": "1"}, "f")
    (after,) = read_config(json.dumps({"mcpServers": {"s": entry}}), {"TOKEN": "2"}, "f")
    assert before.identity == after.identity
    assert before.identity != one({"command": "y", "args": ["${TOKEN}"]}).identity


def test_names_that_differ_in_capitals_only_are_refused() -> None:
    first, second = read('{"mcpServers": {"Git": {"command": "x"}, "git": {"command": "x"}}}')
    assert first.where is not None
    assert second.where is None
    assert "capitals" in (second.problem or "")
