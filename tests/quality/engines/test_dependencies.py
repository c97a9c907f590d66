"""Packages in vulnerable versions, asked of a database that a function stands for."""

import json
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from pointsman.quality_settings import QualitySettings
from quality.engines.all import make_engines
from quality.engines.dependencies import Dependencies
from quality.engines.pins import pins_of
from quality.errors import EngineFailed
from quality.remembering import open_memory
from quality.running import analyse
from tests.quality.engines.trees import said, tree

BAD = {("PyPI", "django", "3.2.0"): ["GHSA-1", "GHSA-2"], ("npm", "@a/b", "1.0.0"): ["GHSA-3"]}
ENTRIES = {
    "GHSA-1": ("CVE-2021-1", "HIGH", "PyPI", "django", ["2.2.9", "3.2.4"]),
    "GHSA-2": ("CVE-2022-2", "MODERATE", "PyPI", "django", ["3.2.13", "4.0.4"]),
    "GHSA-3": ("CVE-2023-3", "CRITICAL", "npm", "@a/b", []),
}


class Database:
    """As osv.dev answers; `there` says whether it can be reached."""

    def __init__(self) -> None:
        self.there = True
        self.asked: list[str] = []

    async def fetch(self, address: str, body: bytes | None) -> bytes:
        if not self.there:
            raise ConnectionRefusedError
        self.asked.append(address.rpartition("/")[2])
        if body is not None:
            queries = json.loads(body)["queries"]
            return json.dumps({"results": [self._of(query) for query in queries]}).encode()
        name = address.rpartition("/")[2]
        alias, severity, system, package, fixed = ENTRIES[name]
        events = [{"introduced": "0"}, *({"fixed": one} for one in fixed)]
        affected = {
            "package": {"ecosystem": system, "name": package},
            "ranges": [{"events": events}],
        }
        rated = {"severity": severity, "cwe_ids": ["CWE-89"]}
        entry = {"id": name, "aliases": [alias], "affected": [affected], "database_specific": rated}
        return json.dumps(entry).encode()

    def _of(self, query: dict[str, str | dict[str, str]]) -> dict[str, list[dict[str, str]]]:
        package = query["package"]
        assert isinstance(package, dict)
        key = (package["ecosystem"], package["name"], str(query["version"]))
        return {"vulns": [{"id": one} for one in BAD[key]]} if key in BAD else {}


FILES = {
    "requirements.txt": "# ours\nDjango==3.2.0 ; python_version > '3'\nflask>=2\n-r more.txt\n",
    "web/package-lock.json": json.dumps(
        {"packages": {"": {"version": "1"}, "node_modules/@a/b": {"version": "1.0.0"}}}, indent=1
    ),
}


async def test_vulnerable_versions_are_told_with_the_version_that_is_well_again() -> None:
    analysis = await said(Dependencies(Database().fetch, None, lambda: 0.0), FILES)
    django, other = analysis.findings
    assert (django.place.path, django.place.line) == ("requirements.txt", 2)
    assert django.message == "django 3.2.0 has 2 known weaknesses: CVE-2021-1, CVE-2022-2."
    assert (django.remediation, django.severity) == ("Use django 3.2.13 or later.", "critical")
    assert django.cwe == (1395, 89)
    assert (other.severity, other.place.line) == ("blocker", 6)
    assert "1 packages have no exact version" in analysis.notes["requirements.txt"]


@pytest.mark.parametrize("fetch", [True, False])
async def test_offline_it_says_unknown_and_never_fine(fetch: bool) -> None:
    database = Database()
    database.there = False
    engine = Dependencies(database.fetch if fetch else None, None, lambda: 0.0)
    with pytest.raises(EngineFailed) as caught:
        await said(engine, FILES)
    assert "unknown, offline" in caught.value.why


async def test_answers_are_kept_for_a_day_and_for_when_there_is_no_network(tmp_path: Path) -> None:
    database = Database()
    now = [1e9]
    async with open_memory(tmp_path) as memory:
        engine = Dependencies(database.fetch, memory, lambda: now[0])
        first = await said(engine, FILES)
        database.asked.clear()
        assert (await said(engine, FILES)).findings == first.findings
        assert database.asked == []
        now[0] += 90_000
        await said(engine, FILES)
        assert database.asked == ["querybatch"], "what a weakness is does not change"
        now[0] += 90_000
        database.there = False
        old = await said(engine, FILES | {"x/requirements.txt": "new==1.0\n"})
    assert old.findings == first.findings
    assert "before today" in old.notes["requirements.txt"]
    assert old.unread == {"x/requirements.txt": "in part unknown, offline"}


async def test_rubbish_from_the_database_is_a_failure() -> None:
    async def fetch(_address: str, _body: bytes | None) -> bytes:
        return b'{"results": []}'

    with pytest.raises(EngineFailed):
        await said(Dependencies(fetch, None, lambda: 0.0), FILES)


@pytest.mark.parametrize(
    ("path", "text", "exact"),
    [
        ("requirements-dev.txt", "a[x]==1.0 \\\n  --hash=sha256:00\nb==2.*\n", [("a", "1.0", 1)]),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\n 'A.b_c==1.0',\n 'd>1',\n]\n",
            [("a-b-c", "1.0", 3)],
        ),
        (
            "uv.lock",
            '[[package]]\nname = "a"\nversion = "1.0"\n\n[[package]]\nname = "own"\n',
            [("a", "1.0", 2)],
        ),
        ("Pipfile.lock", '{"default": {"a": {"version": "==1.0"}}}', [("a", "1.0", 1)]),
        (
            "package-lock.json",
            '{"dependencies": {"a": {"version": "1", "dependencies": {"b": {"version": "2"}}}}}',
            [("a", "1", 1), ("b", "2", 1)],
        ),
    ],
)
def test_exact_versions_are_read_from_files_of_all_kinds(
    path: str, text: str, exact: list[tuple[str, str, int]]
) -> None:
    pins = pins_of(tree({path: text}).files[0])
    assert pins is not None
    assert [(pin.name, pin.version, pin.line) for pin in pins.exact] == exact


@pytest.mark.parametrize("text", ["{", "[]", '{"packages": 1}', '{"packages": {"a": 1}}'])
async def test_a_file_that_cannot_be_read_is_named(text: str) -> None:
    engine = Dependencies(Database().fetch, None, lambda: 0.0)
    analysis = await said(engine, {"package-lock.json": text})
    assert set(analysis.unread) == {"package-lock.json"}


async def test_it_is_off_unless_it_is_named() -> None:
    named = QualitySettings(engines=("dependencies",))
    usual = await anyio.to_thread.run_sync(make_engines, QualitySettings())
    assert "dependencies" not in {one.name for one in usual}
    engines = await anyio.to_thread.run_sync(partial(make_engines, named, fetch=Database().fetch))
    report = await analyse(tree(FILES), engines, named)
    assert {one.engine for one in report.findings} == {"dependencies"}
