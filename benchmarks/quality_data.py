"""The labelled programs that benchmarks/eval_quality.py judges on, and how they are written down.

A file of `tests/quality/labelled/` holds many cases. A case begins with its name and facts, a file
of it with its path:

    ==== 012-order-search cwe=89,564 from=flask
    === app.py
    first lines, the same in both twins
    %unsafe
    lines of the vulnerable program only
    %safe
    lines of its safe twin only
    %both
    lines of both again

`cwe` are the weaknesses that count as found, the best name first; `from` says where outside data
comes in; `python=3.12` says that older grammars cannot read it. A file that is empty in a twin is
not there. In `cwe-*.txt` a case is a pair of twins. In `web.txt`, `secure.txt` and `breadth.txt`
it is one program, of one endpoint with `vulnerable=yes` or `no`, without a weakness, or with one.
Even numbers are for development; odd ones are held out.

A set of your own is a folder with `labels.csv` (or `.json`, a list of objects): columns `file` (or
a folder of them, from the folder of the labels), `cwe` ("89" or "CWE-89;CWE-564"), `vulnerable`
(yes or no), and if you like `pair` (what twins have in common), `number` and `set` (pair, web,
secure or breadth; left out, twins are pairs, what names a weakness is web, the rest secure).
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LABELLED = Path(__file__).resolve().parent.parent / "tests/quality/labelled"
Set = Literal["pair", "web", "secure", "breadth"]
Split = Literal["even", "odd", "all"]
SINGLE: dict[str, Set] = {"web.txt": "web", "secure.txt": "secure", "breadth.txt": "breadth"}
YES = frozenset({"yes", "true", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One program with its label."""

    path: str  # its folder or file, from the root of the set, with "/"
    cwe: tuple[int, ...]  # what it has, or what its twin has; the first says it best
    vulnerable: bool
    set: Set
    pair: str = ""  # the same for twins
    number: int = 0
    source: str = ""  # where outside data comes in
    python: str = ""  # the grammar it needs, if not an old one
    files: Mapping[str, str] | None = None  # path in its folder -> text; None: they are on disk


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it is written down."""

    name: str
    facts: Mapping[str, str]
    text: str  # what follows its first line


def cases(text: str) -> Iterator[Case]:
    for part in ("\n" + text).split("\n==== ")[1:]:
        head, _, body = part.partition("\n")
        name, *facts = head.split()
        yield Case(name, dict(fact.split("=", 1) for fact in facts), body)


def twin(body: str, side: Literal["unsafe", "safe"]) -> dict[str, str]:
    """The files of one side of a case, by path."""
    found: dict[str, str] = {}
    for part in ("\n" + body).split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        lines, here = [], "both"
        for line in text.rstrip("\n").split("\n"):
            if line in ("%unsafe", "%safe", "%both"):
                here = line[1:]
            elif here in ("both", side):
                lines.append(line)
        if any(lines):
            found[name.strip()] = "\n".join(lines) + "\n"
    return found


def _samples(case: Case, kind: Set) -> Iterator[Sample]:
    facts = case.facts
    sides: dict[Literal["unsafe", "safe"], str] = {"unsafe": f"pairs/{case.name}/unsafe"}
    if kind == "pair":
        sides["safe"] = f"pairs/{case.name}/safe"
    else:
        bad = kind == "breadth" or facts.get("vulnerable") == "yes"
        sides = {"unsafe" if bad else "safe": f"{kind}/{case.name}"}
    for side, path in sides.items():
        yield Sample(
            path=path,
            cwe=_weaknesses(facts.get("cwe", "")),
            vulnerable=side == "unsafe",
            set=kind,
            pair=case.name if kind == "pair" else "",
            number=int(case.name.split("-")[0]),
            source=facts.get("from", ""),
            python=facts.get("python", ""),
            files=twin(case.text, side),
        )


def _weaknesses(text: str) -> tuple[int, ...]:
    words = text.upper().replace("CWE-", "").replace(",", " ").replace(";", " ").split()
    return tuple(int(word) for word in words)


def load_labelled(folder: Path = LABELLED) -> list[Sample]:
    """Every program of the labelled text files in `folder`."""
    return [
        sample
        for path in sorted(folder.glob("*.txt"))
        for case in cases(path.read_text(encoding="utf-8"))
        for sample in _samples(case, SINGLE.get(path.name, "pair"))
    ]


def load_table(folder: Path) -> list[Sample]:
    """The programs that a stranger's `labels.csv` or `labels.json` names."""
    table = folder / "labels.csv"
    rows: Sequence[Mapping[str, object]]
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    else:
        rows = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return [_from_row(at, row) for at, row in enumerate(rows)]


def _from_row(at: int, row: Mapping[str, object]) -> Sample:
    def word(name: str) -> str:
        return str(row.get(name) or "").strip()

    kind: Set = "pair" if word("pair") else "web" if word("cwe") else "secure"
    for known in ("web", "secure", "pair", "breadth"):
        if word("set") == known:
            kind = known
    return Sample(
        path=word("file").strip("/"),
        cwe=_weaknesses(word("cwe")),
        vulnerable=word("vulnerable").lower() in YES,
        set=kind,
        pair=word("pair"),
        number=int(word("number") or at),
    )


def write_tree(samples: Sequence[Sample], folder: Path) -> None:
    """Writes the programs as files, and their labels beside them."""
    for sample in samples:
        for name, text in (sample.files or {}).items():
            path = folder / sample.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["file", "cwe", "vulnerable", "set", "pair", "number"])
        for s in samples:
            yes = "yes" if s.vulnerable else "no"
            out.writerow([s.path, ";".join(map(str, s.cwe)), yes, s.set, s.pair, s.number])


def chosen(samples: Sequence[Sample], split: Split) -> list[Sample]:
    want = {"even": (0,), "odd": (1,), "all": (0, 1)}[split]
    return [sample for sample in samples if sample.number % 2 in want]
