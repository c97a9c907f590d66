"""git, run over a repository that may be hostile.

A repository's own configuration can name programs that git runs: fsmonitor, hooks, filters,
external diff, text conversion, ssh for objects that a partial clone lacks. The few commands here
that read that configuration only resolve names; all that look at files run on a repository of
ours (`comparing.py`), which has a fresh configuration and borrows the other's objects.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import anyio

from quality.engines.process import find, run
from quality.errors import EngineFailed

_SETTINGS = {  # for every command, above any file
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.untrackedCache": "false",
    "core.preloadIndex": "false",
    "core.autocrlf": "false",
    "core.quotePath": "true",
    "core.fsync": "none",  # what is written here is thrown away
    "core.looseCompression": "0",
    "core.sshCommand": "false",
    "diff.external": "",
    "diff.ignoreSubmodules": "all",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    # What git refuses in a repository of another user is to run its programs; none is run here.
    "safe.directory": "*",
    "safe.bareRepository": "explicit",
}
_ENVIRONMENT = {
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # nothing is ever fetched
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
    **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(_SETTINGS)},
    **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(_SETTINGS.values())},
}


class GitMissing(Exception):
    """There is no git on this machine."""


class GitSays(Exception):
    """git ended with an error; `said` is what it wrote."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


async def git(
    cwd: Path,
    *arguments: str,
    into: Mapping[str, str] | None = None,
    given: bytes = b"",
    timeout_s: float,
) -> bytes:
    """What git writes; `into` are variables that name another repository, `given` its input.

    Raises:
        GitMissing: there is no git.
        GitSays: it ended with an error.
        EngineFailed: it took longer than `timeout_s`, or wrote too much.
    """
    program = await anyio.to_thread.run_sync(_program)
    command = [program, "--no-pager", *arguments]
    try:
        with anyio.fail_after(timeout_s):
            ended = await run("git", command, cwd, fed=given, also={**_ENVIRONMENT, **(into or {})})
    except TimeoutError as error:
        raise EngineFailed("git", f"took longer than {timeout_s:g} s") from error
    if ended.code:
        raise GitSays(ended.errors.decode(errors="replace").strip())
    return ended.output


def _program() -> str:
    found = find("git") or shutil.which("git")
    if found is None:
        raise GitMissing
    return found
