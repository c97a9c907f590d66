"""What is remembered of a file's words, between one analysis and the next."""

from collections.abc import Mapping
from functools import partial

from anyio import to_thread

from quality.flow.engine import FlowEngine
from tests.quality.flow.programs import tree_of

READS = "import sys\n\ndef word():\n    return sys.argv[1]\n"
RUNS = "import os\nfrom reads import word\n\ndef go():\n    os.system(word())\n"


class Kept:
    """Facts in memory; `asked` counts what was known, `told` what was new."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.asked = 0
        self.told: list[str] = []

    async def recall_facts(
        self, engine: str, version: str, keys: Mapping[str, str]
    ) -> Mapping[str, bytes]:
        names = {path: f"{engine} {version} {key}" for path, key in keys.items()}
        found = {path: self.rows[name] for path, name in names.items() if name in self.rows}
        self.asked += len(found)
        return found

    async def keep_facts(
        self, engine: str, version: str, keys: Mapping[str, str], by_path: Mapping[str, bytes]
    ) -> None:
        self.told += sorted(by_path)
        self.rows |= {f"{engine} {version} {keys[path]}": raw for path, raw in by_path.items()}


async def rules_in(files: Mapping[str, str], facts: Kept) -> list[str]:
    engine = await to_thread.run_sync(partial(FlowEngine, facts=facts))
    tree = tree_of(files)
    await to_thread.run_sync(engine.keys, tree)
    analysis = await engine.analyse(tree.files, tree)
    return [f"{finding.place.path}:{finding.rule}" for finding in analysis.findings]


async def test_only_the_file_that_changed_is_read_for_its_words() -> None:
    facts = Kept()
    first = await rules_in({"reads.py": READS, "runs.py": RUNS}, facts)
    assert first == ["runs.py:command-injection"]
    assert facts.told == ["reads.py", "runs.py"]
    again = await rules_in({"reads.py": READS, "runs.py": RUNS + "\nx = 1\n"}, facts)
    assert again == first
    assert (facts.told[2:], facts.asked) == (["runs.py"], 1)


async def test_what_is_damaged_is_made_anew() -> None:
    facts = Kept()
    files = {"reads.py": READS, "runs.py": RUNS}
    first = await rules_in(files, facts)
    facts.rows = dict.fromkeys(facts.rows, b'{"told": 1}')
    assert await rules_in(files, facts) == first
    assert len(facts.told) == 4
