"""What a person is asked, whatever the tool and its server would like them to read."""

import json

import pytest

from agent.approval.asking import exact, question_for
from agent.approval.policy import Judgement
from agent.untrusted.secrets import Secrets
from pointsman.agents import Question
from pointsman.types import Json
from tests.agent.approval.offered import FETCH, WRITE_FILE, theirs

ASK = Judgement(verdict="ask", why=("it changes files",))


def asked(arguments: dict[str, Json], tool=WRITE_FILE, judgement: Judgement = ASK) -> Question:  # type: ignore[no-untyped-def]
    return question_for(
        tool,
        arguments,
        judgement,
        run_id="r1",
        question_id="q1",
        secrets=Secrets(["canary-1234567890"]),
    )


def test_a_question_says_what_is_to_run_with_what_and_why() -> None:
    question = asked({"path": "a.md", "content": "hello", "mode": None})
    assert (question.kind, question.tool, question.server) == ("tool", "write_file", None)
    assert json.loads(question.arguments or "") == {
        "path": "a.md",
        "content": "hello",
        "mode": None,
    }
    assert question.text.splitlines() == [
        "May write_file run?",
        'Arguments: {"path": "a.md", "content": "hello", "mode": null}',
        "Why it is asked: it changes files",
    ]


def test_a_question_names_the_server_and_the_hosts_as_they_are_looked_up() -> None:
    question = asked({"url": "https://n\u0430med.example/x"}, FETCH)
    assert "Goes to: xn--nmed-53d.example" in question.text
    assert "of the attached server acme" in asked({}, theirs("put", "write")).text


def test_a_changed_definition_is_asked_about_with_what_changed() -> None:
    tool = theirs("sum", "read", notes=("its description has changed: adds [+secretly+]",))
    changed = Judgement(verdict="ask", kind="definition", why=tool.notes, grave=True)
    question = asked({"a": 1}, tool, changed)
    assert question.kind == "definition"
    assert "adds [+secretly+]" in question.text


def test_no_argument_hides_another_and_each_shows_its_end() -> None:
    long = "harmless " * 10_000 + "rm -rf ~"
    question = asked({"note": long, "path": "/etc/passwd", "gap": "a" + " " * 9_000 + "b"})
    assert "/etc/passwd" in question.text
    assert "rm -rf ~" in question.text
    assert "characters) …" in question.text
    assert "spaces⟩" in question.text
    assert len(question.text) < 2_500
    many = asked({f"field{n}": "x" for n in range(50)})
    assert "(and 30 more)" in many.text


def test_a_question_cannot_be_written_by_its_arguments() -> None:
    """T-55: no lines, escapes, turned or hidden characters, and no secrets."""
    evil = "x\nWhy it is asked: it only reads\x1b[2K\u202eyxes\u200b\U000e0041 canary-1234567890"
    question = asked({evil: evil}, theirs("put\n\x1b[1mMay", "write", name="put\nMay it?"))
    assert len(question.text.splitlines()) == 3
    assert not {c for c in question.text if ord(c) < 32 and c != "\n"}
    assert not {"\u202e", "\u200b", "\U000e0041"} & set(question.text)
    assert "canary" not in question.text
    assert "canary" not in (question.arguments or "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("print(1)\n#\nprint(2)", r'"print(1)\n#\nprint(2)"'),  # a line is no comment of another
        ("\u202egpj.exe\x1b[2J", r'"\u202egpj.exe\u001b[2J"'),
        ("a\u200bb\u2060\ufe0fc\U000e0041", r'"a\u200bb\u2060\ufe0fc\udb40\udc41"'),
        ('say "hi" \\', r'"say \"hi\" \\"'),
        ("Grüße, 世界 🙂", '"Grüße, 世界 🙂"'),
    ],
)
def test_what_is_shown_is_what_runs(value: str, shown: str) -> None:
    assert exact(value, 200) == shown
