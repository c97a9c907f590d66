"""Remembered answers as bytes. T-66, CA-19"""

import pickle

import orjson
from hypothesis import given
from hypothesis import strategies as st

from cache.codec import decode, encode
from storage.packing import pack, unpack
from tests.contract.cache import remembered

LONG = remembered("a long answer, said again. " * 200)


def test_a_long_answer_is_kept_smaller_than_it_is() -> None:
    assert len(encode("k", LONG)) < len(LONG.completion.text) / 4
    assert decode("k", encode("k", LONG)) == LONG


@given(st.binary(max_size=3000), st.text(max_size=10))
def test_what_is_packed_comes_back(body: bytes, name: str) -> None:
    assert unpack(pack(body, name), name) == body


@given(st.integers(min_value=0), st.integers(1, 255), st.booleans())
def test_a_changed_byte_is_seen(place: int, change: int, long: bool) -> None:
    kept = LONG if long else remembered()
    blob = bytearray(encode("k", kept))
    blob[place % len(blob)] ^= change
    assert decode("k", bytes(blob)) is None


@given(st.binary(max_size=200))
def test_what_is_not_ours_is_nothing(blob: bytes) -> None:
    assert decode("k", blob) is None


def test_a_part_of_an_entry_is_nothing() -> None:
    blob = encode("k", remembered())
    assert all(decode("k", blob[:length]) is None for length in range(len(blob)))


def test_a_pickle_is_not_read_even_under_a_right_checksum() -> None:
    assert decode("k", pack(pickle.dumps(remembered()), "k")) is None


def test_an_entry_of_other_fields_is_nothing() -> None:
    fields = orjson.loads(orjson.dumps(remembered()))
    del fields["stored_at"]
    assert decode("k", pack(orjson.dumps(fields), "k")) is None
    fields = orjson.loads(orjson.dumps(remembered()))
    fields["completion"]["usage"]["input_tokens"] = -1
    assert decode("k", pack(orjson.dumps(fields), "k")) is None
