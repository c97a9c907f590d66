"""All engines."""

import os
import time
from collections.abc import Callable, Sequence

from pointsman.quality_settings import QualitySettings
from quality.checks.engine import Checks
from quality.engine import Engine, Facts
from quality.engines.advisories import Fetch
from quality.engines.bandit import Bandit
from quality.engines.cognitive import Cognitive
from quality.engines.dead_code import DeadCode
from quality.engines.dependencies import Dependencies
from quality.engines.duplication import Duplication
from quality.engines.javascript import JavaScript
from quality.engines.metrics import Metrics
from quality.engines.ruff import Ruff
from quality.engines.secrets import Secrets
from quality.engines.types import Types
from quality.flow.engine import FlowEngine


def make_engines(
    settings: QualitySettings,
    *,
    path: str = os.defpath,
    facts: Facts | None = None,
    fetch: Fetch | None = None,
    wall: Callable[[], float] = time.time,
    also: Sequence[Engine] = (),
) -> tuple[Engine, ...]:
    """Those that there are, and `also`, which take the place of one of the same name.

    It reads their rules from the disk.

    `dependencies` is among them only if the settings name it, since it asks a database on the
    network, by `fetch`, with the names and versions of the packages that are used.
    `path` is where programs may be that did not come with this Python. With `facts`, which the
    memory of `quality.remembering` is, an engine that looks at all files together reads only those
    that changed.
    """
    engines: tuple[Engine, ...] = (
        Ruff(path),
        JavaScript(path),
        Cognitive(settings.max_cognitive),
        Duplication(path),
        Secrets(),
        FlowEngine(settings.rules, facts),
        Types(path),
        Metrics(settings),
        DeadCode(facts),
        Bandit(),
        Checks(settings),
    )
    if "dependencies" in (settings.engines or ()):
        engines += (Dependencies(fetch, facts, wall),)
    return tuple({engine.name: engine for engine in (*engines, *also)}.values())
