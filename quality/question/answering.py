"""A question answered from the facts: no model, no guess, and the findings it rests on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quality.finding import Finding
from quality.question.facts import Facts, chosen
from quality.question.filter import About, Filter
from quality.question.reading import understood
from quality.question.sums import files_by_measure, of_all, overall, time
from quality.question.telling import (
    about_engines,
    about_gate,
    counted,
    doubts,
    first,
    grouped,
    listed,
    subject,
)

ASKABLE = (
    "what are the worst security problems in routing/?",
    "how many bugs are new?",
    "is there any SQL injection?",
    "which file is the most complex?",
    "why does the gate fail?",
    "what should I fix first?",
    "how much technical debt is there?",
    "how good is this code?",
    "which files have the most issues?",
    "which engines looked at it?",
)


Said = tuple[list[str], Sequence[Finding]]  # lines, and the findings that they name


@dataclass(frozen=True, slots=True)
class Reply:
    asked: Filter | None  # None: it could not be understood
    text: str
    issue_ids: tuple[str, ...] = ()  # of the findings that the text names
    phrased: bool = False  # a model worded it; `text` was checked against the facts

    @property
    def told(self) -> str:
        """What the question was understood as."""
        return self.asked.told if self.asked else "nothing that was measured"


def answer(question: str, facts: Facts) -> Reply:
    """What the facts say to `question`."""
    paths = {*facts.files, *(finding.place.path for finding in facts.findings)}
    engines = {run.name for run in facts.engines} | {f.engine for f in facts.findings}
    asked = understood(question, paths, engines, {finding.id for finding in facts.findings})
    if asked is None:
        asks = "\n".join(f"- {example}" for example in ASKABLE)
        return Reply(None, f"That is not among what was measured. What can be asked:\n{asks}")
    found = chosen(facts, asked)
    lines, named = _SAYS[asked.about](asked, facts, found)
    return Reply(asked, "\n".join(lines), tuple(each.id for each in named if each.id))


def _list(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    if not found:
        return _none(asked, facts)
    if asked.group_by:
        return [counted(asked, found), *grouped(found, asked.group_by, asked.limit)], _heads(
            asked, found
        )
    tell = first if asked.ids else listed  # one that is asked for by name is told whole
    return [counted(asked, found), *tell(found, asked.limit)], found[: asked.limit]


def _count(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    if not found or asked.group_by:
        return _list(asked, facts, found)
    return [counted(asked, found), *listed(found, _FEW)], found[:_FEW]


def _any(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    lines, named = _list(asked, facts, found)
    return [f"{'Yes' if found else 'No'}: {lines[0]}", *lines[1:]], named


def _none(asked: Filter, facts: Facts) -> Said:
    return [f"0 {subject(asked, 0)}.", *doubts(facts, asked)], ()


def _first(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    if not found:
        return _none(asked, facts)
    limit = min(asked.limit, _FIRST)
    order = "the quickest first" if asked.sort == "effort" else "the worst first"
    head = f"Of {len(found)} {subject(asked, len(found))}, {order}:"
    return [head, *first(found, limit)], found[:limit]


def _gate(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:  # noqa: ARG001
    return about_gate(facts)


def _engines(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:  # noqa: ARG001
    return about_engines(facts), ()


def _overall(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    lines = overall(facts)
    if asked.path:
        lines = [f"In {asked.path}: {counted(asked, found)}"]
    return [*lines, "The worst:" if found else "", *listed(found, _FEW)], found[:_FEW]


def _debt(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:
    fits_all = not (asked.path or asked.kinds or asked.cwe or asked.severity or asked.engine)
    smells = [each for each in found if each.kind == "smell"] if fits_all else list(found)
    head = f"{time(sum(each.effort_min for each in smells))} for {counted(asked, smells)}"
    if fits_all and facts.measures:
        ratio = facts.measures.debt_ratio_pct
        share = "" if ratio is None else f", {ratio:.1f} % of what the code cost to write"
        head = f"{time(facts.measures.debt_min)} of technical debt{share}."
    return [head, *grouped(smells, "file", _FEW)], _heads(asked, smells, _FEW)


def _measure(asked: Filter, facts: Facts, found: Sequence[Finding]) -> Said:  # noqa: ARG001
    if asked.measure is None:
        raise ValueError("a question about a measure names one")
    files = files_by_measure(facts, asked) if asked.group_by else []
    if files:
        limit = min(asked.limit, _FEW)
        unit = "duplicated lines" if asked.measure == "duplication" else asked.measure
        lines = [f"- {path}: {count} {unit}" for count, path in files[:limit]]
        which = "least" if asked.least else "most"
        return [f"The {which} {asked.measure} is in {files[0][1]}:", *lines], ()
    value = of_all(facts, asked.measure, asked.path)
    where = f" in {asked.path}" if asked.path else ""
    if value is None:
        return [f"The {asked.measure}{where} was not measured."], ()
    return [f"{asked.measure[:1].upper()}{asked.measure[1:]}{where}: {value}."], ()


def _heads(asked: Filter, found: Sequence[Finding], limit: int = 0) -> Sequence[Finding]:
    """Those that `grouped` names."""
    text = "\n".join(grouped(found, asked.group_by or "file", limit or asked.limit))
    return [each for each in found if f"[{each.id}]" in text]


_FEW, _FIRST = 5, 5
_SAYS: dict[About, Callable[[Filter, Facts, Sequence[Finding]], Said]] = {
    "list": _list,
    "count": _count,
    "any": _any,
    "first": _first,
    "gate": _gate,
    "overall": _overall,
    "debt": _debt,
    "measure": _measure,
    "engines": _engines,
}
