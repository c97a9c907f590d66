"""How long an answer may be served: by what was asked, and by who answered (X-04)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pointsman.records import Category, Found, Remembered
from pointsman.settings import CacheSettings, ModelCacheSettings

LEAST_S = 60.0  # that an answer is fresh, whatever was learned


Share = Callable[[Category], float]


def usual(_: Category) -> float:
    """The whole of it, for every category."""
    return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The bounds of the settings; `share` of one is in force for a category, 0..1."""

    general_s: float
    time_sensitive_s: float
    pinned_s: float
    models: Mapping[str, ModelCacheSettings] = field(default_factory=dict[str, ModelCacheSettings])
    share: Share = usual

    def allows(self, found: Found) -> bool:
        return found.age_s < self.limit_s(found.remembered)

    def limit_s(self, remembered: Remembered) -> float:
        """For how many seconds after it was given an answer is fresh."""
        limit_s = self._class_s(remembered)
        given = self._of_model(remembered)
        if given is not None and given.ttl_s is not None:
            limit_s = min(limit_s, given.ttl_s)
        return max(min(limit_s, LEAST_S), limit_s * self.share(remembered.category))

    def keeps(self, remembered: Remembered) -> bool:
        """Whether answers of its model are kept at all."""
        given = self._of_model(remembered)
        return given is None or given.enabled

    def _class_s(self, remembered: Remembered) -> float:
        if remembered.time_sensitive:
            return self.time_sensitive_s
        return self.pinned_s if remembered.pinned else self.general_s

    def _of_model(self, remembered: Remembered) -> ModelCacheSettings | None:
        if not self.models:
            return None
        name = f"{remembered.provider}/{remembered.model}"
        return self.models.get(name, self.models.get(remembered.model))


def freshness_of(settings: CacheSettings, share: Share = usual) -> Freshness:
    return Freshness(
        general_s=settings.general_s,
        time_sensitive_s=settings.time_sensitive_s,
        pinned_s=settings.pinned_s,
        models=settings.models,
        share=share,
    )
