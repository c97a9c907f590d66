"""llama.cpp's own server inside the worker, through `xllamacpp`: slots, batching, prompt cache."""

import secrets
from collections.abc import Callable
from typing import Any

import xllamacpp

from providers.local.runtime import BATCH, CACHE_MIB, Ask, Load, Refused, Told

QUIET = 1  # errors only


class XllamaCpp:
    def __init__(self, load: Load) -> None:
        self.parallel = load.slots
        self._server = xllamacpp.Server(_params(load))

    def complete(
        self, ask: Ask, emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Told | None:
        answer = _Answer(emit, cancelled)
        try:
            self._server.handle_chat_completions(_body(ask), answer)
        except (ValueError, TypeError) as error:  # an unusable schema, a lone surrogate
            raise Refused(
                "invalid",
                "the local runtime cannot use this json_schema, or the text is no valid Unicode",
            ) from error
        return answer.told()


class _Answer:
    """Takes the chunks of one answer; returning True from a call stops it."""

    def __init__(self, emit: Callable[[str], None], cancelled: Callable[[], bool]) -> None:
        self._emit = emit
        self._cancelled = cancelled
        self._stopped = False
        self._text: list[str] = []
        self._finish: str | None = None
        self._usage: dict[str, Any] | None = None
        self._error: dict[str, Any] | None = None

    def __call__(self, chunk: dict[str, Any]) -> bool:
        self._stopped = self._stopped or self._cancelled()
        if self._stopped:
            return True
        self._error = chunk.get("error", self._error)
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices", ()):
            self._finish = choice.get("finish_reason") or self._finish
            if text := choice.get("delta", {}).get("content"):
                self._text.append(text)
                self._emit(text)
        return False

    def told(self) -> Told | None:
        if self._stopped:
            return None
        if self._error is not None:
            raise _refusal(self._error)
        if self._finish is None or self._usage is None:
            raise RuntimeError("the runtime ended without finishing the answer")
        details = self._usage.get("prompt_tokens_details") or {}
        return Told(
            text="".join(self._text),
            finish="length" if self._finish == "length" else "stop",
            input_tokens=self._usage["prompt_tokens"],
            cached_tokens=details.get("cached_tokens", 0),
            output_tokens=self._usage["completion_tokens"],
        )


def _refusal(error: dict[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        tokens, context = error.get("n_prompt_tokens"), error.get("n_ctx")
        return Refused(
            "context_length",
            f"the prompt has {tokens} tokens and the local context holds {context}; "
            "shorten it or raise local.context",
        )
    if error.get("type") == "invalid_request_error":
        return Refused("invalid", "the local runtime cannot use this request's schema or messages")
    return RuntimeError(f"the runtime reported {error.get('type', 'an error')}")


def _params(load: Load) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(load.model)
    params.n_ctx = load.context * load.slots  # it is shared out among the slots
    params.n_parallel = load.slots
    params.n_batch = BATCH
    params.cpuparams.n_threads = load.threads
    params.cpuparams_batch.n_threads = load.threads
    params.cache_ram_mib = CACHE_MIB  # its own default is 8 GiB
    params.fit_params = False  # it would shrink the context without a word
    params.verbosity = QUIET
    # It listens on a port whether we ask it or not: loopback, a free one, and a key nobody has.
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_urlsafe()]
    params.cors_origins = ""
    params.endpoint_slots = False
    params.endpoint_props = False
    params.ui = False
    return params


def _body(ask: Ask) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": ask.messages,
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
        # Without these chunks nobody is asked during prompt evaluation, and a cancelled prompt
        # runs to its end: 20 s were measured; with them, to the end of a batch.
        "return_progress": True,
    }
    if ask.schema is not None:
        schema = {"name": "answer", "schema": dict(ask.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body
