"""A decision made again under other circumstances: other prices, breakers or routing settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pointsman.evidence import Terms
from pointsman.money import Price
from pointsman.records import BreakerState, Decision
from pointsman.settings import PreferenceSettings, RoutingSettings
from pointsman.types import Model, Tier
from routing.backends.endpoint import GATES
from routing.choice.decide import INDIFFERENT, liking_of, named
from routing.choice.rank import Seen, again, seen
from routing.choice.score import BASE

V = TypeVar("V")
BREAKERS = GATES[:2]  # the refusals that are a breaker's


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What to suppose; models are named by id or `provider/id`."""

    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    breakers: Mapping[str, BreakerState] = field(default_factory=dict[str, BreakerState])
    routing: RoutingSettings | None = None  # in place of those in force


def supposing(decision: Decision, what_if: WhatIf) -> Decision:
    """`decision` as it would have been; what is not supposed is as it was recorded.

    Raises:
        NotFound: a model is named that was not among its candidates.
    """
    considered = seen(decision)
    models = [one.model for one in considered]
    prices = _by_name(models, what_if.prices)
    breakers = _by_name(models, what_if.breakers)
    considered = [_with_breaker(_with_price(one, prices), breakers) for one in considered]
    terms = decision.terms
    if what_if.routing is not None:
        liked = what_if.routing.preferences.get(terms.who, INDIFFERENT)
        tiers = _tiers(what_if.routing)
        considered = [_with_routing(one, tiers, liked) for one in considered]
        terms = terms_under(terms, what_if.routing)
    return again(decision, terms=terms, considered=considered)


def terms_under(terms: Terms, routing: RoutingSettings) -> Terms:
    """The terms of a call as they would be under other settings."""
    liked = routing.preferences.get(terms.who, INDIFFERENT)
    return replace(
        terms,
        profile=terms.prefer or liked.prefer or routing.profile,
        weights=BASE.with_changes(routing.weights).changes,
    )


def _by_name(models: Sequence[Model], given: Mapping[str, V]) -> dict[str, V]:
    """`given` by `provider/id`."""
    return {m.name: value for name, value in given.items() for m in named(models, name)}


def _with_price(one: Seen, prices: Mapping[str, Price]) -> Seen:
    price = prices.get(one.model.name)
    return one if price is None else replace(one, model=replace(one.model, price=price))


def _with_breaker(one: Seen, breakers: Mapping[str, BreakerState]) -> Seen:
    state = breakers.get(one.model.name)
    if state is None:
        return one
    observed = one.observed
    if state == "open":
        observed = replace(observed, blocked=BREAKERS[0])
    elif observed.blocked in BREAKERS:
        observed = replace(observed, blocked=None, retry_in_s=None)
    return replace(one, breaker=state, observed=observed)


def _with_routing(one: Seen, tiers: Mapping[str, Tier], liked: PreferenceSettings) -> Seen:
    model = one.model
    tier = tiers.get(model.name) or tiers.get(model.id) or model.tier
    if tier != model.tier:
        model = replace(model, tier=tier)
    return replace(one, model=model, observed=replace(one.observed, liking=liking_of(model, liked)))


def _tiers(routing: RoutingSettings) -> dict[str, Tier]:
    tiers: dict[str, Tier] = dict.fromkeys(routing.cheap, "cheap")
    return tiers | dict.fromkeys(routing.strong, "strong")
