"""`pointsman config show`: the settings in force, and where they come from."""

import argparse

from pointsman.configuration import config_file
from server.commands.command import DONE, Command, Context


def _declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["show"], nargs="?", default="show")
    parser.add_argument("--json", action="store_true", help="the same; it is always JSON")


async def _run(context: Context) -> int:
    settings = context.settings.model_dump(mode="json")  # a SecretStr shows as asterisks
    path = config_file(context.environ, context.arguments.config)
    context.say_json(
        {"file": str(path) if path else None, "home": str(context.home), "settings": settings}
    )
    return DONE


COMMAND = Command("show the settings in force; keys are masked", _declare, _run)
