"""The `suggest_fixes` tool: changes that mend what was found, verified before they are offered."""

from tools.quality.forms import FixArguments, FixResult, Run
from tools.quality.reading import read_fixes
from tools.tool import Tool


def suggest_fixes_tool(run: Run[FixArguments, FixResult]) -> Tool:
    return Tool(
        name="suggest_fixes",
        title="Fix what was found",
        description="Fixes for a finding, or for those of a file (at a line): unified diffs that "
        "were tried on a copy: it parses, the finding is gone, none has come, the tests pass where "
        "they are set up. What cannot be verified is not offered. `apply` writes them.",
        arguments=FixArguments,
        result=FixResult,
        run=run,
        read=read_fixes,
        read_only=False,
        open_world=True,
        destructive=True,
        risk="write",
        untrusted=True,
    )
