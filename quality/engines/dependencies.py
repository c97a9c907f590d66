"""dependencies: packages in versions that are known to be vulnerable."""

import re
from collections.abc import Callable, Mapping, Sequence

from anyio import to_thread

from quality.engine import Facts
from quality.engines.advisories import Advisories, Advisory, Fetch
from quality.engines.keys import in_languages
from quality.engines.pins import Pin, Pins, pins_of
from quality.errors import EngineFailed
from quality.finding import SEVERITIES, Analysis, Finding, Place, Severity
from quality.source import SourceFile, Tree

VERSION = "1"
_LANGUAGES = frozenset({"text", "toml", "lock"})
_SEVERITIES: Mapping[str, Severity] = {
    "LOW": "minor",
    "MODERATE": "major",
    "MEDIUM": "major",
    "HIGH": "critical",
    "CRITICAL": "blocker",
}
_OFFLINE = "unknown, offline"


class Dependencies:
    """Asks a database on the network; without one it says that it does not know.

    What it says is never remembered by file: what is known of a version changes from day to day.
    """

    name = "dependencies"
    languages = _LANGUAGES

    def __init__(self, fetch: Fetch | None, facts: Facts | None, wall: Callable[[], float]) -> None:
        self._advisories = Advisories(fetch, facts, wall) if fetch else None

    async def version(self) -> str | None:
        return VERSION

    def keys(self, tree: Tree) -> Mapping[str, str]:  # noqa: ARG002  # none: see above
        return {}

    async def analyse(self, stale: Sequence[SourceFile], tree: Tree) -> Analysis:
        del stale  # always all
        found, unread = await to_thread.run_sync(_all, tree)
        exact = [pin for pins in found.values() for pin in pins.exact]
        if not exact:
            return Analysis(unread=unread, notes=_notes(found, old=False))
        if self._advisories is None:
            raise EngineFailed(self.name, f"is {_OFFLINE}: it may not use the network")
        looked = await self._advisories.look_up(pin[:3] for pin in exact)
        if not looked.known:
            raise EngineFailed(self.name, f"is {_OFFLINE}: the database cannot be reached")
        missed = {pin.path for pin in exact if pin[:3] not in looked.known}
        return Analysis(
            findings=tuple(
                _finding(pin, looked.known[pin[:3]]) for pin in exact if looked.known.get(pin[:3])
            ),
            unread=unread | dict.fromkeys(missed, f"in part {_OFFLINE}"),
            notes=_notes(found, old=looked.old),
        )


def _all(tree: Tree) -> tuple[dict[str, Pins], dict[str, str]]:
    """By path, what each file asks for, and why some cannot be read."""
    found: dict[str, Pins] = {}
    unread: dict[str, str] = {}
    for file in in_languages(tree, _LANGUAGES):
        try:
            if (pins := pins_of(file)) is not None:
                found[file.path] = pins
        except ValueError as error:
            unread[file.path] = f"cannot be read: {type(error).__name__}"
    return found, unread


def _notes(found: Mapping[str, Pins], *, old: bool) -> dict[str, str]:
    """What nobody could judge, or what was judged by old knowledge."""
    notes = {}
    for path, pins in found.items():
        says = []
        if pins.loose:
            says.append(f"{pins.loose} packages have no exact version, and were not judged.")
        if old and pins.exact:
            says.append("The database cannot be reached; this is what was known before today.")
        if says:
            notes[path] = " ".join(says)
    return notes


def _finding(pin: Pin, advisories: Sequence[Advisory]) -> Finding:
    names = ", ".join(sorted({_best_name(one) for one in advisories}))
    target = _well_again(pin, advisories)
    wrong = "a known weakness" if len(advisories) == 1 else f"{len(advisories)} known weaknesses"
    cwe = dict.fromkeys((1395, *(number for one in advisories for number in one.cwe)))
    return Finding(
        rule="vulnerable-dependency",
        engine="dependencies",
        kind="vulnerability",
        severity=max((_severity(one) for one in advisories), key=SEVERITIES.index),
        place=Place(pin.path, pin.line, pin.line),
        message=f"{pin.name} {pin.version} has {wrong}: {names}.",
        cwe=tuple(cwe),
        remediation=f"Use {pin.name} {target} or later."
        if target
        else "No version is known to be well.",
        effort_min=30,
        confidence="high",
    )


def _severity(advisory: Advisory) -> Severity:
    return _SEVERITIES.get(advisory.severity, "major")


def _best_name(advisory: Advisory) -> str:
    return next((name for name in advisory.names if name.startswith("CVE-")), advisory.id)


def _well_again(pin: Pin, advisories: Sequence[Advisory]) -> str | None:
    """The first version that has none of them, by the branch that the pinned one is on."""
    least = []
    for advisory in advisories:
        later = [
            version
            for version in advisory.fixed.get(f"{pin.ecosystem}:{pin.name}", ())
            if _order(version) > _order(pin.version)
        ]
        if not later:
            return None
        least.append(min(later, key=_order))
    return max(least, key=_order)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
