"""The talk with a model about one finding: what it is asked, and what its answers come to."""

from quality.finding import Finding
from quality.fixes.answer import UNCHANGED, proposed
from quality.fixes.judging import Before
from quality.fixes.passage import passage, statement
from quality.fixes.prompt import again, narrow, prompt


class Talk:
    def __init__(self, finding: Finding, before: Before) -> None:
        self._finding, self._before = finding, before
        self._tree = before.parsed.tree
        self._around = self._asked = passage(before.text, self._tree, finding.place)
        self._first = self.said = prompt(finding, before.text, self._tree, self._around)

    @property
    def does(self) -> str:
        """What a fix out of it did."""
        return f"a model changed {self._around.function or f'line {self._around.start}'}"

    def heard(self, answer: str) -> str:
        """The file as `answer` has it.

        Raises:
            Refused: it has no code that can be put in.
        """
        return proposed(answer, self._before.text, self._finding.place.path, self._asked)

    def refuse(self, answer: str, why: str) -> None:
        """What is asked next: the same with the reason; a small model, that copies, for less."""
        only = statement(self._before.text, self._tree, self._finding.place)
        if why == UNCHANGED and only is not None and self._asked is self._around:
            self._asked = only
            self._first = self.said = narrow(
                self._finding, self._before.text, self._tree, self._around, only
            )
        else:
            self.said = again(self._first, answer, why)
