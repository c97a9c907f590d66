"""Whether a call may run, must be asked for, or is refused.

Stable for the loop: `Policy(rules, mode, secrets)`, `judge(tool, arguments, state)`, `Judgement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from agent.approval.doing import doing
from agent.approval.table import AFTER, TABLE, WHY, Doing
from agent.tool import AgentTool
from agent.untrusted.secrets import NO_SECRETS, Secrets
from agent.untrusted.taint import Level, TaintState
from pointsman.agent_settings import Approve, Rule
from pointsman.types import Json

CHANGED = "changed"  # in a note of a tool: its definition is not the one that was pinned
SUSPECT = ("instructions", "hid")  # in a note: its description was written to steer or to hide


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of a call."""

    verdict: Literal["run", "ask", "refuse"]
    why: tuple[str, ...] = ()  # for a person: what makes it worth asking, or refused
    kind: Literal["tool", "definition"] = "tool"  # of the question
    grave: bool = False  # asked even with approve=all; an earlier "always" does not answer it


RUN = Judgement(verdict="run")


class Policy:
    """The operator's rules, then the table, as one run is to be approved."""

    def __init__(
        self, rules: Mapping[str, Rule], mode: Approve, secrets: Secrets = NO_SECRETS
    ) -> None:
        """`rules`: patterns (`*`, `?`) of a tool's name as the model sees it, or of
        `server/own_name`. The one with the most letters that are no wildcard counts, but for
        `deny`, which always does."""
        self._rules = sorted(
            rules.items(), key=lambda rule: (_is_exact(rule[0]), _letters(rule[0]))
        )
        self._mode = mode
        self._secrets = secrets

    def judge(self, tool: AgentTool, arguments: Mapping[str, Json], state: TaintState) -> Judgement:
        """What becomes of this call. Nothing that a model or a tool says changes rules or mode.

        The caller asks the person where the verdict is "ask", and after an "always" sets
        `state.always[tool.spec.name]`: False lifts what is asked before anything of others was
        read, True lifts grave questions too.
        """
        rule, exact = self._rule(tool)
        if rule == "deny":
            return Judgement(verdict="refuse", why=("a rule of the operator denies this tool",))
        if leak := self._leak(tool, arguments):
            return Judgement(verdict="refuse", why=(leak,))
        return self._mild(self._asked(tool, arguments, state, rule, exact=exact))

    def _asked(
        self,
        tool: AgentTool,
        arguments: Mapping[str, Json],
        state: TaintState,
        rule: Rule | None,
        *,
        exact: bool,
    ) -> Judgement:
        if tool.accept is not None or any(CHANGED in note for note in tool.notes):
            return Judgement(verdict="ask", why=tool.notes, kind="definition", grave=True)
        what = doing(tool, arguments, state)
        level = state.level(_sink(tool, what))
        by_ask, by_all = TABLE[what][level]
        grave = by_all == "ask"
        lifted = exact if grave else rule == "allow"
        if (lifted and rule == "allow") or _was_always(tool, state, grave=grave):
            return RUN
        suspect = tuple(note for note in tool.notes if any(word in note for word in SUSPECT))
        verdict = by_all if self._mode == "all" else by_ask
        if verdict == "run" and rule != "ask" and not suspect:
            return RUN
        ruled = ("a rule of the operator asks for it",) if rule == "ask" else ()
        return Judgement(verdict="ask", why=(*_reasons(what, level), *suspect, *ruled), grave=grave)

    def _mild(self, judgement: Judgement) -> Judgement:
        """With approve=never there is nobody to ask."""
        if judgement.verdict != "ask" or self._mode != "never":
            return judgement
        return Judgement(
            verdict="refuse",
            why=(*judgement.why, "nothing is approved in this run"),
            kind=judgement.kind,
            grave=judgement.grave,
        )

    def _leak(self, tool: AgentTool, arguments: Mapping[str, Json]) -> str | None:
        """A secret does not leave, whoever would allow it; our own are not even written down."""
        leaves_here = tool.server is not None or tool.risk in ("network", "spend")
        if (leaves_here or tool.risk != "read") and self._secrets.known_in(arguments):
            return "its arguments hold a secret of this installation"
        if leaves_here and self._secrets.key_in(arguments):
            return "its arguments hold what looks like a key"
        return None

    def _rule(self, tool: AgentTool) -> tuple[Rule | None, bool]:
        """The rule for the tool, and whether it names it without a wildcard."""
        matching = [(p, rule) for p, rule in self._rules if _matches(p, rule, tool)]
        if any(rule == "deny" for _, rule in matching):
            return "deny", True
        if not matching:
            return None, False
        pattern, rule = matching[-1]
        return rule, _is_exact(pattern)


def _matches(pattern: str, rule: Rule, tool: AgentTool) -> bool:
    name = tool.spec.name
    if tool.server is None:
        return fnmatchcase(name, pattern)
    own = tool.own_name or name
    if fnmatchcase(f"{tool.server}/{own}", pattern):
        return True
    # A server chooses its own names: one that calls its tool as ours is called is not allowed
    # what we are.
    shadows = own == name and rule == "allow" and pattern != "*"
    return not shadows and fnmatchcase(name, pattern)


def _sink(tool: AgentTool, what: Doing) -> str | None:
    """To whom the arguments go: an attached server alone, or anybody."""
    return None if what.startswith("fetch") else tool.server


def _was_always(tool: AgentTool, state: TaintState, *, grave: bool) -> bool:
    known = state.always.get(tool.spec.name)
    return known is not None and (known or not grave)


def _reasons(what: Doing, level: Level) -> tuple[str, ...]:
    after = AFTER[level]
    return (WHY[what],) if after is None else (WHY[what], after)


def _is_exact(pattern: str) -> bool:
    return not any(sign in pattern for sign in "*?[")


def _letters(pattern: str) -> int:
    return sum(letter not in "*?[]" for letter in pattern)
