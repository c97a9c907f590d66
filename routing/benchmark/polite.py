"""Asks models without being in the way of others.

At a cloud model, a call waits until there is room. A local model does one of our calls at a time,
and only while nobody else uses it; a call that is under way when somebody comes is taken back and
made again later.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from pointsman.errors import PointsmanError
from pointsman.records import Answer, Call
from pointsman.seams import Clock
from pointsman.types import Model

LOOK_S = 0.05  # between two looks at whether others use a model
PATIENCE_S = 300.0  # to wait for one that others use


class InUse(Exception):
    """Others used the model for as long as we can wait."""

    def __init__(self) -> None:
        super().__init__(f"it was in use by others for {PATIENCE_S:g} s")


@dataclass(frozen=True, kw_only=True)
class PoliteCaller:
    complete: Callable[[Call], Awaitable[Answer]]
    busy: Callable[[Model, int], bool]  # whether others use a model: told our own calls there
    clock: Clock
    _own: Counter[str] = field(default_factory=Counter[str])  # our calls under way, by model
    _lanes: dict[str, anyio.Lock] = field(default_factory=dict[str, anyio.Lock])

    async def ask(self, model: Model, call: Call) -> Answer:
        """The answer of `model` to `call`, which must name it.

        Raises:
            InUse: there was no room in time.
            PointsmanError: it was not answered.
        """
        if not model.local:
            await self._room(model)
            return await self._counted(model, call)
        async with self._lanes.setdefault(model.name, anyio.Lock()):
            while True:
                await self._room(model)
                answer = await self._undisturbed(model, call)
                if answer is not None:
                    return answer

    async def _counted(self, model: Model, call: Call) -> Answer:
        self._own[model.name] += 1
        try:
            return await self.complete(call)
        finally:
            self._own[model.name] -= 1

    async def _room(self, model: Model) -> None:
        """Wait until others leave room at `model`."""
        since = self.clock.monotonic()
        while self._busy(model):
            if self._own[model.name]:  # it is our own calls that we wait for
                since = self.clock.monotonic()
            if self.clock.monotonic() - since >= PATIENCE_S:
                raise InUse
            await self.clock.sleep(LOOK_S)

    async def _undisturbed(self, model: Model, call: Call) -> Answer | None:
        """The answer to `call`; None where it was taken back for somebody else."""
        answer: Answer | None = None
        error: PointsmanError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, model, tasks.cancel_scope)
            try:
                answer = await self._counted(model, call)
            except PointsmanError as caught:
                error = caught
            tasks.cancel_scope.cancel()
        if error is not None:
            raise error
        return answer

    async def _watch(self, model: Model, scope: anyio.CancelScope) -> None:
        while not self._busy(model):
            await self.clock.sleep(LOOK_S)
        scope.cancel()

    def _busy(self, model: Model) -> bool:
        return self.busy(model, self._own[model.name])
