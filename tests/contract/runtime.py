"""What every runtime must do with a real model. A test class inherits it and names the runtime.

The fixture `store` holds smollm2-135m, fetched once into the checkout's own cache.
"""

import itertools
import json
import os
import signal
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import anyio
import anyio.to_thread
import pytest

from pointsman.errors import ProviderError
from pointsman.seams import Clock
from pointsman.settings import LocalSettings
from pointsman.types import ChatRequest, Json, Message, Outcome
from providers.local.process import Event, open_worker
from providers.local.provider import LocalProvider, open_local
from providers.local.runtime import Ask, Load, Told, open_runtime
from providers.local.store import ModelStore
from tests.contract.provider import ask

ROOT = Path(__file__).parents[2]
MODEL = "smollm2-135m-instruct"
PATIENCE_S = 60  # a bound, not a measure: the machine may be busy
STORY = ChatRequest(
    messages=(Message("user", "Tell me a long story about a fox."),),
    max_tokens=400,
    temperature=0,
)
CAPITAL = replace(
    STORY, messages=(Message("user", "What is the capital of France? Answer in one word."),)
)
PERSON: dict[str, Json] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def clock() -> Clock:
    return Clock(monotonic=time.monotonic, wall=time.time)


async def failure(provider: LocalProvider, request: ChatRequest) -> ProviderError:
    with pytest.raises(ProviderError) as caught, anyio.fail_after(PATIENCE_S):
        await ask(provider, request, stream=True)
    return caught.value


