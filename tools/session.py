"""The `session` tool: what is kept of a session (SE-07)."""

from collections.abc import Awaitable, Callable

from pydantic import Field

from pointsman.errors import NotFound
from pointsman.moments import rfc3339
from pointsman.records import Category
from pointsman.sessions import Session
from tools.tool import Arguments, Caller, Result, Tool

Get = Callable[[str, str], Awaitable[Session | None]]


class SessionArguments(Arguments):
    session_id: str = Field(description="As it was given to `complete`")


class SessionResult(Result):
    session_id: str
    current_provider: str
    current_model: str
    current_topic: Category
    topic_history: list[Category]
    provider_history: list[str] = Field(description="provider/id of models")
    turns: int
    forced_moves: int
    updated_at: str


def session_tool(get: Get) -> Tool:
    """`get` finds a session by principal and id."""

    async def run(given: SessionArguments, caller: Caller) -> SessionResult:
        session = await get(caller.principal.id, given.session_id)
        if session is None:
            raise NotFound(f"There is no session {given.session_id[:80]!r}.")
        return result(session)

    return Tool(
        name="session",
        title="Show a session",
        description="What is kept of a session: its topics and the models that answered.",
        arguments=SessionArguments,
        result=SessionResult,
        run=run,
        read=_read,
        read_only=True,
        open_world=False,
        toolset="admin",
    )


def result(session: Session) -> SessionResult:
    provider, _, model = session.model.partition("/")
    return SessionResult(
        session_id=session.id,
        current_provider=provider,
        current_model=model,
        current_topic=session.topic,
        topic_history=list(session.topic_history),
        provider_history=list(session.provider_history),
        turns=session.turns,
        forced_moves=session.forced_moves,
        updated_at=rfc3339(session.updated_at),
    )


def _read(s: SessionResult) -> str:
    return (
        f"{s.current_topic} with {s.current_provider}/{s.current_model}; {s.turns} turns, "
        f"{s.forced_moves} forced moves; topics {' > '.join(s.topic_history)}; "
        f"models {' > '.join(s.provider_history)}; last used {s.updated_at}"
    )
