"""The `find_security_issues` tool: what is dangerous in code."""

from tools.quality.forms import Run, SecurityArguments, SecurityResult
from tools.quality.reading import read_security
from tools.tool import Tool


def find_security_issues_tool(
    run: Run[SecurityArguments, SecurityResult], *, open_world: bool
) -> Tool:
    return Tool(
        name="find_security_issues",
        title="What is dangerous in this code?",
        description="Vulnerabilities of a file, a folder or a snippet, of at least a severity, "
        "each with its CWE, what to do and, where outside data was followed, its way. Hotspots, "
        "which are dangerous only in some uses, are told apart.",
        arguments=SecurityArguments,
        result=SecurityResult,
        run=run,
        read=read_security,
        read_only=True,
        open_world=open_world,
        untrusted=True,
    )
