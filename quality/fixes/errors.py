"""
What this room raises, beside the shared errors:

* Refused        a change that must not be offered; `why` goes back to whoever made it
* NotApplied     a fix was not written: the file changed, is outside the roots, or fixes collide
"""

from pointsman.errors import InvalidInput


class Refused(Exception):
    """A proposed change that is not offered."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotApplied(InvalidInput):
    """Nothing was written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} was left as it is: {why}.")
        self.path = path
        self.why = why
