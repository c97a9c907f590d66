"""Which calls may be answered by the answer to another prompt, and why the rest may not."""

import re

from pointsman.records import Analysis, Call

LONGEST = 2_000  # characters of a prompt, all of whose words are compared
_MOST_CODE = 240  # characters between fences
_MOST_CODE_LINES = 4

_FENCED = re.compile(r"(?:```|~~~)[^\n]*\n(.*?)(?:```|~~~|\Z)", re.DOTALL)
_CODE_LINE = re.compile(
    r"^[ \t]*(?:"
    r"[^\n]*[;{}][ \t]*$"  # a statement, a block
    r"|(?:async def|def|class|if|elif|else|for|while|try|except|with|case)\b[^\n]*:[ \t]*$"
    r"|(?:import|from|package|using|#include|#define|@\w+)[ \t<\"][^\n ]*(?: import [^\n]*)?$"
    r"|(?:return|const|let|var|public|private|static|func|fn)\b[^\n]*[=()]"
    r"|[\w.\[\]\"']+[ \t]*[-+*/:]?=[ \t]*\S[^\n]*$"  # an assignment
    r"|[\w.]+\([^\n]*\)[ \t]*$"  # a call
    r"|</?\w[^\n]*>[ \t]*$"  # markup
    r"|(?:diff --git|@@ |\+\+\+ |--- )[^\n]*$"
    r"|[-+][ \t]{2,}\S[^\n]*$"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:[^\n]*$"  # a log
    r"|(?:at \S+\(|File \"|Traceback \(|\w*(?:Error|Exception):)[^\n]*$"
    r")",
    re.MULTILINE,
)
# What is asked to differ from what came before, or from what others are given.
_VARIES = re.compile(
    r"\bsurprise me\b|\b(?:re-?generate|re-?roll|try again|once more|one more time)\b[^\n]{0,20}$"
    r"|\b(?:flip|toss) an? coin\b|\broll (?:a |the |some |\d )?(?:die|dice|d\d+)\b"
    r"|^(?:\W*(?:please|now|ok(?:ay)?|can you|could you|and))*\W*"
    r"(?:give|tell|show|write|make|suggest|try|do|find|name|create|generate|say)"
    r"(?: me| us)? (?:yet another|another|one more|(?:some|any)thing (?:else|different)"
    r"|(?:a few|some|two|three|\d+) (?:more|others?)|a different"
    r"|more(?= (?:of|like|examples?|ideas?|options?|jokes?)\b|\W*$))\b"
    r"|^(?:another|what else|anything else|any (?:other|more)|some(?:thing)? (?:other|else|more))\b"
    r"[^\n]{0,20}$"
    r"|^(?:please )?(?:do|say|write|answer|run|explain|tell)\b[^\n]{0,40}\bagain\W*$"
)
_RANDOM = re.compile(
    r"^(?:\W*(?:please|now|can you|could you))*\W*"
    r"(?:pick|choose|select|give|tell|show|name|say|draw|suggest|think of|generate)\b[^\n]{0,40}"
    r"\b(?:random(?:ly)?|at random)\b"
)
_PROGRAM = re.compile(
    r"\b(?:function|program|script|code|class|method|query|algorithm|command|python|java\w*"
    r"|sql|bash|rust|go|php|ruby|api|array|list|string|variable)\b|\bc(?:\+\+|#)"
)
# Says nothing by itself: what is meant stands in the messages before.
_BARE = re.compile(
    r"(?:continue|yes|yeah|yep|yup|no|nope|ok|okay|k|y|n|sure|go|on|ahead|more|next|again|please"
    r"|keep|going|proceed|do|it|that|this|thanks|thank|you|right|correct|exactly|and|then|so"
    r"|why|how|what|stop|fine|good|great|cool|same|repeat|further|carry|resume|elaborate"
    r"|expand|shorter|longer|better|i|agree|done|ready|first|second|third|last|one|the|option"
    r"|a|b|c|d|e|all|both|neither|ja|nein|oui|non|si|sí|weiter|continua|continúa|continuez|да"
    r"|нет|далее|继续|是|好|はい|続けて|계속)"
)
_MOST_BARE = 5  # words
_WORD = re.compile(r"\w+")


def last_text(call: Call) -> str:
    """What the last message of `call` says; empty where there is none."""
    return call.request.messages[-1].content if call.request.messages else ""


def why_not(call: Call, analysis: Analysis) -> str | None:
    """Why no other prompt's answer may serve `call`, nor its answer another; None if it may."""
    request = call.request
    if not request.messages or request.messages[-1].role != "user":
        return "the last message is not the user's"
    if request.tools or any(m.role == "tool" or m.tool_calls for m in request.messages):
        return "tools"
    text = last_text(call)
    if len(text) > LONGEST:
        return "too long to compare"
    return "time-sensitive" if analysis.time_sensitive else _why_no_question(text.strip())


def _why_no_question(text: str) -> str | None:
    if not text:
        return "empty"
    lower = text.lower()
    if _is_bare(lower):
        return "says nothing by itself"
    if _VARIES.search(lower) or (_RANDOM.search(lower) and not _PROGRAM.search(lower)):
        return "its answer is to vary"
    if _works_on_code(text):
        return "code to work on"
    return None


def _is_bare(lower: str) -> bool:
    words = _WORD.findall(lower)
    if not words:
        return lower.isascii()  # "?", "..."
    if words[0].isdecimal() and len(words) == 1:
        return True  # a choice from a list
    return len(words) <= _MOST_BARE and all(map(_BARE.fullmatch, words))


def _works_on_code(text: str) -> bool:
    """Whether `text` brings a piece of code, a diff or a log, and not just a line to ask about."""
    if sum(len(block) for block in _FENCED.findall(text)) > _MOST_CODE:
        return True
    if "\n" not in text:
        return False
    return sum(1 for _ in _CODE_LINE.finditer(text)) >= _MOST_CODE_LINES
