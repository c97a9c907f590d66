"""What a person is asked before a tool runs, in words that nobody else can bend."""

import json
import re
from collections.abc import Mapping

from agent.approval.doing import targets
from agent.approval.policy import Judgement
from agent.tool import AgentTool
from agent.untrusted.cleaning import line, visible
from agent.untrusted.secrets import NO_SECRETS, Secrets
from pointsman.agents import Question
from pointsman.types import Json

LONGEST_VALUE = 200  # characters of one argument that are shown
MOST_FIELDS = 20
LONGEST = 1_500  # characters of all arguments
_GAP = re.compile(
    " {17,}"
)  # more than code is indented by: it would push what follows out of sight
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
    fields = list(arguments.items())[:MOST_FIELDS]
    most = max(LONGEST_VALUE, LONGEST // max(len(fields), 1))
    parts = [f"{exact(name, 60)}: {_value(value, most)}" for name, value in fields]
    if len(arguments) > MOST_FIELDS:
        parts.append(f"(and {len(arguments) - MOST_FIELDS} more)")
    text = "{" + ", ".join(parts) + "}"
    if len(text) <= 2 * LONGEST:
        return text
    return f"{text[: 2 * LONGEST]}… ({len(text)} characters)"


def _value(value: Json, most: int) -> str:
    if isinstance(value, str):
        return exact(value, most)
    return exact(json.dumps(value, ensure_ascii=False), most)[1:-1]


def exact(text: str, most: int) -> str:
    """`text` in quotes, every character of it to be seen: what has no shape, turns the line or
    ends it is written as an escape, so that nothing looks like what it is not.

    Of a long one, the beginning and the end: what is harmful may stand behind much that is not.
    """
    if len(text) > most:
        half = most // 2
        between = f"… ({len(text) - 2 * half} characters) …"
        return f'"{_seen(text[:half])}{between}{_seen(text[-half:])}"'
    return f'"{_seen(text)}"'


def _seen(text: str) -> str:
    shown = "".join(_letter(letter) for letter in text)
    return _GAP.sub(lambda gap: f"⟨{len(gap.group())} spaces⟩", shown)


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable() and visible(letter) == letter:
        return letter
    return json.dumps(letter)[1:-1]
