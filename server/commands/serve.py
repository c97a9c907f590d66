"""`pointsman serve`: the MCP server, over standard streams or HTTP."""

import argparse

from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--http", action="store_true", help="serve HTTP instead of stdio")
    parser.add_argument("--host", default="127.0.0.1", metavar="127.0.0.1")
    parser.add_argument("--port", type=int, default=8642, metavar="8642")
    parser.add_argument(
        "--json", action="store_true", help="HTTP: plain JSON answers, without progress"
    )


async def _run(context: Context) -> int:
    settings = context.settings  # read before anything runs: a wrong file is told at once
    if context.arguments.http:
        from server.http import serve_http

        await serve_http(
            settings,
            context.home,
            context.environ,
            host=context.arguments.host,
            port=context.arguments.port,
            plain_json=context.arguments.json,
        )
        return DONE
    from server.windows.front import serve_stdio
    from server.windows.handshake import load_snapshot

    def load_engine():  # type: ignore[no-untyped-def]  # the front knows its type
        from server.engine import engine_for

        return engine_for(settings, context.home, context.environ)

    await serve_stdio(context.home, load_engine, snapshot=load_snapshot(settings.tools.enabled))
    return DONE


COMMAND = Command("run the MCP server: over stdio, or with --http", _declare, _run)
