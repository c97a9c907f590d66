"""All checks."""

from quality.checks import (
    access,
    comparing,
    counting,
    credentials,
    defining,
    exposing,
    failing,
    filtering,
    flowing,
    guarding,
    outdated,
    passwords,
    racing,
    resources,
    settings,
    spilling,
    trusting,
)
from quality.checks.check import Check

CHECKS: tuple[Check, ...] = (
    *comparing.CHECKS,
    *flowing.CHECKS,
    *defining.CHECKS,
    *resources.CHECKS,
    *failing.CHECKS,
    *counting.CHECKS,
    *racing.CHECKS,
    *credentials.CHECKS,
    *passwords.CHECKS,
    *access.CHECKS,
    *trusting.CHECKS,
    *filtering.CHECKS,
    *exposing.CHECKS,
    *outdated.CHECKS,
    *guarding.CHECKS,
    *spilling.CHECKS,
    *settings.CHECKS,
)
