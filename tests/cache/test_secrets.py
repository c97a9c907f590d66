"""Where the secret of the cache comes from."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from cache.secrets import open_secret
from pointsman.errors import ConfigError
from pointsman.settings import CacheSettings


def settings(secret: str | None = None, redis_url: str | None = None) -> CacheSettings:
    return CacheSettings(
        secret=None if secret is None else SecretStr(secret),
        redis_url=None if redis_url is None else SecretStr(redis_url),
    )


LONG, OTHER = "correct horse battery staple, twice over", "another secret that is long enough too"


def test_a_secret_that_is_given_counts_everywhere(tmp_path: Path) -> None:
    here = open_secret(settings(LONG), tmp_path / "a")
    assert len(here) == 32
    assert here == open_secret(settings(LONG, "redis://:pw@host"), tmp_path / "b")
    assert here != open_secret(settings(OTHER), tmp_path / "a")
    assert LONG.encode() not in here
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("redis://:s3cret@a:1/0", "rediss://user:s3cret@b:2/7", True),  # one server, seen twice
        ("redis://:s3cret@a", "redis://:another@a", False),
        ("redis://:p%40ss@a", "redis://a?password=p%40ss", True),
        ("unix://:pw@/run/redis.sock", "unix:///run/redis.sock?password=pw", True),
        ("redis://a", "redis://b/3", True),
    ],
)
def test_replicas_of_one_redis_have_one_secret(
    tmp_path: Path, one: str, other: str, same: bool
) -> None:
    first = open_secret(settings(None, one), tmp_path / "a")
    second = open_secret(settings(None, other), tmp_path / "b")
    assert (first == second) is same


def test_a_url_that_cannot_be_read_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_secret(settings(None, "redis://:s3cret@[::1/0"), tmp_path)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_home_has_its_own_secret_and_keeps_it(tmp_path: Path) -> None:
    home = tmp_path / "new"
    secret = open_secret(settings(), home)
    assert (home / "cache.key").read_bytes() == secret
    assert stat.S_IMODE((home / "cache.key").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["cache.key"]
    assert open_secret(settings(), home) == secret
    assert open_secret(settings(), tmp_path / "other") != secret


def test_who_comes_at_the_same_time_gets_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: open_secret(settings(), tmp_path), range(64)))
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cache.key"]


@pytest.mark.parametrize("content", [b"", b"short", bytes(32), b"x" * 33])
def test_a_damaged_secret_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache.key").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        open_secret(settings(), tmp_path)
    assert str(tmp_path / "cache.key") in caught.value.message
    assert caught.value.hint is not None
    assert "delete it" in caught.value.hint
    assert (tmp_path / "cache.key").read_bytes() == content


def test_others_cannot_read_it_any_more(tmp_path: Path) -> None:
    open_secret(settings(), tmp_path)
    (tmp_path / "cache.key").chmod(0o644)
    open_secret(settings(), tmp_path)
    assert stat.S_IMODE((tmp_path / "cache.key").stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(os.urandom(32))
    (tmp_path / "cache.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        open_secret(settings(), tmp_path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache.key").mkdir()
    with pytest.raises(ConfigError):
        open_secret(settings(), tmp_path)
