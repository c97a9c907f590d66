"""The models that can be fetched by name, from `models.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A model file that can be fetched, and how to tell that it is the right one."""

    name: str
    description: str
    author: str
    licence: str
    context: int  # tokens it was trained for
    size: int  # bytes
    sha256: str
    url: str | None  # the publisher's file
    requirements: tuple[str, ...]  # packages that carry it, in the order of its parts


def known_models() -> tuple[KnownModel, ...]:
    """The rows of `models.toml`."""
    text = Path(__file__).with_name("models.toml").read_text(encoding="utf-8")
    return tuple(_known(row) for row in tomllib.loads(text)["model"])


def _known(row: dict[str, Any]) -> KnownModel:
    packages = row.pop("packages")
    parts = range(1, packages["parts"] + 1)
    return KnownModel(
        url=row.pop("url", None),
        requirements=tuple(
            f"{packages['name'].format(part=part)}=={packages['version']}" for part in parts
        ),
        **row,
    )
