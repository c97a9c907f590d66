"""
What goes wrong between us and a SonarQube server, beside the shared errors (an unknown project is
`NotFound`, a bad argument `InvalidInput`, a throttled token `RateLimited`, silence
`DeadlineExceeded`):

* SonarFailed           it cannot be reached, or what it sent is not its Web API
  + SonarUnauthorized   it does not know the token
  + SonarForbidden      it knows the token, and does not let it see this
"""

from typing import ClassVar

from pointsman.errors import Code, PointsmanError


class SonarFailed(PointsmanError):
    code: ClassVar[Code] = "no_backend"

    def __init__(self, why: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(f"SonarQube: {why}", hint=hint)
        self.status = status  # of HTTP, where there was one


class SonarUnauthorized(SonarFailed):
    code = "unauthorized"


class SonarForbidden(SonarFailed):
    code = "forbidden"
