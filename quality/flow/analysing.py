"""One analysis from beginning to end, in one thread or process."""

import gc
from collections.abc import Iterator, Mapping, Sequence

from quality.finding import Analysis, Finding
from quality.flow.branches import assume
from quality.flow.catalogue import Catalogue
from quality.flow.expressions import evaluate
from quality.flow.findings import Findings
from quality.flow.frame import Run
from quality.flow.functions import Function, Unit
from quality.flow.invoking import invoke
from quality.flow.outline import Outline
from quality.flow.project import Project, work_for
from quality.flow.relevance import Relevance
from quality.flow.roots import is_given, run_root
from quality.flow.rules import Rules
from quality.flow.statements import execute
from quality.python.modules import Modules
from quality.source import Tree

MOST_AT_ONCE = 8_000_000  # characters, about 200,000 lines, whose trees take some 500 MB


def analyse(
    rules: Rules, stale: Sequence[str], tree: Tree, outlines: Mapping[str, Outline]
) -> Analysis:
    """What `rules` find in the files `stale` of `tree`, of whose files those are the outlines."""
    catalogue, modules = Catalogue(rules), Modules(tree)
    relevant = _relevances(stale, tree, modules, outlines, markup="*" in catalogue.returned)
    findings: list[Finding] = []
    unread: dict[str, str] = {}
    for part in _parts([path for path in stale if relevant[path].of_file(path)], tree):
        project = Project(tree, modules)
        run = Run(catalogue, project, evaluate, execute, assume, invoke, Findings())
        project.run = run
        for path in part:
            run.sources, run.sinks = relevant[path].sources, relevant[path].sinks
            if why := _file(path, project, relevant[path], run):
                unread[path] = why
            findings += run.findings.all(path)
    return Analysis(findings=tuple(findings), unread=unread)


def _relevances(
    stale: Sequence[str],
    tree: Tree,
    modules: Modules,
    outlines: Mapping[str, Outline],
    *,
    markup: bool,
) -> Mapping[str, Relevance]:
    """By path. What programs that have nothing to do with each other call is no matter."""
    files = {file.path: file for file in tree.files}
    wanted = frozenset(stale)
    found: dict[str, Relevance] = {}
    for island in modules.islands():
        if not wanted.isdisjoint(island):
            relevance = Relevance([files[path] for path in island], outlines, markup=markup)
            found |= dict.fromkeys(island, relevance)
    return found


def _parts(paths: Sequence[str], tree: Tree) -> Iterator[Sequence[str]]:
    """Parts of so many files that the trees of all that are read for one are not too much."""
    sizes = {file.path: len(file.text) for file in tree.files}
    part: list[str] = []
    held = 0
    for path in paths:
        part.append(path)
        held += sizes[path]
        if held >= MOST_AT_ONCE:
            yield part
            gc.collect()  # what was read for it; `quality.apart` has the collector switched off
            part, held = [], 0
    if part:
        yield part


def _file(path: str, project: Project, relevance: Relevance, run: Run) -> str:
    """Run all of one file; gives why it was not followed to its end, if so."""
    run.cut = ""
    try:
        unit = project.load(path)
        run.work = work_for(unit.file)
        _functions(unit, relevance, run)
    except RecursionError:
        run.cut = "nested too deeply"
    run.nested = 0
    return f"not followed to its end: {run.cut}" if run.cut else ""


def _functions(unit: Unit, relevance: Relevance, run: Run) -> None:
    known: set[int] = set()
    at = 0
    # Running one function defines those that stand in it.
    defined = run.defined.setdefault(unit.file.path, [])
    while at < len(defined):
        function = defined[at]
        at += 1
        if id(function.node) in known:
            continue
        known.add(id(function.node))
        if _is_wanted(function, relevance, run):
            run_root(function, relevance.called, run)


def _is_wanted(function: Function, relevance: Relevance, run: Run) -> bool:
    node = function.node
    last = getattr(node, "end_lineno", None) or node.lineno
    given = is_given(function, relevance.called, run)
    return relevance.of_lines(function.unit.file.path, node.lineno, last, given=given)
