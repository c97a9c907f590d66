"""Prompts by where they lie, and how many of them are held."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.semantic.index import MOST_REPORTS, Entry, Index, Partition, Vector, Vectors, Wrong


def unit(*numbers: float) -> Vector:
    vector = np.array(numbers, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def entry(name: str) -> Entry:
    return Entry(name, name.encode(), f"text of {name}")


KEYS = st.sampled_from([f"k{number}" for number in range(12)])
NUMBERS = st.floats(0.125, 1, width=32)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.tuples(NUMBERS, NUMBERS, NUMBERS)),
        st.tuples(st.just("drop"), KEYS, st.just((1.0, 0.0, 0.0))),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(1, 15))
def test_the_nearest_are_those_that_a_plain_search_finds(
    steps: list[tuple[str, str, tuple[float, float, float]]], most: int
) -> None:
    """CA-10."""
    vectors, plain = Vectors(), dict[str, Vector]()
    for what, key, numbers in steps:
        if what == "put":
            plain[key] = unit(*numbers)
            vectors.put(key, plain[key])
        else:
            plain.pop(key, None)
            vectors.drop(key)
    asked = unit(1, 2, 3)
    found = vectors.nearest(asked, most)
    best = sorted((float(v @ asked) for v in plain.values()), reverse=True)[:most]
    assert np.allclose([cosine for _, _, cosine in found], best, atol=1e-6)
    assert len({key for key, _, _ in found}) == min(most, len(plain)) == len(found)
    for key, there, cosine in found:
        assert np.array_equal(there, plain[key])
        assert abs(float(there @ asked) - cosine) < 1e-6
    assert len(vectors) == len(plain)


def test_a_vector_of_another_length_finds_nothing_and_is_not_kept() -> None:
    vectors = Vectors()
    vectors.put("a", unit(1, 0))
    vectors.put("b", unit(1, 0, 0))
    assert "b" not in vectors
    assert vectors.nearest(unit(1, 0, 0), 3) == []


@pytest.mark.parametrize("vector", [(0.0, 0.0), (math.nan, 1.0), (3.0, 4.0)])
def test_a_vector_without_a_direction_is_not_kept(vector: tuple[float, float]) -> None:
    vectors = Vectors()
    vectors.put("a", np.array(vector, np.float32))
    assert len(vectors) == 0


def test_equal_words_have_one_entry_which_is_the_latest() -> None:
    partition = Partition()
    partition.put(Entry("old", b"w", "Hi"), unit(1, 0))
    partition.put(Entry("new", b"w", "hi"), None)
    found = partition.of_words(b"w")
    assert found is not None
    assert found.key == "new"
    assert (len(partition), partition.embedded) == (1, 0)


def test_reports_count_where_they_lie_close() -> None:
    partition = Partition()
    partition.report(Wrong(b"w", unit(1, 0)))
    partition.report(Wrong(b"x", None))
    assert partition.is_wrong(b"x")
    assert not partition.is_wrong(b"y")
    assert partition.reports_near(unit(1, 0.1)) == 1
    assert partition.reports_near(unit(0, 1), unit(1, 0)) == 1
    assert partition.reports_near(unit(0, 1)) == 0
    assert partition.reports_near(unit(1, 0, 0)) == 0


def test_of_many_reports_the_latest_count() -> None:
    partition = Partition()
    for number in range(MOST_REPORTS + 9):
        partition.report(Wrong(bytes([number]), unit(1, 0)))
    assert partition.reports_near(unit(1, 0)) == MOST_REPORTS
    assert not partition.is_wrong(bytes([0]))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 6),
    st.lists(
        st.tuples(st.sampled_from(["put", "use", "drop"]), st.sampled_from("ABC"), KEYS),
        max_size=60,
    ),
)
def test_never_more_is_held_than_allowed(items: int, steps: list[tuple[str, str, str]]) -> None:
    """CA-10, CA-25."""
    index = Index(items)
    for what, context, key in steps:
        if what == "put":
            index.hold(context, Partition())
            index.put(context, entry(key), unit(1, 2))
        elif what == "use":
            index.get(context)
        else:
            index.drop(context, key)
        held = [len(p) for p in map(index.peek, "ABC") if p is not None]
        assert sum(held) == len(index) <= items
        assert len(held) <= items


def test_what_was_used_last_is_dropped_last() -> None:
    """CA-10."""
    index = Index(4)
    for context, names in (("A", ("a1", "a2")), ("B", ("b1", "b2"))):
        index.hold(context, Partition())
        for name in names:
            index.put(context, entry(name), None)
    a = index.get("A")
    assert a is not None
    a.used("a1")
    for name in ("a3", "a4", "a5"):
        index.put("A", entry(name), None)
    assert index.context_of("a1") == "A"
    assert [index.context_of(name) for name in ("b1", "b2", "a2")] == [None, None, None]


def test_a_partition_that_is_not_held_takes_nothing() -> None:
    index = Index(4)
    index.put("A", entry("a"), None)
    assert (len(index), index.peek("A")) == (0, None)
