"""What every cache, and every layer of one, must do. A test class inherits it and says which.

Time stands still unless a test of the layer itself moves it.
"""

from dataclasses import replace

import anyio
import pytest

from pointsman.money import Usage
from pointsman.records import Remembered
from pointsman.seams import Cache, Clock
from pointsman.types import ChatRequest, Completion, Message, ToolCall

NOW = 1_750_000_000.0


class FakeTime:
    """A clock that only `pass_` moves; monotonic and wall time start apart."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = Clock(monotonic=lambda: 50.0 + self.now, wall=lambda: NOW + self.now)

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def remembered(text: str = "Paris", *, time_sensitive: bool = False) -> Remembered:
    return Remembered(
        completion=Completion(
            text=text,
            finish_reason="tool_calls",
            usage=Usage(input_tokens=7, output_tokens=3, cached_input_tokens=2),
            model="acme-large-2026",
            tool_calls=(ToolCall(id="t1", name="find", arguments='{"place": "Malmö"}'),),
        ),
        model="acme-large",
        provider="acme",
        local=False,
        cost=1_234,
        decision_id="d1",
        category="general",
        time_sensitive=time_sensitive,
        stored_at=NOW,
        request=ChatRequest(messages=(Message("user", "What is the capital of France?"),)),
    )


class CacheContract:
    @pytest.fixture
    def cache(self) -> Cache:
        raise NotImplementedError

    async def test_what_was_put_is_found_as_it_was(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", remembered())
        found = await cache.get("cc:v1:a:1")
        assert found is not None
        assert found.remembered == remembered()
        assert found.age_s == 0

    async def test_what_was_not_put_is_not_found(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", remembered())
        assert await cache.get("cc:v1:a:2") is None

    async def test_the_last_put_counts(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", remembered("old"))
        await cache.put("cc:v1:a:1", remembered("new"))
        found = await cache.get("cc:v1:a:1")
        assert found is not None
        assert found.remembered.completion.text == "new"

    @pytest.mark.parametrize("text", ["", "x" * 100_000, "naïve 漢字 🧭 \x00 \n", '"}]'])
    async def test_any_text_comes_back_unchanged(self, cache: Cache, text: str) -> None:
        await cache.put("cc:v1:a:1", remembered(text))
        found = await cache.get("cc:v1:a:1")
        assert found is not None
        assert found.remembered.completion.text == text

    async def test_an_answer_is_found_under_its_other_keys_too(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", remembered(), ("cc:v1:a:2", "cc:v1:a:3"))
        for key in ("cc:v1:a:1", "cc:v1:a:2", "cc:v1:a:3"):
            found = await cache.get(key)
            assert found is not None
            assert (found.key, found.remembered) == ("cc:v1:a:1", remembered())

    async def test_a_new_answer_is_not_found_under_the_names_of_the_old_one(
        self, cache: Cache
    ) -> None:
        """X-03: they may name the model that gave the old one"""
        key, old, new = "cc:v1:a:1", "cc:v1:a:2", "cc:v1:a:3"
        await cache.put(key, remembered(), (old,))
        other = replace(remembered("Lyon"), model="acme-small", decision_id="d2")
        await cache.put(key, other, (new,))
        assert await cache.get(old) is None
        for name in (key, new):
            found = await cache.get(name)
            assert found is not None
            assert found.remembered == other

    async def test_what_was_put_last_decides_what_a_name_means(self, cache: Cache) -> None:
        one, two, name = "cc:v1:a:1", "cc:v1:a:2", "cc:v1:a:3"

        async def texts(*keys: str) -> list[str | None]:
            found = [await cache.get(key) for key in keys]
            return [None if one is None else one.remembered.completion.text for one in found]

        await cache.put(one, remembered("1"), (name,))
        await cache.put(two, remembered("2"), (name,))
        assert await texts(name) == ["2"]
        await cache.put(name, remembered("3"))
        assert await texts(name, one, two) == ["3", "1", "2"]
        await cache.put(one, remembered("4"), (name, one, name))
        assert await texts(one, name) == ["4", "4"]

    async def test_an_unknown_cost_stays_unknown(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", replace(remembered(), cost=None))
        found = await cache.get("cc:v1:a:1")
        assert found is not None
        assert found.remembered.cost is None

    async def test_text_that_cannot_be_encoded_does_not_raise(self, cache: Cache) -> None:
        await cache.put("cc:v1:a:1", remembered("half a pair \ud800"))
        await cache.get("cc:v1:a:1")
        await cache.put("cc:v1:\ud800:1", remembered())
        await cache.get("cc:v1:\ud800:1")

    async def test_many_at_once_do_not_mix_up(self, cache: Cache) -> None:
        async def use(number: int) -> None:
            key = f"cc:v1:a:{number}"
            await cache.put(key, remembered(str(number)))
            found = await cache.get(key)
            assert found is not None
            assert found.remembered.completion.text == str(number)

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                for number in range(50):
                    group.start_soon(use, number)
