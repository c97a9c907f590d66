"""Which findings are allowed, and what is wrong with the comments that allow them."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from quality.finding import Finding, Place, Severity
from quality.rating.allowed.allowances import Allowance, allowances, foreign, names_of
from quality.same import identified
from quality.source import Tree

ENGINE = "suppressions"
EFFORT_MIN = {"allowance-incomplete": 2, "allowance-unused": 1}


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment allows."""

    finding: Finding
    reason: str
    line: int  # where the comment is


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    findings: tuple[Finding, ...]  # those that stay, and one for each comment that is amiss
    suppressed: tuple[Suppressed, ...]
    foreign: Mapping[str, int]  # how many comments speak to other tools: "noqa", "nosec"...


def applied(findings: Sequence[Finding], tree: Tree, *, complete: bool) -> Applied:
    """`findings` without those that the code allows.

    An allowance without a reason allows nothing. One that allows nothing is told only if the
    analysis is `complete`: an engine that did not run may be the one it is meant for.
    """
    written = [allowance for file in tree.files for allowance in allowances(file)]
    valid = [one for one in written if one.reason and one.rules]
    found = _Found(valid)
    stay: list[Finding] = []
    gone: list[Suppressed] = []
    used: set[Allowance] = set()
    for finding in findings:
        named = list(found.of(finding))
        used.update(named)
        if named:
            gone.append(Suppressed(finding, named[0].reason, named[0].line))
        else:
            stay.append(finding)
    amiss = [_amiss(one) for one in written if not (one.reason and one.rules)]
    idle = [_idle(one) for one in valid if one not in used] if complete else []
    counted = Counter(sign for file in tree.files for sign in foreign(file))
    told = identified(amiss + idle, tree)
    return Applied(findings=(*stay, *told), suppressed=tuple(gone), foreign=counted)


class _Found:
    """Allowances, to be found by what they name and where."""

    def __init__(self, valid: Iterable[Allowance]) -> None:
        self._of_file: defaultdict[tuple[str, str], list[Allowance]] = defaultdict(list)
        self._of_line: defaultdict[tuple[str, str], list[tuple[int, Allowance]]] = defaultdict(list)
        for one in valid:
            for rule in dict.fromkeys(one.rules):
                if one.covers is None:
                    self._of_file[one.path, rule].append(one)
                else:
                    self._of_line[one.path, rule].append((one.covers, one))
        for several in self._of_line.values():
            several.sort(key=_covered)

    def of(self, finding: Finding) -> Iterator[Allowance]:
        """Those that speak of `finding`."""
        place = finding.place
        for name in sorted(names_of(finding)):
            yield from self._of_file.get((place.path, name), ())
            several = self._of_line.get((place.path, name), [])
            first = bisect_left(several, place.line, key=_covered)
            last = bisect_right(several, place.end_line, key=_covered)
            yield from (one for _, one in several[first:last])


def _covered(entry: tuple[int, Allowance]) -> int:
    return entry[0]


def _amiss(one: Allowance) -> Finding:
    what = "no reason" if one.rules else "no rule"
    return _told(
        one,
        "allowance-incomplete",
        "minor",
        f"This comment allows nothing: it gives {what}.",
        "Write: pointsman: allow RULE -- why it is right here",
    )


def _idle(one: Allowance) -> Finding:
    found = f"Nothing is found here that this comment allows ({', '.join(one.rules)})."
    return _told(one, "allowance-unused", "info", found, "Remove it.")


def _told(one: Allowance, rule: str, severity: Severity, message: str, remediation: str) -> Finding:
    return Finding(
        rule=rule,
        engine=ENGINE,
        engines=(ENGINE,),
        kind="smell",
        severity=severity,
        place=Place(one.path, one.line, one.line),
        message=message,
        remediation=remediation,
        effort_min=EFFORT_MIN[rule],
        confidence="high",
    )
