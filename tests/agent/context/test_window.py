"""A conversation made to fit: what stays, what goes, and that it comes back. MM-06, MM-07, MM-08"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.context.blocks import SUMMARY, blocks
from agent.context.record import Fitted, undone
from agent.context.shorten import HEAD
from agent.context.window import NoRoom, Window
from agent.results import cut
from pointsman.errors import DeadlineExceeded, NotFound, StorageFailed
from pointsman.types import Message, ToolCall
from tests.agent.context.talk import (
    Cheap,
    Shelf,
    conversations,
    paired,
    say,
    tokens,
    used,
    window,
)

STRATEGIES = ["sliding", "importance", "summary", "hybrid"]
CHAT = [
    say("system", "You are terse."),
    say("user", "Plan the release of version 2.4.1."),
    *(say("assistant" if n % 2 else "user", f"{n}: small talk, nothing more") for n in range(20)),
    say("assistant", "We decided: SQLite must stay, the port is 8642."),
    *(say("user" if n % 2 else "assistant", f"{n}: chatter and chatter") for n in range(20)),
    say("user", "Now go on."),
]


async def test_a_conversation_that_fits_is_not_touched() -> None:
    shelf = Shelf()
    fitted = await window(shelf).fit(CHAT, tokens(CHAT))
    assert fitted.messages == tuple(CHAT)
    assert fitted.compaction is None
    assert {mark.fate for mark in fitted.marks} == {"kept"}
    assert not shelf.texts


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_what_was_done_is_told_and_can_be_undone(strategy: str) -> None:
    """MM-08: shown, and reconstructed"""
    w = window(strategy=strategy, complete=Cheap())
    fitted = await w.fit(CHAT, 400)
    done = fitted.compaction
    assert done is not None
    assert (done.tokens_before, done.tokens_after) == (tokens(CHAT), tokens(fitted.messages))
    assert done.tokens_after <= 400 * 0.7
    originals = await w.restore(done.handle)
    assert tuple(sorted(originals)) == done.compressed
    assert undone(fitted, originals) == tuple(CHAT)


async def test_sliding_keeps_the_last_that_fit() -> None:
    fitted = await window(strategy="sliding").fit(CHAT, 400)
    kept = [mark.sources[0] for mark in fitted.marks]
    assert kept[:2] == [0, 1]  # the system prompt and the task
    assert kept[2:] == list(range(kept[2], len(CHAT)))


async def test_sliding_leaves_no_gap_where_a_long_message_does_not_fit() -> None:
    talk = [*CHAT[:30], say("assistant", "long " * 400), *CHAT[30:]]
    fitted = await window(strategy="sliding").fit(talk, 600)
    kept = [mark.sources[0] for mark in fitted.marks]
    assert kept == [0, 1, *range(31, len(talk))]


async def test_importance_keeps_what_was_decided_and_lets_go_of_chatter() -> None:
    fitted = await window(strategy="importance").fit(CHAT, 400)
    assert any("decided" in message.content for message in fitted.messages)
    slid = await window(strategy="sliding").fit(CHAT, 400)
    assert not any("decided" in message.content for message in slid.messages)


@pytest.mark.parametrize("strategy", ["summary", "hybrid"])
async def test_the_older_part_is_summed_up_by_the_cheap_tier(strategy: str) -> None:
    """AT-206, MM-07"""
    cheap = Cheap()
    fitted = await window(strategy=strategy, complete=cheap).fit(CHAT, 400)
    (call,) = cheap.asked
    assert (call.prefer, call.tool) == ("cheap", "context")
    assert "small talk" in call.request.messages[1].content
    (summary,) = [m for m in fitted.messages if m.content.startswith(SUMMARY)]
    assert "port is 8642" in summary.content
    done = fitted.compaction
    assert done is not None
    assert (done.model, done.cost, done.summary_tokens) == ("a/cheap", 7, 110)
    (mark,) = [mark for mark in fitted.marks if mark.fate == "summary"]
    assert len(mark.sources) > 10
    assert done.handle in summary.content


async def test_facts_that_the_summary_lost_are_added_to_it() -> None:
    talk = [*CHAT[:12], say("user", "Deploy to `web-7` at 10.20.30.40."), *CHAT[12:22], *CHAT[23:]]
    w = window(strategy="summary", complete=Cheap("They talked about a server."))
    fitted = await w.fit(talk, 400)
    (summary,) = [m for m in fitted.messages if m.content.startswith(SUMMARY)]
    assert "web-7" in summary.content
    assert "10.20.30.40" in summary.content


async def test_a_summary_that_is_too_long_is_cut() -> None:
    fitted = await window(strategy="summary", complete=Cheap("word " * 5_000)).fit(CHAT, 400)
    assert tokens(fitted.messages) <= 400 * 0.7


@pytest.mark.parametrize("cheap", [Cheap(error=DeadlineExceeded("late")), Cheap(text=" "), None])
@pytest.mark.parametrize("strategy", ["summary", "hybrid"])
async def test_where_no_model_sums_up_importance_decides_and_that_is_told(
    strategy: str, cheap: Cheap | None
) -> None:
    fitted = await window(strategy=strategy, complete=cheap).fit(CHAT, 400)
    assert fitted.compaction is not None
    assert fitted.compaction.strategy == "importance"
    assert fitted.compaction.notes[0].startswith("no summary")
    assert not any(m.content.startswith(SUMMARY) for m in fitted.messages)
    assert tokens(fitted.messages) <= 400 * 0.7


async def test_a_summary_is_summed_up_with_the_rest_next_time() -> None:
    w = window(strategy="summary", complete=(cheap := Cheap()))
    first = await w.fit(CHAT, 400)
    grown = [*first.messages, *CHAT[2:]]
    second = await w.fit(grown, 400)
    assert len([m for m in second.messages if m.content.startswith(SUMMARY)]) == 1
    assert SUMMARY in cheap.asked[1].request.messages[1].content


async def test_an_agent_s_summary_is_not_taken_for_the_word_of_its_person() -> None:
    def work(n: int) -> list[Message]:
        return [say("assistant", f"{n}-{m}: I went on and on with it") for m in range(40)]

    w = window(strategy="summary", complete=Cheap())
    first = await w.fit([*CHAT[:2], *work(1)], 400)
    second = await w.fit([*first.messages, *work(2)], 400)
    assert len([m for m in second.messages if m.content.startswith(SUMMARY)]) == 1


# --- tools ------------------------------------------------------------------------------------

WORK = [
    say("system", "You are an agent."),
    say("user", "Find the bug."),
    *used("a", "x = 1\n" * 800),
    *used("b", "y = 2\n" * 800, "z = 3\n" * 10),
    *used("c", "the end"),
    say("assistant", "I looked at both."),
]


async def test_old_results_are_shortened_before_anything_is_dropped() -> None:
    cheap = Cheap()
    fitted = await window(complete=cheap).fit(WORK, 2_500)
    assert [mark.fate for mark in fitted.marks] == [
        "kept", "kept", "kept", "shortened", *["kept"] * 6
    ]  # fmt: skip
    assert len(fitted.messages) == len(WORK)
    assert fitted.messages[3].tool_call_id == "a0"
    assert len(fitted.messages[3].content) < 600
    assert not cheap.asked  # no money is spent where it need not be
    assert paired(fitted.messages)


async def test_a_shortened_result_says_how_to_read_the_whole() -> None:
    shelf = Shelf()
    fitted = await window(shelf, readable=True).fit(WORK, 2_500)
    assert f'read_result(handle="1-3", offset={HEAD})' in fitted.messages[3].content
    assert shelf.texts["1-3"] == WORK[3].content


async def test_a_result_that_was_cut_before_keeps_its_own_handle() -> None:
    shown = cut("x = 1\n" * 9_000, 4_000, "r7")
    assert shown is not None
    work = [*WORK[:3], replace(WORK[3], content=shown), *WORK[4:]]
    shelf = Shelf()
    fitted = await window(shelf, readable=True).fit(work, 2_000)
    assert 'handle="r7"' in fitted.messages[3].content
    assert "1-3" not in shelf.texts


async def test_a_call_that_waits_for_its_result_stays() -> None:
    asks = Message("assistant", "", (ToolCall("q", "slow", "{}"),))
    talk = [*CHAT[:10], asks, *CHAT[10:]]
    fitted = await window(strategy="sliding").fit(talk, 400)
    assert asks in fitted.messages


async def test_results_without_a_call_do_not_break_it() -> None:
    talk = [*CHAT[:5], Message("tool", "lost", (), "nobody"), *CHAT[5:]]
    fitted = await window(strategy="importance").fit(talk, 400)
    assert tokens(fitted.messages) <= 400


# --- limits -----------------------------------------------------------------------------------


async def test_what_must_stay_and_does_not_fit_is_refused_with_the_figures() -> None:
    talk = [say("system", "rule " * 900), *CHAT[1:]]
    shelf = Shelf()
    with pytest.raises(NoRoom) as caught:
        await window(shelf, complete=(cheap := Cheap())).fit(talk, 400)
    assert caught.value.room == 400
    assert caught.value.floor > 1_000
    assert not cheap.asked
    assert not shelf.texts


async def test_fewer_recent_turns_are_kept_where_so_many_do_not_fit() -> None:
    talk = [*CHAT[:10], *(say("user", "long " * 100) for _ in range(4)), say("user", "Go on.")]
    fitted = await window(recent=5, least_recent=1, strategy="sliding").fit(talk, 500)
    assert fitted.messages[-1].content == "Go on."
    with pytest.raises(NoRoom):
        await window(recent=5, least_recent=5, strategy="sliding").fit(talk, 500)


async def test_room_is_left_so_that_the_next_turns_need_nothing() -> None:
    w = window(strategy="hybrid", complete=(cheap := Cheap()))
    talk = list((await w.fit(CHAT, 600)).messages)
    for n in range(5):
        talk.append(say("user", f"{n}: a short turn more"))
        fitted = await w.fit(talk, 600)
        assert fitted.compaction is None
        assert fitted.messages[: len(talk)] == tuple(talk)  # it only grows: prompt caches hold
    assert len(cheap.asked) == 1


async def test_what_cannot_be_kept_is_not_taken_away() -> None:
    async def full(_handle: str, _text: str) -> None:
        raise StorageFailed("The disk is full.")

    with pytest.raises(StorageFailed) as caught:
        await window(keep=full, complete=Cheap()).fit(CHAT, 400)
    assert caught.value.cost == 7  # of the summary, which is paid for


@pytest.mark.parametrize("text", [None, "no JSON", '{"a": 1}', '[{"role": "user"}]'])
async def test_a_handle_that_leads_nowhere_is_told(text: str | None) -> None:
    shelf = Shelf()
    if text is not None:
        shelf.texts["h"] = text
    with pytest.raises(NotFound):
        await window(shelf).restore("h")


async def test_the_loop_is_told_in_a_line() -> None:
    cheap = Cheap()
    shorter = await window(complete=cheap).compact(CHAT, 400, 50)
    assert tokens(shorter.messages) <= 400
    assert (shorter.cost, shorter.tokens) == (7, 110)
    assert "a/cheap" in shorter.note
    assert (await window().compact(CHAT, 10_000, 0)).note == ""
    assert [call.max_cost for call in cheap.asked] == [50]


# --- what holds for any conversation ----------------------------------------------------------


async def fit_or_refuse(
    w: Window, talk: list[Message], room: int, pinned: frozenset[int]
) -> Fitted | NoRoom:
    try:
        return await w.fit(talk, room, pinned)
    except NoRoom as refusal:
        return refusal


@given(
    talk=conversations(),
    room=st.integers(40, 3_000),
    strategy=st.sampled_from(STRATEGIES),
    pins=st.frozensets(st.integers(0, 60), max_size=3),
    recent=st.integers(0, 4),
    filled=st.sampled_from([0.5, 0.7, 1.0]),
    readable=st.booleans(),
    model=st.sampled_from(["They chose 42.", "", None, "long " * 3_000]),
)
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
async def test_any_conversation_fits_or_is_refused(
    talk: list[Message],
    room: int,
    strategy: str,
    pins: frozenset[int],
    recent: int,
    filled: float,
    readable: bool,
    model: str | None,
) -> None:
    pinned = frozenset(n for n in pins if n < len(talk))
    cheap = None if model is None else Cheap(model)
    w = window(
        strategy=strategy,
        complete=cheap,
        recent=recent,
        least_recent=recent,
        filled=filled,
        readable=readable,
    )
    fitted = await fit_or_refuse(w, talk, room, pinned)
    if isinstance(fitted, NoRoom):
        assert fitted.floor > room
        return
    shown = fitted.messages
    assert tokens(shown) <= room
    assert paired(shown) == paired(talk)
    pieces = blocks(talk)
    last = {n for piece in pieces[len(pieces) - recent :] for n in piece.indices}
    must = pinned | last | {0, 1}
    kept = {m.sources[0]: shown[n] for n, m in enumerate(fitted.marks) if m.fate == "kept"}
    assert must <= kept.keys()
    assert all(kept[n] == talk[n] for n in kept)
    firsts = [mark.sources[0] for mark in fitted.marks]
    assert firsts == sorted(firsts)
    assert {shown[n].content for n in fitted.pinned} == {talk[n].content for n in pinned}
    for message, mark in zip(shown, fitted.marks, strict=True):
        if mark.fate == "summary":
            assert message.content.startswith(SUMMARY)
        elif mark.fate == "shortened":
            original = talk[mark.sources[0]]
            assert (message.role, message.tool_call_id) == ("tool", original.tool_call_id)
            assert message.content[:HEAD] == original.content[:HEAD]
    if fitted.compaction is None:
        assert shown == tuple(talk)
    else:
        assert undone(fitted, await w.restore(fitted.compaction.handle)) == tuple(talk)


def test_blocks_are_the_conversation_in_order() -> None:
    pieces = blocks(WORK)
    assert [n for piece in pieces for n in piece.indices] == list(range(len(WORK)))
    assert [len(piece.indices) for piece in pieces] == [1, 1, 2, 3, 2, 1]
