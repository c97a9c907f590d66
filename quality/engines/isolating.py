"""Finds the file that kills a tool, so that the others are read."""

from collections.abc import Awaitable, Callable, Sequence

from quality.errors import EngineCrashed
from quality.finding import Analysis
from quality.gathering import together
from quality.source import SourceFile


async def isolated(
    files: Sequence[SourceFile], look: Callable[[Sequence[SourceFile]], Awaitable[Analysis]]
) -> Analysis:
    """What `look` says about `files`; one at which the tool dies is named as not read.

    A parser that calls itself for each bracket dies of a file that has 50,000 of them: it is
    given halves of the files until the one is found.
    """
    if not files:
        return Analysis()
    try:
        return await look(files)
    except EngineCrashed as error:
        if len(files) == 1:
            return Analysis(unread={files[0].path: error.why})
    middle = len(files) // 2
    halves = [await isolated(half, look) for half in (files[:middle], files[middle:])]
    return together(halves)
