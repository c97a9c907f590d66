"""What every provider must do with tools, its own tool calling or our layer's.

A test class inherits it and brings `playing`: an open provider whose model says the given turns,
one for each answer. A turn is text, or calls of tools.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import anyio
import pytest

from pointsman.types import ChatRequest, Completion, Json, Message, Provider, ToolSpec
from tests.contract.provider import ask, both

Turn = str | list[tuple[str, Mapping[str, Json]]]


def takes(*names: str) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
    }


CALCULATOR = ToolSpec(
    name="calculator",
    description="Work out an arithmetic expression.",
    parameters=takes("expression"),
)
READ_FILE = ToolSpec(name="read_file", description="Read a text file.", parameters=takes("path"))
CLOCK = ToolSpec(name="clock", description="Tell the time.", parameters={"type": "object"})
TOOLS = (CALCULATOR, READ_FILE, CLOCK)


def asking(text: str) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), tools=TOOLS)


def answering(request: ChatRequest, completion: Completion, *results: str) -> ChatRequest:
    """The conversation after the calls of `completion` came to `results`."""
    told = zip(completion.tool_calls, results, strict=True)
    return replace(
        request,
        messages=(
            *request.messages,
            Message("assistant", completion.text, tool_calls=completion.tool_calls),
            *(Message("tool", result, tool_call_id=call.id) for call, result in told),
        ),
    )


def calls(completion: Completion) -> Turn:
    return [(call.name, json.loads(call.arguments)) for call in completion.tool_calls]


class FunctionsContract:
    def playing(self, *turns: Turn) -> AbstractAsyncContextManager[Provider]:
        raise NotImplementedError

    @both
    async def test_a_tool_is_called(self, stream: bool) -> None:
        wanted: Turn = [("calculator", {"expression": "12 * 7"})]
        async with self.playing(wanted) as provider:
            texts, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
        assert calls(completion) == wanted
        assert completion.finish_reason == "tool_calls"
        assert (texts, completion.text) == ([], "")
        assert completion.usage.input_tokens > 0
        assert completion.usage.output_tokens > 0

    @both
    async def test_several_calls_have_ids_of_their_own(self, stream: bool) -> None:
        wanted: Turn = [("read_file", {"path": "a.txt"}), ("read_file", {"path": "b.txt"})]
        async with self.playing(wanted) as provider:
            request = asking("Read the files a.txt and b.txt.")
            _, completion = await ask(provider, request, stream=stream)
        assert calls(completion) == wanted
        assert len({call.id for call in completion.tool_calls}) == 2

    @both
    async def test_what_needs_no_tool_is_answered_in_words(self, stream: bool) -> None:
        async with self.playing("Hello to you!") as provider:
            texts, completion = await ask(provider, asking("Hello!"), stream=stream)
        assert completion.tool_calls == ()
        assert (completion.text, completion.finish_reason) == ("Hello to you!", "stop")
        assert "".join(texts) == (completion.text if stream else "")

    @both
    async def test_a_result_leads_to_an_answer(self, stream: bool) -> None:
        wanted: Turn = [("calculator", {"expression": "12 * 7"})]
        async with self.playing(wanted, "It is 84.") as provider:
            request = asking("What is 12 * 7?")
            _, completion = await ask(provider, request, stream=stream)
            request = answering(request, completion, "84")
            _, completion = await ask(provider, request, stream=stream)
        assert (completion.text, completion.tool_calls) == ("It is 84.", ())

    @both
    async def test_one_result_can_lead_to_the_next_call(self, stream: bool) -> None:
        first: Turn = [("read_file", {"path": "a.txt"})]
        then: Turn = [("calculator", {"expression": "21 * 3"})]
        async with self.playing(first, then, "63.") as provider:
            request = asking("Read a.txt, then multiply the number in it by 3.")
            _, completion = await ask(provider, request, stream=stream)
            assert calls(completion) == first
            request = answering(request, completion, "21")
            _, completion = await ask(provider, request, stream=stream)
            assert calls(completion) == then
            request = answering(request, completion, "63")
            _, completion = await ask(provider, request, stream=stream)
        assert completion.text == "63."

    @both
    @pytest.mark.parametrize("name", ["launch", "calculator2"])
    async def test_a_tool_that_was_not_offered_is_not_called(self, stream: bool, name: str) -> None:
        """However the model writes it down."""
        written = json.dumps({"name": name, "arguments": {"expression": "12 * 7"}})
        async with self.playing(written) as provider:
            texts, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
        assert completion.tool_calls == ()
        assert completion.text == written
        assert "".join(texts) == (completion.text if stream else "")

    @both
    async def test_leaving_early_leaves_the_provider_usable(self, stream: bool) -> None:
        wanted: Turn = [("calculator", {"expression": "12 * 7"})]
        with anyio.fail_after(20):
            async with self.playing(wanted, wanted) as provider:
                model = provider.models[0].id
                async with provider.answer(model, asking("What is 12 * 7?"), stream=stream):
                    pass
                _, completion = await ask(provider, asking("What is 12 * 7?"), stream=stream)
        assert calls(completion) == wanted
