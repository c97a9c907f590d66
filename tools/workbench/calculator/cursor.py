"""A place in the tokens of an expression, and the errors that name it."""

from collections.abc import Callable
from typing import TypeVar

from tools.workbench.calculator.exact import NoValue
from tools.workbench.calculator.lexer import Token, Unreadable

T = TypeVar("T")

MOST_DEPTH = 50  # of parentheses and powers


class Cursor:
    """The next token, and how deep inside others it is."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._next]

    @property
    def after(self) -> Token:
        """The token after the next one."""
        return self._tokens[self._next + 1]

    def step(self) -> Token:
        """The token that was next; now it is behind."""
        token = self.token
        self._next += 1
        return token

    def take(self, text: str) -> bool:
        """Whether that is the next token, which then is behind."""
        taken = self.token.text == text
        self._next += taken
        return taken

    def inside(self, opening: Token, read: Callable[[], T], *, closed: bool = True) -> T:
        """What `read` reads, one level deeper, and the parenthesis that closes it."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Unreadable(f"this is nested more than {MOST_DEPTH} deep", opening.at)
        found = read()
        if closed and not self.take(")"):
            raise self.unexpected("`)`")
        self.depth -= 1
        return found

    def do(self, token: Token, run: Callable[..., T], *given: object) -> T:
        """What `run` returns; what it cannot do, it could not do at `token`."""
        try:
            return run(*given)
        except Unreadable:
            raise
        except NoValue as error:
            raise Unreadable(str(error), token.at) from error

    def unexpected(self, wanted: str) -> Unreadable:
        token = self.token
        found = "the end" if token.kind == "end" else repr(token.text)
        return Unreadable(f"expected {wanted}, found {found}", token.at)
