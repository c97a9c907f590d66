"""Which natural language a text is in: by its script, else by its commonest small words."""

import re

ENGLISH, UNKNOWN = "en", "und"
NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "pl": "Polish", "tr": "Turkish",
    "ru": "Russian", "uk": "Ukrainian", "el": "Greek", "he": "Hebrew", "ar": "Arabic",
    "hi": "Hindi", "th": "Thai", "zh": "Chinese", "ja": "Japanese", "ko": "Korean",
    "und": "unknown",
}  # fmt: skip
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),  # before Chinese: Japanese has its characters too
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),  # before Russian, whose alphabet lacks these
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_SMALL = {
    "en": "the a an of and to in is are was for on with that it you your what how who which why "
          "when where does do did can could should would my this these from by at as be have has "
          "i me we they he she not if or but there their write find give make explain show list "
          "hello hi please tell about",
    "de": "der die das und ist nicht ein eine einen einer ich du wir ihr mit für auf von zu den "
          "dem des im wie was warum wer wo kann kannst bitte mir mich sind hat haben auch oder "
          "aber wenn es sich aus bei nach über dass schreibe erkläre welche gibt mein meine",
    "fr": "le la les un une des et est pas que qui je tu il nous vous dans pour sur avec au aux du "
          "ce cette ces comment pourquoi quel quelle quels quelles combien sont mon ma mes mais ou "
          "où par plus peux écris explique moi bonjour d'un d'une c'est l'on s'il",
    "es": "el la los las un una y es no que de en por para con como cómo qué cuál cuáles quién "
          "dónde cuándo cuántos cuántas del al se lo mi mis su tu yo me te pero más esta este "
          "estoy son hay escribe explica puedes hola muy porque",
    "it": "il lo la gli un una e è non che di in per con come cosa quale quali chi dove quando "
          "perché del della dei delle nel nella al si mi ti ci sono ho hai mio mia ma più questo "
          "questa scrivi spiega puoi ciao quanto",
    "pt": "o a os as um uma e é não que de em por para com como qual quais quem onde quando do da "
          "dos das no na ao se meu minha seu sua você eu mas mais este esta isso são está escreva "
          "explique pode olá muito porque",
    "nl": "de het een en is niet ik je jij wij we met voor op van te naar hoe wat waarom wie waar "
          "kan kun zijn heeft hebben ook of maar als er dit dat deze mijn schrijf leg uit geef",
    "sv": "och är inte ett en jag du vi med för på av att till hur vad varför vem var kan som det "
          "den de har också eller men om min mitt skriv förklara",
    "pl": "i jest nie to w na z do się że jak co dlaczego kto gdzie czy dla od po ja ty mój moja "
          "ale lub jaki jaka jakie napisz wyjaśnij są może",
    "tr": "ve bir bu için ile ne nas\u0131l neden kim nerede değil mi m\u0131 da de çok ben sen "
          "benim ama veya kadar gibi yaz aç\u0131kla var yok olan",
}  # fmt: skip
_SPEAKS: dict[str, tuple[str, ...]] = {}
for _language, _words in _SMALL.items():
    for _word in _words.split():
        _SPEAKS[_word] = (*_SPEAKS.get(_word, ()), _language)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SEEN = 600  # characters


def detect_language(text: str) -> str:
    """The ISO 639-1 code of `text`, or `und` where nothing tells: code, numbers, a name.

    Another language is told only when more speaks for it than for English.
    """
    seen = text[:_SEEN].lower()
    words = _WORD.findall(seen)
    if not words:
        return UNKNOWN
    if not seen.isascii() and (script := _script(seen)):
        return script
    counts = dict.fromkeys(_SMALL, 0.0)
    for word in words:
        speaks = _SPEAKS.get(word.replace("\u2019", "'"), ())
        for language in speaks:
            counts[language] += 1 / len(speaks) + 0.5
    english = counts.pop(ENGLISH)
    best = max(counts, key=lambda language: counts[language])
    if counts[best] > max(1.3 * english, 1.4 if len(words) < 12 else 2.9):
        return best
    return ENGLISH if english else UNKNOWN


def _script(text: str) -> str | None:
    """The language of the first script that a good part of the letters is written in."""
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        found = len(script.findall(text))
        # A Chinese character says as much as a word of five letters.
        share = found * (4 if language in ("zh", "ja") else 1)
        if found and share >= 0.4 * letters:
            return language
        if language in ("ja", "uk") and found:  # a part is enough where the rest is the sibling's
            rest = "[\u3040-\u30ff\u3400-\u9fff]" if language == "ja" else "[\u0400-\u04ff]"
            if 2 * len(re.findall(rest, text)) >= letters:
                return language
    return None
