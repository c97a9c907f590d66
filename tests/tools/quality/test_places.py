"""Which paths may be analysed, and which may be changed."""

from pathlib import Path

import pytest

from pointsman.errors import InvalidInput
from tools.quality.places import Places


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """`open` with a file and links in it, `other` beside it."""
    (tmp_path / "open/code").mkdir(parents=True)
    (tmp_path / "open/code/a.py").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/b.py").write_text("")
    (tmp_path / "open/out").symlink_to(tmp_path / "other")
    (tmp_path / "open/in").symlink_to(tmp_path / "open/code")
    return tmp_path


@pytest.mark.parametrize("given", ["open/code/a.py", "open/code", "open/in/a.py"])
def test_a_path_in_an_open_folder_is_found(given: str, folders: Path) -> None:
    places = Places((folders / "open",))
    found = places.find(str(folders / given))
    assert found == (folders / given).resolve()
    assert places.find(given.removeprefix("open/")) == found  # from the open folder on


@pytest.mark.parametrize("given", ["other/b.py", "open/out/b.py", "open/../other/b.py", "."])
def test_a_path_that_leads_out_of_the_open_folders_is_refused(given: str, folders: Path) -> None:
    with pytest.raises(InvalidInput):
        Places((folders / "open",)).find(str(folders / given))


def test_without_open_folders_all_code_may_be_analysed_and_nothing_changed(folders: Path) -> None:
    places = Places()
    assert places.find(str(folders / "other/b.py")) == (folders / "other/b.py").resolve()
    assert places.open() == ()


def test_a_folder_that_is_opened_for_one_call_is_open_in_it(folders: Path) -> None:
    places = Places((folders / "open",))
    found = places.find(str(folders / "other/b.py"), [folders / "other"])
    assert found == (folders / "other/b.py").resolve()
    assert set(places.open([folders / "other"])) == {folders / "open", folders / "other"}


@pytest.mark.parametrize(
    "given", ["", "  ", "relative.py", "/proc/self", "/sys", "/dev/zero", "/", "a\0b", "/nowhere"]
)
def test_what_is_no_code_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        Places().find(given)


def test_our_own_home_is_not_analysed(folders: Path) -> None:
    with pytest.raises(InvalidInput):
        Places(closed=(folders / "other",)).find(str(folders / "other/b.py"))


def test_the_whole_disk_is_never_open_to_changes() -> None:
    assert Places((Path("/"),)).open() == ()
