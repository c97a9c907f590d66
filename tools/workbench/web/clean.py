"""Text of strangers without what a person would not see but a model would read."""

import re

# Controls; soft hyphens; marks that turn the direction of text; zero-width fillers (joiners stay:
# scripts and emoji need them); and the two blocks that can spell out a hidden message, tags and
# supplementary variation selectors.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e01ef]"
)


def visible(text: str) -> str:
    """`text` without invisible characters, its line ends as `\\n`."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
