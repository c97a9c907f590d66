"""
What this room raises beside the shared errors:

* EngineFailed   one engine broke off; the others go on, and the report names it
  + EngineCrashed   ... because its program died, mostly of one file
"""

from pointsman.errors import PointsmanError


class EngineFailed(PointsmanError):
    """An engine ended badly, ran out of time or gave what nobody can read."""

    def __init__(self, engine: str, why: str) -> None:
        super().__init__(f"{engine} {why}")
        self.engine = engine
        self.why = why


class EngineCrashed(EngineFailed):
    """An engine's program was ended by a signal that was none of ours."""
