"""What the engine tells its log: facts with their data (AT-411)."""

import structlog

from pointsman.records import Call, Decision
from routing.backends.health import Change

log = structlog.get_logger("pointsman.app")


def log_decision(call: Call, decision: Decision) -> None:
    """The event of AT-411: who was chosen, and why."""
    chosen = decision.plan[0] if decision.plan else None
    log.info(
        "provider_selection",
        session_id=call.session_id,
        selected_provider=chosen.model.provider if chosen else None,
        model=chosen.model.id if chosen else None,
        category=decision.analysis.category,
        reason=chosen.reason if chosen else "no model can take it",
        score=chosen.score if chosen else None,
        decision_id=decision.id,
    )


def log_change(change: Change) -> None:
    log.warning(
        "circuit_breaker_event",
        provider=change.provider,
        model=change.model,
        state=change.state,
        failure_count=change.failure_count,
        action=change.action,
    )


def log_credential(provider: str, accepted: bool) -> None:
    log.warning("credential", provider=provider, accepted=accepted)


def log_defect(provider: str, defect: Exception) -> None:
    log.error("provider.defect", provider=provider, exc_info=defect)
