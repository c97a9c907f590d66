"""Which of the six kinds of task a prompt is, by words and shapes."""

import math
import re
from typing import NamedTuple, get_args

from pointsman.records import Category, Emotion
from routing.prompt.signals import Signals, glance

CATEGORIES: tuple[Category, ...] = get_args(Category)


class Shape(NamedTuple):
    """A form of asking; it speaks for `category` with `weight` where it occurs."""

    category: Category
    weight: float
    pattern: re.Pattern[str]


# The words of each kind in lower case: strong ones decide alone, weak ones only add up.
_STRONG: dict[Category, str] = {
    "coding": """python javascript typescript java rust golang kotlin swift php ruby perl haskell
        matlab sql mysql postgresql sqlite html css regex bash linux unix shell json yaml xml csv
        api docker dockerfile kubernetes terraform nginx git github npm pip numpy pandas pytorch
        tensorflow react vue django flask code coding program programming function functions
        algorithm algorithms debug debugging compile compiler refactor refactoring recursion
        recursive segfault traceback stacktrace regexp pytest dataframe tuple tuples array arrays
        boolean substring hashmap heap stack queue trie binary pointer async thread threads
        mutex endpoint backend frontend database databases schema query script scripts bug bugs
        quicksort mergesort bubblesort sorting sort directory directories filename filenames
        symlink symlinks chmod grep sudo excel vba macro widget localhost middleware
        funktion fonction funzione algorithmus""",
    "math": """solve calculate compute evaluate simplify factor equation equations derivative
        integral integrate probability polynomial polynomials triangle matrix determinant
        eigenvalue eigenvalues vector vectors perimeter radius diameter circumference divisible
        remainder modulo prime primes theorem prove proof integers hypotenuse quadratic
        logarithm cosine sine tangent fraction fractions decimal percent percentage arithmetic
        algebra geometry calculus factorial permutations combinations parabola circle hexagon
        polygon rectangle coefficient coefficients converge converges multiple average mean
        median""",
    "research": """study studies literature evidence hypothesis hypotheses systematic clinical
        patients patient treatment efficacy therapy disease syndrome diagnosis diagnostic surgery
        surgical cancer outcome outcomes associated association predictor predictors prevalence
        mortality morbidity infection chronic acute tumor tumour mechanism mechanisms gene genes
        protein receptor enzyme biomarker biomarkers cohort trial trials meta-analysis
        implications theory theories theoretical policy policies law legal court liability
        statute economic economics historical historians philosophy philosophical ethical
        methodology research researchers scientific impact effectiveness comparative empirical
        qualitative quantitative significance dataset datasets consensus debate climate species
        ecosystem regulation regulations monetary fiscal governance jurisdiction""",
    "language": """translate translation traduce traduis grammar grammatical grammatically
        proofread rephrase rewrite reword paraphrase spelling misspelled synonym synonyms antonym
        antonyms conjugate punctuation sentence sentences paragraph idiom idioms phrase phrases
        adjective adjectives adverb adverbs noun nouns verb verbs preposition prepositions
        plural pronunciation pronounced syllable rhyme rhymes headline tense wording fluent
        proverb vocabulary passive""",
    "empathy": """feel feeling feelings felt lonely alone sad depressed depression anxious anxiety
        scared afraid ashamed guilty embarrassed heartbroken devastated overwhelmed hopeless
        frustrated furious upset jealous nervous proud grateful thrilled excited disappointed
        hurt hurts crying cried boyfriend girlfriend husband wife breakup divorce grief vent
        stressed exhausted terrified worried miss""",
    "general": """recipe recommend suggest movie film song actor actress singer band album episode
        season team championship capital country president king queen novel author city famous
        invented discovered gift trip vacation dinner joke riddle trivia planet animal animals
        fun ideas story poem haiku""",
}  # fmt: skip
_WEAK: dict[Category, str] = {
    "coding": """string strings list lists integer class method object variable loop key keys index
        file files folder folders command commands lines column columns table error errors
        exception crash crashes crashed server test tests version import return input output
        characters element elements delete rename path user users permission permissions""",
    "math": """sum product total each left many much per half twice altogether cost costs dollars
        cents hours minutes miles meters feet km cm degrees number numbers value real positive
        area volume angle ratio times less more square cube root digits""",
    "research": """analyze analyse compare contrast survey review discuss explain assess role
        factors effect effects cause causes risk risks methods method approach approaches
        advantages disadvantages potential challenges considerations best practices influence
        affect affects improve prevent reduce development model models management techniques
        relationship consequences medical social political cultural cell cells brain drug drugs
        health design process system systems""",
    "language": """word words correct spell edit summarize summarise shorten text meaning means
        mean formal tone polite english french german spanish italian portuguese russian chinese
        japanese korean dutch latin arabic hindi polish say simpler simplify title email letter
        essay write mistakes errors""",
    "empathy": """i i'm im i've ive me my myself mom mum dad mother father sister brother friend
        friends son daughter boss coworker partner dog cat job life today yesterday really just
        so happy love hate lost broke""",
    "general": """who when where which what name tell give played plays won born located wrote
        year world show tv book game food cook day people type kind called""",
}  # fmt: skip
_FORMS: tuple[tuple[Category, float, str], ...] = (
    ("coding", 3.0, r"\b(?:write|create|implement|complete|fix|make)\b.{0,30}\b(?:function|"
     r"program|script|class|method|query|code|api|app|component|regex)\b"),
    ("coding", 2.5, r"\b(?:find|list|delete|copy|move|archive|count|print|display|rename|"
     r"search|show|remove|create|change|set|kill|save)\b.{0,40}\b(?:files?|director(?:y|ies)|"
     r"folders?|lines?|process(?:es)?|permissions?|variables?|columns?|users|disk)\b"),
    ("coding", 2.0, r"\bin (?:python|java|javascript|c|c\+\+|c#|go|rust|bash|sql|r|pandas)\b|"
     r"c\+\+|c#|\.(?:py|js|txt|csv|sh|log|json|html|cpp|java)\b|\$\{?[a-z_]\w*\b(?!\$)|--\w"),
    ("coding", 1.5, r"\w(?:error|exception)\b|[a-z]_[a-z]|\bundefined\b|\bnull(?:ptr)?\b"),
    ("coding", 3.0, r"^(?:git|docker|npm|pip|sudo|curl|cd|ls|import|from \w+ import|select .+ from|"
     r"def|void|int|const|let \w+ ?=|<\w+) "),
    ("math", 2.0, r"^(?=\D*\d)[\s\S]*?\b(?:how (?:many|much|far|long|old|tall|fast)|"
     r"what (?:is|was) (?:the|her|his|their) (?:total|average|price|cost|sum|profit))\b"),
    ("math", 2.5, r"\\(?:frac|sqrt|sum|int|cdot|le|ge|pi|angle|begin|text|times|log|sin|cos)\b|"
     r"\$[^$\n]{1,80}\$"),
    ("math", 2.0, r"[\dxyzn)] ?[+*/^=] ?[\dx(]|\d ?- ?\d|[a-z]\(x\)|= ?\?"),
    ("math", 2.0, r"^(?:prove|show|let|suppose|find (?:the|all)|if [a-z]\b|compute|evaluate|"
     r"solve|simplify \(|factor|determine)\b"),
    ("research", 1.5, r"^(?:does|do|is|are|can|should) .{15,}\b(?:with|in|for|after|of|among|"
     r"between|by|to)\b .{4,}\?"),
    ("research", 1.5, r"^(?:what are the|how (?:do|does|can|should|might|has|have|did|could)|"
     r"why (?:do|does|did|is|are)|to what extent|under which) .{25,}"),
    ("research", 1.5, r"\b(?:advantages|disadvantages|pros and cons|implications|effects?|"
     r"impact|role|causes?|treatment|management|importance|consequences|risk factors) "
     r"(?:of|for|on)\b"),
    ("research", 1.0, r"[a-z]: [^:?]{5,80}\?$|\b(?:how|what) should (?:a|an|the) \w+er\b"),
    ("language", 3.0, r"\b(?:in|into|to|from) (?:french|german|spanish|english|italian|chinese|"
     r"japanese|portuguese|russian|latin|arabic|hindi|korean|dutch|polish|turkish|swedish)\b"),
    ("language", 3.0, r"^(?:please |can you |could you )?(?:translate|proofread|correct|"
     r"rewrite|rephrase|paraphrase|reword|simplify|shorten|summari[sz]e|edit|polish|make)\b"
     r"[^\n]{0,60}:\s*\S"),
    ("language", 2.0, r"\b(?:this|these|the|each|following|two|my|a) (?:\w+ )?(?:sentences?|"
     r"paragraphs?|words?|text|passage|essay|email|message)\b"),
    ("language", 2.0, r"\b(?:meaning of|what does \"|(?:another|different) word|words? (?:for|"
     r"that|with)|how do (?:you|i) say|how is \w+ pronounced)\b|___"),
    ("empathy", 2.0, r"\b(?:i feel|i'?m (?:so|really|feeling|just|very)|im so|i felt|i was so|"
     r"i am so|makes? me|made me|i can'?t (?:stop|sleep|believe|wait|take)|i don'?t know what|"
     r"i miss|i hate|i just want|i wish)\b"),
    ("empathy", 1.0, r"\bmy (?:friend|mom|mum|dad|mother|father|husband|wife|boyfriend|boss|"
     r"girlfriend|dog|cat|son|daughter|sister|brother|family|partner|roommate|kids?)\b"),
    ("empathy", 1.5, r"^(?:i|i'm|im|i've|my|we|our|he|she|they|yes|no|yeah|hi|hello|hey|ok|"
     r"okay|thanks?|well|not|it'?s|just|so|ugh|omg|last|today|yesterday)\b[^?]*$"),
    ("general", 1.5, r"^(?:who|when|where|which|in (?:which|what)|what (?:year|kind|type|name|"
     r"color|colour|country|city|animal)|what(?:'s| is| was| are) the name)\b|"
     r"\bchoices:|\ba\. .+\bb\. "),
    ("general", 1.5, r"^(?:name|list|suggest|recommend|give me|tell me|plan|brainstorm|rank|"
     r"classify|come up with|generate|write (?:a|an|me|some) (?:\w+ )?(?:story|poem|song|haiku|"
     r"joke|speech|conversation|recipe))\b"),
    ("general", 1.0, r"^[^?\n]{10,70}\?$|^given (?:a|an|the|my|two)\b"),
)  # fmt: skip
_SHAPES = tuple(Shape(category, weight, re.compile(form)) for category, weight, form in _FORMS)
_TABLE: dict[str, list[tuple[int, float]]] = {}
for _worth, _words in ((1.0, _STRONG), (0.35, _WEAK)):
    for _category, _text in _words.items():
        for _word in _text.split():
            _TABLE.setdefault(_word, []).append((CATEGORIES.index(_category), _worth))

