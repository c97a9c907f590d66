"""Fixture tools that show every shape of content, and what can be sent while a tool runs."""

from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    AudioContent,
    EmbeddedResource,
    ImageContent,
    SamplingMessage,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel, Field

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8"
    "z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
IMAGE = ImageContent(type="image", data=PNG, mime_type="image/png")


class Defaults(BaseModel):
    name: str = Field("John Doe", description="name")
    age: int = Field(30, description="age")
    score: float = Field(95.5, description="score")
    status: str = Field("active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = Field(True, description="verified")


class Enums(BaseModel):
    untitled_single: str = Field(
        alias="untitledSingle", json_schema_extra={"enum": ["option1", "option2", "option3"]}
    )
    titled_single: str = Field(
        alias="titledSingle",
        json_schema_extra={
            "oneOf": [{"const": f"value{i}", "title": f"Choice {i}"} for i in (1, 2)]
        },
    )
    legacy_enum: str = Field(
        alias="legacyEnum",
        json_schema_extra={"enum": ["opt1", "opt2"], "enumNames": ["One", "Two"]},
    )
    untitled_multi: list[str] = Field(
        alias="untitledMulti",
        json_schema_extra={"items": {"type": "string", "enum": ["option1", "option2"]}},
    )
    titled_multi: list[str] = Field(
        alias="titledMulti",
        json_schema_extra={
            "items": {"anyOf": [{"const": f"v{i}", "title": f"C{i}"} for i in (1, 2)]}
        },
    )


class Reply(BaseModel):
    username: str
    email: str


def embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=contents)


def add_contents(server: MCPServer[Any]) -> None:
    """Add the tools that answer with each kind of content."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(description="A fixture", structured_output=False)
    async def test_image_content() -> Any:
        return IMAGE

    @server.tool(description="A fixture", structured_output=False)
    async def test_audio_content() -> Any:
        return AudioContent(type="audio", data=WAV, mime_type="audio/wav")

    @server.tool(description="A fixture", structured_output=False)
    async def test_embedded_resource() -> Any:
        text = "This is an embedded resource content."
        return embedded("test://embedded-resource", "text/plain", text)

    @server.tool(description="A fixture", structured_output=False)
    async def test_multiple_content_types() -> Any:
        json = '{"test":"data","value":123}'
        return [
            TextContent(type="text", text="Multiple content types test:"),
            IMAGE,
            embedded("test://mixed-content-resource", "application/json", json),
        ]

    @server.tool(description="A fixture", structured_output=False)
    async def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")


def add_notices(server: MCPServer[Any]) -> None:
    """Add the tools that tell the client something before they answer."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_tool_with_progress(ctx: Context[Any]) -> str:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
            await anyio.sleep(0.05)
        return "done"

    @server.tool(description="A fixture", structured_output=False)
    async def test_tool_with_logging(ctx: Context[Any]) -> str:
        for step in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(step)
            await anyio.sleep(0.05)
        return "done"

    @server.tool(description="A fixture", structured_output=False)
    async def test_reconnection(ctx: Context[Any]) -> str:
        await ctx.close_sse_stream()
        await anyio.sleep(0.2)
        return "reconnected"

    @server.tool(description="A fixture", structured_output=False)
    async def test_trigger_tool_change(ctx: Context[Any]) -> str:
        await ctx.notify_tools_changed()
        return "ok"

    @server.tool(description="A fixture", structured_output=False)
    async def test_trigger_prompt_change(ctx: Context[Any]) -> str:
        await ctx.notify_prompts_changed()
        return "ok"


def add_pushes(server: MCPServer[Any]) -> None:
    """Add the tools of the 2025 revisions that call the client back."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_sampling(prompt: str, ctx: Context[Any]) -> str:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        result = await ctx.session.create_message(
            messages=[message], max_tokens=100, related_request_id=ctx.request_id
        )
        return f"LLM response: {getattr(result.content, 'text', '?')}"

    async def ask(ctx: Context[Any], message: str, schema: type[BaseModel]) -> str:
        result = await ctx.elicit(message=message, schema=schema)
        content = "{}"
        if result.action == "accept":
            content = result.data.model_dump_json(by_alias=True)
        return f"action={result.action}, content={content}"

    @server.tool(description="A fixture", structured_output=False)
    async def test_elicitation(message: str, ctx: Context[Any]) -> str:
        return "User response: " + await ask(ctx, message, Reply)

    @server.tool(description="A fixture", structured_output=False)
    async def test_elicitation_sep1034_defaults(ctx: Context[Any]) -> str:
        question = "Please provide user information"
        return "Elicitation completed: " + await ask(ctx, question, Defaults)

    @server.tool(description="A fixture", structured_output=False)
    async def test_elicitation_sep1330_enums(ctx: Context[Any]) -> str:
        return "Elicitation completed: " + await ask(ctx, "Pick", Enums)
