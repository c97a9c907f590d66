"""What the hits of an engine are worth on labelled programs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache

from benchmarks.quality_data import Sample
from benchmarks.quality_engines import Hit

# Weaknesses that say the same of one line of code: a parent with its children in the CWE's
# research view, or a number that tools give in place of another. Naming any of a row is right
# where another of it is the label; a weakness may stand in several rows.
RELATIVES = (
    (22, 23, 24, 25, 35, 36, 37, 38, 39, 40, 73, 99, 641),  # path traversal
    (74, 77, 78, 88, 155),  # commands
    (79, 80, 81, 83, 84, 85, 86, 87, 116, 838),  # cross-site scripting
    (89, 564, 943),  # queries
    (90, 943),
    (91, 643, 652, 943),  # XPath, XQuery
    (94, 95, 96, 913, 1336),  # code and templates
    (78, 94, 95),  # bandit names 78 for eval and exec
    (79, 1336),
    (93, 113, 117, 644),  # line breaks in headers and logs
    (116, 117),
    (190, 191, 193, 682, 131),
    (200, 209, 210, 215, 359, 497, 532, 538, 540, 548),  # exposure
    (203, 204, 208, 385),
    (215, 489, 94),  # bandit names 94 for the debugger
    (250, 269, 266),
    (256, 257, 260, 312, 313, 315, 316, 522),
    (259, 321, 798, 547, 1391, 1392, 1393),
    (276, 277, 279, 281, 732, 668, 552),
    (284, 285, 306, 425, 639, 862, 863, 287),
    (287, 288, 290, 303, 304, 305, 306, 307, 1390),
    (295, 296, 297, 298, 299, 599, 322),
    (311, 312, 319, 523, 5),
    (614, 311, 319, 315),
    (614, 1004, 1275),
    (326, 327, 328, 1240),
    (327, 325, 329, 1204),
    (328, 327, 759, 760, 916),
    (323, 329, 330, 1204),
    (330, 331, 332, 334, 335, 336, 337, 338, 339, 340, 341, 342, 343, 344, 1241),
    (345, 346, 347, 348, 349, 353, 354, 565, 807),
    (346, 942, 183, 923, 940, 941),
    (362, 364, 366, 367, 421, 59, 61, 363),
    (377, 378, 379, 668),
    (390, 391, 392, 396, 397, 636, 703, 754, 755, 252, 253, 617, 248),
    (400, 405, 407, 409, 674, 730, 770, 771, 774, 776, 789, 799, 834, 835, 1050, 1088, 1333),
    (404, 459, 772, 773, 775, 401),
    (185, 186, 187, 625, 777),
    (434, 351, 646, 22),
    (441, 918),
    (470, 913, 915, 1321),
    (494, 353, 829, 830, 426, 427),
    (501, 807, 349, 20),
    (502, 915),
    (502, 20),  # bandit names 20 for yaml.load
    (521, 522, 1391),
    (611, 776, 827, 91),
    (611, 20),  # bandit names 20 for the XML parsers
    (595, 597, 1024, 1025, 480),
    (598, 200, 532),
    (605, 668, 1327),
    (613, 384, 672, 298),
    (640, 620, 330, 338, 287),
    (841, 372, 691),
    (669, 829, 98),
)


@cache
def accepted(cwe: tuple[int, ...]) -> frozenset[int]:
    """The weaknesses that count as found where one of `cwe` is the label."""
    found = set(cwe)
    for row in RELATIVES:
        if set(cwe) & set(row):
            found |= set(row)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine says of one program."""

    sample: Sample
    found: bool  # a vulnerability of the weakness that it is labelled with
    any: bool  # a vulnerability of any kind
    weaker: bool  # at most a hotspot or a bug of the weakness


def judge(samples: Sequence[Sample], hits: Iterable[Hit], *, strict: bool = False) -> list[Verdict]:
    """What `hits` are worth; `strict` takes only the weaknesses of the labels themselves."""
    there: dict[str, list[Hit]] = defaultdict(list)
    roots = {sample.path for sample in samples}
    for hit in hits:
        parts = hit.path.split("/")
        for at in range(1, len(parts) + 1):
            if (path := "/".join(parts[:at])) in roots:
                there[path].append(hit)
    return [
        _verdict(sample, there[sample.path], set(sample.cwe) if strict else accepted(sample.cwe))
        for sample in samples
    ]


def _verdict(sample: Sample, hits: Sequence[Hit], wanted: Set[int]) -> Verdict:
    right = [hit for hit in hits if wanted & set(hit.cwe)]
    found = any(not hit.weaker for hit in right)
    return Verdict(
        sample,
        found=found,
        any=any(not hit.weaker for hit in hits),
        weaker=not found and bool(right),
    )


@dataclass(frozen=True, slots=True)
class Rates:
    """How often the weakness is named where it is, and where it is not."""

    vulnerable: int
    safe: int
    found: int
    false: int

    @property
    def tpr(self) -> float:
        return self.found / self.vulnerable if self.vulnerable else float("nan")

    @property
    def fpr(self) -> float:
        return self.false / self.safe if self.safe else float("nan")

    @property
    def precision(self) -> float:
        told = self.found + self.false
        return self.found / told if told else float("nan")


def rates(verdicts: Sequence[Verdict]) -> Rates:
    bad = [v for v in verdicts if v.sample.vulnerable]
    good = [v for v in verdicts if not v.sample.vulnerable]
    return Rates(len(bad), len(good), sum(v.found for v in bad), sum(v.found for v in good))


def by_cwe(verdicts: Sequence[Verdict]) -> dict[int, list[Verdict]]:
    """The verdicts by the first weakness of each label, in order."""
    rows: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.sample.cwe:
            rows[verdict.sample.cwe[0]].append(verdict)
    return dict(sorted(rows.items()))
