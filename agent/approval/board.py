"""Open questions on a board, for people who answer over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from pointsman.agents import Approver, Question, Ruling
from pointsman.errors import NotFound


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What one run asked at once."""

    principal: str
    questions: Mapping[str, Question]  # by id
    rulings: dict[str, Ruling] = field(default_factory=dict[str, Ruling])
    complete: anyio.Event = field(default_factory=anyio.Event)

    @property
    def open(self) -> list[Question]:
        return [one for id, one in self.questions.items() if id not in self.rulings]


class Board:
    """All that is being asked in this process. A question is there as long as its run waits."""

    def __init__(self) -> None:
        self._sheets: list[_Sheet] = []

    def approver(self, principal: str) -> Approver:
        """Asks by the board, and waits until every question is answered: bound the wait."""
        return _Pinning(self._sheets, principal)

    def pending(self, principal: str, run_id: str | None = None) -> Sequence[Question]:
        """The open questions of `principal`, in the order they were asked; of one run, if named."""
        return [
            question
            for sheet in self._sheets
            if sheet.principal == principal
            for question in sheet.open
            if run_id in (None, question.run_id)
        ]

    def answer(self, run_id: str, question_id: str, ruling: Ruling, principal: str) -> None:
        """Answer one of the principal's own questions, once.

        Raises:
            NotFound: it is not open: answered already, given up, of another, or never asked.
        """
        for sheet in self._sheets:
            question = sheet.questions.get(question_id)
            if (
                question is not None
                and question.run_id == run_id
                and sheet.principal == principal
                and question_id not in sheet.rulings
            ):
                sheet.rulings[question_id] = ruling
                if not sheet.open:
                    sheet.complete.set()
                return
        raise NotFound("No such question is open.", hint="List the open questions of the run.")


@dataclass(frozen=True, slots=True)
class _Pinning:
    sheets: list[_Sheet]
    principal: str

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        sheet = _Sheet(self.principal, {question.id: question for question in questions})
        if not questions:
            return {}
        self.sheets.append(sheet)
        try:
            await sheet.complete.wait()
        finally:
            # By identity: two runs may ask the very same.
            self.sheets[:] = [other for other in self.sheets if other is not sheet]
        return sheet.rulings
