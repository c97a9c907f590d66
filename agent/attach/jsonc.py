"""JSON as people write it by hand: with comments and trailing commas, as VS Code reads it."""

import json
import re
from typing import Any

from pointsman.errors import ConfigError

STRING = r'"(?:[^"\\\n]|\\.)*"'
COMMENT = re.compile(rf"(?P<string>{STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
COMMA = re.compile(rf"(?P<string>{STRING})|,(?=\s*[}}\]])")
BLANK = re.compile(r"[^\n]")


def _blank(found: re.Match[str]) -> str:
    """Spaces instead, so that places in the text stay true."""
    return found["string"] or BLANK.sub(" ", found[0])


def read_jsonc(text: str, where: str) -> Any:
    """What `text` says.

    Raises:
        ConfigError: it is no JSON; the message says in which line and column of `where`.
    """
    bare = COMMA.sub(_blank, COMMENT.sub(_blank, text.removeprefix("\ufeff")))
    try:
        return json.loads(bare)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{where} is not JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise ConfigError(f"{where} is nested too deeply") from None