_TOKEN = re.compile(r"[a-z]+(?:['\u2019][a-z]+)*")
_MOST = 5.0  # further words of one kind add nothing
_WORD_WEIGHT = 1.6
_CODE = 3.0
_GENERAL_PRIOR = 0.8  # what a prompt is that nothing speaks for
_TASK, _MOODY = 1.6, 0.2
_TASKS = (CATEGORIES.index("coding"), CATEGORIES.index("math"))  # whose words are hardly chat
_FIRST = (  # words that a prompt begins with: a question, a yes-or-no question, a story, an order
    "what who when where which why how whose whom",
    "is are do does did can could should would will was were has have may",
    "i i'm im i've ive my we our me",
    "write give make create find list tell explain show add change use name describe generate "
    "suggest summarize rewrite translate",
)
_FIRST_OF = {word: place for place, words in enumerate(_FIRST) for word in words.split()}
_SELF, _YOU = (
    frozenset(words.split())
    for words in ("i i'm im i've ive i'd me my myself we us our", "you your yours u")
)


class Reading(NamedTuple):
    """What words and shapes say of a prompt."""

    words: tuple[float, ...]  # for each category, how much its words occur, 0.._MOST
    shapes: tuple[bool, ...]  # for each shape, whether it occurs
    code: bool  # whether there is code in it
    form: tuple[float, ...]  # how it is built, whatever it is about, each about 0..1


