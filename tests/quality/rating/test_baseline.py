"""The file of findings that are known."""

import os
from pathlib import Path

import pytest

from pointsman.errors import InvalidInput
from quality.rating.allowed.baseline import Fixed, fixed, read_baseline, write_baseline
from tests.quality.rating.findings import finding


def test_what_is_written_is_read(tmp_path: Path) -> None:
    place = tmp_path / "quality-baseline.json"
    assert write_baseline(place, [finding("b.py"), finding("a.py"), finding("c.py", id="")]) == 2
    known = read_baseline(place)
    assert known is not None
    assert {id: (one.rule, one.path) for id, one in known.items()} == {
        "R1:a.py:1": ("R1", "a.py"),
        "R1:b.py:1": ("R1", "b.py"),
    }
    before = place.read_bytes()
    write_baseline(place, [finding("a.py"), finding("b.py")])
    assert place.read_bytes() == before, "the order of the findings must not show in a diff"
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


def test_entries_whose_finding_is_gone_are_fixed(tmp_path: Path) -> None:
    place = tmp_path / "b.json"
    write_baseline(place, [finding("a.py"), finding("b.py"), finding("not_looked_at.py")])
    known = read_baseline(place)
    assert known is not None
    assert fixed(known, [finding("a.py")], ["a.py", "b.py"]) == (Fixed("R1:b.py:1", "R1", "b.py"),)


def test_there_need_not_be_one(tmp_path: Path) -> None:
    assert read_baseline(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        '{"version": 2, "findings": {}}',
        '{"version": 1, "findings": []}',
        '{"version": 1, "findings": {"x": {"rule": "R"}}}',
        '{"version": 1, "findings": {"x": {"rule": 1, "path": "a"}}}',
        "[" * 100_000,
        "\0",
    ],
)
def test_a_damaged_one_is_refused_by_name(tmp_path: Path, text: str) -> None:
    place = tmp_path / "known.json"
    place.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_baseline(place)
    assert "known.json" in caught.value.message


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidInput):
            read_baseline(place)


@pytest.mark.parametrize("place", ["gone/b.json", "folder"])
def test_one_that_cannot_be_written_is_refused_and_leaves_nothing(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput):
        write_baseline(tmp_path / place, [finding()])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
