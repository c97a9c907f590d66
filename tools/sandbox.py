"""Runs Python that a model wrote as an answer to a benchmark's task, and what is to hold for it.

It is interpreted by pydantic-monty, which has a part of Python: no generators, no `del`, few
modules. Code that needs more is neither right nor wrong here, and `Verdict.lacks` says what it
needs.
"""

from collections.abc import Sequence

from pointsman.seams import Value, Verdict
from tools.workbench.code.lacking import lacking
from tools.workbench.code.monty import NotInstalled, feed_monty
from tools.workbench.code.outcome import Limits

MOST_MEMORY = 16 * 1024 * 1024  # bytes, of the program's values
MOST_OUTPUT = 64 * 1024  # bytes printed
MOST_RECURSION = 500


async def run_code(source: str, expressions: Sequence[str], timeout_s: float) -> Verdict:
    """What `source` printed, and what each expression then comes to, within `timeout_s` in all.

    What `source` defined before it failed stands. Never raises; cancelling kills the program.
    """
    limits = Limits(seconds=timeout_s, memory_bytes=MOST_MEMORY)
    try:
        ran = await feed_monty(
            (source, *expressions), limits, recursion=MOST_RECURSION, most_output=MOST_OUTPUT
        )
    except NotInstalled as error:
        return Verdict(values=(), output="", error=str(error), lacks=str(error))
    needs = (lacking(fed.error) for fed in ran.fed)
    return Verdict(
        values=tuple(Value(fed.value, fed.error) for fed in ran.fed[1:]),
        output=ran.output,
        error=ran.gone or ran.fed[0].error,
        lacks=next((what for what in needs if what), None),
    )
