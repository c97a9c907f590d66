"""Which answers are to be forgotten."""

from dataclasses import dataclass

from cache.key import scope_of
from pointsman.records import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """Takes the answers that are all it says; one that says nothing takes all."""

    scope: str | None = None
    model: str | None = None  # an id, or `provider/id`
    prefix: str | None = None  # of the key
    stored_before: float | None = None  # wall clock

    def takes(self, key: str, remembered: Remembered) -> bool:
        return (
            (self.scope is None or scope_of(key) == self.scope)
            and (self.prefix is None or key.startswith(self.prefix))
            and (self.stored_before is None or remembered.stored_at < self.stored_before)
            and self._is_of(remembered)
        )

    def _is_of(self, remembered: Remembered) -> bool:
        name = f"{remembered.provider}/{remembered.model}"
        return self.model is None or self.model in (remembered.model, name)
