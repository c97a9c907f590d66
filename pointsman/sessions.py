"""What is kept of turns that belong together: their topic, who answered, and what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.records import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The last conversation that one model was sent in a session, by its fingerprint only."""

    at: float  # wall clock
    messages: int
    digest: str  # of those messages
    tokens: int  # of input, as the provider counted them


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of one principal; the last of each history is what holds now."""

    principal: str
    id: str
    topic_history: tuple[Category, ...]  # grows when the topic changes
    provider_history: tuple[str, ...]  # `provider/id` of a model; grows when another answers
    turns: int
    forced_moves: int  # turns on the same topic whose model could not answer
    updated_at: float  # wall clock
    sent: Mapping[str, Sent] = field(default_factory=dict[str, Sent])  # by `provider/id`

    @property
    def topic(self) -> Category:
        return self.topic_history[-1]

    @property
    def model(self) -> str:
        """`provider/id` of the model that answered the last turn."""
        return self.provider_history[-1]
