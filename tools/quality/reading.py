"""The results as text that a model reads."""

from typing import Any

from tools.quality.forms import FixResult, QualityResult, SecurityResult

READ = 25  # findings


def read_quality(result: QualityResult) -> str:
    ratings = ", ".join(f"{name} {letter or '-'}" for name, letter in result.ratings.items())
    counts = ", ".join(f"{n} {severity}" for severity, n in result.issues_by_severity.items() if n)
    lines = [
        f"Quality gate {result.gate['status']}. Ratings: {ratings}.",
        *(f"Failed: {_condition(c)}" for c in result.gate["conditions"] if c["blocks"]),
        f"Measures: {_measures(result.measures)}.",
        f"Issues: {counts or 'none'}; hotspots: {_hotspots(result)}.",
        *(_finding(issue) for issue in result.issues[:READ]),
        *_engines(result.engines),
        *(result.notes or ()),
    ]
    if result.answer:
        lines.insert(0, str(result.answer["text"]))
    return "\n".join(lines)


def read_security(result: SecurityResult) -> str:
    lines = [
        f"{len(result.issues)} vulnerabilities, {len(result.hotspots)} hotspots.",
        *(_finding(issue) for issue in result.issues[:READ]),
        *(f"{_finding(spot)} (hotspot)" for spot in result.hotspots[:READ]),
    ]
    told = len(result.issues[:READ]) + len(result.hotspots[:READ])
    if (more := len(result.issues) + len(result.hotspots) - told) > 0:
        lines.append(f"{more} more are in the structured result.")
    return "\n".join([*lines, *_engines(result.engines), *(result.notes or ())])


def read_fixes(result: FixResult) -> str:
    lines: list[str] = []
    for fix in result.fixes:
        checks = ", ".join(name for name, held in fix["verified"].items() if held)
        state = " Applied." if fix["applied"] else ""
        lines += [f"Fix of {fix['issue_id']} ({fix['source']}; verified: {checks}).{state}"]
        lines += [fix["explanation"], fix["diff"]]
    for one in result.refused or ():
        why = "; ".join(one["reasons"]) or "nothing can mend it"
        lines.append(f"No fix of {one['issue_id']}: {why}.")
    return "\n".join([*lines, *(result.notes or ())]) or "There is nothing to fix."


def _hotspots(result: QualityResult) -> int:
    """All that there are: the result names the first of them only."""
    by_kind = result.measures.get("by_kind", {})
    told = by_kind.get("hotspot", result.measures.get("hotspots"))
    return len(result.hotspots) if told is None else int(told)


def _condition(condition: dict[str, Any]) -> str:
    of_new = " of new code" if condition["on"] == "new" else ""
    actual = "not measured" if condition["actual"] is None else condition["actual"]
    note = f" ({condition['note']})" if condition.get("note") else ""
    wanted = f"{condition['operator']} {condition['threshold']}"
    return f"{condition['metric']}{of_new} is {actual}, wanted {wanted}{note}"


def _measures(measures: dict[str, Any]) -> str:
    plain = {
        name: value for name, value in measures.items() if isinstance(value, int | float) and value
    }
    return ", ".join(f"{name} {value:g}" for name, value in plain.items()) or "none"


def _finding(issue: dict[str, Any]) -> str:
    cwe = f" {issue['cwe']}" if "cwe" in issue else ""
    return (
        f"{issue['file']}:{issue['line']} {issue['severity']}{cwe} {issue['message']} "
        f"[{issue['engine']}:{issue['rule']} {issue['id']}]"
    )


def _engines(engines: list[dict[str, Any]]) -> list[str]:
    """What was not looked at, and why."""
    told = [
        f"{one['name']} {one['state']}: {one['why']}" if one.get("why") else one["name"]
        for one in engines
        if one["state"] in ("missing", "failed", "timed out")
    ]
    for one in engines:
        for path, why in one.get("unread", {}).items():
            told.append(f"{one['name']} did not read {path}: {why}")
    return told
