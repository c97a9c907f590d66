"""The `experiment_*` tools: two models compared on real calls, and what that has shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import anyio.to_thread
from pydantic import Field, StringConstraints

from pointsman.errors import InvalidInput
from pointsman.experiments import Experiment, Trial
from pointsman.records import Category
from pointsman.seams import Catalogue, Clock
from routing.choice.decide import named
from routing.experience.experiment_report import report
from tools.experiment_results import (
    ExperimentOut,
    ListResult,
    ReportResult,
    line,
    read,
    result,
    told,
)
from tools.tool import Arguments, Caller, Tool

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Book(Protocol):
    """Where experiments and their results are kept."""

    @property
    def all(self) -> Sequence[Experiment]: ...

    @property
    def running(self) -> Sequence[Experiment]: ...

    def find(self, reference: str) -> Experiment: ...

    async def create(self, experiment: Experiment) -> None: ...

    async def stop(self, experiment_id: str, at: float) -> Experiment: ...

    async def results(self, experiment_id: str) -> list[Trial]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What the tools of experiments work with."""

    book: Book
    catalogue: Catalogue
    clock: Clock
    new_id: Callable[[], str]  # random: an experiment's salt is one too


class CreateArguments(Arguments):
    name: Name
    control: str = Field(description="The model in use: an id, or provider/id")
    variant: str = Field(description="The model to try against it")
    traffic: float = Field(default=0.1, gt=0, le=1, description="Share of people who take part")
    split: float = Field(default=0.5, gt=0, lt=1, description="Share of those who get the variant")
    category: Category | None = Field(default=None, description="Only calls of this kind")


class NoArguments(Arguments):
    pass


class WhichArguments(Arguments):
    experiment: str = Field(description="Its id or name")


def experiment_tools(laboratory: Laboratory) -> tuple[Tool, ...]:
    """The four tools of experiments."""
    return (_create(laboratory), _list(laboratory), _report(laboratory), _stop(laboratory))


def _create(laboratory: Laboratory) -> Tool:
    async def run(given: CreateArguments, _caller: Caller) -> ExperimentOut:
        if any(e.name == given.name for e in laboratory.book.running):
            raise InvalidInput(
                f"An experiment {given.name!r} is running.", hint="Stop it, or use another name."
            )
        control, variant = (_model(laboratory, r) for r in (given.control, given.variant))
        if control == variant:
            raise InvalidInput(f"Both arms are {control}.", hint="Name two models.")
        experiment = Experiment(
            id=laboratory.new_id(),
            name=given.name,
            control=control,
            variant=variant,
            traffic=given.traffic,
            split=given.split,
            category=given.category,
            salt=laboratory.new_id(),
            started_at=laboratory.clock.wall(),
        )
        await laboratory.book.create(experiment)
        return told(experiment)

    return Tool(
        name="experiment_create",
        title="Start an experiment",
        description="Compare two models on real calls to model 'auto': `traffic` of the people "
        "take part, and each of them always gets the same model. A person is a call's `user`, or "
        "its key.",
        arguments=CreateArguments,
        result=ExperimentOut,
        run=run,
        read=lambda e: f"Started {e.id}: {line(e)}",
        read_only=False,
        open_world=False,
        toolset="experiments",
    )


def _list(laboratory: Laboratory) -> Tool:
    async def run(_given: NoArguments, _caller: Caller) -> ListResult:
        return ListResult(experiments=[told(e) for e in laboratory.book.all])

    return Tool(
        name="experiment_list",
        title="List experiments",
        description="Every experiment, running or stopped.",
        arguments=NoArguments,
        result=ListResult,
        run=run,
        read=lambda r: "\n".join(map(line, r.experiments)) or "There is no experiment.",
        read_only=True,
        open_world=False,
        toolset="experiments",
    )


def _report(laboratory: Laboratory) -> Tool:
    async def run(given: WhichArguments, _caller: Caller) -> ReportResult:
        experiment = laboratory.book.find(given.experiment)
        trials = await laboratory.book.results(experiment.id)
        shown = await anyio.to_thread.run_sync(report, experiment, trials)
        return result(experiment, shown)

    return Tool(
        name="experiment_report",
        title="What an experiment shows",
        description="Success, cost, latency and ratings (-1..1) of both arms with 95 % intervals, "
        "whether one is better, and whether that can be trusted.",
        arguments=WhichArguments,
        result=ReportResult,
        run=run,
        read=read,
        read_only=True,
        open_world=False,
        toolset="experiments",
    )


def _stop(laboratory: Laboratory) -> Tool:
    async def run(given: WhichArguments, _caller: Caller) -> ExperimentOut:
        experiment = laboratory.book.find(given.experiment)
        return told(await laboratory.book.stop(experiment.id, laboratory.clock.wall()))

    return Tool(
        name="experiment_stop",
        title="Stop an experiment",
        description="Let an experiment take in no further call; its results stay.",
        arguments=WhichArguments,
        result=ExperimentOut,
        run=run,
        read=lambda e: f"Stopped: {line(e)}",
        read_only=False,
        open_world=False,
        toolset="experiments",
    )


def _model(laboratory: Laboratory, reference: str) -> str:
    """`provider/id` of the one model that `reference` means."""
    found = [model.name for model in named(laboratory.catalogue.models, reference)]
    if len(found) > 1:
        raise InvalidInput(
            f"{reference!r} is served by several providers.",
            hint=f"Use one of: {', '.join(found)}.",
        )
    return found[0]
