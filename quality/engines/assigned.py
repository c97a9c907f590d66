"""Passwords and keys that code gives to something whose name says what they are."""

import re
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from quality.engines.likely import entropy, is_placeholder, is_reference
from quality.finding import Confidence, Severity

CODE = frozenset(
    "python javascript typescript vue svelte go java kotlin scala groovy c cpp objective-c csharp "  # noqa: SIM905
    "swift rust ruby php perl lua elixir erlang dart r julia shell powershell terraform solidity "
    "zig".split()
)
DATA = frozenset({"json", "yaml", "toml", "xml", "ini", "docker"})
PLAIN = frozenset({"ini", "shell", "docker", "yaml"})  # where a value needs no quotes

# Words are looked for with `str.find`, which is ten times faster than an expression; what stands
# around a word decides.
_PASSWORDS = ("password", "passwd", "passphrase", "passcode", "pwd")
_KEYS = ("secret", "token", "credential", "key")
_OF_A_KEY = re.compile(  # what makes "key" one that nobody may know
    r"(?i)(?:api|access|auth|account|app|application|client|consumer|encryption|crypto|cipher|aes"
    r"|des|hmac|master|private|secret|session|shared|signing|storage|jwt|cookie|flask|django)[_-]?$"
)
_VALUE = re.compile(
    r"(?i)s?(?:\d{0,2}|[_-]?(?:default|value|str|string|plain|prod|dev|live))"
    r"[\"']?\]?(?:\s{0,3}:\s{0,3}[A-Za-z][\w.\[\]|? ]{0,30})?"
    r"\s{0,8}(?:={1,3}|:=|:|=>|\.equals\()\s{0,8}\(?"
    r"[rbu]{0,2}(?P<quote>[\"'`])(?P<value>[^\"'`\n\\]{3,200})(?P=quote)"
    r"(?!\s{0,3}[+.%])"  # more is put to it: it is a part of something
)
_UNQUOTED = re.compile(
    r"[ \t]{0,8}[:=][ \t]{0,8}(?P<value>[^\s\"'`#;,|&<>(){}\[\]]{6,200})[ \t]*(?:\n|$)"
)
_BEFORE = re.compile(r"[\w-]*$")
_ALONE = re.compile(r"(?:^|\n)[ \t]*(?:export[ \t]+|ENV[ \t]+|ARG[ \t]+|-[ \t]+)?[\w.-]*$")
_SCHEME = re.compile(r"[a-zA-Z][\w+.-]*$")
_ADDRESS = re.compile(
    r"://(?P<user>[^\s:/?#@\"'`<>{}$]{0,64}):"
    r"(?P<value>[^\s/?#@\"'`<>{}$%\\]{3,128})@(?P<host>[\w.-]{2,100}|\[[0-9a-f:]{2,40}\])"
)
_LOGINS = ("auth=(", "auth = (", "basicauth(", "digestauth(", ".login(")
_LOGIN = re.compile(
    r"[^(]{0,12}\(\s{0,3}[\"'][^\"'\n]{1,80}[\"']\s{0,3},"
    r"\s{0,3}[\"'](?P<value>[^\"'\n\\]{3,80})[\"']\s{0,3}\)"
)
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_BACK = 60  # characters before a word that may be of its name
_LOOSE = CODE | {"ini"}  # where a plain word may be a password
_LABEL = re.compile(r"[a-z]+(?:[-_.:/][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_HERE: tuple[Confidence, Severity] = ("low", "minor")
_ELSEWHERE: tuple[Confidence, Severity] = ("high", "critical")
_LEAST_KEY = 8  # characters
_LEAST_BITS = 3.0  # of entropy, of a character of a key


class Spotted(NamedTuple):
    """Where a secret stands in a text."""

    rule: str
    start: int
    end: int
    says: str  # what it is
    cwe: tuple[int, ...]
    confidence: Confidence
    severity: Severity


def assigned(text: str, language: str) -> Iterator[Spotted]:
    """The secrets that `text` gives names to, or puts into an address or a login."""
    yield from _in_addresses(text)
    if language not in CODE | DATA:
        return
    lower = text.lower() if text.isascii() else text.translate(_LOWER)
    for words, told in ((_PASSWORDS, _password), (_KEYS, _key)):
        for word in words:
            for start in _all(lower, word):
                yield from told(_Named(text, start, word, language))
    if language in CODE:
        for word in _LOGINS:
            for start in _all(lower, word):
                yield from _login(text, start)


def _all(text: str, word: str) -> Iterator[int]:
    """Where `word` begins in `text`."""
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + len(word))


