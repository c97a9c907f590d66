"""Reads the settings once: a TOML file, then `POINTSMAN_<SECTION>__<KEY>` variables over it."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ValidationError

from pointsman.errors import ConfigError
from pointsman.settings import (
    ModelSettings,
    PreferenceSettings,
    PriceSettings,
    ProviderSettings,
    Settings,
)

PREFIX = "POINTSMAN_"
LOCATIONS = ("HOME", "CONFIG")  # variables of ours that name a place and are not settings


def home_folder(environ: Mapping[str, str]) -> Path:
    """Where state lives: `$POINTSMAN_HOME`, or the platform's user data folder."""
    given = environ.get(f"{PREFIX}HOME")
    return Path(given).expanduser() if given else Path(platformdirs.user_data_dir("pointsman"))


def config_file(environ: Mapping[str, str], given: Path | None = None) -> Path | None:
    """The configuration file in use; one that is named must exist.

    Raises:
        ConfigError: a named file is not there.
    """
    variable = environ.get(f"{PREFIX}CONFIG")
    named = given or (Path(variable) if variable else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"There is no configuration file {str(named)!r}.")
        return named
    usual = (
        Path("pointsman.toml"),
        Path(platformdirs.user_config_dir("pointsman")) / "pointsman.toml",
    )
    return next((path for path in usual if path.is_file()), None)


def load_settings(environ: Mapping[str, str], given: Path | None = None) -> Settings:
    """The settings in force.

    Raises:
        ConfigError: a file cannot be read, or a key or value in it cannot be used.
    """
    path = config_file(environ, given)
    table: dict[str, Any] = {}
    if path is not None:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}.") from error
    for name, value in sorted(environ.items()):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in LOCATIONS:
            _put(table, name, value)
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from error


def _put(table: dict[str, Any], name: str, value: str) -> None:
    """Lay the variable `name` over `table`; its value is read as TOML where it can be."""
    keys = name.removeprefix(PREFIX).lower().split("__")
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{name} cannot be used: another variable makes {key!r} a value.")
    try:
        table[keys[-1]] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        table[keys[-1]] = value


def _explain(error: ValidationError, path: Path | None) -> str:
    """One paragraph for a person: each key that cannot be used, and why."""
    where = f"{path} or the environment" if path else "the environment"
    parts = [_complaint(list(e["loc"]), e["type"], e["msg"]) for e in error.errors()]
    return f"The configuration ({where}) cannot be used: " + "; ".join(parts) + "."


def _complaint(location: list[int | str], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in location)
    if kind != "extra_forbidden":
        return f"{key!r}: {message[:1].lower()}{message[1:]}"
    known = _known_keys(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.4)
    prefix = "".join(f"{part}." for part in location[:-1])
    advice = f"did you mean {prefix + near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key {key!r}; {advice}"


def _known_keys(location: list[int | str]) -> list[str]:
    """The keys that the section at `location` may hold."""
    model: type[BaseModel] = Settings
    for part in location:
        if part == "providers":
            model = ProviderSettings
        elif part == "preferences":
            model = PreferenceSettings
        elif part == "models":
            model = ModelSettings
        elif isinstance(part, str) and part in model.model_fields:
            kind = model.model_fields[part].annotation
            model = (
                kind if isinstance(kind, type) and issubclass(kind, BaseModel) else PriceSettings
            )
    return sorted(model.model_fields)
