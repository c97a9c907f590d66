"""Two analyses compared: is the finding gone, has one come?"""

from collections import Counter
from collections.abc import Iterable

from quality.finding import SEVERITIES, Finding
from quality.fixes.errors import Refused
from quality.report import Report
from quality.same import defect_of

MOST_NAMED = 5


def check_report(before: Report, after: Report, gone: Iterable[Finding]) -> None:
    """The findings `gone` are in `before` and not in `after`, which has none that is new.

    A finding is known by its file and its defect, and counted: its line, what else stands in it,
    and which of several engines tells of it may change. What an engine found before counts only
    if it looked at the same files again.

    Raises:
        Refused: it is not so.
    """
    _check_looked(before, after)
    had, has = _count(before.findings), _count(after.findings)
    wanted = Counter(_key(finding) for finding in gone)
    for (path, defect), count in wanted.items():
        had_count, has_count = had[path, defect, 0], has[path, defect, 0]
        if had_count < count:
            raise Refused("the finding is not there any more")
        if has_count > had_count - count:
            raise Refused(f"the finding is still there: {_told(before, after, path, defect)}")
    if more := has - had:
        path, defect, _ = next(iter(more))
        raise Refused(f"it brings a new finding: {_told(before, after, path, defect)}")


def _key(finding: Finding) -> tuple[str, str]:
    return finding.place.path, defect_of(finding)


def _check_looked(before: Report, after: Report) -> None:
    """
    Raises:
        Refused: an engine that looked at a file before did not do so again.
    """
    again = {run.name: run for run in after.engines if run.state == "ok"}
    for run in before.engines:
        if run.state != "ok":
            continue
        if run.name not in again:
            raise Refused(f"{run.name} could not analyse it")
        if unread := again[run.name].unread.keys() - run.unread.keys():
            raise Refused(f"{run.name} could not read {min(unread)}")


def _count(findings: Iterable[Finding]) -> Counter[tuple[str, str, int]]:
    """By file, defect and severity: one that is worse counts for all below too."""
    return Counter(
        (*_key(finding), severity)
        for finding in findings
        for severity in range(SEVERITIES.index(finding.severity) + 1)
    )


def _told(before: Report, after: Report, path: str, defect: str) -> str:
    """Those of the defect that are there afterwards, in the words of their engines."""
    known = {finding.id for finding in before.findings}
    found = [finding for finding in after.findings if _key(finding) == (path, defect)]
    fresh = [finding for finding in found if finding.id not in known] or found
    return "; ".join(f"{f.rule} in line {f.place.line}: {f.message}" for f in fresh[:MOST_NAMED])
