"""A file that kills a tool is named, and the others are read."""

import pytest

from quality.engine import Engine
from quality.engines.isolating import isolated
from quality.engines.javascript import JavaScript
from quality.engines.ruff import Ruff
from quality.errors import EngineCrashed, EngineFailed
from quality.finding import Analysis, FileMeasures
from quality.source import SourceFile
from tests.quality.engines.trees import said, told, tree

FILES = tree({f"{number}.py": str(number) for number in range(9)}).files


@pytest.mark.parametrize("deadly", [set[str](), {"0.py"}, {"3.py", "4.py"}, {"8.py", "0.py"}])
async def test_the_deadly_files_are_found_and_all_others_read_once(deadly: set[str]) -> None:
    read: list[str] = []

    async def look(files: list[SourceFile]) -> Analysis:
        if deadly & {file.path for file in files}:
            raise EngineCrashed("x", "died")
        read.extend(file.path for file in files)
        return Analysis(measures={file.path: FileMeasures(lines=1) for file in files})

    analysis = await isolated(FILES, look)  # type: ignore[arg-type]  # it is given lists
    assert analysis.unread == dict.fromkeys(deadly, "died")
    assert sorted(read) == sorted({file.path for file in FILES} - deadly)
    assert set(analysis.measures) == set(read)


async def test_a_tool_that_fails_without_dying_is_not_asked_again() -> None:
    asked: list[int] = []

    async def look(files: object) -> Analysis:
        asked.append(1)
        raise EngineFailed("x", "gave rubbish")

    with pytest.raises(EngineFailed):
        await isolated(FILES, look)
    assert len(asked) == 1


DEEP_PYTHON = "x = (\n" + "-----------\n" * 9_000 + "1)\n"
DEEP_SCRIPT = "x = " + "[[[[[[[[[[\n" * 5_000 + "]]]]]]]]]]\n" * 5_000


@pytest.mark.parametrize(
    ("engine", "files", "dead", "found"),
    [
        (Ruff(), {"a.py": DEEP_PYTHON, "b.py": "import os\n"}, "a.py", ("b.py", "F401", 1)),
        (JavaScript(), {"a.js": DEEP_SCRIPT, "b.js": "eval(x)\n"}, "a.js", ("b.js", "no-eval", 1)),
    ],
    ids=["ruff", "javascript"],
)
async def test_one_hostile_file_does_not_blind_a_real_tool(
    engine: Engine, files: dict[str, str], dead: str, found: tuple[str, str, int]
) -> None:
    analysis = await said(engine, files)
    assert found in told(analysis)
    named = set(analysis.unread) | {
        path for path, rule, _ in told(analysis) if rule == "syntax-error"
    }
    assert dead in named, "by its end or by an error: never in silence"
