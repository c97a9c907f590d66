"""Which rewrite is tried for which finding."""

import ast
import re
from collections.abc import Callable, Iterator

from quality.finding import Finding
from quality.fixes.codemods import calls, values
from quality.fixes.codemods.site import Rewrite, Site

Codemod = Callable[[Site], Iterator[Rewrite]]
SECRETS = frozenset({259, 321, 798})
MOST_TRIED = 4  # for one finding: each that is tried costs an analysis

_BY_CWE: tuple[tuple[frozenset[int], Codemod], ...] = (
    (frozenset({20, 502}), calls.yaml_load),
    (frozenset({400, 1088}), calls.timeout),
    (frozenset({295, 297}), calls.verify),
    (frozenset({77, 78}), calls.shell),
    (frozenset({377, 379}), calls.temporary),
    (frozenset({311, 614, 732, 1004, 1275}), calls.cookie),
    (frozenset({345, 347}), calls.token),
    (frozenset({94, 215, 489}), calls.debug),
    (frozenset({22}), calls.archive),
    (frozenset({611, 776, 827}), calls.xml),
    (frozenset({79, 80, 94, 116}), calls.escape),
    (frozenset({326, 327, 328}), values.digest),
    (frozenset({330, 331, 338}), values.chance),
    (frozenset({78, 94, 95}), values.literal),
    (frozenset({276, 732}), values.mode),
    (frozenset({605, 668, 1327}), values.binding),
    (frozenset({208}), values.same_time),
    (SECRETS, values.secret),
)
_BY_RULE: tuple[tuple[re.Pattern[str], Codemod], ...] = (
    (re.compile(r"S113|B113|timeout", re.IGNORECASE), calls.timeout),
    (
        re.compile(r"E711|compar\w+-(?:to|with)-none|none-compar", re.IGNORECASE),
        values.none_or_bool,
    ),
    (re.compile(r"B006|mutable.*default|default.*mutable", re.IGNORECASE), values.default),
)


def rewrites(finding: Finding, text: str, tree: ast.Module) -> Iterator[Rewrite]:
    """What may mend `finding`, by its CWE or rule; whether it does is seen by analysing again."""
    site = Site(finding, text, tree)
    wanted = [each for cwes, each in _BY_CWE if cwes & set(finding.cwe)]
    wanted += [each for rule, each in _BY_RULE if rule.search(finding.rule) and each not in wanted]
    seen = {text}
    for codemod in wanted:
        for rewrite in codemod(site):
            if rewrite.text not in seen and len(seen) <= MOST_TRIED:
                seen.add(rewrite.text)
                yield rewrite
