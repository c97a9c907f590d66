"""Text of others without what a reader cannot see, and without the marks that steer a model."""

import re

MOST_CHARS = 1_000_000  # of a text that is cleaned; the rest is dropped, and that is said

# A terminal's orders: CSI; OSC, DCS, APC and PM up to their end, or for 256 characters where an
# attacker left the end out; and those of one letter. C1 forms too.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]{0,256}(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]{0,8}[0-~]?"
)
# A joiner, or the choice of a picture or a letter, belongs between letters that are not ASCII:
# Persian, Indic, emoji. One each: a row of them carries hidden text.
_WELCOME = re.compile(
    "(?<=[^\x00-\u00a8\u200b-\u200f\ufe00-\ufe0d])[\u200c\u200d](?=[^\x00-\u00a8\u200b-\u200f])"
    "|(?<=[^\x00-\u00a8\u200b-\u200f\ufe00-\ufe0f])[\ufe0e\ufe0f]"
    "|(?<=[0-9#*])\ufe0f(?=\u20e3)"
)
_HIDDEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls but for tab and line ends
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers, hyphens
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # zero width, bidi, invisible mathematics
    "\ufe00-\ufe0f\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and music formats
    "\U000e0000-\U000e0fff"  # tags, and the selectors that bytes are smuggled in
    "\U000f0000-\U0010ffff"  # private planes
)
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
_LINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_LONE = re.compile("[\ud800-\udfff]")
# What chat templates put between messages. The bars and lower lines of wide forms too.
_MARKS = re.compile(
    "<[|\uff5c][^<>\\n]{1,64}[|\uff5c]>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS)\]"
    r"|</?(?:s|bos|eos|pad|unk|sys|start_of_turn|end_of_turn|think|thinking|im_start|im_end"
    r"|system|assistant|user|human|data|tools?|functions?|antml:[a-z_]{1,32}"
    r"|(?:tool|function)_(?:calls?|response|results?|outputs?|use))(?:\s[^<>\n]{0,200})?/?>"
    r"|<{1,2}/?SYS>{1,2}",
    re.IGNORECASE,
)
_HARMLESS = str.maketrans("<>[]|\uff5c", "\u2039\u203a\u27e6\u27e7\u00a6\u00a6")


def visible(text: str) -> str:
    """The text as a reader sees it: no terminal orders, no hidden, turning or tag characters.

    Line ends become line feeds. Emoji and joined scripts stay whole, but flags of regions lose
    their letters. The cost grows with the length alone.
    """
    if len(text) > MOST_CHARS:
        text = text[:MOST_CHARS] + f"\n[{len(text) - MOST_CHARS} more characters dropped]"
    if text.isascii() and text.isprintable():
        return text
    text = _LINES.sub("\n", _ESCAPES.sub("", text))
    kept: list[str] = []
    last = 0
    for match in _WELCOME.finditer(text):
        kept += (_INVISIBLE.sub("", text[last : match.start()]), match.group())
        last = match.end()
    kept.append(_INVISIBLE.sub("", text[last:]))
    return _LONE.sub("\ufffd", "".join(kept))


def clean(text: str) -> str:
    """The visible text, and the marks of chat templates and of tool results written harmlessly.

    The brackets and bars of `<|im_start|>` become others that look like them: a reader still
    knows it, a model's tokenizer does not.
    """
    return _MARKS.sub(lambda mark: mark.group().translate(_HARMLESS), visible(text))


def line(text: str, most: int = 200) -> str:
    """The text on one line of at most `most` characters, for a name, a title or a question."""
    words = " ".join(clean(text[: most * 16]).split())
    return words if len(words) <= most else f"{words[: most - 1]}…"
