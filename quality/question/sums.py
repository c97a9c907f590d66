"""Numbers of all the code, in words."""

from quality.finding import FileMeasures
from quality.question.facts import Facts
from quality.question.filter import Filter, Measure
from quality.question.paths import fits
from quality.rating.letters import DAY_MIN
from quality.rating.measures import Measures


def time(minutes: int) -> str:
    """In days of eight hours, as debt is counted: "1 d 3 h 20 min"."""
    days, rest = divmod(minutes, DAY_MIN)
    hours, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (left, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def of_all(facts: Facts, measure: Measure, path: str | None) -> str | None:
    """The measure of all files, or of those that fit `path`; None: nobody counted."""
    if path is not None or facts.measures is None:
        counts = [_of_file(m, measure) for p, m in facts.files.items() if fits(p, path)]
        known = [count for count in counts if count is not None]
        return str(sum(known)) if known and measure != "coverage" else None
    value: float | int | None = {
        "complexity": facts.measures.complexity,
        "cognitive complexity": facts.measures.cognitive_complexity,
        "lines of code": facts.measures.ncloc,
        "functions": facts.measures.functions,
        "duplication": facts.measures.duplication_pct,
        "coverage": facts.measures.coverage_pct,
        "files": facts.measures.files,
    }[measure]
    if value is None:
        return None
    return f"{value:.1f} %" if isinstance(value, float) else str(value)


def files_by_measure(facts: Facts, asked: Filter) -> list[tuple[int, str]]:
    """The files where the measure is largest, or least, and how much it is there."""
    measure = asked.measure
    counts = {p: _of_file(each, measure) for p, each in facts.files.items() if measure}
    found = [(n, path) for path, n in counts.items() if n and fits(path, asked.path)]
    return sorted(found, key=lambda each: (each[0] if asked.least else -each[0], each[1]))


def _of_file(measures: FileMeasures, measure: Measure) -> int | None:
    spans = measures.duplicated
    rows = None if spans is None else {n for start, end in spans for n in range(start, end + 1)}
    counts = {
        "complexity": measures.complexity,
        "cognitive complexity": measures.cognitive,
        "lines of code": measures.ncloc,
        "functions": measures.functions,
        "files": 1,
        "duplication": None if rows is None else len(rows),
    }
    return counts.get(measure)  # nobody tells the coverage of one file


def overall(facts: Facts) -> list[str]:
    """Ratings, sizes and counts."""
    lines: list[str] = []
    if facts.ratings:
        ratings = facts.ratings
        lines.append(
            f"Reliability {ratings.reliability}, security {ratings.security}, maintainability "
            f"{ratings.maintainability or 'not rated'}, security review "
            f"{ratings.security_review} (A is best, E worst)."
        )
    if facts.gate:
        lines.append(f"The gate {facts.gate.status}.")
    if facts.measures:
        lines += _measures(facts.measures)
    return lines or ["Nothing was judged."]


def _measures(measures: Measures) -> list[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(measures.by_kind.items()))
    sizes = f"{measures.files} files"
    if measures.ncloc is not None:
        sizes += f", {measures.ncloc} lines of code"
    lines = [f"{sizes}. Findings: {kinds or 'none'}."]
    ratio = measures.debt_ratio_pct
    share = "" if ratio is None else f", {ratio:.1f} % of what the code cost to write"
    lines.append(f"Technical debt: {time(measures.debt_min)}{share}.")
    for name, value in (
        ("Duplication", measures.duplication_pct),
        ("Coverage", measures.coverage_pct),
    ):
        lines.append(f"{name}: {'not measured' if value is None else f'{value:.1f} %'}.")
    return lines
