"""A folder that is open to the file tools, and the tools on it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.describe import arguments_from
from tools.tool import Caller, Tool
from tools.workbench.files.beneath import OpenBeneath
from tools.workbench.files.folders import Folders
from tools.workbench.files.listing import list_files_tool
from tools.workbench.files.read import read_file_tool
from tools.workbench.files.write import write_file_tool


class Bench:
    """The three tools over `root`, which has `outside` for a neighbour."""

    def __init__(
        self,
        folder: Path,
        open_beneath: OpenBeneath | None = None,
        *,
        max_bytes: int = 100_000,
        granted: tuple[str, ...] = (),
    ) -> None:
        self.root = folder / "root"
        self.outside = folder / "outside"
        for each in (self.root, self.outside):
            each.mkdir(exist_ok=True)
        (self.outside / "secret.txt").write_text("SECRET")
        self.use(
            Folders(
                roots=(self.root,), max_bytes=max_bytes, granted=granted, open_beneath=open_beneath
            )
        )

    def use(self, folders: Folders) -> None:
        self.folders = folders
        self.tools: Mapping[str, Tool] = {
            "read_file": read_file_tool(self.folders),
            "write_file": write_file_tool(self.folders),
            "list_files": list_files_tool(self.folders),
        }

    async def call(self, name: str, /, *, caller: Caller | None = None, **given: Any) -> Any:
        tool = self.tools[name]
        return await tool.run(arguments_from(name, tool.arguments, given), caller or Caller())

    async def read(self, path: str, **given: Any) -> Any:
        return await self.call("read_file", path=path, **given)

    async def write(self, path: str, content: str, **given: Any) -> Any:
        return await self.call("write_file", path=path, content=content, **given)

    async def list(self, **given: Any) -> Any:
        return await self.call("list_files", **given)
