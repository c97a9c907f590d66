"""What the host does round a worker, whatever the worker does: PV-03, AT-110."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from pointsman.errors import ProviderError
from pointsman.types import ChatRequest, Message, Outcome
from providers.local.provider import LocalProvider
from providers.local.store import ModelStore
from tests.contract.provider import ProviderContract, ask
from tests.fakes import SteadyClock
from tests.providers.local.conftest import GGUF, scripted


def saying(text: str) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),))


async def failure(provider: LocalProvider, request: ChatRequest) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(provider, request, stream=True)
    return caught.value


class TestLocalProvider(ProviderContract):
    @pytest.fixture
    async def provider(self, model: Path, store: ModelStore) -> AsyncIterator[LocalProvider]:
        async with scripted(model, store, SteadyClock()) as provider:
            yield provider

    @pytest.fixture
    async def failing(self, store: ModelStore) -> AsyncIterator[LocalProvider]:
        async with scripted("nowhere.gguf", store, SteadyClock()) as provider:
            yield provider


@pytest.fixture
async def provider(model: Path, store: ModelStore) -> AsyncIterator[LocalProvider]:
    async with scripted(model, store, SteadyClock()) as provider:
        yield provider


async def test_prewarming_loads_the_model_without_a_call(provider: LocalProvider) -> None:
    assert provider.readiness("tiny") == "cold"
    await provider.prewarm()
    assert provider.readiness("tiny") == "ready"


async def test_a_model_is_loading_until_it_has_loaded(tmp_path: Path, store: ModelStore) -> None:
    """AT-110: nobody waits for it but who calls it."""
    path = tmp_path / "never.gguf"
    path.write_bytes(GGUF)
    async with scripted(path, store, SteadyClock()) as provider:
        with anyio.move_on_after(0):
            await provider.prewarm()
        assert provider.readiness("never") == "loading"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nowhere.gguf", None, "there is no file 'nowhere.gguf'"),
        ("text.gguf", b"# not a model, but long enough", "not a GGUF model file"),
        ("short.gguf", GGUF[:10], "cut short"),
        ("refused.gguf", GGUF, "unknown model architecture"),
        ("dies.gguf", GGUF, "died while it loaded"),
    ],
    ids=["missing", "no gguf", "short", "refused", "dies"],
)
async def test_a_model_that_cannot_be_loaded_says_why(
    tmp_path: Path, store: ModelStore, name: str, content: bytes | None, said: str
) -> None:
    """AT-110, T-46: the provider lives on, `failed`."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    async with scripted(path, store, SteadyClock()) as provider:
        await provider.prewarm()
        assert provider.readiness(path.stem) == "failed"
        problem = provider.problem(path.stem)
        assert problem is not None
        assert said in problem
        assert "\n" not in problem
        error = await failure(provider, saying("hello"))
        assert error.outcome is Outcome.FAILURE
        assert said in error.message


async def test_a_model_that_loads_too_slowly_has_failed(tmp_path: Path, store: ModelStore) -> None:
    path = tmp_path / "never.gguf"
    path.write_bytes(GGUF)
    async with scripted(path, store, SteadyClock(), load_timeout_s=0.01) as provider:
        await provider.prewarm()
        assert provider.readiness("never") == "failed"


async def test_a_file_that_comes_later_is_found_and_loaded(
    tmp_path: Path, store: ModelStore
) -> None:
    path = tmp_path / "late.gguf"
    async with scripted(path, store, SteadyClock()) as provider:
        await provider.prewarm()
        assert provider.readiness("late") == "failed"
        path.write_bytes(GGUF)
        await provider.tend()
        assert provider.readiness("late") == "ready"
        assert provider.problem("late") is None


async def test_a_damaged_file_is_tried_again_once_it_was_replaced(
    tmp_path: Path, store: ModelStore
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"damaged" * 10)
    async with scripted(path, store, SteadyClock()) as provider:
        await provider.prewarm()
        assert provider.readiness("model") == "failed"
        path.write_bytes(GGUF)
        await provider.tend()
        assert provider.readiness("model") == "ready"


async def test_an_unknown_name_is_refused_with_the_names_that_are_known(store: ModelStore) -> None:
    async with scripted("gpt-local", store, SteadyClock()) as provider:
        await provider.prewarm()
        problem = provider.problem("gpt-local")
        assert problem is not None
        assert "qwen2.5-coder-0.5b-instruct" in problem


async def test_the_fallback_answers_while_the_configured_model_is_not_there(
    model: Path, store: ModelStore
) -> None:
    name = "qwen2.5-coder-0.5b-instruct"
    async with scripted(name, store, SteadyClock(), fallback=str(model)) as provider:
        await provider.prewarm()
        assert [m.id for m in provider.models] == [name, "tiny"]
        assert provider.readiness(name) == "failed"
        assert provider.readiness("tiny") == "ready"
        assert f"pointsman models pull {name}" in (provider.problem(name) or "")


async def test_a_fallback_that_was_never_fetched_is_off(model: Path, store: ModelStore) -> None:
    fallback = "smollm2-135m-instruct"
    async with scripted(model, store, SteadyClock(), fallback=fallback) as provider:
        assert provider.readiness(fallback) == "off"


