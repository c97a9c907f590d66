"""Results that are too long for a conversation: cut, kept whole, and read on in parts."""

from collections.abc import Mapping

from agent.tool import AgentTool, ToolResult, Use
from pointsman.agents import RunBook
from pointsman.types import Json, ToolSpec

READ_RESULT = "read_result"
SHARE_OF_HEAD = 0.7  # of what is shown; the rest is the end, where errors and totals stand


def cut(text: str, most: int, handle: str) -> str | None:
    """The head and the tail of `text` and how to read on, about `most` bytes; None: it fits."""
    size = len(text.encode("utf-8", "replace"))
    if size <= most:
        return None
    chars = max(most * len(text) // size, 2)  # as many as `most` bytes are, on the average
    head = int(chars * SHARE_OF_HEAD)
    tail = chars - head
    marker = (
        f"\n[... {len(text) - head - tail} of {len(text)} characters left out; go on with "
        f'{READ_RESULT}(handle="{handle}", offset={head}) ...]\n'
    )
    return f"{text[:head]}{marker}{text[-tail:]}"


def _first(text: str, most: int) -> str:
    """As much of it as `most` bytes hold: a part that was cut again could not be read on."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def read_result(book: RunBook, most: int) -> AgentTool:
    """The tool that reads on in a result that was cut."""

    async def run(arguments: Mapping[str, Json], use: Use) -> ToolResult:
        handle, offset = str(arguments["handle"]), arguments.get("offset", 0)
        text = await book.kept(use.run_id, handle)
        if text is None:
            return ToolResult(text=f"There is no result {handle[:40]!r}.", is_error=True)
        start = offset if isinstance(offset, int) else 0
        part = _first(text[start : start + most], most // 4 * 3)
        end = start + len(part)
        if not part:
            return ToolResult(text=f"It has {len(text)} characters.", is_error=True)
        more = f"go on with offset={end}" if end < len(text) else "this is its end"
        return ToolResult(text=f"{part}\n[characters {start}-{end} of {len(text)}; {more}]")

    return AgentTool(
        spec=ToolSpec(
            name=READ_RESULT,
            description="Read on in a result that was too long to show whole.",
            parameters={
                "type": "object",
                "properties": {
                    "handle": {"type": "string", "description": "as the cut result names it"},
                    "offset": {"type": "integer", "minimum": 0, "description": "in characters"},
                },
                "required": ["handle"],
                "additionalProperties": False,
            },
        ),
        run=run,
        idempotent=True,
    )
