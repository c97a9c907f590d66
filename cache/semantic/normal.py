"""The normal form of a prompt: prompts with equal ones ask the same, to the letter that matters."""

import re
import unicodedata

from cache.semantic.lexicon import words_of

COURTESIES = 12  # before a prompt
LONGEST = 20_000  # characters; a longer text is its own normal form but for the blanks around it

_VERBATIM = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)|(?<!\S)[^\s\w]{0,3}(?:https?://|www\.)\S+",
    re.DOTALL,
)
_CODE = re.compile(r"\n[ \t]+\S|[{};]\s*(?:\n|$)|^\s*(?:def|class|for|if|while)\b.*:\s*$", re.M)
# Written in capitals these are other words, where a text is not written in capitals throughout.
LOUD = words_of("US IT WHO AIDS MS")
NAMED = words_of("Polish May March BERT")  # within a text
FOLDED = words_of(  # short, but the same in capitals
    "is in on at to of or as an am be by do go he if me my no so up we oh hi ok vs ai ml uk eu tv"
    " pc ip os ui ux js ts db cv id hr pr pm nd rd st th km cm mm kg ml oz mr dr rs"
)
_ORDINARY = re.compile(r"[+#.]|\s+(?:programming|language|code|program|compiler)\b", re.I)  # C++
LETTERS = re.compile(r"[^\W\d_]+")
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", ""),
        "\u2026": "...",
        "\u00a0": " ",
    }
)
_KEEPING = ("<super>", "<sub>", "<fraction>")  # 2\u00b2 is not 22

_TELL = r"(?:tell|show|explain\s+to|teach|inform)\s+(?:me|us)"
_ASK = r"(?:can|could|would|will)\s+you"
_DOES = (
    r"(?:explain|describe|tell|show|give|list|write|help|define|translate|summari[sz]e|suggest"
    r"|recommend|create|make|generate|find|solve|calculate|compute|convert|name|compare|provide"
    r"|fix|rewrite|rephrase|teach|recommend|outline|draft|prove|check|walk|share|clarify)"
)
_QUESTION = r"(?=(?:what|who|whom|whose|which|when|where|why|how|if|whether)\b)"
_HEAD = re.compile(
    r"(?:"
    r"(?:hi|hello|hey|hiya|greetings|good\s+(?:morning|afternoon|evening)|dear)"
    r"(?:\s+(?:there|all|everyone|everybody|guys|folks|friends?|assistant|chatgpt|bot|ai))?"
    r"(?:[,.!:;-]+\s*|\s+(?=please\b|can\b|could\b|what\b|how\b|who\b|why\b|when\b|where\b|i\b))"
    r"|(?:please|pls|plz|kindly)[,:]?\s+(?=\S)"
    r"|(?:ok|okay|so|well|um|hmm|thanks|thank\s+you|quick\s+question|question|excuse\s+me|sorry)"
    r"[,.:!]+\s*(?=\S)"
    rf"|{_ASK}\s+(?:please|kindly)\s+"
    rf"|{_ASK}\s+(?={_DOES}\b)"
    r"|(?:do\s+you\s+know|i\s+wonder|i(?:\s+am|'m|\s+was)\s+wondering"
    r"|i(?:\s+would|'d)\s+(?:like|love)\s+to\s+know"
    rf"|i\s+(?:want|need)\s+to\s+know|may\s+i\s+ask|can\s+i\s+ask|let\s+me\s+know),?\s+{_QUESTION}"
    rf"|(?:(?:please\s+)?{_TELL}|{_ASK}\s+{_TELL}):?\s+{_QUESTION}"
    rf"|(?:(?:please\s+)?{_TELL}|{_ASK}\s+{_TELL}):\s*(?=\S)"
    r")",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?<![^\s,.!?;:)\]}>\"'`-])"
    r"(?:please|pls|plz|thanks(?:\s+(?:a\s+lot|so\s+much|in\s+advance|again))?|many\s+thanks"
    r"|thank\s+you(?:\s+(?:so\s+much|very\s+much|in\s+advance))?|thx|cheers)[\s.!]*\Z",
    re.IGNORECASE,
)
_NAMED = re.compile(  # after these, a courtesy is what is asked about
    r"(?:\b(?:say|says|said|saying|spell|spelled|means?|meaning|words?|phrase|write|translate"
    r"|pronounce|of|to|for|an?|the|and|or|with|is|than|in|on|reply|answer|no|not|my|your|when)"
    r"|:)\s*\Z|[\"'`]\Z",
    re.IGNORECASE,
)
_TAIL_SEEN = 80  # characters
_ENDS = " \t\r\n?.;,:"
_LONE = re.compile(r"(?:[\d)\]]|(?<![^\W\d_])[^\W\d_])!\Z")  # 5! and n! are factorials


