"""Fixture tools that need several rounds: they ask, and the client calls again with the answers."""

import json
from typing import Any

from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)


def form(message: str, **properties: str) -> ElicitRequest:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    params = ElicitRequestFormParams(message=message, requested_schema=schema)
    return ElicitRequest(params=params)


def sample(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    params = CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    return CreateMessageRequest(params=params)


def answered(ctx: Context[Any], name: str) -> Any:
    return (ctx.input_responses or {}).get(name)


def field_of(answer: Any, key: str) -> Any:
    return answer.content.get(key) if isinstance(answer, ElicitResult) and answer.content else None


def add_questions(server: MCPServer[Any]) -> None:
    """Add the tools that ask one thing."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_missing_capability(ctx: Context[Any]) -> str:
        capabilities = ctx.client_capabilities
        if capabilities is None or capabilities.sampling is None:
            raise MCPError(
                code=MISSING_REQUIRED_CLIENT_CAPABILITY,
                message="needs the sampling capability",
                data={"requiredCapabilities": {"sampling": {}}},
            )
        return "ok"

    @server.tool(description="A fixture", structured_output=False)
    async def test_streaming_elicitation(ctx: Context[Any]) -> Any:
        if answered(ctx, "confirm"):
            return "ok"
        await ctx.report_progress(1, 2)
        return InputRequiredResult(input_requests={"confirm": form("Confirm?", ok="boolean")})


def add_inputs(server: MCPServer[Any]) -> None:
    """Add the tools that ask for each kind of input."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_elicitation(ctx: Context[Any]) -> Any:
        name = field_of(answered(ctx, "user_name"), "name")
        if name is not None:
            return f"Hello, {name}!"
        question = form("What is your name?", name="string")
        return InputRequiredResult(input_requests={"user_name": question})

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_sampling(ctx: Context[Any]) -> Any:
        answer = answered(ctx, "capital_question")
        if isinstance(answer, CreateMessageResult):
            return f"Model said: {getattr(answer.content, 'text', '?')}"
        question = sample("What is the capital of France?")
        return InputRequiredResult(input_requests={"capital_question": question})

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_list_roots(ctx: Context[Any]) -> Any:
        answer = answered(ctx, "client_roots")
        if isinstance(answer, ListRootsResult):
            return "roots: " + ", ".join(str(root.uri) for root in answer.roots)
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})


def add_states(server: MCPServer[Any]) -> None:
    """Add the tools that carry a state from round to round."""

    def confirm(state: str) -> InputRequiredResult:
        question = form("Please confirm", ok="boolean")
        return InputRequiredResult(input_requests={"confirm": question}, request_state=state)

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_request_state(ctx: Context[Any]) -> Any:
        return "state-ok" if ctx.input_responses and ctx.request_state == "s1" else confirm("s1")

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_tampered_state(ctx: Context[Any]) -> Any:
        return "state-ok" if ctx.request_state == "t1" else confirm("t1")


def add_rounds(server: MCPServer[Any]) -> None:
    """Add the tools that ask for several things, at once or in turn."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_multiple_inputs(ctx: Context[Any]) -> Any:
        questions: dict[str, Any] = {
            "user_name": form("What is your name?", name="string"),
            "greeting": sample("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        if questions.keys() <= (ctx.input_responses or {}).keys():
            return "all inputs received"
        return InputRequiredResult(input_requests=questions, request_state="m1")

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_multi_round(ctx: Context[Any]) -> Any:
        state = json.loads(ctx.request_state or "{}")
        name = field_of(answered(ctx, "step1"), "name")
        colour = field_of(answered(ctx, "step2"), "color")
        if state.get("round") == 2 and colour:
            return f"{state['name']} likes {colour}"
        if state.get("round") == 1 and name:
            question = form("Step 2: What is your favorite color?", color="string")
            return InputRequiredResult(
                input_requests={"step2": question},
                request_state=json.dumps({"round": 2, "name": name}),
            )
        question = form("Step 1: What is your name?", name="string")
        return InputRequiredResult(
            input_requests={"step1": question}, request_state=json.dumps({"round": 1})
        )


def add_choices(server: MCPServer[Any]) -> None:
    """Add the tool that asks only for what the client can give."""

    @server.tool(description="A fixture", structured_output=False)
    async def test_input_required_result_capabilities(ctx: Context[Any]) -> Any:
        capabilities = ctx.client_capabilities
        questions: dict[str, Any] = {}
        if capabilities and capabilities.sampling is not None:
            questions["s"] = sample("hi")
        if capabilities and capabilities.elicitation is not None:
            questions["e"] = form("hi", name="string")
        return InputRequiredResult(input_requests=questions) if questions else "nothing to ask"