async def test_a_call_beyond_the_queue_is_told_to_come_back(model: Path, store: ModelStore) -> None:
    async with (
        scripted(model, store, SteadyClock(), slots=1, max_queue=0) as provider,
        provider.answer("tiny", saying("wait"), stream=True) as pieces,
    ):
        assert await anext(pieces) == "wait"
        error = await failure(provider, saying("hello"))
        assert error.outcome is Outcome.THROTTLED
        assert error.retry_after_s is not None
        assert error.retry_after_s >= 1


async def test_a_queued_call_gets_the_slot_that_the_first_gives_up(
    model: Path, store: ModelStore
) -> None:
    async with scripted(model, store, SteadyClock(), slots=1, max_queue=1) as provider:
        answers = []

        async def second() -> None:
            answers.append(await ask(provider, saying("hello"), stream=True))

        with anyio.fail_after(10):
            async with (
                anyio.create_task_group() as tasks,
                provider.answer("tiny", saying("wait"), stream=True) as pieces,
            ):
                await anext(pieces)
                tasks.start_soon(second)
                await anyio.wait_all_tasks_blocked()
                assert not answers
        assert answers


async def test_a_call_that_ignores_its_cancel_costs_the_process_its_life(
    provider: LocalProvider,
) -> None:
    await provider.prewarm()
    first = provider.pid("tiny")
    with anyio.fail_after(20):
        async with provider.answer("tiny", saying("hang"), stream=True):
            pass
        await ask(provider, saying("hello"), stream=True)
    assert provider.pid("tiny") not in (first, None)


async def test_a_hung_call_ends_the_process_only_when_nobody_else_uses_it(
    model: Path, store: ModelStore
) -> None:
    async with scripted(model, store, SteadyClock(), slots=2) as provider:
        await provider.prewarm()
        first = provider.pid("tiny")
        async with provider.answer("tiny", saying("wait"), stream=True) as pieces:
            await anext(pieces)
            async with provider.answer("tiny", saying("hang"), stream=True):
                pass
            await anyio.wait_all_tasks_blocked()
            assert provider.pid("tiny") == first
        with anyio.fail_after(10):
            while provider.pid("tiny") == first:
                await ask(provider, saying("hello"), stream=True)


@pytest.mark.parametrize("word", ["die", "junk"])
async def test_a_worker_that_breaks_fails_the_call_and_the_next_starts_it_again(
    provider: LocalProvider, word: str
) -> None:
    """T-46: native code that aborts takes nothing else down."""
    with anyio.fail_after(10):
        error = await failure(provider, saying(word))
        assert error.outcome is Outcome.FAILURE
        assert error.partial == (word == "die")
        assert (await ask(provider, saying("hello"), stream=False))[1].finish_reason == "stop"


async def test_a_model_nobody_uses_is_unloaded_and_comes_back(
    model: Path, store: ModelStore
) -> None:
    clock = SteadyClock()
    async with scripted(model, store, clock, idle_unload_s=60) as provider:
        await ask(provider, saying("hello"), stream=True)
        clock.advance(59)
        await provider.tend()
        assert provider.readiness("tiny") == "ready"
        clock.advance(1)
        await provider.tend()
        assert provider.readiness("tiny") == "cold"
        await ask(provider, saying("hello"), stream=True)
        assert provider.readiness("tiny") == "ready"


async def test_an_unloaded_model_is_not_prewarmed_again(model: Path, store: ModelStore) -> None:
    clock = SteadyClock()
    async with scripted(model, store, clock, idle_unload_s=60) as provider:
        await provider.prewarm()
        clock.advance(60)
        await provider.tend()
        await provider.tend()
        assert provider.readiness("tiny") == "cold"


@pytest.mark.parametrize("word", ["wait", "hang"])
async def test_a_model_in_use_is_not_idle(model: Path, store: ModelStore, word: str) -> None:
    """Nor is one whose cancelled call still holds its slot."""
    clock = SteadyClock()
    async with scripted(model, store, clock, idle_unload_s=60) as provider:
        await provider.prewarm()
        async with provider.answer("tiny", saying(word), stream=True):
            clock.advance(600)
            await provider.tend()
            assert provider.readiness("tiny") == "ready"
        await provider.tend()
        assert provider.readiness("tiny") == "ready"


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": -1},
        {"max_tokens": 0},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"json_schema": {"enum": ["x" * 100_000]}},
    ],
)
async def test_no_number_out_of_range_reaches_native_code(
    provider: LocalProvider, change: dict[str, Any]
) -> None:
    """T-47"""
    error = await failure(provider, replace(saying("hello"), **change))
    assert (error.outcome, error.fault) == (Outcome.CLIENT, "invalid")


async def test_an_unknown_model_is_the_callers_mistake(provider: LocalProvider) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.answer("other", saying("hello"), stream=True)
    assert caught.value.fault == "unknown_model"


async def test_local_models_are_free_and_local(provider: LocalProvider) -> None:
    (model,) = provider.models
    assert model.local
    assert model.price is not None
    assert model.price.free
    assert model.origin == "local:tiny"
