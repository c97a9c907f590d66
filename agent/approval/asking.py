"""What a person is asked before a tool runs, in words that nobody else can bend."""

import json
from collections.abc import Mapping

from agent.approval.doing import targets
from agent.approval.policy import Judgement
from agent.tool import AgentTool
from agent.untrusted.cleaning import line
from agent.untrusted.secrets import NO_SECRETS, Secrets
from pointsman.agents import Question
from pointsman.types import Json

LONGEST_VALUE = 200  # characters of one argument that are shown
MOST_FIELDS = 20
LONGEST = 1_500  # characters of all arguments
LONGEST_REASON = 900  # characters: a changed definition is shown as the words that went and came


def question_for(
    tool: AgentTool,
    arguments: Mapping[str, Json],
    judgement: Judgement,
    *,
    run_id: str,
    question_id: str,
    secrets: Secrets = NO_SECRETS,
) -> Question:
    """The question: which tool, whose, with what, where it goes to, and why it is asked.

    Every argument is named, however long the others are; what is cut out of one is counted.
    """
    shown = secrets.redact(_shown(arguments))
    name = line(tool.spec.name, 80)
    whose = f" of the attached server {line(tool.server, 60)}" if tool.server else ""
    hosts = dict.fromkeys(one.host for one in targets(arguments))
    lines = [
        f"May {name}{whose} run?"
        if judgement.kind == "tool"
        else f"The definition of {name}{whose} has changed. May it be used?",
        f"Arguments: {shown}",
    ]
    if hosts:
        lines.append(f"Goes to: {line(', '.join(hosts), 300)}")
    why = tuple(line(reason, LONGEST_REASON) for reason in judgement.why)
    if why:
        lines.append(f"Why it is asked: {'; '.join(why)}")
    return Question(
        id=question_id,
        run_id=run_id,
        kind=judgement.kind,
        text="\n".join(lines),
        tool=tool.spec.name,
        server=tool.server,
        arguments=shown,
        why=why,
    )


def _shown(arguments: Mapping[str, Json]) -> str:
    fields = list(arguments.items())
    parts = [f"{json.dumps(line(k, 60), ensure_ascii=False)}: {_value(v)}" for k, v in fields]
    if len(parts) > MOST_FIELDS:
        parts = [*parts[:MOST_FIELDS], f"(and {len(parts) - MOST_FIELDS} more)"]
    text = "{" + ", ".join(parts) + "}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _value(value: Json) -> str:
    """The beginning and the end of a value: what is harmful may stand behind much that is not."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = line(text, len(text) + 1)
    if len(plain) > LONGEST_VALUE:
        half = LONGEST_VALUE // 2
        plain = f"{plain[:half]}… ({len(plain) - 2 * half} characters) …{plain[-half:]}"
    return json.dumps(plain, ensure_ascii=False) if isinstance(value, str) else plain
