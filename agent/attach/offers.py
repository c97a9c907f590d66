"""What a server lists, sorted into what may be offered to a model and what may not, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.attach.definition import Definition, read_definition
from agent.attach.schema import Unusable
from agent.untrusted.cleaning import line

if TYPE_CHECKING:  # the SDK takes a second to import
    from mcp.types import Tool


@dataclass(frozen=True, slots=True)
class Offers:
    """What one server offers, at one moment."""

    definitions: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    left_out: tuple[str, ...] = ()  # tools that are not offered, each with the reason


def sort_out(tools: Sequence["Tool"]) -> tuple[Sequence[Definition], tuple[str, ...]]:
    """The definitions that may be offered, and what is said of the others.

    A name that is listed twice counts the first time only.
    """
    good = dict[str, Definition]()
    bad = list[str]()
    for tool in tools:
        hints = (
            tool.annotations.model_dump(by_alias=True, exclude_none=True)
            if tool.annotations
            else {}
        )
        try:
            if tool.name in good:
                raise Unusable("it is listed twice")
            good[tool.name] = read_definition(tool.name, tool.description, tool.input_schema, hints)
        except Unusable as error:
            bad.append(f"{line(tool.name, 60) or '(no name)'}: {error}")
    return tuple(good.values()), tuple(bad)
