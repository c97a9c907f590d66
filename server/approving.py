"""How a person is asked over MCP: the older revisions push a question, the newer ones wait for it.

Up to 2025-11-25 the server asks while the call is under way. From 2026-07-28 on a call comes back
with its questions, and the client makes it anew with the answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least
from pydantic import ValidationError

from pointsman.agents import NOBODY, Approver, Parked, Question, Ruling

LATER = "2026-07-28"  # from this revision on, questions are part of the result
WORDS = {
    "yes": "Yes",
    "always": "Yes, and for this tool until the run ends",
    "no": "No",
}


def approver_of(context: Context[Any, Any]) -> Approver:
    """The way to the person at the other end of the connection; nobody where there is none."""
    capabilities = context.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return NOBODY
    version = context.protocol_version
    if version is not None and is_version_at_least(version, LATER):
        return Later(context.input_responses or {})
    return AtOnce(context)


class AtOnce:
    """Asks while the call is under way, one question after another."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        """The answers; a client that cannot be asked after all has given none."""
        rulings: dict[str, Ruling] = {}
        for question in questions:
            try:
                answer = await self._context.session.elicit_form(
                    question.text, schema_of(question), self._context.request_id
                )
            except (MCPError, ValidationError):  # it cannot, or answers what is no answer
                return rulings
            rulings[question.id] = ruling_of(question, answer)
        return rulings


class Later:
    """Has the answers that came with this call; what is still open parks the run."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    async def ask(self, questions: Sequence[Question]) -> Mapping[str, Ruling]:
        """
        Raises:
            Parked: the client has not been asked one of them yet.
        """
        still = [question for question in questions if question.id not in self._answers]
        if still:
            raise Parked(still[0].run_id, questions)
        return {q.id: ruling_of(q, self._answers[q.id]) for q in questions}


def asked_back(parked: Parked) -> InputRequiredResult:
    """The result of a call whose run waits for a person; its state names the run."""
    requests: dict[str, Any] = {
        question.id: ElicitRequest(
            params=ElicitRequestFormParams(
                message=question.text, requested_schema=schema_of(question)
            )
        )
        for question in parked.questions
    }
    return InputRequiredResult(input_requests=requests, request_state=parked.run_id)


def schema_of(question: Question) -> dict[str, Any]:
    """The form of an answer: one choice."""
    words = [word for word in get_args(Ruling) if word != "always" or question.kind == "tool"]
    choice = {
        "type": "string",
        "title": "Answer",
        "enum": words,
        "enumNames": [WORDS[word] for word in words],
    }
    return {"type": "object", "properties": {"answer": choice}, "required": ["answer"]}


def ruling_of(question: Question, answer: Any) -> Ruling:
    """What a client's answer says; whatever is not plainly a yes is a no."""
    if not isinstance(answer, ElicitResult) or answer.action != "accept":
        return "no"
    said = (answer.content or {}).get("answer")
    if said == "always" and question.kind == "tool":
        return "always"
    return "yes" if said == "yes" else "no"
