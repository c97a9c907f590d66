"""A paid model with a script, on a real socket: what it calls, and what it says."""

import json
from collections.abc import Mapping
from typing import Any

from pointsman.settings import Settings
from tests.chaos import ChaosUpstream, Handler
from tests.faults import answering, event, finish, streaming


def calling(*calls: tuple[str, Mapping[str, Any]]) -> Handler:
    """An answer that calls tools, as the OpenAI protocol streams it."""
    deltas = [
        {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": deltas}}]}
    return streaming(event("openai", chunk), *finish("openai", "tool_calls"), b"data: [DONE]\n\n")


def saying(text: str) -> Handler:
    return answering(text)


def settings_for(upstream: ChaosUpstream, **more: Any) -> Settings:
    """One paid model at `upstream`, and nothing that is slow to open."""
    model = {"id": "m", "price": {"input": 1.0, "output": 2.0}, "capabilities": ["tools", "json"]}
    backend = {"kind": "openai", "base_url": f"{upstream.url}/v1", "models": [model]}
    off: dict[str, Any] = {"enabled": False}
    given = {"providers": {"acme": backend}, "local": off, "embedding": off, **more}
    return Settings.model_validate(given)
