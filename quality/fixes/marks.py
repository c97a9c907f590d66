"""What a fix must not write, whatever the language: orders to look away, and what nobody sees."""

import re
import unicodedata
from collections import Counter

from quality.fixes.errors import Refused

# What an analyser reads as "say nothing here".
_SILENCE = re.compile(
    r"""
    \bnoqa\b | \bnosec\b | \bnosem(?:grep)?\b | \bnosonar\b | \bnolint\b | \bnoinspection\b
    | pointsman\s*:\s*(?:allow|ignore|skip)
    | \b(?:type|mypy|ty|pyre|pyrefly|pytype|pyright)\s*:\s*(?:ignore|disable|skip|basic|off)
    | pyre-(?:fixme|ignore|unsafe) | pylint\s*:\s*(?:disable|skip) | flake8\s*: | ruff\s*:
    | (?:eslint|oxlint|biome|tslint|jshint|stylelint)-(?:disable|ignore)
    | @ts-(?:ignore|nocheck|expect-error)
    | pragma\s*:\s*(?:no\s*(?:cover|branch|mutate)|allowlist|whitelist)
    | gitleaks\s*:\s*allow | jscpd\s*:\s*ignore | (?:lizard|complexipy)\s*(?:forgive|:\s*ignore)
    | \#lizard | @SuppressWarnings | fmt\s*:\s*(?:off|skip) | no_type_check | isort\s*:\s*skip
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ODD = re.compile(r"[^ -~\t\n\r\f]")


def check_marks(old: str, new: str) -> None:
    """Nothing in `new` silences an analyser or hides from a reader that did not in `old`.

    Raises:
        Refused: it does.
    """
    if more := _silences(new) - _silences(old):
        raise Refused(f"it silences an analyser ({next(iter(more))}) instead of mending the code")
    if more := _unseen(new) - _unseen(old):
        raise Refused(f"it holds a character that is not seen (U+{ord(next(iter(more))):04X})")


def check_names(old: set[str], new: set[str]) -> None:
    """No name is added that only looks like one in plain letters.

    Raises:
        Refused: one is.
    """
    for name in new - old:
        if not name.isascii():
            raise Refused("it brings a name with letters that can be mistaken for others")


def _silences(text: str) -> Counter[str]:
    return Counter(" ".join(found[0].lower().split()) for found in _SILENCE.finditer(text))


def _unseen(text: str) -> Counter[str]:
    """Control, format, private and unassigned characters, and blanks that are no space."""
    return Counter(c for c in _ODD.findall(text) if c.isascii() or _hides(c))


def _hides(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zs", "Zl", "Zp"}
