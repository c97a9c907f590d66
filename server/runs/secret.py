"""What this process was given that no model, and no record, is to have."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, SecretStr

from agent.attach.config import Endpoint, Program, ServerConfig
from agent.untrusted.secrets import Secrets

# In the name of a variable or a header; but not in KEYBOARD, TOKENIZERS or GIT_AUTHOR_NAME, whose
# values are ordinary words, which would be taken out of every text.
SECRET = re.compile(
    r"KEY(?!BOARD|MAP)|TOKEN(?!IZER)|SECRET|PASS(?!ENGER|IVE)|CREDENTIAL|AUTH(?!OR(?!I))|COOKIE|SESSION|(?:^|_)PAT$",
    re.IGNORECASE,
)
# Of a desktop: which one it is, and where its sockets are.
HARMLESS = re.compile(r"^(?:XDG|DESKTOP|DBUS)_|^SESSION_MANAGER$|_SOCK$", re.IGNORECASE)
PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/@]+)@")  # in an address, as of a database
ONE_WORD = re.compile(r"[A-Za-z0-9_+=.~-]{16,}")


def secrets_of(
    settings: BaseModel, environ: Mapping[str, str], configs: Sequence[ServerConfig]
) -> Secrets:
    """Every secret that this process was given: none of them is for a model."""
    values = [*_secret(environ), *_hidden(settings)]
    for where in (config.where for config in configs):
        if isinstance(where, Endpoint):
            values += [*_secret(where.headers), *_in_address(where.url)]
        elif isinstance(where, Program):
            values += [*_secret(where.env), *_in_arguments(where.args)]
            values += [value for value in where.env.values() if _is_random(value)]
    return Secrets(values)


def _is_random(value: str) -> bool:
    """Whether it looks like a key: long, of one word, with letters and digits."""
    kinds = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return kinds and ONE_WORD.fullmatch(value) is not None


def _in_address(url: str) -> Iterator[str]:
    yield from PASSWORD.findall(url)
    yield from (value for name, value in parse_qsl(urlsplit(url).query) if SECRET.search(name))


def _in_arguments(arguments: Sequence[str]) -> Iterator[str]:
    """The values of options that are named as secrets are: `--api-key X`, `--token=X`."""
    for option, following in zip(arguments, (*arguments[1:], ""), strict=False):
        name, equals, value = option.partition("=")
        if name.startswith("-") and SECRET.search(name):
            yield value if equals else following
        yield from PASSWORD.findall(option)


def _secret(named: Mapping[str, str]) -> Iterator[str]:
    """What is secret in variables or headers, by their names; and passwords in addresses."""
    for name, value in named.items():
        if SECRET.search(name) and not HARMLESS.search(name):
            yield value
        yield from PASSWORD.findall(value)


def _hidden(value: object) -> list[str]:
    """The secrets in settings."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        value = tuple(part for _, part in value)  # `dict` would call a field named `keys`
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return [secret for part in value for secret in _hidden(part)]
    return []
