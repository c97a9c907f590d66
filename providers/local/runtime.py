"""What runs a model inside the worker process: one protocol, two implementations."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

RuntimeName = Literal["xllamacpp", "llama-cpp-python"]
MODULES: dict[RuntimeName, str] = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
TEMPERATURE = 0.2  # of a request that names none: small models wander above it
MAX_TOKENS = 1024  # of an answer whose request names none: they also go on for ever
BATCH = 64  # prompt tokens between two looks at the cancel flag; 512 was no faster (LOCAL.md 2)
CACHE_MIB = 256  # of remembered prompts, in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Which model to load, and how."""

    model: Path
    context: int  # tokens of one answer and its prompt
    threads: int
    slots: int  # answers generated at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    messages: list[dict[str, str]]  # role and content
    max_tokens: int = MAX_TOKENS
    temperature: float = TEMPERATURE
    schema: Mapping[str, Any] | None = None  # JSON Schema of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finished answer, and what it took."""

    text: str
    finish: Literal["stop", "length"]
    input_tokens: int
    cached_tokens: int  # of them: not evaluated again
    output_tokens: int


class Refused(Exception):
    """The request cannot be answered as it is."""

    def __init__(self, fault: Literal["context_length", "invalid"], message: str) -> None:
        super().__init__(message)
        self.fault = fault


class Runtime(Protocol):
    @property
    def parallel(self) -> int:
        """How many threads may call `complete` at once."""
        ...

    def complete(
        self, ask: Ask, emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Told | None:
        """The answer, with its text passed to `emit` as it comes; None if it was cancelled.

        Raises:
            Refused: the prompt is too long, or the schema cannot be used.
        """
        ...


def open_runtime(wanted: str, load: Load) -> tuple[RuntimeName, Runtime]:
    """Load the model; `auto` takes the first runtime that is installed.

    Raises:
        LookupError: no such runtime is installed.
        Exception: the runtime's own, where the model cannot be loaded.
    """
    names = [n for n in MODULES if wanted in (n, "auto")]
    found = next((n for n in names if importlib.util.find_spec(MODULES[n])), None)
    if found == "xllamacpp":
        from providers.local.runtime_xllamacpp import XllamaCpp

        return found, XllamaCpp(load)
    if found == "llama-cpp-python":
        from providers.local.runtime_llama_cpp import LlamaCppPython

        return found, LlamaCppPython(load)
    advice = "pip install 'pointsman[local]'"
    raise LookupError(f"{' or '.join(names)} is not installed; run {advice}")
