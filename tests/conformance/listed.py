"""Fixture schemas, resources, prompts and the methods that only the 2025 revisions have."""

import base64
import json
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, UserMessage
from mcp.types import (
    Completion,
    EmptyResult,
    InputRequiredResult,
    SetLevelRequestParams,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)
from pydantic import Field

from tests.conformance.contents import IMAGE, PNG, embedded
from tests.conformance.rounds import answered, field_of, form

TEXT = {"type": "string"}
EVERY_KEYWORD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": TEXT, "city": TEXT},
        }
    },
    "properties": {
        "name": TEXT,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": TEXT,
        "email": TEXT,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
Region = Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]


def add_schemas(server: MCPServer[Any]) -> None:
    """Add the tools whose input schemas matter."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_x_mcp_header(region: Region = "none") -> str:
        return region

    @server.tool(description="A fixture", structured_output=False)
    async def json_schema_2020_12_tool() -> str:
        return "ok"

    # The SDK has no public way to give a tool a schema of one's own.
    server._tool_manager._tools["json_schema_2020_12_tool"].parameters = EVERY_KEYWORD


def add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", description="A fixture", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", description="A fixture", mime_type="image/png")
    async def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @server.resource("test://watched-resource", description="A fixture", mime_type="text/plain")
    async def watched() -> str:
        return "watched"

    @server.resource(
        "test://template/{id}/data", description="A fixture", mime_type="application/json"
    )
    async def template(id: str) -> str:
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(description="A fixture")
    async def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description="A fixture")
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description="A fixture")
    async def test_prompt_with_embedded_resource(resourceUri: str) -> list[Any]:  # noqa: N803
        text = "Embedded resource content for testing."
        return [
            UserMessage(embedded(resourceUri, "text/plain", text)),
            UserMessage("Please process the embedded resource above."),
        ]

    @server.prompt(description="A fixture")
    async def test_prompt_with_image() -> list[Any]:
        return [UserMessage(IMAGE), UserMessage("Please analyze the image above.")]

    @server.prompt(description="A fixture")
    async def test_input_required_result_prompt(ctx: Context[Any]) -> Any:
        context = field_of(answered(ctx, "user_context"), "context")
        if context is not None:
            return f"Use the following context: {context}"
        question = form("What context should the prompt use?", context="string")
        return InputRequiredResult(input_requests={"user_context": question})


def add_completions(server: MCPServer[Any]) -> None:
    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # the SDK's
    async def complete(_ref: Any, argument: Any, _context: Any) -> Completion:
        return Completion(values=[f"{argument.value}{ending}" for ending in ("1", "2")])


def add_old_methods(server: MCPServer[Any]) -> None:
    """Serve three methods of the 2025 revisions that `MCPServer` has no public hook for."""

    async def accept(_ctx: Any, _params: Any) -> EmptyResult:
        return EmptyResult()

    low = server._lowlevel_server
    low.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    low.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
