"""What was learned from earlier calls, gathered for the decision on this one."""

from pointsman.records import Analysis, Call, CallRecord, Decision
from pointsman.seams import Embedding, Insight

NOTHING = Insight()


class NoExperience:
    """An experience that remembers nothing."""

    async def recall(
        self,
        call: Call,  # noqa: ARG002 - the protocol's signature
        analysis: Analysis,  # noqa: ARG002
        embedding: Embedding | None,  # noqa: ARG002
    ) -> Insight:
        return NOTHING

    def settled(
        self, call: Call, decision: Decision, record: CallRecord, embedding: Embedding | None
    ) -> None:
        """Learn nothing."""
