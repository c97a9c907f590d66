"""F-13: the parser of event streams, against a plain reading of the whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.sse import LINE_CAP, Event, EventParser, Malformed

LINES = st.sampled_from(
    ["data: a", "data:b", "data", "data:  ü", "event: x", "event:", ": ping", "id: 7", "", ""]
)


def plain(text: str) -> list[Event]:
    """All events of `text`, read in one go by the letter of the specification."""
    events: list[Event] = []
    data: list[str] = []
    name = ""
    for line in text.split("\n")[:-1]:
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if not line:
            if data:
                events.append(Event("\n".join(data), name or "message"))
            data, name = [], ""
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value
    return events


@given(
    lines=st.lists(LINES, max_size=30),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20),
)
def test_events_do_not_depend_on_where_the_bytes_are_cut(
    lines: list[str], newline: str, sizes: list[int]
) -> None:
    data = "".join(line + newline for line in lines).encode()
    parser, events, at = EventParser(), list[Event](), 0
    while at < len(data):
        size = sizes[at % len(sizes)]
        events += parser.feed(data[at : at + size])
        at += size
    assert events == plain("".join(line + "\n" for line in lines))


@given(chunks=st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_are_events_or_malformed(chunks: list[bytes]) -> None:
    parser = EventParser()
    try:
        for chunk in chunks:
            assert all(isinstance(event, Event) for event in parser.feed(chunk))
    except Malformed:
        pass


def test_a_line_may_be_long_but_not_endless() -> None:
    line = b"data: " + b"a" * (LINE_CAP - 6)
    assert len(list(EventParser().feed(line + b"\n\n"))) == 1
    with pytest.raises(Malformed):
        list(EventParser().feed(line + b"a"))


def test_a_line_that_never_ends_is_refused_as_it_grows() -> None:
    parser = EventParser()

    def endless() -> None:
        for _ in range(LINE_CAP):
            list(parser.feed(b"a" * 65_536))

    with pytest.raises(Malformed):
        endless()
