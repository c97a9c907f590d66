"""Secrets are taken out of texts."""

import pytest

from agent.untrusted.secrets import Secrets

BEGIN = "-----BEGIN RSA PRIVATE KEY-----"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
KNOWN = Secrets(
    ["canary-1234567890", "canary-1234567890-longer", "short", "  spaced-value-1  ", ""]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key canary-1234567890.", "key [secret]."),
        ("canary-1234567890-longer", "[secret]"),
        ("xspaced-value-1x", "x[secret]x"),
        ("short is a word", "short is a word"),
        ("sk-ant-api03-" + "aB3_" * 8, "[secret]"),
        ("sk-proj-" + "aB3" * 10, "[secret]"),
        ("ghp_" + "a1B2" * 9, "[secret]"),
        ("AKIA" + "ABCD" * 4, "[secret]"),
        ("AIza" + "a" * 35, "[secret]"),
        ("xoxb-1234567890-abc", "[secret]"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "Bearer [secret]"),
        (f"{BEGIN}\nProc-Type: 4\n\nMII-x\n-----END RSA PRIVATE KEY-----\nok", "[secret]\nok"),
        ("-----BEGIN PRIVATE KEY-----\nMII cut", "[secret]"),
        ("task-list and risk-free desk-sk-top", "task-list and risk-free desk-sk-top"),
        (f"sha {SHA}", f"sha {SHA}"),
    ],
)  # fmt: skip
def test_a_secret_is_not_in_a_text_any_more(text: str, left: str) -> None:
    """T-56, T-57."""
    assert KNOWN.redact(text) == left


def test_a_header_is_a_secret_with_its_scheme_and_without() -> None:
    header = Secrets(["Bearer abcdef-123456"])
    assert header.redact("Bearer abcdef-123456, abcdef-123456") == "[secret], [secret]"
    assert header.known_in({"q": "abcdef-123456"})


def test_nothing_tells_what_the_secrets_are() -> None:
    assert "canary" not in repr(KNOWN)
    assert Secrets().redact("canary-1234567890") == "canary-1234567890"
