"""The signs in a prompt that are content: operators and brackets, in code and in sums."""

import re

_OPERATOR = r"(?:[+*/^<>=%&|~][-+*/^<>=&|]*|-)"
_TERM_BEFORE = re.compile(
    rf"(?<=[\d)\]])[ \t]+(?={_OPERATOR}(?:\s|[\w(\[]))"
    rf"|(?:(?<=\b[^\W\d_])|(?<=\d[^\W\d_]))[ \t]+(?={_OPERATOR}(?:\s|[\w(\[]))"
)
_TERM_AFTER = re.compile(
    r"(?:(?<=[\w)\]][-+*/^<>=&|])|(?<=[\w)\]][*/<>=&|!]{2})|(?<=[\w)\]]>{3}))[ \t]+"
    r"(?=[\d(\[]|[^\W\d_]\b)"
)
_SUM = re.compile(r"(?<=\d)\s*&\s*(?=\d)")  # "500 & 1000" is "500 and 1000"
_OTHER = re.compile(r"[^-\\w+*/^<>=&|~!?:(){}\[\]\u2200-\u22ff]|(?<=w)[-&/]+\Z")
_PADDED = re.compile(r"(?<=[(\[])[ \t]+|[ \t]+(?=[)\]])")
_NAMED = re.compile(r"(?<!\w)[cg]\+\+(?!\w)", re.I)  # C++
_WORD = re.compile(r"\w(?:[\w.,'\u2019]*\w)?")
_CALCULATES = re.compile(r"[-+*/^<>=&|~!\[\]{}\u2200-\u22ff]")
_SINGLE = re.compile(r"[^\W\d_]|\d[\d.,]*")


def signs(text: str) -> list[str]:
    """What calculates, compares or indexes in `text`, with "w" for each word: "w[:w]"; sorted."""
    text = _PADDED.sub("", _SUM.sub(" and ", _NAMED.sub("c", " ".join(text.split()))))
    joined = _TERM_AFTER.sub("", _TERM_BEFORE.sub("", text))
    return sorted(shape for chunk in joined.split() if (shape := _shape(chunk)))


def _shape(chunk: str) -> str:
    """The chunk with "w" for its words, or "" where it is prose."""
    if "://" in chunk or chunk.isalnum():
        return ""
    if re.fullmatch(r"\$[?!]", chunk):  # of a shell
        return chunk
    bare = _sentence_end(chunk)
    alone = all(_SINGLE.fullmatch(word) for word in _WORD.findall(bare))
    shape = _OTHER.sub("", _WORD.sub("w", bare))
    if not alone:
        shape = re.sub(r"(?<=w)[-/&]+(?=w)", "", shape)
    shape = re.sub(r"(?<=w)-(?=w)", "", shape) if bare[:1].isdigit() else shape
    if not _CALCULATES.search(shape):
        shape = re.sub(r"[():?]", "", shape) if not re.search(r"^:w|w\?$|::", shape) else shape
    return "" if re.fullmatch(r"w*|[-:?!/&()]*|w\(\)", shape) else shape


def _sentence_end(chunk: str) -> str:
    """`chunk` without marks that end a sentence; "5!" and "a?" keep theirs."""
    chunk = chunk.strip("\"'`")
    while chunk[-1:] in {".", ",", ";", ":", "?", "!", "\u2026"} and len(chunk) > 1:
        if chunk[-1] == "!" and re.search(r"(?:[\d)\]]|(?<![^\W_])[^\W\d_])!\Z", chunk):
            break
        if chunk[-1] == "?" and re.fullmatch(r"[a-hj-z]\?", chunk):
            break
        chunk = chunk[:-1]
    return re.sub(r"(?<=\w)=\Z", "", chunk)
