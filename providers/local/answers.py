"""Between the words of the whole house and the worker's: requests in, pieces and errors out."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from pointsman.errors import ProviderError
from pointsman.money import Usage
from pointsman.types import ChatRequest, Completion, Outcome, Piece
from providers.local.gguf import Unusable
from providers.local.model import Busy
from providers.local.process import Event
from providers.local.runtime import MAX_TOKENS, TEMPERATURE

NAME = "local"
MAX_TEMPERATURE = 2
MAX_SCHEMA = 32_768


async def pieces(model: str, events: AsyncIterator[Event]) -> AsyncIterator[Piece]:
    partly = False
    async for event in events:
        match event["event"]:
            case "piece":
                partly = True
                yield event["text"]
            case "done":
                yield _completion(model, event)
                return
            case "error":
                raise _error(event, partly)
    raise ProviderError(
        NAME,
        f"the process of {model} died; the next call starts it again",
        outcome=Outcome.FAILURE,
        partial=partly,
    )


def _completion(model: str, event: Event) -> Completion:
    return Completion(
        text=event["text"],
        finish_reason=event["finish"],
        model=model,
        usage=Usage(
            input_tokens=event["input_tokens"],
            output_tokens=event["output_tokens"],
            cached_input_tokens=event["cached_tokens"],
        ),
    )


def _error(event: Event, partly: bool) -> ProviderError:
    fault = event["fault"]
    return ProviderError(
        NAME,
        event["message"],
        outcome=Outcome.CLIENT if fault else Outcome.FAILURE,
        fault=fault,
        partial=partly,
    )


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except Busy as error:
        raise ProviderError(
            NAME,
            "every slot and every place in the queue is taken; try again",
            outcome=Outcome.THROTTLED,
            retry_after_s=error.retry_after_s,
        ) from error
    except Unusable as error:
        raise ProviderError(NAME, str(error), outcome=Outcome.FAILURE) from error


def as_ask(request: ChatRequest, context: int) -> dict[str, Any]:
    """What the worker is sent; every number in it is in a range that native code was made for.

    Raises:
        ProviderError: one is not, or the schema is too large to be a grammar (T-47).
    """
    temperature = TEMPERATURE if request.temperature is None else request.temperature
    tokens = min(MAX_TOKENS, context // 2) if request.max_tokens is None else request.max_tokens
    schema = request.json_schema
    if not 0 <= temperature <= MAX_TEMPERATURE:
        raise invalid(f"temperature must be from 0 to {MAX_TEMPERATURE}")
    if tokens < 1:
        raise invalid("max_tokens must be 1 or more")
    if schema is not None and len(json.dumps(schema)) > MAX_SCHEMA:
        raise invalid(f"a JSON schema may have {MAX_SCHEMA} characters on a local model")
    return {
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "max_tokens": min(tokens, context),
        "temperature": temperature,
        "schema": schema,
    }


def invalid(message: str) -> ProviderError:
    return ProviderError(NAME, message, outcome=Outcome.CLIENT, fault="invalid")
