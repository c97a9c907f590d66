"""The command line as a person meets it: a process, its exit code, and what it says."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NO_LOCAL = {"POINTSMAN_LOCAL__ENABLED": "false"}


def run(
    home: Path, *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    known = ("PATH", "HOME", "LANG", "POINTSMAN_EMBEDDING__ENABLED")
    keep = {name: os.environ[name] for name in known if name in os.environ}
    return subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-P", str(ROOT / "pointsman" / "__main__.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd or home.parent,
        env={**keep, "POINTSMAN_HOME": str(home), **(environ or {})},
        check=False,
        stdin=subprocess.DEVNULL,
    )


def explained(done: subprocess.CompletedProcess[str], code: int, word: str) -> None:
    """It ended with `code`, said `word` in one paragraph, and showed no traceback."""
    assert done.returncode == code, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.strip().count("\n") == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "word"),
    [
        (["ask", ""], {}, 2, "empty"),
        (["ask", "hi"], NO_LOCAL, 3, "pointsman models pull"),
        (["ask", "hi", "--model", "nope"], {}, 2, "'nope'"),
        (["ask", "hi"], {"POINTSMAN_CACHE__MEMORY_ITMES": "3"}, 2, "cache.memory_items"),
        (["ask", "hi"], {"POINTSMAN_CACHE__MEMORY_ITEMS": "many"}, 2, "cache.memory_items"),
        (["ask", "hi"], {"POINTSMAN_LOCAL__MODEL": "/nowhere/m.gguf"}, 3, "m.gguf"),
        (["stats", "--since", "yesterday"], NO_LOCAL, 2, "24h"),
        (["stats", "--by", "colour"], NO_LOCAL, 2, "group_by"),
        (["models", "pull", "gpt-9"], {}, 2, "gpt-9"),
        (["models", "rm"], {}, 2, "NAME"),
        (["route"], {}, 2, "PROMPT"),
        (["route", "--batch", "/nowhere.jsonl"], {}, 2, "/nowhere.jsonl"),
        (["serve", "--http", "--host", "0.0.0.0"], NO_LOCAL, 2, "127.0.0.1"),  # noqa: S104
        (["ask", "hi", "--config", "/nowhere.toml"], {}, 2, "/nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_work_is_explained(
    arguments: list[str], environ: dict[str, str], code: int, word: str, tmp_path: Path
) -> None:
    explained(run(tmp_path / "home", *arguments, environ=environ), code, word)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model" * 100)
    done = run(tmp_path / "home", "ask", "hi", environ={"POINTSMAN_LOCAL__MODEL": str(bad)})
    explained(done, 3, "bad.gguf")


def test_an_unknown_key_in_the_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text("[routng]\ndeadline_s = 3\n")
    explained(run(tmp_path / "home", "config", "show"), 2, "'routing'")


@pytest.mark.parametrize(
    "command", [["ask", "hi"], ["serve", "--http", "--port", "0"], ["models", "pull"]]
)
def test_a_home_that_cannot_be_used_is_named(command: list[str], tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("in the way")
    explained(run(home, *command, environ=NO_LOCAL), 2, str(home))


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        explained(run(tmp_path / "home", "serve", "--http", "--port", port), 2, port)


def test_a_batch_is_routed_line_by_line_and_calls_nothing(tmp_path: Path) -> None:
    """RT-12: `route --batch` in, one object a line out."""
    batch = tmp_path / "in.jsonl"
    lines = [{"id": "a", "prompt": "Explain quicksort"}, {"id": "b", "messages": []}]
    batch.write_text("\n".join(map(json.dumps, lines)) + "\nnonsense\n")
    done = run(
        tmp_path / "home", "route", "--batch", str(batch), environ={"OPENAI_API_KEY": "sk-none"}
    )
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first["id"] == "a"
    assert first["category"] == "coding"
    assert first["provider"] == "openai"
    assert "candidates" not in first
    assert second["id"] == "b"
    assert "empty" in second["error"]
    assert "line 3" in third["error"]
    assert done.returncode == 2


def test_a_line_of_a_batch_ends_only_at_its_newline(tmp_path: Path) -> None:
    batch = tmp_path / "in.jsonl"
    batch.write_text('{"id": 1, "prompt": "one\u2028two"}\n', encoding="utf-8")
    done = run(tmp_path / "home", "route", "--batch", str(batch))
    assert [json.loads(line)["id"] for line in done.stdout.split("\n") if line] == [1]


def test_init_keeps_a_link_and_its_files_mode(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}")
    real.chmod(0o600)
    (tmp_path / ".mcp.json").symlink_to(real)
    assert run(tmp_path / "home", "init", "claude-code", "--yes").returncode == 0
    assert (tmp_path / ".mcp.json").is_symlink()
    assert "pointsman" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600


def test_the_configuration_is_shown_without_its_keys(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text(
        '[providers.acme]\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "sk-CANARY"\n'
        '[[providers.acme.models]]\nid = "m"\n'
    )
    done = run(tmp_path / "home", "config", "show")
    assert done.returncode == 0
    assert json.loads(done.stdout)["settings"]["providers"]["acme"]["base_url"]
    assert "CANARY" not in done.stdout + done.stderr


def test_init_adds_its_entry_and_keeps_the_others(tmp_path: Path) -> None:
    config = tmp_path / ".mcp.json"
    config.write_text('{"mcpServers": {"other": {"command": "x"}}, "more": 1}')
    done = run(tmp_path / "home", "init", "claude-code", "--yes")
    assert done.returncode == 0, done.stderr
    table = json.loads(config.read_text())
    assert table["mcpServers"]["other"] == {"command": "x"}
    assert table["more"] == 1
    assert table["mcpServers"]["pointsman"]["args"][-1] == "serve"
    assert '+    "pointsman"' in done.stdout
    again = run(tmp_path / "home", "init", "claude-code", "--yes")
    assert "already" in again.stdout


def test_init_leaves_a_broken_file_alone(tmp_path: Path) -> None:
    config = tmp_path / ".mcp.json"
    config.write_text("{ broken")
    explained(run(tmp_path / "home", "init", "claude-code", "--yes"), 2, ".mcp.json")
    assert config.read_text() == "{ broken"


def test_doctor_finds_a_damaged_ledger(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "stats", environ=NO_LOCAL)
    whole = run(home, "doctor", "--json", environ=NO_LOCAL)
    ledger = home / "ledger.db"
    ledger.write_bytes(ledger.read_bytes()[:4096] + os.urandom(20_000))
    damaged = run(home, "doctor", "--json", environ=NO_LOCAL)
    states = [
        {row["check"]: row["state"] for row in json.loads(done.stdout)["checks"]}["ledger.db"]
        for done in (whole, damaged)
    ]
    assert states == ["ok", "broken"]


def test_doctor_finds_an_embedding_provider_that_is_not_there(tmp_path: Path) -> None:
    environ = NO_LOCAL | {
        "POINTSMAN_EMBEDDING__ENABLED": "true",
        "POINTSMAN_EMBEDDING__PROVIDER": "nope",
    }
    done = run(tmp_path / "home", "doctor", "--json", environ=environ)
    (found,) = [f for f in json.loads(done.stdout)["checks"] if f["check"] == "embedding"]
    assert (found["state"], done.returncode) == ("broken", 1)
    assert "nope" in found["detail"]


def test_doctor_says_what_is_missing_and_how_to_mend_it(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "doctor", "--json")
    checks = {row["check"]: row for row in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert "pointsman models pull" in checks["local model"]["fix"]
    assert "OPENAI_API_KEY" in checks["provider openai"]["fix"]
    assert checks["home"]["state"] == "ok"
