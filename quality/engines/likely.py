"""Whether a text is a real secret, by its looks."""

import math
import re
import zlib
from collections import Counter

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKED = 6  # last characters, which are the checksum of those before it

_PLACEHOLDER = re.compile(
    r"(?i)example|change[-_ ]?(?:me|it|this)|place[-_ ]?holder|redacted|dummy|your[-_ ]|[-_ ]here$"
    r"|^(?:my|the|a|an|some|your|test|fake|sample|mock|invalid|wrong|bad|good|new|old|no|not)?"
    r"[-_ ]?(?:pass(?:word|wd|phrase)?|pwd|pw|secrets?|tokens?|api[-_ ]?keys?|keys?|credentials?"
    r"|auth|value|string|str|text|hidden|none|null|nil|true|false|undefined|unknown|default|required|optional"
    r"|todo|tbd|test|fake|sample|mock|foo|bar|baz|qux|empty|missing|bearer|basic|invalid|x|abc)$"
    r"|^(?:insert|enter|replace|fill|type|put|set|add|use|get|provide|confirm|forgot|reset)[-_ ]"
    r"|x{4}|\*{3}|\.{3}|#{3}|-{4}|_{4}|1234567890|0123456789|abcdefghij|deadbeef"
)
_REFERENCE = re.compile(
    r"(?i)[$%#@]?\{|\}|^\$\w|^%\w+%$|^%\(?\w|^<|>$|^@|^\[|^(?:env|vault|op|secret|ssm|arn|file|aws)[:.]"
    r"|^ENC[\[(]|^ansible|getenv|environ|^(?:https?|file|ftp)://|^[./~]|^(?:os|process|config)\."
    r"|secrets?manager|\bkms\b"
)


def entropy(text: str) -> float:
    """How surprising a character of `text` is, in bits, by the text's own frequencies."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def is_placeholder(text: str) -> bool:
    """Whether `text` only shows where a secret would stand."""
    return len(set(text)) < 3 or _PLACEHOLDER.search(text) is not None


def is_reference(text: str) -> bool:
    """Whether `text` says where a value is to be found, or what a template is filled with."""
    return _REFERENCE.search(text) is not None


def has_checksum(token: str) -> bool:
    """Whether the last characters of `token` are the CRC-32 of what comes before them.

    GitHub's and npm's tokens end so: after the prefix, 30 characters and 6 of checksum, in base 62.
    """
    body = token.partition("_")[2]
    number, digits = zlib.crc32(body[:-_CHECKED].encode()), ""
    for _ in range(_CHECKED):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return body[-_CHECKED:] == digits