def read(signals: Signals, emotion: Emotion) -> Reading:
    """The features of a prompt; only its beginning and its end are looked at."""
    text = glance(signals.text)
    tokens = _TOKEN.findall(text)
    words = [0.0] * len(CATEGORIES)
    for token in tokens:
        for place, worth in _TABLE.get(token, ()):
            words[place] += worth
    return Reading(
        words=tuple(min(score, _MOST) for score in words),
        shapes=tuple(shape.pattern.search(text) is not None for shape in _SHAPES),
        code=signals.code > 0 and "\\" not in text,  # a formula in TeX ends in `}` too
        form=(
            *_form(text, tokens, signals),
            emotion.intensity,
            *(emotion.intensity * min(words[place], 2.0) / 2 for place in _TASKS),
            emotion.intensity * min(signals.formulas, 1),
        ),
    )


def score_categories(reading: Reading) -> dict[Category, float]:
    """How much speaks for each category: not normalised, at least 0."""
    scores = {
        category: _WORD_WEIGHT * score
        for category, score in zip(CATEGORIES, reading.words, strict=True)
    }
    for shape, there in zip(_SHAPES, reading.shapes, strict=True):
        scores[shape.category] += shape.weight * there
    scores["coding"] += _CODE * reading.code
    scores["general"] += _GENERAL_PRIOR
    return scores


def _form(text: str, tokens: list[str], signals: Signals) -> tuple[float, ...]:
    count = max(len(tokens), 1)
    first = _FIRST_OF.get(tokens[0], -1) if tokens else -1
    stripped = text.rstrip()
    return (
        *(float(first == place) for place in range(len(_FIRST))),
        float(stripped.endswith("?")),
        min(signals.questions, 2) / 2,
        float("\n" in stripped),
        float(": " in text),
        float('"' in text or "“" in text),
        math.log1p(min(signals.words, 400)) / 6,
        float(signals.words < 6),
        min(sum(token in _SELF for token in tokens) / count * 5, 1.0),
        float(any(token in _YOU for token in tokens)),
        min(signals.code, 3) / 3,
        min(signals.formulas, 3) / 3,
        min(signals.numbers, 4) / 4,
    )


def rule_probabilities(signals: Signals, emotion: Emotion) -> dict[Category, float]:
    """What the rules alone make of a prompt: they sum to 1, but are not calibrated."""
    scores = score_categories(read(signals, emotion))
    if emotion.intensity > 0 and max(scores["coding"], scores["math"]) >= _TASK:
        scores["empathy"] *= _MOODY  # a task keeps its category, whatever the mood
    powers = {category: math.exp(score) for category, score in scores.items()}
    total = sum(powers.values())
    return {category: power / total for category, power in powers.items()}
