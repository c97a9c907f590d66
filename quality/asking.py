"""How this room asks a model, and what it hands to one that reads code nobody trusts."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pointsman.money import Nano


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said."""

    text: str
    cost: Nano | None = 0  # None: nobody knows


Ask = Callable[[str, str, Nano], Awaitable[Answer]]  # system's words, prompt, most it may cost


class Purse:
    """What may be spent on asking; what an ask may cost is set aside before it is made.

    The asks together keep to `most`, `at_once` of them at a time. A cost that nobody knows closes
    it.
    """

    def __init__(self, most: Nano, at_once: int = 1) -> None:
        self._left = most
        self._share = most // at_once
        self.spent: Nano | None = 0

    def take(self) -> Nano | None:
        """What the next ask may cost; None: there is nothing left.

        What costs nothing may be asked from an empty purse.
        """
        share = min(self._share, self._left)
        if self.spent is None or (share <= 0 and self.spent > 0):
            return None
        self._left -= share
        return share

    def pay(self, share: Nano, cost: Nano | None) -> None:
        """Put back what the ask left of its `share`."""
        self.spent = None if cost is None or self.spent is None else self.spent + cost
        self._left += share - (cost or 0)


def fenced(label: str, text: str, token: Callable[[], str] = lambda: secrets.token_hex(4)) -> str:
    """`text` between two marks that it cannot hold itself, so that it cannot pretend to end."""
    mark = token()
    while mark in text:
        mark += "0"
    return f"<<{label} {mark}>>\n{text.rstrip()}\n<<end {label} {mark}>>"
