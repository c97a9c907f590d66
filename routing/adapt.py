"""Making an answer to one question into an answer to another like it (RT-11)."""

from collections.abc import Sequence
from dataclasses import replace

from pointsman.records import CacheInfo, Call, Found
from pointsman.types import ChatRequest, Message, Model

TASK = (
    "You are given a question, a good answer to a question much like it, and that question. "
    "Answer the first one: keep of the answer what holds for it, change what does not. "
    "Say nothing about the other question."
)


def adapting(call: Call, near: Found, models: Sequence[Model]) -> Call | None:
    """`call` as the request to adapt the answer in `near`; it is not remembered.

    It goes to the first local of `models`, since it must cost nothing; None where there is none,
    where another model is asked for, and where JSON is: the one that adapts is not told its schema.
    """
    local = next((model for model in models if model.local), None)
    if local is None or call.model != "auto" or call.request.json_schema is not None:
        return None
    asked = call.request.messages[-1].content
    kept = near.remembered
    other = kept.request.messages[-1].content
    text = f"Question:\n{asked}\n\nAnswer to adapt:\n{kept.completion.text}\n\n"
    messages = (
        Message("system", TASK),
        Message("user", f"{text}It answered:\n{other}"),
    )
    request = ChatRequest(messages=messages, max_tokens=call.request.max_tokens)
    return replace(call, request=request, model=local.name, cache="off")


def info_of(near: Found) -> CacheInfo:
    """What the receipt of an adapted answer says of where it came from."""
    return CacheInfo(
        hit=True,
        layer=near.layer,
        kind="adapted",
        similarity=near.similarity,
        probability=near.probability,
        age_s=near.age_s,
        key=near.key,
    )
