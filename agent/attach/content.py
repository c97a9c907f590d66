"""The result of an attached tool as text for a model. Nothing that it points to is fetched."""

import json
from collections.abc import Sequence
from typing import Any

from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from agent.tool import ToolResult
from agent.untrusted.cleaning import MOST_CHARS, line
from pointsman.types import Json

LIMIT = MOST_CHARS - 200  # characters; the marks of a cut fit into what is cleaned later


def read_result(result: CallToolResult) -> ToolResult:
    """Its text, cut at a million characters before anything else looks at it."""
    data: Json = result.structured_content
    written = "" if data is None else json.dumps(data, ensure_ascii=False)
    text = _joined(result.content)
    return ToolResult(
        text=text if text.strip() else _cut(written) or "(it gave back nothing)",
        is_error=result.is_error,
        data=data if len(written) <= LIMIT else None,
    )


def _joined(blocks: Sequence[Any]) -> str:
    parts = list[str]()
    left = LIMIT
    for text in (_as_text(block) for block in blocks):
        if left <= 0:
            parts.append("[more parts were left out]")
            break
        parts.append(_cut(text, left))
        left -= len(text)
    return "\n".join(parts)


def _cut(text: str, limit: int = LIMIT) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text) - limit} more characters were left out]"


def _as_text(block: Any) -> str:
    match block:
        case TextContent():
            return block.text
        case EmbeddedResource(resource=TextResourceContents() as resource):
            return f"[resource {line(resource.uri, 200)}]\n{resource.text}"
        case EmbeddedResource(resource=BlobResourceContents() as resource):
            return _placeholder("resource", resource.mime_type, resource.blob)
        case ImageContent() | AudioContent():
            return _placeholder(block.type, block.mime_type, block.data)
        case ResourceLink():
            return f"[link to the resource {line(block.uri, 200)}, not fetched]"
        case _:
            return "[a part of a kind that is not known]"


def _placeholder(kind: str, mime: str | None, data: str) -> str:
    return f"[{kind}, {line(mime or 'of unknown type', 60)}, {len(data) * 3 // 4} bytes, not shown]"
