"""The labelled programs are what they say: readable, apart from their twins, spread evenly."""

import ast
import sys
from collections import defaultdict

from benchmarks.quality_data import Sample, load_labelled

SAMPLES = load_labelled()


def of(kind: str) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.set == kind]


def test_each_program_can_be_parsed_unless_it_is_marked_as_too_new() -> None:
    for sample in SAMPLES:
        needs = tuple(map(int, sample.python.split("."))) if sample.python else (3, 0)
        assert sample.files, sample.path
        for name, text in sample.files.items():
            if needs <= sys.version_info:
                ast.parse(text, f"{sample.path}/{name}")


def test_twins_differ() -> None:
    pairs: dict[str, list[Sample]] = defaultdict(list)
    for sample in of("pair"):
        pairs[sample.pair].append(sample)
    for name, (unsafe, safe) in pairs.items():
        assert unsafe.vulnerable, name
        assert not safe.vulnerable, name
        assert unsafe.files != safe.files, name


def test_numbers_are_given_once() -> None:
    paths = [sample.path for sample in SAMPLES]
    assert len(set(paths)) == len(paths)
    for kind in ("web", "secure", "breadth"):
        numbers = [sample.number for sample in of(kind)]
        assert len(set(numbers)) == len(numbers)


def test_both_halves_are_of_a_size_and_cover_much() -> None:
    for parity in (0, 1):
        half = [sample for sample in SAMPLES if sample.number % 2 == parity]
        wide = {sample.cwe[0] for sample in half if sample.cwe}
        assert len(wide) >= 70
        assert sum(sample.set == "pair" for sample in half) >= 220
        assert sum(sample.set == "web" for sample in half) >= 60
        assert sum(sample.set == "secure" for sample in half) >= 25
