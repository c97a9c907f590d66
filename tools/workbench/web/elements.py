"""What HTML's elements are to a reader of a page."""

import re

from tools.workbench.web.markup import Tag, attributes_of


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEAR = 16  # open elements that are searched for one that a start tag ends

VOID = _names("area base br col embed hr img input link meta source track wbr")
# A form itself stays: there are sites whose every page is one.
UNSEEN = _names(
    "script style template noscript svg iframe object canvas audio video textarea select button"
    " datalist noembed noframes"
)
HEADINGS = {f"h{n}": "#" * n + " " for n in range(1, 7)}
LINES = _names("dd dt li tr")
BLOCKS = HEADINGS.keys() | _names(
    "address article aside blockquote body center details dialog div dl fieldset figcaption figure"
    " footer form header main nav ol p pre section summary table ul"
)
MARKS = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em"), "*"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "`"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
}
CELLS = frozenset(("td", "th"))
TABLE_PARTS = CELLS | {"table", "tbody", "tfoot", "thead", "tr"}
# A start tag ends these open elements, unless one of those is in between.
ENDS = {
    "a": ({"a"}, CELLS),
    "li": ({"li"}, {"ol", "ul"}),
    **dict.fromkeys(("dd", "dt"), ({"dd", "dt"}, {"dl"})),
    **dict.fromkeys(("td", "th"), (CELLS, {"table"})),
    **dict.fromkeys(("tr", "tbody", "tfoot", "thead"), ({"tr"}, {"table"})),
}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:opacity|font-size)\s*:\s*0(?![.\d])"
)


def is_hidden(tag: Tag) -> bool:
    """Whether the tag itself says that it is not shown; style sheets are not looked at."""
    written = tag.attributes.lower()
    if "hidden" not in written and "style" not in written:
        return False
    attributes = attributes_of(tag)
    if attributes.get("hidden", "until-found").lower() != "until-found":
        return True
    return _HIDDEN.search(attributes.get("style", "").lower()) is not None
