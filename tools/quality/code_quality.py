"""The `code_quality` tool: how good code is."""

from tools.quality.forms import QualityArguments, QualityResult, Run
from tools.quality.reading import read_quality
from tools.tool import Tool


def code_quality_tool(run: Run[QualityArguments, QualityResult], *, open_world: bool) -> Tool:
    return Tool(
        name="code_quality",
        title="How good is this code?",
        description="Analyse a file, a folder or a snippet: quality gate, ratings A to E as "
        "SonarQube gives them, size, complexity, duplication, coverage, debt, issues. "
        "`new_since` judges what changed; `question` is answered from what was measured.",
        arguments=QualityArguments,
        result=QualityResult,
        run=run,
        read=read_quality,
        read_only=True,
        open_world=open_world,
        untrusted=True,
    )
