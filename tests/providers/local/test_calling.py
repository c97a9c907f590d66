"""Tool calls of a model without tool calling: the layer and the worker together."""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from pointsman.settings import LocalSettings
from pointsman.types import Json
from providers.local.process import open_worker
from providers.local.provider import LocalProvider, open_local
from providers.local.store import ModelStore
from tests.contract.functions import FunctionsContract, Turn, answering, asking, calls
from tests.contract.provider import ask, both
from tests.fakes import SteadyClock

WORKER = (sys.executable, str(Path(__file__).with_name("calling_worker.py")))


@asynccontextmanager
async def playing(model: Path, *turns: Turn) -> AsyncGenerator[LocalProvider, None]:
    async with open_local(
        LocalSettings(model=str(model), fallback=None),
        ModelStore(model.parent / "models"),
        SteadyClock().clock(),
        open_worker=partial(open_worker, command=(*WORKER, json.dumps(turns))),
    ) as provider:
        yield provider


class TestCalling(FunctionsContract):
    @pytest.fixture(autouse=True)
    def _with(self, model: Path) -> None:
        self.playing = partial(playing, model)  # type: ignore[method-assign]


async def test_it_declares_tools(model: Path) -> None:
    async with playing(model) as provider:
        assert "tools" in provider.models[0].capabilities


async def test_what_all_steps_took_is_added_up(model: Path) -> None:
    async with playing(model, "No idea.") as provider:
        _, completion = await ask(provider, asking("What is 12 * 7?"), stream=False)
    assert completion.text == "No idea."
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (10, 6)


async def test_a_call_made_before_is_not_made_again(model: Path) -> None:
    wanted: Turn = [("calculator", {"expression": "12 * 7"})]
    async with playing(model, wanted, wanted, "Enough.") as provider:
        request = asking("What is 12 * 7?")
        _, completion = await ask(provider, request, stream=False)
        request = answering(request, completion, "Error: try again")
        _, completion = await ask(provider, request, stream=False)
    assert (completion.text, completion.tool_calls) == ("Enough.", ())


async def test_a_call_after_an_error_may_differ(model: Path) -> None:
    first: Turn = [("read_file", {"path": "a.txt"})]
    second: Turn = [("read_file", {"path": "b.txt"})]
    async with playing(model, first, second) as provider:
        request = asking("Read a.txt")
        _, completion = await ask(provider, request, stream=False)
        request = answering(request, completion, "Error: no such file; there is b.txt")
        _, completion = await ask(provider, request, stream=False)
    assert calls(completion) == second


async def test_made_up_values_are_no_call(model: Path) -> None:
    made_up: Turn = [("read_file", {"path": "secret plans"})]
    async with playing(model, made_up, "Which file?") as provider:
        _, completion = await ask(provider, asking("Read the text file"), stream=False)
    assert completion.tool_calls == ()


async def test_a_schema_is_for_the_answer_in_words(model: Path) -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    async with playing(model, '{"n": 1}') as provider:
        request = replace(asking("Hello!"), json_schema=schema)
        _, completion = await ask(provider, request, stream=False)
    assert (completion.text, completion.tool_calls) == ('{"n": 1}', ())


@both
async def test_a_step_can_be_cancelled(model: Path, stream: bool) -> None:
    wanted: Turn = [("calculator", {"expression": "12 * 7"})]
    async with playing(model, "hang", wanted) as provider:
        await provider.prewarm()
        pid = provider.pid("tiny")
        with anyio.move_on_after(0.2) as scope:
            await ask(provider, asking("What is 12 * 7?"), stream=stream)
        assert scope.cancelled_caught
        with anyio.fail_after(20):
            _, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
        assert calls(completion) == wanted
        assert provider.pid("tiny") == pid
