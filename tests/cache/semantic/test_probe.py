"""Whether the answer to one prompt would be served for another, as a file of pairs is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cache.key import Keys
from cache.semantic.match import Judge
from cache.semantic.opening import read_judge
from cache.semantic.probe import Pair, Probe, Probed, read_pairs
from pointsman.errors import InvalidInput
from pointsman.records import Analysis, Call
from pointsman.seams import Embedding
from providers.embedding.local import LocalEmbedder
from providers.embedding.memo import RememberingEmbedder
from routing.prompt.analyst import Analyst
from tests.cache.semantic.parts import ToldJudge, WordEmbedder, gist, open_world, read, settings
from tests.conftest import MODELS
from tests.contract.cache import FakeTime

ONE = "explain how bubble sort works in detail"
LIKE = "explain in detail how bubble sort works for me"
NEAR = "explain how heap sort works in detail"


@dataclass
class Understood:
    analysis: Analysis
    embedding: Embedding | None


def make_probe(judge: ToldJudge, embedder: WordEmbedder | None = None, **given: object) -> Probe:
    words = embedder or WordEmbedder()

    async def understand(call: Call) -> Understood:
        return Understood(read(call), await words.embed(gist(call)))

    return Probe(
        settings=settings(**given),
        keys=Keys(),
        judge=judge,
        embedder=words,
        understand=understand,
        clock=FakeTime().clock,
    )


async def probed(probe: Probe, *pairs: tuple[str, str]) -> list[Probed]:
    given = [Pair(id=number, a=a, b=b) for number, (a, b) in enumerate(pairs)]
    return [one async for one in probe.results(given)]


@pytest.fixture
def judge() -> ToldJudge:
    judge = ToldJudge()
    judge.say(ONE, LIKE, 0.97)
    return judge


@pytest.mark.parametrize(
    ("a", "b", "hit", "reason"),
    [
        (ONE, ONE, True, "the same prompt"),
        ("What's on today?", "What's on today?", True, "the same prompt"),
        ("cafe\u0301", "caf\u00e9", True, "the same prompt"),
        (ONE, f" {ONE.upper()}?", True, "same words"),
        (ONE, LIKE, True, "same meaning (p 0.97)"),
        (ONE, NEAR, False, "nothing in common"),
        (ONE, "a haiku about snow", False, "below 0.80"),
        ("What's on today?", "what's on today", False, "not eligible: time-sensitive"),
        (ONE, "continue", False, "not eligible: says nothing by itself"),
        ("", ONE, False, "not eligible: empty"),
    ],
)
async def test_a_pair_is_told_as_a_call_would_find_it(
    judge: ToldJudge, a: str, b: str, hit: bool, reason: str
) -> None:
    (one,) = await probed(make_probe(judge), (a, b))
    assert (one.hit, one.reason) == (hit, reason)
    assert one.layer == ("memory" if hit else None)
    assert not hit or (one.similarity is not None and one.similarity >= 0.8)


@pytest.mark.parametrize("b", [ONE.upper(), LIKE, NEAR, "something else", "continue", "today?"])
async def test_a_pair_is_told_as_a_process_serves_it(
    judge: ToldJudge, tmp_path: Path, b: str
) -> None:
    (one,) = await probed(make_probe(judge), (ONE, b))
    async with open_world(tmp_path, judge) as world:
        await world.answer(ONE)
        found = await world.find(b)
    assert one.hit == (found is not None)
    if found is not None:
        assert one.similarity == pytest.approx(found.similarity, abs=1e-4)


async def test_each_pair_has_a_cache_of_its_own(judge: ToldJudge) -> None:
    told = await probed(make_probe(judge), (ONE, NEAR), (NEAR, LIKE), (LIKE, ONE))
    assert [(one.id, one.hit) for one in told] == [(0, False), (1, False), (2, True)]


async def test_without_an_embedding_only_the_same_words_are_told(judge: ToldJudge) -> None:
    probe = make_probe(judge, WordEmbedder(working=False))
    told = await probed(probe, (ONE, ONE.upper()), (ONE, LIKE))
    assert [(one.hit, one.reason) for one in told] == [
        (True, "same words"),
        (False, "no embedding"),
    ]


@pytest.mark.parametrize(
    ("given", "hits"), [({"semantic": False}, [True, False]), ({"enabled": False}, [False, False])]
)
async def test_what_is_switched_off_serves_nothing(
    judge: ToldJudge, given: dict[str, Any], hits: list[bool]
) -> None:
    told = await probed(make_probe(judge, **given), (ONE, ONE), (ONE, LIKE))
    assert [one.hit for one in told] == hits


async def test_a_file_of_pairs_becomes_a_file_of_results(judge: ToldJudge, tmp_path: Path) -> None:
    pairs = [
        {"id": "x-1", "a": ONE, "b": LIKE, "label": 1},
        {"id": 7, "a": "line\u2028separator", "b": NEAR},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    text = "\n\n".join(json.dumps(pair, ensure_ascii=False) for pair in pairs)
    source.write_text(text + "\n", encoding="utf-8")
    assert await make_probe(judge).file(source, target) == (2, 1)
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["hit"], line["layer"]) for line in lines] == [
        ("x-1", True, "memory"),
        (7, False, None),
    ]
    assert set(lines[0]) == {"id", "hit", "layer", "similarity", "reason"}


@pytest.mark.parametrize(
    "id", ["1.5", "null", "true", '[1, {"x": null}]', "123456789012345678901234567890", '"\\udc00"']
)
async def test_an_id_comes_back_as_it_was(judge: ToldJudge, tmp_path: Path, id: str) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f'\ufeff{{"id": {id}, "a": "{ONE}", "b": "{LIKE}"}}\r\n', encoding="utf-8")
    assert await make_probe(judge).file(source, target) == (1, 1)
    assert json.loads(target.read_text(encoding="utf-8"))["id"] == json.loads(id)


async def test_half_of_a_surrogate_pair_costs_only_its_own_pair(
    judge: ToldJudge, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    halves = [(f"{ONE} \ud800", LIKE), (ONE, f"{LIKE} \udc00"), (ONE, LIKE)]
    lines = [json.dumps({"id": n, "a": a, "b": b}) for n, (a, b) in enumerate(halves)]
    source.write_text("\n".join(lines), encoding="utf-8")
    assert await make_probe(judge).file(source, target) == (3, 1)
    told = [json.loads(line)["reason"] for line in target.read_text().splitlines()]
    assert told == ["not text: half of a surrogate pair"] * 2 + ["same meaning (p 0.97)"]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '"text"', '{"id": 1, "a": "x"}', '{"id": 1, "a": "x", "b": 2}', '{"a":"","b":""}'],
)
async def test_a_line_that_is_no_pair_is_named_before_anything_is_written(
    judge: ToldJudge, tmp_path: Path, line: str
) -> None:
    good = json.dumps({"id": 1, "a": "secret words", "b": "b"})
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f"{good}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="Line 3"):
        await make_probe(judge).file(source, target)
    assert not target.exists()
    with pytest.raises(InvalidInput):
        list(read_pairs([line]))


@pytest.fixture(scope="module")
def shipped() -> Judge:
    return read_judge(LocalEmbedder(MODELS))


@pytest.fixture
async def real(shipped: Judge) -> Probe:
    """The small model and the shipped verifier, as a process has them."""
    embedder = LocalEmbedder(MODELS)
    await embedder.load()
    remembering = RememberingEmbedder(embedder)
    return Probe(
        settings=settings(),
        keys=Keys(),
        judge=shipped,
        embedder=remembering,
        understand=Analyst(embedder=remembering).understand,
        clock=FakeTime().clock,
    )


@pytest.mark.parametrize(
    ("a", "b", "hit"),
    [
        ("Explain bubble sort", "explain bubble sort, please!", True),
        ("Solve 2x+5=15", "Solve 2x+5=25", False),
        ("Solve 2x+5=15", "solve 2x + 5 = 15", True),
        ("Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?", False),
        ("What is the capital of Austria?", "What is the capital of Australia?", False),
        ("Convert 5 miles to km", "Convert 5 km to miles", False),
        ("How do I sort a list in Python?", "How do I sort a list in Java?", False),
        ("What does len() return?", "What does max() return?", False),
    ],
)
async def test_look_alikes_are_told_apart(real: Probe, a: str, b: str, hit: bool) -> None:
    """AT-005, T-50."""
    for one in await probed(real, (a, b), (b, a)):
        assert one.hit == hit, one


async def test_a_paraphrase_is_a_candidate(real: Probe) -> None:
    """AT-005."""
    a, b = "Explain bubble sort", "Explain how bubble sort works"
    for one in await probed(real, (a, b), (b, a)):
        assert one.similarity is not None
        assert one.similarity >= real.settings.adapt_similarity
        assert "(p 0." in one.reason
