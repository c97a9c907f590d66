"""Long results of tools in a few lines, with the way to the whole."""

import re

from agent.results import READ_RESULT

WORTH_IT = 800  # characters; a shorter result is left as it is
HEAD, TAIL = 240, 120  # characters that stay of a longer one

_READ_ON = re.compile(rf'{READ_RESULT}\(handle="([^"]+)"')


def kept_under(text: str) -> str | None:
    """The handle of a result that was cut before: the whole of it is kept already."""
    found = _READ_ON.search(text)
    return found[1] if found else None


def shortened(text: str, handle: str, *, readable: bool) -> str:
    """The ends of `text`; `readable`: the model has a tool that reads on under `handle`."""
    whole = f'{READ_RESULT}(handle="{handle}", offset={HEAD})' if readable else handle
    left_out = len(text) - HEAD - TAIL
    return (
        f"{text[:HEAD]}\n[... {left_out} characters left out; whole: {whole} ...]\n{text[-TAIL:]}"
    )
