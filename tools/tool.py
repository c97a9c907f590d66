"""What a tool is: a typed async function, what it takes and gives, and how it is described."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pointsman.agents import NOBODY, Approver, Risk
from pointsman.records import LOCAL, Principal

Toolset = Literal[
    "core", "panel", "search", "cache", "conversations", "experiments", "admin", "workbench"
]
Progress = Callable[[float, float | None, str], Awaitable[None]]  # done, of how many, just what


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a tool, and how they follow what it does."""

    principal: Principal = LOCAL
    show: Callable[[str], Awaitable[None]] | None = None  # takes text as it comes, if wanted
    progress: Progress | None = None  # is told how far long work is
    approver: Approver = NOBODY  # answers for the person on whose behalf the tool is called
    roots: tuple[Path, ...] = ()  # folders opened for this call, beside those of the settings
    parked: str | None = None  # the run that waited for the answers which `approver` has now
    owner: bool = False  # the command line of the home's owner: it may name files of its own


class Arguments(BaseModel):
    """What a tool is called with: names that it does not know are errors, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(BaseModel):
    """What a tool gives back."""

    model_config = ConfigDict(frozen=True, protected_namespaces=(), populate_by_name=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One thing that can be asked for, through any door."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[Result]
    run: Callable[[Any, Caller], Awaitable[Result]]
    read: Callable[[Any], str]  # a result as the text that a model reads
    read_only: bool
    open_world: bool  # it may reach beyond this machine
    destructive: bool = False  # what it takes away does not come back by itself
    idempotent: bool = False  # twice with the same arguments is as once
    risk: Risk = "read"  # the worst that a call of it can do
    untrusted: bool = False  # its result is text of others: pages, files, answers of models
    toolset: Toolset = "core"  # clients are shown the toolsets that the settings enable
