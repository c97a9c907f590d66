"""Questions that are answered from elsewhere."""

from collections.abc import Mapping

import anyio
import pytest

from agent.approval.board import Board
from pointsman.agents import Approver, Question, Ruling
from pointsman.errors import NotFound


def question(id: str, run_id: str = "r1") -> Question:
    return Question(id=id, run_id=run_id, kind="tool", text=f"May {id} run?")


class Asked:
    """A run that waits for answers."""

    def __init__(self, approver: Approver, *ids: str) -> None:
        self._approver, self._ids = approver, ids
        self.rulings: Mapping[str, Ruling] | None = None

    async def __call__(self) -> None:
        self.rulings = await self._approver.ask([question(id) for id in self._ids])


async def until_pending(board: Board, count: int) -> None:
    with anyio.fail_after(5):
        while len(board.pending("ann")) != count:
            await anyio.lowlevel.checkpoint()


async def test_all_questions_of_a_turn_are_answered_one_by_one() -> None:
    board = Board()
    run = Asked(board.approver("ann"), "a", "b")
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until_pending(board, 2)
        board.answer("r1", "b", "no", "ann")
        assert [one.id for one in board.pending("ann", "r1")] == ["a"]
        assert board.pending("ann", "r2") == []
        board.answer("r1", "a", "always", "ann")
    assert run.rulings == {"a": "always", "b": "no"}
    assert board.pending("ann") == []


async def test_nobody_answers_for_another_nor_twice_nor_for_another_run() -> None:
    """T-27: another's question is not found."""
    board = Board()
    run = Asked(board.approver("ann"), "a", "b")
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until_pending(board, 2)
        assert board.pending("bob") == []
        for run_id, id, principal in (("r1", "a", "bob"), ("r2", "a", "ann"), ("r1", "c", "ann")):
            with pytest.raises(NotFound):
                board.answer(run_id, id, "yes", principal)
        board.answer("r1", "a", "no", "ann")
        with pytest.raises(NotFound):
            board.answer("r1", "a", "yes", "ann")
        board.answer("r1", "b", "yes", "ann")
    assert run.rulings == {"a": "no", "b": "yes"}


async def test_a_run_that_gives_up_takes_its_questions_along() -> None:
    board = Board()
    run = Asked(board.approver("ann"), "a")
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await until_pending(board, 1)
        group.cancel_scope.cancel()
    assert board.pending("ann") == []
    with pytest.raises(NotFound):
        board.answer("r1", "a", "yes", "ann")


async def test_no_questions_wait_for_nobody() -> None:
    with anyio.fail_after(5):
        assert await Board().approver("ann").ask([]) == {}
