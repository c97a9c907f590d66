"""Accepted definitions, kept in a file (T-33: rug pulls)."""

import stat
from pathlib import Path
from typing import Any

import pytest

from agent.attach.definition import Definition, read_definition
from agent.attach.pins import open_pins
from pointsman.errors import ConfigError


def definition(description: str = "Sends a mail.", **properties: Any) -> Definition:
    return read_definition("send", description, {"properties": properties}, {})


async def test_what_is_seen_first_is_pinned_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "home" / "pins.json"
    pins = await open_pins(path)
    assert await pins.check("s1", [definition()]) == {}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["pins.json"]
    again = await open_pins(path)
    assert await again.check("s1", [definition()]) == {}
    assert await again.check("other", [definition("Another server's.")]) == {}


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (definition("Sends a mail, and a copy."), "[-mail.-] [+mail, and a copy.+]"),
        (definition(bcc={"type": "string"}), "new: bcc"),
        (definition("Sends a\u200b mail."), "has changed"),
    ],
)
async def test_a_change_is_told_until_it_is_accepted(
    tmp_path: Path, new: Definition, says: str
) -> None:
    path = tmp_path / "pins.json"
    pins = await open_pins(path)
    await pins.check("s1", [definition()])
    for _ in range(2):
        changes = (await pins.check("s1", [new]))["send"]
        assert says in changes[0]
        assert "changed" in changes[0]
    await pins.accept("s1", new)
    assert await (await open_pins(path)).check("s1", [new]) == {}
    assert "send" in await pins.check("s1", [definition()])


async def test_parameters_that_went_or_differ_are_named(tmp_path: Path) -> None:
    pins = await open_pins(tmp_path / "pins.json")
    await pins.check("s", [definition(a={"type": "string"}, b={"type": "string"})])
    changes = await pins.check("s", [definition(b={"type": "number"}, c={})])
    assert changes["send"] == ("its parameters have changed: new: c; gone: a; different: b",)


@pytest.mark.parametrize("text", ["", "[]", '{"servers": {"s": {"t": {}}}}', "{nope"])
async def test_a_damaged_file_accepts_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pins.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        await open_pins(path)
    assert path.read_text() == text


async def test_two_that_have_it_open_keep_each_others_pins(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    one, other = await open_pins(path), await open_pins(path)
    await one.check("s1", [definition()])
    await other.check("s2", [definition()])
    assert "send" in await other.check("s1", [definition("Sends all.")])
    assert "send" in await one.check("s2", [definition("Sends all.")])
