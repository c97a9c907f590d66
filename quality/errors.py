"""
What this room raises beside the shared errors:

* EngineFailed   one engine broke off; the others go on, and the report names it
"""

from pointsman.errors import PointsmanError


class EngineFailed(PointsmanError):
    """An engine ended badly, ran out of time or gave what nobody can read."""

    def __init__(self, engine: str, why: str) -> None:
        super().__init__(f"{engine} {why}")
        self.engine = engine
        self.why = why
