"""F-13: whatever a file holds, the guard returns or says `Unusable`, and never more."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.local.gguf import Unusable, check
from tests.providers.local.conftest import GGUF


def header(magic: bytes = b"GGUF", version: int = 3, tensors: int = 1, entries: int = 1) -> bytes:
    return struct.pack("<4sIQQ", magic, version, tensors, entries) + bytes(64)


@pytest.mark.parametrize("version", [2, 3])
def test_a_sane_header_passes(tmp_path: Path, version: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(header(version=version))
    check(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GGUF[:23],
        header(magic=b"GGML"),
        header(version=1),
        header(version=0x03000000),  # big-endian
        header(tensors=0),
        header(entries=0),
        header(tensors=2**63),
        header(entries=1_000),  # more than the file can hold
    ],
)
def test_another_header_does_not(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(Unusable, match=r"model\.gguf"):
        check(path)


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(Unusable):
        check(tmp_path)


@given(st.binary(max_size=64).map(lambda tail: b"GGUF" + tail) | st.binary(max_size=64))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_at_all_raise_anything_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with suppress(Unusable):
        check(path)
