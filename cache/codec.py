"""Remembered answers as bytes, and back; what is not exactly ours comes back as None."""

import hmac
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import orjson
from pydantic import TypeAdapter, ValidationError

from cache.key import scope_of
from pointsman.errors import ConfigError
from pointsman.records import Remembered
from storage.packing import DEFLATED, PLAIN, pack, unpack

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED = b"\x03"  # beside the forms of `storage.packing`
NONCE_BYTES = 12
TAG_BYTES = 16
BOND_BYTES = 16
PURPOSE = b"pointsman cache data v1"  # so that no key is used for two things
NAMING = b"pointsman cache name v1"


@dataclass(frozen=True, slots=True)
class Codec:
    """Makes of an answer what is written down, and sees when that was damaged or tampered with.

    With `secret_of`, which gives the 32 secret bytes of a scope, it is encrypted too (AES-256-GCM):
    whoever has the file, and not the secret, can neither read nor change nor swap answers. Random
    nonces hold for 2**32 answers of a scope.
    """

    secret_of: Callable[[str], bytes] | None = None

    def seal(self, body: bytes, name: str) -> bytes:
        """`body` as it is written down under `name`, where alone it can be read again."""
        packed = pack(body, name)
        if self.secret_of is None:
            return packed
        nonce = os.urandom(NONCE_BYTES)
        return SEALED + nonce + _cipher(self.secret_of, name).encrypt(nonce, packed, _bytes(name))

    def unseal(self, blob: bytes, name: str) -> bytes | None:
        """What was sealed under `name`; None if it is damaged or was sealed otherwise."""
        if self.secret_of is None:
            return unpack(blob, name)
        start = 1 + NONCE_BYTES
        if blob[:1] != SEALED or len(blob) < start + TAG_BYTES:
            return None
        from cryptography.exceptions import InvalidTag

        try:
            packed = _cipher(self.secret_of, name).decrypt(
                blob[1:start], blob[start:], _bytes(name)
            )
        except InvalidTag:
            return None
        return unpack(packed, name)

    def knows(self, blob: bytes) -> bool:
        """Whether it says that it was sealed as this codec seals: then, only damage is in the way.

        What was written before encryption was switched on or off is not.
        """
        return blob[:1] in ((PLAIN, DEFLATED) if self.secret_of is None else (SEALED,))

    def bond(self, name: str, key: str) -> bytes:
        """What is written down beside the fact that the answer under `key` has this name too."""
        both = _bytes(f"{name}\0{key}")
        if self.secret_of is None:
            return zlib.crc32(both).to_bytes(4, "big")
        return hmac.digest(self.secret_of(scope_of(name)), NAMING + both, "sha256")[:BOND_BYTES]

    def encode(self, key: str, remembered: Remembered) -> bytes:
        return self.seal(orjson.dumps(remembered, default=dict), key)

    def decode(self, key: str, blob: bytes) -> Remembered | None:
        """What was encoded under `key`; None if it is damaged or of another version."""
        body = self.unseal(blob, key)
        if body is None:
            return None
        try:
            return _adapter().validate_json(body)
        except ValidationError:
            return None


def encrypting_codec(secret_of: Callable[[str], bytes]) -> Codec:
    """A codec that encrypts. It blocks, for it imports what does.

    Raises:
        ConfigError: that is not installed.
    """
    try:
        import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "The cache cannot be encrypted: the package `cryptography` is not installed.",
            hint="Install `pointsman[encryption]`, or set POINTSMAN_CACHE__ENCRYPT=false.",
        ) from error
    return Codec(secret_of)


def _cipher(secret_of: Callable[[str], bytes], name: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hmac.digest(secret_of(scope_of(name)), PURPOSE, "sha256"))


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


@cache  # building it takes milliseconds, and most processes never decode
def _adapter() -> TypeAdapter[Remembered]:
    return TypeAdapter(Remembered)
