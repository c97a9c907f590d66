"""What is known to be wrong with versions of packages, by the database at osv.dev."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import anyio
from pydantic import BaseModel, ValidationError

from quality.engine import Facts
from quality.engines.pins import Ecosystem
from quality.errors import EngineFailed

Fetch = Callable[[str, bytes | None], Awaitable[bytes]]  # of an address; with a body, it is posted
Package = tuple[Ecosystem, str, str]  # and its name and version

Form = TypeVar("Form", bound=BaseModel)
_OSV = "https://api.osv.dev/v1"
_AT_ONCE = 500  # packages in one question
_CALLS = 8
FRESH_S = 86_400.0  # how long an answer is taken for today's
_CWE = re.compile(r"CWE-(\d+)")
_FORM = "1"  # of what is kept


class Advisory(BaseModel):
    """One known weakness."""

    id: str
    names: tuple[str, ...] = ()  # by which others know it
    severity: str = ""  # LOW, MODERATE, HIGH or CRITICAL, where it is rated
    cwe: tuple[int, ...] = ()
    fixed: Mapping[str, tuple[str, ...]] = {}  # "PyPI:name" -> versions that are well again


class _Event(BaseModel):
    fixed: str | None = None


class _Range(BaseModel):
    events: tuple[_Event, ...] = ()


class _Package(BaseModel):
    name: str
    ecosystem: str


class _Affected(BaseModel):
    package: _Package | None = None
    ranges: tuple[_Range, ...] = ()


class _Rated(BaseModel):
    severity: str | None = None
    cwe_ids: tuple[str, ...] | None = None


class _Entry(BaseModel):
    id: str
    aliases: tuple[str, ...] = ()
    affected: tuple[_Affected, ...] = ()
    database_specific: _Rated | None = None


class _Id(BaseModel):
    id: str


class _Result(BaseModel):
    vulns: tuple[_Id, ...] = ()


class _Answer(BaseModel):
    results: tuple[_Result, ...]


class _Kept(BaseModel):
    at: float  # seconds since the epoch
    ids: tuple[str, ...]


class Looked(NamedTuple):
    known: Mapping[Package, tuple[Advisory, ...]]  # of all that could be looked up
    old: bool  # some of it is what was known before today


class Advisories:
    """Asks the database, and keeps its answers for a day, or for when there is no network."""

    def __init__(self, fetch: Fetch, facts: Facts | None, wall: Callable[[], float]) -> None:
        self._fetch = fetch
        self._facts = facts
        self._wall = wall

    async def look_up(self, packages: Iterable[Package]) -> Looked:
        """What is known of each of `packages`; one of which nothing is known to us is left out.

        Raises:
            EngineFailed: the database answers with what nobody can read.
        """
        wanted = sorted(set(packages))
        kept = await self._recalled(_Kept, [_name(one) for one in wanted])
        young = self._wall() - FRESH_S
        fresh = {one for one in wanted if _name(one) in kept and kept[_name(one)].at > young}
        asked = await self._ask([one for one in wanted if one not in fresh])
        ids = {one: kept[_name(one)].ids for one in wanted if _name(one) in kept} | asked
        advisories = await self._read({one for several in ids.values() for one in several})
        known = {
            package: tuple(advisories[one] for one in several)
            for package, several in ids.items()
            if all(one in advisories for one in several)
        }
        return Looked(known, old=any(one not in fresh and one not in asked for one in known))

    async def _ask(self, packages: Sequence[Package]) -> dict[Package, tuple[str, ...]]:
        """The names of what is wrong with each, as far as there is an answer."""
        found: dict[Package, tuple[str, ...]] = {}
        for start in range(0, len(packages), _AT_ONCE):
            some = packages[start : start + _AT_ONCE]
            queries = [
                {"package": {"name": name, "ecosystem": system}, "version": version}
                for system, name, version in some
            ]
            try:
                body = json.dumps({"queries": queries}).encode()
                answer = _Answer.model_validate_json(await self._fetch(f"{_OSV}/querybatch", body))
                pairs = list(zip(some, answer.results, strict=True))
            except OSError:
                break
            except ValueError as error:  # pydantic's too
                raise EngineFailed("dependencies", "got no answer that can be read") from error
            found |= {one: tuple(vuln.id for vuln in result.vulns) for one, result in pairs}
        now = self._wall()
        await self._keep({_name(one): _Kept(at=now, ids=ids) for one, ids in found.items()})
        return found

    async def _read(self, ids: set[str]) -> dict[str, Advisory]:
        known = await self._recalled(Advisory, sorted(ids))
        limit = anyio.CapacityLimiter(_CALLS)

        async def read(one: str) -> None:
            async with limit:
                try:
                    raw = await self._fetch(f"{_OSV}/vulns/{quote(one, safe='')}", None)
                    known[one] = _advisory(_Entry.model_validate_json(raw))
                except (OSError, ValidationError):
                    return

        missing = ids - known.keys()
        async with anyio.create_task_group() as tasks:
            for one in sorted(missing):
                tasks.start_soon(read, one)
        await self._keep({one: known[one] for one in missing if one in known})
        return known

    async def _recalled(self, form: type[Form], names: Sequence[str]) -> dict[str, Form]:
        if self._facts is None:
            return {}
        raw = await self._facts.recall_facts("osv", _FORM, dict.fromkeys(names, ""))
        known = {}
        for name, one in raw.items():
            with suppress(ValidationError):
                known[name] = form.model_validate_json(one)
        return known

    async def _keep(self, facts: Mapping[str, BaseModel]) -> None:
        if self._facts is not None and facts:
            raw = {name: one.model_dump_json().encode() for name, one in facts.items()}
            await self._facts.keep_facts("osv", _FORM, dict.fromkeys(raw, ""), raw)


def _name(package: Package) -> str:
    return ":".join(package)


def _advisory(entry: _Entry) -> Advisory:
    fixed: dict[str, tuple[str, ...]] = {}
    for affected in entry.affected:
        if affected.package is not None:
            name = f"{affected.package.ecosystem}:{affected.package.name}"
            events = (event for one in affected.ranges for event in one.events)
            fixed[name] = fixed.get(name, ()) + tuple(one.fixed for one in events if one.fixed)
    rated = entry.database_specific or _Rated()
    cwe = (match[1] for one in rated.cwe_ids or () if (match := _CWE.fullmatch(one)))
    return Advisory(
        id=entry.id,
        names=entry.aliases,
        severity=(rated.severity or "").upper(),
        cwe=tuple(int(number) for number in cwe),
        fixed=fixed,
    )
