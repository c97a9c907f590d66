"""Line charts as SVG, in plain Python: axes, lines with a band of uncertainty, a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 64, 48
COLOURS = ("#0b6e99", "#d9730d", "#4d8a3d", "#8a4fbe", "#777777")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through `points` (x, y), and around it a `band` (x, lower y, upper y)."""

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a point of the data lies on the picture."""

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, x: float) -> float:
        share = (x - self.x[0]) / (self.x[1] - self.x[0] or 1)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def down(self, y: float) -> float:
        share = (y - self.y[0]) / (self.y[1] - self.y[0] or 1)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.across(x)},{self.down(y)}" for x, y in points)


def write_chart(
    path: Path,
    title: str,
    labels: tuple[str, str],
    lines: Sequence[Line],
    marks: Sequence[tuple[float, str]] = (),
) -> None:
    """Draw `lines` into the file at `path`; `marks` are named upright lines."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    ys += [y for line in lines for _, *pair in line.band for y in pair]
    frame = Frame((min(xs), max(xs)), (min(0.0, *ys), max(0.0, *ys)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        *_axes(frame, labels),
        *(_mark(frame, x, name) for x, name in marks),
        *(part for n, line in enumerate(lines) for part in _line(frame, line, n)),
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between the two, four to ten of them."""
    size = 10.0 ** floor(log10((high - low) / 4))
    step = next(size * by for by in (5, 2, 1) if (high - low) / (size * by) >= 4)
    return [n * step for n in range(ceil(low / step), floor(high / step) + 1)]


def _axes(frame: Frame, labels: tuple[str, str]) -> list[str]:
    bottom = HEIGHT - BOTTOM
    parts = []
    for y in _ticks(*frame.y):
        down, colour = frame.down(y), "#e5e5e5" if y else "#888"
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down}" y2="{down}" stroke="{colour}"/>',
            f'<text x="{LEFT - 8}" y="{down + 4}" text-anchor="end">{y:.3g}</text>',
        ]
    for x in _ticks(*frame.x):
        across = frame.across(x)
        parts.append(f'<text x="{across}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [
        *parts,
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(labels[0])}</text>',
        f'<text x="16" y="{(TOP + bottom) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 16 {(TOP + bottom) / 2})">{escape(labels[1])}</text>',
    ]


def _line(frame: Frame, line: Line, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    x, width = LEFT + number * (WIDTH - LEFT - RIGHT) / 4, 18
    shape = [(x, low) for x, low, _ in line.band] + [(x, high) for x, _, high in line.band[::-1]]
    band = f'<polygon points="{frame.path(shape)}" fill="{colour}" fill-opacity="0.15"/>'
    return [
        *([band] if shape else []),
        f'<polyline points="{frame.path(line.points)}" fill="none" stroke="{colour}" '
        f'stroke-width="2"/>',
        f'<line x1="{x}" x2="{x + width}" y1="42" y2="42" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{x + width + 6}" y="46">{escape(line.name)}</text>',
    ]


def _mark(frame: Frame, x: float, name: str) -> str:
    across = frame.across(x)
    return (
        f'<line x1="{across}" x2="{across}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#999" '
        f'stroke-dasharray="2 3"/><text x="{across + 4}" y="{TOP + 12}">{escape(name)}</text>'
    )
