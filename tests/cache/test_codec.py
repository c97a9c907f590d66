"""Remembered answers as bytes. T-66, CA-19"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.codec import Codec, encrypting_codec
from cache.key import Keys
from storage.packing import pack, unpack
from tests.contract.cache import remembered

CODEC = Codec()
LONG = remembered("a long answer, said again. " * 200)


def test_a_long_answer_is_kept_smaller_than_it_is() -> None:
    assert len(CODEC.encode("k", LONG)) < len(LONG.completion.text) / 4
    assert CODEC.decode("k", CODEC.encode("k", LONG)) == LONG


@settings(deadline=None)
@given(st.binary(max_size=3000), st.text(max_size=10))
def test_what_is_packed_comes_back(body: bytes, name: str) -> None:
    assert unpack(pack(body, name), name) == body


@settings(deadline=None)
@given(st.integers(min_value=0), st.integers(1, 255), st.booleans())
def test_a_changed_byte_is_seen(place: int, change: int, long: bool) -> None:
    kept = LONG if long else remembered()
    blob = bytearray(CODEC.encode("k", kept))
    blob[place % len(blob)] ^= change
    assert CODEC.decode("k", bytes(blob)) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_is_not_ours_is_nothing(blob: bytes) -> None:
    assert CODEC.decode("k", blob) is None


def test_a_part_of_an_entry_is_nothing() -> None:
    blob = CODEC.encode("k", remembered())
    assert all(CODEC.decode("k", blob[:length]) is None for length in range(len(blob)))


def test_a_pickle_is_not_read_even_under_a_right_checksum() -> None:
    assert CODEC.decode("k", pack(pickle.dumps(remembered()), "k")) is None


def test_an_entry_of_other_fields_is_nothing() -> None:
    fields = orjson.loads(orjson.dumps(remembered()))
    del fields["stored_at"]
    assert CODEC.decode("k", pack(orjson.dumps(fields), "k")) is None
    fields = orjson.loads(orjson.dumps(remembered()))
    fields["completion"]["usage"]["input_tokens"] = -1
    assert CODEC.decode("k", pack(orjson.dumps(fields), "k")) is None


# --- encryption ---------------------------------------------------------------------------------

KEYS = Keys(secret=b"s" * 32)
SEALING = encrypting_codec(KEYS.of_scope)
KEY, OTHERS = "cc:v1:department:a:1", "cc:v1:department:b:1"
SECRETS = ("Malm", "capital of France", "Paris", "acme-large-2026")


@settings(deadline=None)
@given(st.binary(max_size=3000), st.text(max_size=10))
def test_what_is_sealed_comes_back_under_its_name_alone(body: bytes, name: str) -> None:
    sealed = SEALING.seal(body, name)
    assert SEALING.unseal(sealed, name) == body
    assert SEALING.unseal(sealed, name + "x") is None


def test_who_has_the_bytes_alone_reads_nothing() -> None:
    """SEC-10"""
    plain, sealed = CODEC.encode(KEY, remembered()), SEALING.encode(KEY, remembered())
    assert all(text.encode() in plain for text in SECRETS)
    assert not any(text.encode() in sealed for text in SECRETS)
    assert sealed != SEALING.encode(KEY, remembered())  # nor that two answers are the same


@settings(deadline=None)
@given(st.integers(min_value=0), st.integers(1, 255), st.booleans())
def test_a_changed_byte_of_a_sealed_entry_is_seen(place: int, change: int, long: bool) -> None:
    blob = bytearray(SEALING.encode(KEY, LONG if long else remembered()))
    blob[place % len(blob)] ^= change
    assert SEALING.decode(KEY, bytes(blob)) is None


def test_a_part_of_a_sealed_entry_is_nothing() -> None:
    blob = SEALING.encode(KEY, remembered())
    assert all(SEALING.decode(KEY, blob[:length]) is None for length in range(len(blob)))


@pytest.mark.parametrize(
    ("written_by", "read_by", "known"),
    [
        (CODEC, SEALING, False),  # encryption was switched on
        (SEALING, CODEC, False),  # and off
        (SEALING, encrypting_codec(Keys(secret=b"t" * 32).of_scope), True),
        (SEALING, encrypting_codec(Keys(secret=b"s" * 32, namespace="n").of_scope), True),
        (SEALING, encrypting_codec(lambda _: KEYS.of_scope("department:b")), True),
    ],
)
def test_what_was_written_otherwise_is_nothing(
    written_by: Codec, read_by: Codec, known: bool
) -> None:
    blob = written_by.encode(KEY, remembered())
    assert read_by.decode(KEY, blob) is None
    assert read_by.knows(blob) is known
    assert written_by.knows(blob)


def test_no_scope_opens_what_another_has_sealed() -> None:
    """Even under the same name, had it been moved there."""
    one = encrypting_codec(lambda _: KEYS.of_scope("department:a"))
    other = encrypting_codec(lambda _: KEYS.of_scope("department:b"))
    assert other.unseal(one.seal(b"body", "name"), "name") is None
    assert SEALING.unseal(SEALING.seal(b"body", KEY), OTHERS) is None


def test_without_the_package_it_is_said_what_to_install() -> None:
    """In a process of its own, where that package cannot be imported."""
    program = """
import sys
sys.modules["cryptography"] = None
from cache.codec import Codec, encrypting_codec
from pointsman.errors import ConfigError
Codec().seal(b"", "")
try:
    encrypting_codec(lambda _: b"")
except ConfigError as error:
    print(error.hint)
"""
    root = Path(__file__).parent.parent.parent
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert b"pointsman[encryption]" in ran.stdout


@pytest.mark.parametrize("codec", [CODEC, SEALING])
def test_a_bond_holds_for_one_name_and_one_key(codec: Codec) -> None:
    bond = codec.bond(OTHERS, KEY)
    assert bond == codec.bond(OTHERS, KEY)
    assert len({bond, codec.bond(KEY, OTHERS), codec.bond(OTHERS + "1", KEY)}) == 3


def test_nobody_makes_a_bond_without_the_secret() -> None:
    other = encrypting_codec(Keys(secret=b"t" * 32).of_scope)
    assert len({codec.bond(OTHERS, KEY) for codec in (CODEC, SEALING, other)}) == 3
