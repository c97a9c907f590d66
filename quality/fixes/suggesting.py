"""The ladder: an engine's fix, our own rewrites, a model; the first that holds is offered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import anyio
from anyio import to_thread

from pointsman.errors import PointsmanError
from pointsman.money import Nano
from quality.asking import Answer, Ask, Purse
from quality.finding import Confidence, Finding
from quality.fixes.changes import unified
from quality.fixes.codemods.rewriting import SECRETS
from quality.fixes.content import Content, content
from quality.fixes.errors import Refused
from quality.fixes.fix import Change, Fix, Means, Source, Suggestion, Verified
from quality.fixes.ideas import Idea, ideas
from quality.fixes.judging import Before, before, judge
from quality.fixes.prompt import SYSTEM
from quality.fixes.scope import check_file
from quality.fixes.talking import Talk
from quality.fixes.verifying import Bench, Changed
from quality.source import SourceFile, Tree

_MOST_TOLD = 300  # characters of what red tests say


async def suggest(findings: Sequence[Finding], tree: Tree, means: Means) -> list[Suggestion]:
    """For each of `findings` of `tree`, a fix that was verified, or why there is none.

    The tree itself is not changed.
    """
    bench = Bench(tree, means)
    return [await _suggest(finding, bench, means) for finding in findings]


async def _suggest(finding: Finding, bench: Bench, means: Means) -> Suggestion:
    try:
        case = await to_thread.run_sync(_case, finding, bench.tree)
    except Refused as refused:
        return Suggestion(issue_id=finding.id, fix=None, refused=(refused.why,))
    search = _Search(case, bench, means)
    fix = await search.tools() or await search.model()
    return Suggestion(
        issue_id=finding.id,
        fix=fix,
        refused=tuple(search.refused),
        cost=search.purse.spent,
        attempts=search.attempts,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One finding and its file, as it was analysed."""

    finding: Finding
    file: SourceFile
    raw: bytes
    content: Content
    before: Before


def _case(finding: Finding, tree: Tree) -> _Case:
    """
    Raises:
        Refused: its file may not be touched, or is not as it was.
    """
    path = finding.place.path
    file = next((file for file in tree.files if file.path == path), None)
    if file is None:
        raise Refused("its file is not among those that were analysed")
    check_file(file, tree.root)
    try:
        raw = (tree.root / path).read_bytes()
    except OSError as error:
        raise Refused("its file cannot be read any more") from error
    if sha256(raw).hexdigest() != file.sha256:
        raise Refused("its file changed since it was analysed: analyse it again")
    read = content(raw, file.language)
    return _Case(finding, file, raw, read, before(read.text))


@dataclass(slots=True)
class _Search:
    """Looks for a fix of one finding."""

    case: _Case
    bench: Bench
    means: Means
    refused: list[str] = field(default_factory=list[str])
    attempts: int = 0
    purse: Purse = field(init=False)

    def __post_init__(self) -> None:
        self.purse = Purse(self.means.most)

    async def tools(self) -> Fix | None:
        case = self.case
        try:
            found = await to_thread.run_sync(ideas, case.finding, case.before, case.file.language)
        except Refused as refused:
            self.refused.append(f"{case.finding.engine}: {refused.why}")
            return None
        for idea in found:
            try:
                return await self._fix(idea, "tool")
            except Refused as refused:
                self.refused.append(f"{idea.says}: {refused.why}")
        return None

    async def model(self) -> Fix | None:
        case, ask = self.case, self.means.ask
        if ask is None:
            return None
        if case.file.language != "python":
            self.refused.append("model: what it writes can be judged in Python only")
            return None
        if SECRETS & set(case.finding.cwe):
            self.refused.append("model: the code holds a secret, which no model is shown")
            return None
        talk = await to_thread.run_sync(Talk, case.finding, case.before)
        while self.attempts < self.means.attempts and (most := self.purse.take()) is not None:
            self.attempts += 1
            answer = None
            try:
                answer = await self._asked(ask, talk.said, most)
                text = await to_thread.run_sync(talk.heard, answer.text)
                return await self._fix(Idea(text, safe=False, says=talk.does), "model")
            except Refused as refused:
                self.refused.append(f"model, attempt {self.attempts}: {refused.why}")
                if answer is None:
                    return None
                talk.refuse(answer.text, refused.why)
        return None

    async def _asked(self, ask: Ask, said: str, most: Nano) -> Answer:
        """
        Raises:
            Refused: no model answered, or not in time.
        """
        try:
            with anyio.fail_after(self.means.ask_s):
                answer = await ask(SYSTEM, said, most)
        except TimeoutError as error:
            self.purse.pay(most, None)
            raise Refused("it took too long") from error
        except PointsmanError as error:
            self.purse.pay(most, error.cost)
            raise Refused(f"it could not be asked: {error.message}") from error
        self.purse.pay(most, answer.cost)
        return answer

    async def _fix(self, idea: Idea, source: Source) -> Fix:
        """
        Raises:
            Refused: it does not hold.
        """
        case = self.case
        if case.file.language == "python" or source == "model":
            await to_thread.run_sync(judge, case.before, idea.text, case.finding, source)
        raw = case.content.encode(idea.text)
        changed = Changed(raw, case.content.whole(idea.text))
        verified = await self.bench.verify({case.file.path: changed}, [case.finding])
        texts = case.before.text, idea.text
        diff = await to_thread.run_sync(unified, case.file.path, *texts, case.content.newline)
        return Fix(
            issue_id=case.finding.id,
            diff=diff,
            source=source,
            verified=verified,
            confidence=_confidence(source, idea, verified),
            explanation=_explanation(idea, case.finding, verified),
            safe=idea.safe,
            change=Change(
                root=self.bench.tree.root, path=case.file.path, before=case.raw, after=raw
            ),
        )


def _confidence(source: Source, idea: Idea, verified: Verified) -> Confidence:
    if not verified.whole:
        return "low"
    if idea.safe:
        return "high"
    return "medium" if source == "tool" or verified.tests else "low"


def _explanation(idea: Idea, finding: Finding, verified: Verified) -> str:
    """What was done, and what is known of it; a model's own words are not repeated."""
    tests = {
        True: " The tests pass.",
        False: " The tests were red before, so they say nothing about it"
        f" ({' '.join(verified.red[-_MOST_TOLD:].split()) or 'they tell no reason'}).",
        None: " No tests were run.",
    }[verified.tests]
    unsafe = "" if idea.safe else " The code may behave otherwise: read it first."
    return (
        f"{idea.says[:1].upper()}{idea.says[1:]}. Analysed again, {finding.rule} is gone and "
        f"nothing new is found.{tests}{unsafe}"
    )
