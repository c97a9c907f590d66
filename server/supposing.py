"""What a person supposes on the command line: flags and files, as the `route` tool takes it."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from pointsman.configuration import load_settings
from pointsman.errors import ConfigError, InvalidInput
from pointsman.settings import RoutingSettings

PARTS = ("prices", "breakers", "routing")


async def what_if(given: argparse.Namespace) -> dict[str, Any] | None:
    """`what_if` of the tool from `--what-if`, `--price`, `--breaker` and `--routing`; or None.

    Raises:
        ConfigError: a file cannot be read.
        InvalidInput: a flag says nothing that could be supposed.
    """
    supposed: dict[str, Any] = {}
    if given.what_if is not None:
        supposed |= await _read_toml(given.what_if)
        if unknown := supposed.keys() - {*PARTS}:
            raise InvalidInput(
                f"{given.what_if} supposes {', '.join(sorted(unknown))}; what can be supposed "
                f"are {', '.join(PARTS)}."
            )
    prices = dict(map(_price, given.price))
    breakers = dict(map(_breaker, given.breaker))
    supposed |= {"prices": {**supposed.get("prices", {}), **prices}} if prices else {}
    supposed |= {"breakers": {**supposed.get("breakers", {}), **breakers}} if breakers else {}
    if given.routing is not None:
        routing = await read_routing(given.routing)
        supposed["routing"] = routing.model_dump(mode="json", exclude_unset=True)
    return supposed or None


async def read_routing(path: Path) -> RoutingSettings:
    """The `[routing]` section of a configuration file.

    Raises:
        ConfigError: the file cannot be used, or has no such section.
    """
    settings = await anyio.to_thread.run_sync(load_settings, {}, path)
    if "routing" not in settings.model_fields_set:
        raise ConfigError(f"{path} has no section [routing].")
    return settings.routing


async def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(await anyio.Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error


def _price(text: str) -> tuple[str, dict[str, float]]:
    """`provider/model=IN,OUT`, in USD per million tokens."""
    model, _, figures = text.rpartition("=")
    figure = r"\d+(?:\.\d+)?"
    if not model or not (match := re.fullmatch(f"({figure}),({figure})", figures)):
        raise InvalidInput(f"--price {text}: write it as provider/model=IN,OUT, USD per million.")
    return model, {"input": float(match[1]), "output": float(match[2])}


def _breaker(text: str) -> tuple[str, str]:
    model, found, state = text.rpartition("=")
    if not found or state not in ("open", "closed", "half_open"):
        raise InvalidInput(f"--breaker {text}: write it as provider/model=open, or =closed.")
    return model, state
