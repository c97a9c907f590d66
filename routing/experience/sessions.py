"""Sessions: the turns of one topic stay with one model, and what its provider's cache is worth.

A session belongs to a principal: another's session of the same id is another session. Turns that
the answer cache serves reach no provider and leave the session as it is.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from pointsman.errors import StorageFailed
from pointsman.evidence import First
from pointsman.records import Analysis, Call, CallRecord
from pointsman.seams import Clock
from pointsman.sessions import Sent, Session
from pointsman.types import ChatRequest, Model
from routing.experience.topic import leaves

CACHE_TTL_S = 300.0  # providers keep a prompt for 5 to 10 minutes after it was last used
LEAST_CACHED = 1024  # tokens; shorter prompts are not cached by the providers that say
HISTORY = 50  # entries of each history that are kept
MODELS_KEPT = 4  # of those that were sent this conversation
MARGIN = 0.25  # of a good answer: the session's model yields to one expected to be that much better

T = TypeVar("T")


class Store(Protocol):
    """Where sessions are kept."""

    async def get(self, principal: str, session_id: str) -> Session | None: ...

    def recent(self, principal: str, session_id: str) -> Session | None:
        """The session if it was asked for or saved lately; nothing is waited for."""
        ...

    def save(self, session: Session) -> None:
        """Keep it; `get` and `recent` give it from now on, and it is written soon."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """What a session says of the call that continues it."""

    session: Session | None = None
    changed: bool = False  # the topic, by this call
    first: First | None = None  # who answered the topic's last turn
    stages: tuple[str, ...] = ()
    cached: Mapping[str, int] = field(default_factory=dict[str, int])  # by `provider/id`

    def cached_tokens(self, model: Model) -> int:
        """How many tokens of this call's prompt the provider likely has in its prompt cache."""
        return self.cached.get(model.name, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    store: Store
    clock: Clock
    idle_s: float  # after which a session is a new one

    async def recall(self, call: Call, analysis: Analysis) -> SessionView:
        """What the session of `call` says; a call without a session id stands alone."""
        if call.session_id is None:
            return SessionView()
        try:
            found = await self.store.get(call.principal.id, call.session_id)
        except StorageFailed:
            return SessionView(stages=("session: it could not be read",))
        session = self._alive(found)
        if session is None:
            return SessionView(stages=("session: new",))
        changed = _changes(session, call, analysis)
        left = f"topic changed: {session.topic} -> {analysis.category}"
        claim = First(model=session.model, stage="same-topic session", margin=MARGIN)
        return SessionView(
            session=session,
            changed=changed,
            first=None if changed else claim,
            stages=(left if changed else f"same topic: {session.topic}",),
            cached=self._cached(session, call.request),
        )

    def settled(self, call: Call, analysis: Analysis, record: CallRecord) -> None:
        """Keep what this call's end adds to its session; only an answered one does."""
        if call.session_id is None or record.provider is None or record.cache.hit:
            return
        before = self._alive(self.store.recent(call.principal.id, call.session_id))
        model = f"{record.provider}/{record.model}"
        changed = before is not None and _changes(before, call, analysis)
        forced = before is not None and not changed and _forced(before.model, call, record)
        old = before or _new(call.principal.id, call.session_id, record.at)
        topics = old.topic_history
        self.store.save(
            replace(
                old,
                topic_history=topics if topics and not changed else _on(topics, analysis.category),
                provider_history=_on(old.provider_history, model),
                turns=old.turns + 1,
                forced_moves=old.forced_moves + forced,
                updated_at=record.at,
                sent=_sent_with(old.sent, model, call.request, record),
            )
        )

    def _alive(self, session: Session | None) -> Session | None:
        if session is None or session.updated_at + self.idle_s < self.clock.wall():
            return None
        return session

    def _cached(self, session: Session, request: ChatRequest) -> dict[str, int]:
        since = self.clock.wall() - CACHE_TTL_S
        return {
            name: sent.tokens
            for name, sent in session.sent.items()
            if sent.at >= since
            and sent.tokens >= LEAST_CACHED
            and sent.messages <= len(request.messages)
            and sent.digest == _digest(request, sent.messages)
        }


def _changes(session: Session, call: Call, analysis: Analysis) -> bool:
    turn = next((m.content for m in reversed(call.request.messages) if m.role == "user"), "")
    return leaves(session.topic, turn, analysis, told=call.category is not None)


def _new(principal: str, session_id: str, at: float) -> Session:
    return Session(
        principal=principal,
        id=session_id,
        topic_history=(),
        provider_history=(),
        turns=0,
        forced_moves=0,
        updated_at=at,
    )


def _on(history: tuple[T, ...], item: T) -> tuple[T, ...]:
    """`history` with `item` last; what is last already is not added again."""
    return history if history[-1:] == (item,) else (*history, item)[-HISTORY:]


def _forced(model: str, call: Call, record: CallRecord) -> bool:
    """Whether the topic's model would have answered, but could not."""
    if call.model != "auto" or record.decision is None:
        return False
    if model == f"{record.provider}/{record.model}":
        return False
    tried = {f"{a.provider}/{a.model}" for a in record.attempts}
    plan = {c.model.name for c in record.decision.plan}
    return model in tried or model not in plan


def _sent_with(
    before: Mapping[str, Sent], model: str, request: ChatRequest, record: CallRecord
) -> dict[str, Sent]:
    """What each model was sent last, after this call; the newest few."""
    tokens = record.attempts[-1].usage.input_tokens if record.attempts else 0
    count = len(request.messages)
    now = Sent(at=record.at, messages=count, digest=_digest(request, count), tokens=tokens)
    newest = sorted({**before, model: now}.items(), key=lambda item: -item[1].at)
    return dict(newest[:MODELS_KEPT])


def _digest(request: ChatRequest, messages: int) -> str:
    """A fingerprint of what a prompt begins with: its tools and its first `messages`."""
    begins = repr((request.tools, request.messages[:messages]))  # of any text, unlike JSON
    return hashlib.sha256(begins.encode()).hexdigest()[:32]
