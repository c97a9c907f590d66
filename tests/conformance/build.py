"""The test build: our server with the fixtures. `python -m tests.conformance.build PORT`."""

import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import uvicorn
from mcp import MCPDeprecationWarning
from starlette.types import ASGIApp

from pointsman.settings import Settings
from server.app import open_app
from server.http import make_http
from server.mcp import make_mcp
from tests.conformance.contents import add_contents, add_notices, add_pushes
from tests.conformance.listed import (
    add_completions,
    add_old_methods,
    add_prompts,
    add_resources,
    add_schemas,
)
from tests.conformance.rounds import (
    add_choices,
    add_inputs,
    add_questions,
    add_rounds,
    add_states,
)

FIXTURES = (
    add_contents,
    add_notices,
    add_pushes,
    add_questions,
    add_inputs,
    add_states,
    add_rounds,
    add_choices,
    add_schemas,
    add_resources,
    add_prompts,
    add_completions,
    add_old_methods,
)


async def serve(port: int) -> None:
    """Serve the test build on loopback until the process is told to end."""
    warnings.simplefilter("ignore", MCPDeprecationWarning)  # some fixtures are about old features
    settings = Settings.model_validate({"local": {"enabled": False}})
    with TemporaryDirectory() as home:
        async with open_app(settings, Path(home), {}) as app:
            server = make_mcp(app.tools, app.reading, app.toolsets)
            for add in FIXTURES:
                add(server)
            await listen(make_http(app, server), port)


async def listen(app: ASGIApp, port: int) -> None:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    anyio.run(serve, int(sys.argv[1]))