def normal_form(text: str) -> str:
    """`text` without what asks nothing: courtesies, case, blanks, the mark at its end.

    Code, quotations, digits, operators and capitals inside of words stay as they are. A normal
    form is its own normal form.
    """
    if len(text) > LONGEST:
        return text.strip()
    return _fold(bare_form(text))


def bare_form(text: str) -> str:
    """`text` without courtesies around it, and with plain quotation marks; its case is kept."""
    return _bare(_characters(text[:LONGEST]))


def case_counts(word: re.Match[str], *, loud: bool = False) -> bool:
    """Whether the word, found in its text, is another one in other letters: MB, -L, \\D, Polish.

    `loud` texts are in capitals throughout.
    """
    text, start, raw = word.string, word.start(), word[0]
    before = text[max(start - 2, 0) : start]
    if before[-1:] == "\\" or re.fullmatch(r"(?:\A|[\s\"'`(-])-", before):
        return True
    if loud or not start or raw.lower() == raw or _ORDINARY.match(text, word.end()):
        return False
    if len(raw) > 2:
        return raw in LOUD or raw in NAMED
    if len(raw) == 1:
        return (
            raw != "I" and not (before[-1:].isdigit() and raw in "KS") and before[-1:] not in "'."
        )
    return raw in LOUD or (raw == raw.upper() and raw.lower() not in FOLDED)


def _characters(text: str) -> str:
    if text.isascii():
        return text
    plain = "".join(
        one
        if one.isascii() or unicodedata.decomposition(one).startswith(_KEEPING)
        else unicodedata.normalize("NFKC", one)
        for one in text
    )
    return unicodedata.normalize("NFC", plain.translate(_CHARACTERS))


def _bare(text: str) -> str:
    """`text` without courtesies before and after, unless they are all of it."""
    whole = text.strip()
    start = 0
    for _ in range(COURTESIES):
        if not (found := _HEAD.match(whole, start)):
            break
        start = found.end()
    else:
        start = 0  # so many are no courtesy
    bare = _ended(whole[start:])
    while found := _TAIL.search(bare, max(0, len(bare) - _TAIL_SEEN)):
        rest = bare[: found.start()]
        if _NAMED.search(rest[-_TAIL_SEEN:]):
            break
        bare = _ended(rest)
    if bare:
        return bare
    ended = _ended(whole)
    return whole if ended in ("", whole) else _bare(ended)


def _ended(text: str) -> str:
    """`text` without blanks around it and the marks at its end."""
    text = text.strip()
    end = len(text)
    while end and (
        text[end - 1] in _ENDS
        or text[end - 1].isspace()
        or (text[end - 1] == "!" and not _LONE.search(text[max(end - 3, 0) : end]))
    ):
        end -= 1
    return text[:end]


def _fold(text: str) -> str:
    """`text` with single blanks and without capitals, but for what is verbatim."""
    code = "```" in text or bool(_CODE.search(text))
    if not code:  # first, for where a quotation ends depends on it
        text = re.sub(r"\s*\n\s*", " ", text)
    loud = text.upper() == text
    parts: list[str] = []
    at = 0
    for found in _VERBATIM.finditer(text):
        parts.append(_plain(text[at : found.start()], code=code, loud=loud))
        parts.append(found[0])
        at = found.end()
    parts.append(_plain(text[at:], code=code, loud=loud))
    return "".join(parts).strip()


def _plain(text: str, *, code: bool, loud: bool) -> str:
    text = re.sub(r"[^\S\n]+", " ", text) if code else re.sub(r"\s+", " ", text)
    return LETTERS.sub(lambda word: _lower(word, loud=loud), text)


def _lower(found: re.Match[str], *, loud: bool) -> str:
    """The word in lower case, unless its capitals make it another word."""
    word = found[0]
    if (word[1:] != word[1:].lower() and word != word.upper()) or case_counts(found, loud=loud):
        return word
    return word.lower()
