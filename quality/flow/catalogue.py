"""The rules, looked up by the names of what a program calls, reads and sets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from quality.flow.rules import Rules
from quality.flow.schema import (
    Flow,
    Guard,
    Passes,
    Pattern,
    Returns,
    Sanitiser,
    Sink,
    Source,
)


@dataclass(slots=True)
class Entry:
    """All that the rules say of one name."""

    sources: list[Source] = field(default_factory=list[Source])
    sinks: list[tuple[Flow, Sink]] = field(default_factory=list[tuple[Flow, Sink]])
    sanitisers: list[Sanitiser] = field(default_factory=list[Sanitiser])
    guards: list[Guard] = field(default_factory=list[Guard])
    passes: list[Passes] = field(default_factory=list[Passes])
    returns: list[Returns] = field(default_factory=list[Returns])
    patterns: list[Pattern] = field(default_factory=list[Pattern])


Table = dict[str, Entry]
_Rule = TypeVar("_Rule", Sanitiser, Guard)


class Catalogue:
    def __init__(self, rules: Rules) -> None:
        self.digest = rules.digest
        self.flows = rules.flows
        self.calls: Table = {}
        self.reads: Table = {}
        self.items: Table = {}
        self.attributes: Table = {}
        self.decorators: dict[str, Source] = {}
        self.bases: dict[str, tuple[Source, frozenset[str]]] = {}
        self.caught: dict[str, Source] = {}
        self.named: list[tuple[re.Pattern[str], Source]] = []
        self._by_name: dict[str, Source | None] = {}
        self.tests: list[Guard] = []  # guards that no call is named by
        self.parameters: list[Returns] = []
        self.returned: dict[str, list[tuple[Flow, Sink]]] = {}
        self.via: frozenset[str] = frozenset()
        for source in rules.sources:
            self._source(source)
        for flow in rules.flows.values():
            self._flow(flow)
        for pattern in rules.patterns:
            self._pattern(pattern)
        self._library(rules)
        self.types = frozenset(name.rpartition(".")[0] for name in self.calls)

    def find(self, table: Table, names: Iterable[str]) -> list[Entry]:
        """The entries of the first of `names`, or of all in its module or class, that has any."""
        return [entry for name in names for entry in self._one(table, name)]

    def source_named(self, word: str) -> Source | None:
        """The source that a variable of this name is; None: none."""
        if word not in self._by_name:
            found = (source for pattern, source in self.named if pattern.search(word))
            self._by_name[word] = next(found, None)
        return self._by_name[word]

    def _one(self, table: Table, name: str) -> list[Entry]:
        found = [table[name]] if name in table else []
        every = table.get(f"{name.rpartition('.')[0]}.*")
        return [*found, every] if every else found

    def _source(self, source: Source) -> None:
        _put(self.reads, source.reads, "sources", source)
        _put(self.calls, source.calls, "sources", source)
        self.decorators |= dict.fromkeys(source.parameters_of, source)
        self.caught |= dict.fromkeys(source.caught, source)
        for base, methods in source.methods_of.items():
            self.bases[base] = (source, frozenset(methods))
        if source.named:
            self.named.append((re.compile(source.named), source))

    def _flow(self, flow: Flow) -> None:
        for sink in flow.sinks:
            _put(self.calls, sink.call, "sinks", (flow, sink))
            _put(self.items, sink.item, "sinks", (flow, sink))
            _put(self.attributes, sink.attribute, "sinks", (flow, sink))
            if sink.returned:
                self.returned.setdefault(sink.returned, []).append((flow, sink))
        for sanitiser in flow.sanitisers:
            own = _own(sanitiser, flow)
            _put(self.calls, own.call, "sanitisers", own)
        for guard in flow.guards:
            self._guard(_own(guard, flow))

    def _pattern(self, pattern: Pattern) -> None:
        _put(self.calls, pattern.call, "patterns", pattern)
        _put(self.reads, pattern.reads, "patterns", pattern)
        _put(self.items, pattern.item, "patterns", pattern)
        _put(self.attributes, pattern.attribute, "patterns", pattern)

    def _library(self, rules: Rules) -> None:
        for sanitiser in rules.sanitisers:
            _put(self.calls, sanitiser.call, "sanitisers", sanitiser)
        for guard in rules.guards:
            self._guard(guard)
        for passes in rules.passes:
            _put(self.calls, passes.call, "passes", passes)
        for returns in rules.returns:
            _put(self.calls, returns.call, "returns", returns)
            _put(self.reads, returns.attribute, "returns", returns)
            if returns.parameter:
                self.parameters.append(returns)

    def _guard(self, guard: Guard) -> None:
        self.via |= frozenset(guard.of)
        _put(self.calls, guard.call, "guards", guard)
        if not guard.call:
            self.tests.append(guard)


def _own(rule: _Rule, flow: Flow) -> _Rule:
    """A rule that stands in a flow clears that flow alone."""
    return rule.model_copy(update={"clears": (flow.id,)}) if rule.clears == ("*",) else rule


def _put(table: Table, names: Iterable[str], kind: str, rule: Any) -> None:
    for name in names:
        getattr(table.setdefault(name, Entry()), kind).append(rule)
