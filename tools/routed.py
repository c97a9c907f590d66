"""A route as a person reads it; apart from the tool, for a command line that has only its JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = tuple[str, ...]


def told(route: Mapping[str, Any]) -> str:
    """Where a prompt goes, why, and what would have changed that; from the fields of `route`."""
    model = (
        f"{route['provider']}/{route['model']}" if route["model"] else "no model can take it now"
    )
    complexity = route["complexity"]
    lines = [
        f"{model}  (profile {route['profile']})",
        f"  prompt: {route['category']} ({route['category_confidence']:.0%} sure), "
        f"{complexity['band4']} ({complexity['score']:.2f}); only a strong model answers it well: "
        f"{route['p_strong']:.0%}",
        *_table(route["candidates"]),
        *(f"  {change}" for change in route["would_change"]),
        *(f"  note: {note}" for note in route["notes"]),
        f"  settled by: {' > '.join(route['stages'])}",
    ]
    return "\n".join(lines)


def _table(candidates: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each candidate: its score, the factors that it is made of, and its standing."""
    if not candidates:
        return []
    factors = [n for n in candidates[0]["factors"] if any(c["factors"][n] for c in candidates)]
    rows = [
        ("", "score", "=", *factors, "| good", "cost"),
        *(_cells(c, factors) for c in candidates),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    reasons = ["", *(_reason(c) for c in candidates)]
    return [
        "  ".join(["", *_aligned(row, widths), reason]).rstrip()
        for row, reason in zip(rows, reasons, strict=True)
    ]


def _aligned(row: Row, widths: Sequence[int]) -> list[str]:
    cells = zip(row, widths, strict=True)
    return [cell.rjust(width) if n else cell.ljust(width) for n, (cell, width) in enumerate(cells)]


def _cells(candidate: Mapping[str, Any], factors: Sequence[str]) -> Row:
    good, dollars = candidate["quality"], candidate["cost_usd"]
    return (
        f"{candidate['provider']}/{candidate['model']}",
        f"{candidate['score']:.3f}",
        "",
        *(f"{candidate['factors'][name]:+.3f}" for name in factors),
        "-" if good is None else f"{good:.0%}",
        "?" if dollars is None else "free" if not dollars else f"${dollars:.5f}",
    )


def _reason(candidate: Mapping[str, Any]) -> str:
    reason: str = candidate["reason"]
    return reason if candidate["eligible"] else f"refused: {reason}"
