"""Questions in plain words, answered from an examination."""

from typing import Any

from anyio import to_thread

from pointsman.money import Nano
from quality.asking import Ask
from quality.examining import Examination
from quality.question.answering import answer
from quality.question.facts import Facts
from quality.question.phrasing import phrased


async def answered(
    question: str, examination: Examination, ask: Ask | None = None, most: Nano = 0
) -> dict[str, Any]:
    """What was measured says to `question`, with what it was understood as.

    `ask` may word it, for at most `most`.
    """
    report, judgement = examination.report, examination.judgement
    facts = Facts(
        findings=judgement.findings,
        files=report.measures,
        engines=report.engines,
        gate=judgement.gate,
        ratings=judgement.ratings,
        measures=judgement.measures,
        skipped={str(why): count for why, count in report.skipped.items()},
    )
    reply = await to_thread.run_sync(answer, question, facts)
    if ask is not None:
        reply = await phrased(reply, question, ask, most)
    return {
        "text": reply.text,
        "understood_as": reply.told,
        "issue_ids": list(reply.issue_ids),
        "phrased_by_model": reply.phrased,
    }
