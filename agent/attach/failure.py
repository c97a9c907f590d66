"""Why a server could not be attached, or was lost."""


class Failed(Exception):
    """The connection is over."""

    def __init__(self, problem: str, *, again: bool = True) -> None:
        super().__init__(problem)
        self.problem = problem  # for a person: plain, no key, no URL
        self.again = again  # it may be another time
