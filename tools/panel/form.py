"""What the `panel` tool is asked with, and what it gives."""

from typing import Annotated, Literal

from pydantic import Field

from pointsman.errors import InvalidInput
from tools.asking import LONGEST_PROMPT
from tools.tool import Arguments, Result

Mode = Literal["compare", "consensus", "debate", "relay"]
MOST_MEMBERS = 8
USUAL_MEMBERS = 3
ROUNDS = 2  # of a debate, if nobody says
SIZES: dict[Mode, tuple[int, int]] = {  # how many models each mode takes
    "compare": (2, MOST_MEMBERS),
    "consensus": (3, 5),
    "debate": (1, 4),
    "relay": (1, 4),
}


class PanelArguments(Arguments):
    prompt: str
    mode: Mode = "compare"
    models: list[str] | None = Field(
        default=None, description="ids; debate: pro, con, judge, moderator; relay: by stage"
    )
    rounds: int | None = Field(default=None, ge=1, le=5, description="of a debate")
    judge: str | None = Field(default=None, max_length=200, description="model id")
    system: str | None = None
    weighted: bool = Field(default=False, description="consensus: votes count by model quality")
    audience_s: float = Field(
        default=0, ge=0, le=600, allow_inf_nan=False, description="debate: wait for votes"
    )
    max_cost_usd: Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)] = None
    deadline_ms: Annotated[int | None, Field(ge=1, le=3_600_000)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None

    def check(self) -> None:
        """See that it can be asked, before anything is.

        Raises:
            InvalidInput: the prompt is too long, or there are too few or too many models.
        """
        if len(self.prompt) + len(self.system or "") > LONGEST_PROMPT // MOST_MEMBERS:
            raise InvalidInput(
                f"A panel takes prompts of at most {LONGEST_PROMPT // MOST_MEMBERS:,} characters.",
                hint="Send the part that matters.",
            )
        least, most = SIZES[self.mode]
        if self.models is not None and not least <= len(self.models) <= most:
            raise InvalidInput(
                f"A {self.mode} takes {least} to {most} models; {len(self.models)} were given.",
                hint="Leave 'models' out to have them chosen.",
            )


class MemberOut(Result):
    model: str
    role: str | None = None
    text: str
    cost_usd: float | None
    latency_ms: float
    cached: bool = False
    error: str | None = None


class TurnOut(Result):
    role: str
    round: int | None = None
    model: str
    text: str


class DissentOut(Result):
    models: list[str]
    text: str


class VotesOut(Result):
    pro: int
    con: int


class PanelResult(Result):
    answer: str | None = None
    members: list[MemberOut]
    agreement: float | None = None
    dissent: list[DissentOut]
    transcript: list[TurnOut]
    winner: Literal["pro", "con", "draw"] | None = None
    debate_id: str | None = None
    votes: VotesOut | None = None
    cost_usd: float | None
    warnings: list[str] | None = None