class _Named(NamedTuple):
    """A word in a text that may be, or end, the name of a secret."""

    text: str
    start: int
    word: str
    language: str

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - _BACK) : self.start]

    @property
    def name(self) -> str:
        found = _BEFORE.search(self.before)
        return (found[0] if found else "") + self.text[self.start : self.start + len(self.word)]

    def value(self) -> re.Match[str] | None:
        """What is given to it, unless that only shows where a secret would stand."""
        end = self.start + len(self.word)
        match = _VALUE.match(self.text, end)
        if match is None and self.language in PLAIN and _ALONE.search(self.before):
            match = _UNQUOTED.match(self.text, end)
        if match is None or _is_none(match["value"]):
            return None
        return None if _letters(self.name) == _letters(match["value"]) else match


def _is_none(value: str) -> bool:
    return is_placeholder(value) or is_reference(value) or re.search(r"\s", value) is not None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _password(named: _Named) -> Iterator[Spotted]:
    if (match := named.value()) is not None:
        value = match["value"]
        word = named.language in _LOOSE and not _LABEL.fullmatch(value)
        if word or (len(value) >= _LEAST_KEY and _mixed(value)):
            yield _told(match, named.name, "hard-coded-password", (259, 798))


def _key(named: _Named) -> Iterator[Spotted]:
    if named.word == "key" and not _OF_A_KEY.search(named.before):
        return
    if (match := named.value()) is not None and len(match["value"]) >= _LEAST_KEY:
        value, loose = match["value"], named.language in _LOOSE
        if _mixed(value):
            real = entropy(value) >= (_LEAST_BITS - 0.5 if loose else _LEAST_BITS)
        else:
            real = loose and "secret" in named.name.lower() and not re.search(r"[./:]", value)
        if real:
            cwe = (321, 798) if named.word == "key" else (798, 321)
            yield _told(match, named.name, "hard-coded-secret", cwe)


def _mixed(value: str) -> bool:
    return any(one.isdigit() for one in value) and any(one.isalpha() for one in value)


def _told(match: re.Match[str], name: str, rule: str, cwe: tuple[int, ...]) -> Spotted:
    says = f"The value of `{name}`"
    if _mixed(match["value"]):
        return Spotted(rule, *match.span("value"), says, cwe, "medium", "critical")
    return Spotted(rule, *match.span("value"), says, cwe, "low", "major")


def _in_addresses(text: str) -> Iterator[Spotted]:
    for start in _all(text, "://"):
        match = _ADDRESS.match(text, start)
        scheme = _SCHEME.search(text[max(0, start - 25) : start])
        if match is None or scheme is None or _is_none(match["value"]):
            continue
        if _letters(match["value"]) != _letters(match["user"]):
            here = match["host"] in ("localhost", "127.0.0.1")
            sure, severity = _HERE if here else _ELSEWHERE
            says = f"The password in an address for {scheme[0]}"
            yield Spotted("password-in-url", *match.span("value"), says, (798, 259), sure, severity)


def _login(text: str, start: int) -> Iterator[Spotted]:
    match = _LOGIN.match(text, start)
    if match is not None and not _is_none(match["value"]):
        says, span = "The password of a login", match.span("value")
        yield Spotted("hard-coded-password", *span, says, (259, 798), "medium", "critical")
