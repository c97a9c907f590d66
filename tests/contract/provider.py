"""What every provider must do, whatever it speaks. A test class inherits it and brings one.

The fixture `provider` gives an open one whose models answer "Grüße, Welt!".
"""

import anyio
import pytest

from pointsman.errors import ProviderError
from pointsman.types import ChatRequest, Completion, Message, Provider

HELLO = ChatRequest(messages=(Message("system", "Be brief."), Message("user", "Say hello.")))
both = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


async def ask(
    provider: Provider, request: ChatRequest = HELLO, *, stream: bool
) -> tuple[list[str], Completion]:
    """The pieces of text, and the completion that came last."""
    texts: list[str] = []
    last: Completion | None = None
    async with provider.answer(provider.models[0].id, request, stream=stream) as pieces:
        async for piece in pieces:
            assert last is None, "something followed the completion"
            if isinstance(piece, str):
                texts.append(piece)
            else:
                last = piece
    assert last is not None
    return texts, last


class ProviderContract:
    async def test_it_names_itself_and_its_models(self, provider: Provider) -> None:
        assert provider.models
        assert {model.provider for model in provider.models} == {provider.name}

    @both
    async def test_the_completion_comes_last_and_is_whole(
        self, provider: Provider, stream: bool
    ) -> None:
        texts, completion = await ask(provider, stream=stream)
        assert completion.text == "Grüße, Welt!"
        assert completion.finish_reason == "stop"
        assert completion.usage.output_tokens > 0
        assert completion.usage.input_tokens > 0
        assert "".join(texts) == (completion.text if stream else "")

    @both
    async def test_a_caller_may_leave_before_the_first_piece(
        self, provider: Provider, stream: bool
    ) -> None:
        async with provider.answer(provider.models[0].id, HELLO, stream=stream):
            pass
        assert (await ask(provider, stream=stream))[1].text == "Grüße, Welt!"

    async def test_a_caller_may_leave_after_the_first_piece(self, provider: Provider) -> None:
        async with provider.answer(provider.models[0].id, HELLO, stream=True) as pieces:
            async for piece in pieces:
                assert isinstance(piece, str)
                break
        assert (await ask(provider, stream=True))[1].text == "Grüße, Welt!"

    @both
    async def test_answers_at_the_same_time_do_not_mix(
        self, provider: Provider, stream: bool
    ) -> None:
        answers: list[str] = []

        async def one() -> None:
            answers.append((await ask(provider, stream=stream))[1].text)

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(one)
        assert answers == ["Grüße, Welt!"] * 8

    async def test_an_error_of_the_callers_passes_through(self, provider: Provider) -> None:
        with pytest.raises(LookupError):
            async with provider.answer(provider.models[0].id, HELLO, stream=True):
                raise LookupError

    async def test_what_it_raises_says_whose_it_is(self, failing: Provider) -> None:
        with pytest.raises(ProviderError) as caught:
            await ask(failing, stream=True)
        assert caught.value.provider == failing.name