class RuntimeContract:
    runtime: ClassVar[Literal["xllamacpp", "llama-cpp-python"]]

    @pytest.fixture
    async def store(self) -> ModelStore:
        store = ModelStore(ROOT / ".cache" / "models")
        await store.pull(MODEL)
        return store

    @pytest.fixture
    async def provider(self, store: ModelStore) -> AsyncIterator[LocalProvider]:
        async with open_local(self.settings(), store, clock()) as provider:
            yield provider

    def settings(self, model: str = MODEL) -> LocalSettings:
        return LocalSettings(model=model, fallback=None, runtime=self.runtime, context=1024)

    async def worker(self, store: ModelStore) -> AbstractAsyncContextManager[Any]:
        path = await store.verified(MODEL)
        load = {"context": 2048, "threads": 1, "slots": 1}
        return open_worker({"runtime": self.runtime, "model": str(path), **load})

    async def test_it_answers_and_counts_its_tokens(self, provider: LocalProvider) -> None:
        texts, completion = await ask(provider, CAPITAL, stream=True)
        assert "Paris" in completion.text
        assert "".join(texts) == completion.text
        assert len(texts) > 1
        assert completion.finish_reason == "stop"
        assert completion.usage.input_tokens > 10
        assert 1 < completion.usage.output_tokens < 30
        assert completion.model == MODEL

    async def test_the_same_greedy_request_has_the_same_answer(
        self, provider: LocalProvider
    ) -> None:
        """And its prompt is not evaluated a second time.

        The one that warms the prompt cache does not count: other batches, other roundings.
        """
        request = replace(STORY, max_tokens=24)
        await ask(provider, request, stream=True)
        _, first = await ask(provider, request, stream=True)
        texts, again = await ask(provider, request, stream=False)
        assert again.text == first.text
        assert texts == []
        assert again.usage.cached_input_tokens > 0

    async def test_an_answer_ends_at_its_limit(self, provider: LocalProvider) -> None:
        _, completion = await ask(provider, replace(STORY, max_tokens=5), stream=False)
        assert completion.finish_reason == "length"
        assert completion.usage.output_tokens == 5

    async def test_letters_of_several_tokens_come_whole(self, provider: LocalProvider) -> None:
        message = Message("user", "Repeat exactly: 你好, Привет, żółć 🦊")
        texts, completion = await ask(
            provider, replace(STORY, messages=(message,), max_tokens=40), stream=True
        )
        assert "".join(texts) == completion.text
        assert "\ufffd" not in completion.text.rstrip("\ufffd")  # the limit may cut the last one

    async def test_a_schema_binds_the_answer(self, provider: LocalProvider) -> None:
        message = Message("user", "Ann is 31 years old. Who is this?")
        request = replace(STORY, messages=(message,), max_tokens=80, json_schema=PERSON)
        _, completion = await ask(provider, request, stream=False)
        answer = json.loads(completion.text)
        assert set(answer) == {"name", "age"}
        assert isinstance(answer["name"], str)
        assert isinstance(answer["age"], int)

    @pytest.mark.parametrize(
        ("request_", "fault"),
        [
            (replace(STORY, messages=(Message("user", "fox " * 2000),)), "context_length"),
            (replace(STORY, json_schema={"type": "nonsense"}), "invalid"),
            (replace(STORY, messages=(Message("user", "half a letter: \ud83d"),)), "invalid"),
        ],
        ids=["too long", "no schema", "no text"],
    )
    async def test_a_request_it_cannot_take_is_the_callers_fault(
        self, provider: LocalProvider, request_: ChatRequest, fault: str
    ) -> None:
        error = await failure(provider, request_)
        assert (error.outcome, error.fault) == (Outcome.CLIENT, fault)
        assert "Paris" in (await ask(provider, CAPITAL, stream=False))[1].text

    async def test_a_call_cancelled_in_its_answer_stops(self, store: ModelStore) -> None:
        """Its last event is `cancelled`, after a few pieces; uncancelled it would be `done`."""
        wish = {"messages": [{"role": "user", "content": STORY.messages[0].content}]}
        events: list[Event] = []
        with anyio.fail_after(PATIENCE_S):
            async with await self.worker(store) as worker:
                await worker.started()
                question = worker.ask(ask={**wish, "max_tokens": 400}, stream=True)
                async with question.events:
                    async for event in question.events:
                        events.append(event)
                        if len(events) == 3:
                            worker.tell("cancel", id=question.id)
        assert [event["event"] for event in events[:3]] == ["piece"] * 3
        assert events[-1]["event"] == "cancelled"
        assert len(events) < 100

    async def test_a_call_cancelled_in_its_prompt_stops(self, store: ModelStore) -> None:
        """It is asked again and again, and after the third time makes no piece."""
        load = Load(model=await store.verified(MODEL), context=2048, threads=1, slots=1)
        asked = itertools.count()
        pieces: list[str] = []

        def run() -> tuple[Told | None, Told | None]:
            _, runtime = open_runtime(self.runtime, load)
            long = Ask(messages=[{"role": "user", "content": "fox " * 1000}])
            short = Ask(messages=[{"role": "user", "content": "Say hello."}], max_tokens=3)
            cancelled = runtime.complete(long, pieces.append, lambda: next(asked) >= 3)
            return cancelled, runtime.complete(short, lambda _: None, lambda: False)

        cancelled, answered = await anyio.to_thread.run_sync(run)
        assert cancelled is None
        assert pieces == []
        assert answered is not None
        assert answered.output_tokens <= 3

    async def test_a_caller_who_leaves_makes_room_for_the_next(
        self, provider: LocalProvider
    ) -> None:
        with anyio.fail_after(PATIENCE_S):
            async with provider.answer(MODEL, STORY, stream=True) as pieces:
                assert await anext(pieces)
            pid = provider.pid(MODEL)
            assert "Paris" in (await ask(provider, CAPITAL, stream=False))[1].text
        assert provider.pid(MODEL) == pid

    async def test_a_native_crash_fails_the_call_and_the_next_is_answered(
        self, provider: LocalProvider
    ) -> None:
        """T-46"""
        with anyio.fail_after(PATIENCE_S):
            async with provider.answer(MODEL, STORY, stream=True) as pieces:
                await anext(pieces)
                os.kill(provider.pid(MODEL) or 0, signal.SIGSEGV)
                with pytest.raises(ProviderError) as caught:
                    _ = [piece async for piece in pieces]
            assert caught.value.outcome is Outcome.FAILURE
            assert caught.value.partial
            assert "Paris" in (await ask(provider, CAPITAL, stream=False))[1].text

    @pytest.mark.parametrize("damage", ["cut short", "garbage behind the header"])
    async def test_a_damaged_file_fails_to_load_and_says_so(
        self, store: ModelStore, tmp_path: Path, damage: str
    ) -> None:
        """T-46"""
        async with await anyio.open_file(await store.verified(MODEL), "rb") as file:
            head = await file.read(4_000_000)
        path = tmp_path / "damaged.gguf"
        path.write_bytes(head if damage == "cut short" else head[:100] + b"\xff" * 4_000_000)
        async with open_local(self.settings(str(path)), store, clock()) as provider:
            with anyio.fail_after(PATIENCE_S):
                await provider.prewarm()
            assert provider.readiness("damaged") == "failed"
            problem = provider.problem("damaged")
            assert problem is not None
            assert "damaged" in problem
            assert str(tmp_path) not in problem

    async def test_a_template_that_reaches_for_python_gets_nothing(
        self, store: ModelStore, tmp_path: Path
    ) -> None:
        """T-46: the model's file carries a template, which is a program (CVE-2024-34359)."""
        loot = tmp_path / "loot"
        evil = f"{{{{ lipsum.__globals__['os'].mkdir('{loot}') }}}}{{{{ messages[0].content }}}}"
        path = tmp_path / "evil.gguf"
        await anyio.to_thread.run_sync(_with_template, await store.verified(MODEL), path, evil)
        async with open_local(self.settings(str(path)), store, clock()) as provider:
            with anyio.fail_after(PATIENCE_S), suppress(ProviderError):
                await ask(provider, replace(CAPITAL, max_tokens=2), stream=False)
        assert not loot.exists()

    async def test_no_process_outlives_a_host_that_was_killed(self, store: ModelStore) -> None:
        path = await store.verified(MODEL)
        host = [sys.executable, "-m", "tests.providers.local.host", self.runtime, str(path)]
        with anyio.fail_after(PATIENCE_S):
            async with await anyio.open_process(host, cwd=ROOT, stderr=None) as process:
                assert process.stdout is not None
                worker = os.pidfd_open(int(await process.stdout.receive()))
                try:
                    process.kill()
                    await anyio.wait_readable(worker)
                finally:
                    os.close(worker)


def _with_template(model: Path, target: Path, template: str) -> None:
    """A copy of `model` whose chat template is `template`, padded to the old one's length."""
    content = model.read_bytes()
    key = content.index(b"tokenizer.chat_template") + len(b"tokenizer.chat_template") + 4
    (length,) = struct.unpack_from("<Q", content, key)
    assert len(template) <= length
    begin = key + 8
    target.write_bytes(
        content[:begin] + template.encode().ljust(length) + content[begin + length :]
    )
