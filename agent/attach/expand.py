"""Variables in an `mcp.json`: `${VAR}`, `${VAR:-default}`, `${env:VAR}`; `$VAR` is left alone."""

import re
from collections.abc import Mapping

VARIABLE = re.compile(r"\$\{([^{}]*)\}")
NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Unset(Exception):
    """A variable has no value; the message says which, and what to do."""


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with its variables filled in, once: what a value holds is not expanded again.

    Raises:
        Unset: a variable is not set and has no default, or is of a kind that only an editor knows.
    """
    return VARIABLE.sub(lambda found: _value(found[1], environ), text)


def _value(inside: str, environ: Mapping[str, str]) -> str:
    if inside.startswith("input:"):
        raise Unset(
            f"${{{inside}}} is asked for by an editor, and there is none here; use ${{VARIABLE}}"
        )
    found = NAME.fullmatch(inside)
    if found is None:
        raise Unset(f"${{{inside}}} is not a variable that is known here")
    name, default = found[1], found[2]
    value = environ.get(name)
    if default is not None:
        return value or default  # as a shell does: empty counts as not set
    if value is None:
        raise Unset(f"the environment variable {name} is not set")
    return value
