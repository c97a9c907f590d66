"""`pointsman session`: what is kept of a session (SE-07)."""

import argparse

from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="as it was given to --session or session_id")
    parser.add_argument("--json", action="store_true")


async def _run(context: Context) -> int:
    from server.reach import use_tool

    s = await use_tool(context, "session", {"session_id": context.arguments.id})
    lines = (
        f"{context.paint(s['current_topic'], 'bold')}  "
        f"{context.plain(s['current_provider'])}/{context.plain(s['current_model'])}",
        f"turns      {s['turns']}, {s['forced_moves']} of them moved by force",
        f"topics     {' > '.join(s['topic_history'])}",
        f"models     {context.plain(' > '.join(s['provider_history']))}",
        f"last used  {s['updated_at']}",
    )
    context.tell(s, "\n".join(lines))
    return DONE


COMMAND = Command("show what is kept of a session: topics and models", _declare, _run)
