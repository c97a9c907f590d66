"""Our real tools, with nothing replaced but the resolver of names: it keeps what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.own import own_tool
from agent.tool import AgentTool
from pointsman.agent_settings import ToolSettings
from tools.agent import agent_tool
from tools.tool import Caller, Tool
from tools.workbench.files.folders import Folders
from tools.workbench.files.listing import list_files_tool
from tools.workbench.files.read import read_file_tool
from tools.workbench.files.write import write_file_tool
from tools.workbench.web.fetch_url import fetch_url_tool
from tools.workbench.web.visit import Reach


@dataclass
class Names:
    """The way out: a name that is looked up is known to whoever answers for it."""

    asked: list[str] = field(default_factory=list[str])

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        raise OSError("no such name")


def our_tools(folder: Path, names: Names) -> Sequence[AgentTool]:
    folders = Folders(roots=(folder,))
    tools: Sequence[Tool] = (
        read_file_tool(folders),
        list_files_tool(folders),
        write_file_tool(folders),
        fetch_url_tool(ToolSettings(), Reach(resolve=names.resolve)),
    )
    return [own_tool(tool, Caller()) for tool in tools]


def declared() -> Sequence[Tool]:
    """Those of our tools that the suite stands in for, as they declare themselves."""

    async def run(*_: object) -> None: ...

    folders = Folders()
    return (
        read_file_tool(folders),
        list_files_tool(folders),
        write_file_tool(folders),
        fetch_url_tool(ToolSettings()),
        agent_tool(run),  # type: ignore[arg-type]
    )
