"""Reads the rules: those that come with the package, and the user's own files."""

import tomllib
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from pointsman.errors import ConfigError
from quality.flow.schema import Flow, Guard, Passes, Pattern, Returns, RulesFile, Sanitiser, Source


class Rules:
    """All rules together, flows of one id put into one."""

    def __init__(self, parts: Iterable[RulesFile], digest: str = "") -> None:
        self.digest = digest
        self.sources: list[Source] = []
        self.flows: dict[str, Flow] = {}
        self.sanitisers: list[Sanitiser] = []
        self.guards: list[Guard] = []
        self.passes: list[Passes] = []
        self.returns: list[Returns] = []
        self.patterns: list[Pattern] = []
        for part in parts:
            self._add(part)

    def _add(self, part: RulesFile) -> None:
        self.sources += part.source
        self.sanitisers += part.sanitiser
        self.guards += part.guard
        self.passes += part.passes
        self.returns += part.returns
        self.patterns += part.pattern
        for flow in part.flow:
            known = self.flows.get(flow.id)
            self.flows[flow.id] = _together(known, flow) if known else flow


def load_rules(paths: Iterable[Path] = ()) -> Rules:
    """The package's own rules and those of the files at `paths`, in this order.

    Raises:
        ConfigError: a file cannot be read, is no TOML, or says what the schema does not know.
    """
    own = sorted(
        (file for file in files("quality.flow").joinpath("rules").iterdir() if _is_toml(file.name)),
        key=lambda file: file.name,
    )
    texts = [(file.name, file.read_text(encoding="utf-8")) for file in own]
    texts += [(str(path), _read(path)) for path in paths]
    digest = sha256("\0".join(text for _, text in texts).encode()).hexdigest()
    rules = Rules([parse_rules(text, name) for name, text in texts], digest)
    for flow in rules.flows.values():
        if not flow.message:
            raise ConfigError(
                f"Flow '{flow.id}' has no message.",
                hint="Give it one, or correct the id if it is meant to add to another flow.",
            )
    return rules


def parse_rules(text: str, name: str) -> RulesFile:
    """What the rules file `name` with this text says.

    Raises:
        ConfigError: it is no TOML, or says what the schema does not know.
    """
    try:
        return RulesFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is no TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigError(
            f"{name}: " + "; ".join(_told(dict(each)) for each in error.errors()[:5]) + ".",
            hint="docs/code-quality-rules.md lists what a rules file may say.",
        ) from error


def _told(error: dict[str, object]) -> str:
    where = error["loc"]
    assert isinstance(where, tuple)  # noqa: S101
    parts = [str(part + 1) if isinstance(part, int) else str(part) for part in where]
    return f"{' '.join(parts)}: {str(error['msg']).removeprefix('Value error, ')}"


def _together(known: Flow, more: Flow) -> Flow:
    """`known`, and what `more` adds to it; what `more` gives anew holds."""
    lists = {
        name: getattr(known, name) + getattr(more, name)
        for name in ("sinks", "sanitisers", "guards")
    }
    given = {name: getattr(more, name) for name in more.model_fields_set}
    return known.model_copy(update=given | lists)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The rules file {path} cannot be read.", hint="See quality.rules in the settings."
        ) from error


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")
