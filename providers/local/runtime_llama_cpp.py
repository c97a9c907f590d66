"""One `llama_cpp.Llama`, owned by one thread: a second thread on it hangs (LOCAL.md 1)."""

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any

import llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from providers.local.runtime import BATCH, Ask, Load, Refused, Told

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
)


class LlamaCppPython:
    parallel = 1

    def __init__(self, load: Load) -> None:
        self._llama = llama_cpp.Llama(
            str(load.model),
            n_ctx=load.context,
            n_batch=BATCH,
            n_threads=load.threads,
            n_threads_batch=load.threads,
            verbose=False,
        )
        self._cancelled: Callable[[], bool] = _never
        # The C side keeps only the address of this callback: it must live as long as the model.
        self._abort = llama_cpp.ggml_abort_callback(lambda _: self._cancelled())
        llama_cpp.llama_set_abort_callback(self._llama.ctx, self._abort, None)
        self._format = self._formatter()

    def complete(
        self, ask: Ask, emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Told | None:
        prompt = self._prompt(ask)
        cached = _common(self._llama.input_ids[: self._llama.n_tokens].tolist(), prompt)
        grammar = _grammar(ask)
        self._cancelled = cancelled
        try:
            text, finish, output = self._generate(prompt, ask, grammar, emit)
        except RuntimeError:
            # An aborted decode leaves half a batch behind.
            self._llama.reset()
            self._llama._ctx.kv_cache_clear()
            if cancelled():
                return None
            raise
        finally:
            self._cancelled = _never
        if cancelled():
            return None
        return Told(
            text=text,
            finish="stop" if finish else "length",
            input_tokens=len(prompt),
            cached_tokens=min(cached, len(prompt) - 1),
            output_tokens=output,
        )

    def _generate(
        self, prompt: list[int], ask: Ask, grammar: Any, emit: Callable[[str], None]
    ) -> tuple[str, bool, int]:
        """The text, whether the model ended it itself, and its number of tokens."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        room = min(ask.max_tokens, self._llama.n_ctx() - len(prompt))
        pieces: list[str] = []
        finished = False
        output = 0
        for token in self._tokens(prompt, ask, grammar):
            output += 1
            finished = llama_cpp.llama_vocab_is_eog(self._llama._model.vocab, token)
            if finished or self._cancelled():
                break
            if piece := decoder.decode(self._llama.detokenize([token], special=False)):
                pieces.append(piece)
                emit(piece)
            if output >= room:
                break
        if rest := decoder.decode(b"", final=True):
            pieces.append(rest)
            emit(rest)
        return "".join(pieces), finished, output

    def _tokens(self, prompt: list[int], ask: Ask, grammar: Any) -> Iterator[int]:
        generated: Iterator[int] = self._llama.generate(
            prompt, temp=ask.temperature, grammar=grammar
        )
        return generated

    def _prompt(self, ask: Ask) -> list[int]:
        try:
            text = self._format(messages=ask.messages).prompt
            tokens: list[int] = self._llama.tokenize(
                text.encode(), add_bos=not text.startswith(self._bos), special=True
            )
        except ValueError as error:  # the template refuses these messages, or a lone surrogate
            raise Refused("invalid", "the local model cannot take these messages") from error
        if len(tokens) >= self._llama.n_ctx():
            raise Refused(
                "context_length",
                f"the prompt has {len(tokens)} tokens and the local context holds "
                f"{self._llama.n_ctx()}; shorten it or raise local.context",
            )
        return tokens

    def _formatter(self) -> Any:
        """The model's own template, which runs in jinja2's immutable sandbox (T-46)."""
        vocab = self._llama._model
        self._bos = vocab.token_get_text(self._llama.token_bos()) or "\0"
        return Jinja2ChatFormatter(
            template=self._llama.metadata.get("tokenizer.chat_template", CHATML),
            eos_token=vocab.token_get_text(self._llama.token_eos()),
            bos_token="" if self._bos == "\0" else self._bos,
        )


def _grammar(ask: Ask) -> Any:
    if ask.schema is None:
        return None
    try:
        return llama_cpp.LlamaGrammar.from_json_schema(json.dumps(ask.schema), verbose=False)
    except Exception as error:  # its converter raises whatever it trips over
        raise Refused("invalid", "the local runtime cannot use this JSON schema") from error


def _common(a: list[int], b: list[int]) -> int:
    """How many tokens both begin with."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _never() -> bool:
    return False
