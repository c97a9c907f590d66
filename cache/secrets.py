"""The secret that the cache's keys are made with, and what is kept is sealed with."""

import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from pointsman.errors import ConfigError
from pointsman.settings import CacheSettings

SECRET_BYTES = 32
GIVEN = b"pointsman cache secret v1"
SHARED = b"pointsman cache shared by redis v1"
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
BINARY = getattr(os, "O_BINARY", 0)  # and nobody else has this


def open_secret(settings: CacheSettings, home: Path) -> bytes:
    """32 bytes: from the settings, else what all that share a Redis know, else the home's own.

    Replicas find each other's answers only if they make the same keys, so with a Redis and no
    secret of its own, it comes from the password in its URL: whoever has that can read all that is
    in there anyhow. Where there is no password, it is no secret at all, and neither is the Redis.
    The home's own is in the file `cache.key`, made when it is missing. It blocks.

    Raises:
        ConfigError: that file is damaged or cannot be used, or the URL cannot be read.
    """
    if settings.secret is not None:
        return _derived(GIVEN, settings.secret.get_secret_value())
    if settings.redis_url is not None:
        return _derived(SHARED, _password(settings.redis_url))
    path = home / "cache.key"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _kept(path) or _made(path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be used: {error.strerror or error}.",
            hint="Make it a readable file of this user's, or set POINTSMAN_CACHE__SECRET.",
        ) from error


def _derived(purpose: bytes, secret: str) -> bytes:
    return hmac.digest(purpose, secret.encode("utf-8", "surrogatepass"), "sha256")


def _password(url: SecretStr) -> str:
    """The password in a URL of Redis; empty if there is none."""
    try:
        parts = urlsplit(url.get_secret_value())
        asked = parse_qs(parts.query).get("password", [""])
        return unquote(parts.password or "") or asked[0]
    except ValueError:
        raise ConfigError(
            "cache.redis_url cannot be read.", hint="Write it as redis://:PASSWORD@HOST:PORT/0."
        ) from None  # the error may quote the password


def _kept(path: Path) -> bytes | None:
    """The secret in the file; None if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_FOLLOW | BINARY)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        secret = file.read(SECRET_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
    if len(secret) != SECRET_BYTES or not any(secret):
        raise ConfigError(
            f"{path} is damaged: it must hold {SECRET_BYTES} random bytes.",
            hint="Restore it from a backup, or delete it to have a new one made: "
            "the answers kept so far are then not found any more.",
        )
    if status.st_mode & 0o077:
        path.chmod(0o600)
    return secret


def _made(path: Path) -> bytes:
    """A new secret, in a file that is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY
    try:
        with open(os.open(unfinished, flags, 0o600), "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster: its secret counts
            os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    secret = _kept(path)
    if secret is None:
        raise FileNotFoundError(path)
    return secret
