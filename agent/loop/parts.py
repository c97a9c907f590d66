"""What the parts of one run work with."""

from dataclasses import dataclass

from agent.loop.journal import Journal
from agent.loop.seams import Compact, Complete, Toolbox, Window
from agent.loop.state import State
from agent.untrusted.secrets import Secrets
from pointsman.agent_settings import AgentSettings, Approve
from pointsman.agents import Approver, RunBook

SOFT = 0.9  # of tokens and time: the rest is for the answer at the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    complete: Complete
    toolbox: Toolbox
    approver: Approver
    book: RunBook
    journal: Journal
    settings: AgentSettings
    secrets: Secrets
    compact: Compact | None
    window: Window

    @property
    def state(self) -> State:
        return self.journal.state

    @property
    def mode(self) -> Approve:
        return self.state.task.approve or self.settings.approve

    @property
    def left_s(self) -> float:
        """Of the run's time."""
        return (self.state.task.deadline_s or 0.0) - self.journal.watch.spent_s

    @property
    def work_left_s(self) -> float:
        """Of the run's time, but for what is kept for the answer at its end."""
        return self.left_s - (1 - SOFT) * (self.state.task.deadline_s or 0.0)

    @property
    def most_bytes(self) -> int:
        """Of a result that the model is shown."""
        return int(self.settings.result_kb * 1024)
