"""What can be seen of a request and a tool without a model: the measures that the gate weighs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from providers.functions.describe import Function
from providers.functions.schemas import kind
from providers.functions.words import numbers, stem, stems

# What an address, a path, a piece of code, a formula or a query looks like.
SHAPES = {
    "url": re.compile(r"https?://\S+"),
    "path": re.compile(r"(?<![\w:/])[\w.~-]*(?:/[\w.*-]+)+/?|\b[\w*-]+\.[a-z]{1,5}\b(?!\()"),
    "code": re.compile(r"\w+\([^)]*\)|`[^`]+`|\bimport \w+"),
    "sum": re.compile(r"\d\s*[-+*/^\u00d7\u00f7%]\s*\(?\d|\w\(\d|\d\s*%"),
    "sql": re.compile(r"\bselect\b.+\bfrom\b.*", re.IGNORECASE | re.DOTALL),
}
TAKES = {  # words of a parameter's name or description: what it is filled with
    "url": ("url", "link", "address", "website"),
    "path": ("path", "file", "folder", "directory", "filename", "pattern", "glob"),
    "code": ("code", "source", "script", "snippet", "program"),
    "sum": ("expression", "formula", "equation"),
    "sql": ("sql",),
}
WRITES = r"\b(?:write|save|store|put|add|append|overwrite|create|make|note)\b"
FILE = (
    r"(?<![\w*])[\w/.-]+\.(?:py|txt|md|json|csv|toml|ya?ml|log|html?|[jt]sx?|cfg|ini|conf|go|rs|"
    r"java|c|h|cpp|rb|sh|xml|css|rst|tex)"
)
ALIKE = {  # what people say: what tools say
    r"google|look(?:ing)? up|online|internet|search for": "search web",
    r"ls|dir|directory|what files|which files": "list files folder",
    r"cat \S+\.\w+|show me what is in|display|contents? of|what does \S+\.\w+ say": (
        "read file content"
    ),
    rf"^(?!.*{WRITES}).*?{FILE}": "read text file",
    rf"^(?=.*{WRITES}).*?{FILE}": "write text file",
    r"product of|sum of|convert|plus|minus|times|percent|divided?|multiply|subtract|squared?|"
    r"sqrt|root of|add up": ("calculate compute evaluate arithmetic expression"),
    r"how many|how much is|what'?s? (?:is )?[\d(]+": (
        "calculate compute evaluate arithmetic expression"
    ),
    r"execute|snippet|script|python": "run code program",
    r"save|store|append|overwrite|(?:put|add) .{1,60} (?:in|into|to)|new file|note down|"
    r"(?:create|make) (?:a|the) file": "write file",
    r"\d ?(?:[kcm]?m|k?g|lbs?|oz|ft|miles?|feet|inch(?:es)?|pounds?|gallons?|lit(?:er|re)s?|yards?|"
    r"met(?:er|re)s?|grams?|hours?|minutes?|celsius|fahrenheit) (?:in|to|into|as)": (
        "convert conversion unit calculate arithmetic"
    ),
    r"download|visit|website|web ?page|page at|open https?": "fetch get url web page",
    r"spen[dt]|spending|costs?|paid|expenses|bill|money": "cost spent spend money",
    r"(?<!note )(?<!write )(?<!break )down|healthy|working|alive|available|outage": (
        "health state status"
    ),
    r"scores?|rank": "benchmark measure score",
    r"rate|rating|thumbs": "rate feedback rating",
    r"several models|other models|panel|debate|vote|consensus": "panel several models",
    r"another model|best model|ask a model|(?:send|give|pass) .{1,20}prompt": (
        "complete answer prompt model"
    ),
    r"(?:which|what) model (?:would|will|should|do|does)": "route show model prompt",
    r"usd|eur|gbp|jpy|inr|cny|chf|dollars?|euros?|yen|rupees?|yuan|francs?": "currency exchange",
    r"(?:in|to|into) (?:english|french|german|spanish|italian|portuguese|dutch|russian|chinese|"
    r"mandarin|japanese|korean|arabic|hindi)": "translate translation language",
    r"how far|miles away": "distance",
    r"how long": "time duration",
    r"how old": "age",
    r"how tall|how high": "height elevation",
    r"rain|sunny|snow|windy|umbrella|forecast|how (?:hot|cold)": "weather temperature forecast",
    r"buy|purchase": "order buy purchase shop",
    r"fly|plane": "flight",
    r"directions|how do i get": "route directions",
}
ALIKE_WORDS = [
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), stems(words))
    for pattern, words in ALIKE.items()
]
DESCRIBED = 200  # characters
ENTITY = re.compile(r"(?<=[a-z,] )[A-Z]\w+|(?<!\w)['\"][^'\"]+['\"]")
TALK = re.compile(
    r"^\W*(?:hello|hi|hey|thanks|thank you|good (?:morning|evening|night)|who are you|"
    r"how are you|what is your|what's your|tell me (?:a|about)|write (?:a|an|me)\b|"
    r"explain (?:what|how|why|the (?:idea|difference|concept))|describe|why)\b",
    re.IGNORECASE,
)
FIT = (
    "name_said", "name_words", "description_said", "description_words", "request_in_description",
    "request_in_all", "parameters_said", "required_said", "numbers_lack", "numbers_none",
    "numbers_spare", "entities", "text_wanted", "required", "length", "question", "shape_fits",
    "shape_lacks", "talk", "rare", "first_word", "alike", "only_taker",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Request:
    text: str
    said: set[str]
    alike: set[str]  # what is said in other words
    first: str
    numbers: int
    shapes: set[str]
    only: set[str]  # shapes that one tool alone takes


def fit_signs(text: str, offered: Sequence[Function]) -> list[list[float]]:
    """For each tool, the measures of `FIT`: how much the request speaks of what it does."""
    said = stems(text)
    alike = {word for pattern, words in ALIKE_WORDS if pattern.search(text) for word in words}
    shapes = {name for name, pattern in SHAPES.items() if pattern.search(text)}
    taken = [shape for one in offered for shape in _takes(one)]
    asked = _Request(
        text=text,
        said=said,
        alike=alike - said,
        first=stem(next(iter(re.findall(r"[a-z]+", text.lower())), "")),
        numbers=len(numbers(text)),
        shapes=shapes,
        only={shape for shape in shapes & {"url", "sql", "sum"} if taken.count(shape) == 1},
    )
    owners = _owners(offered)
    return [_fit(asked, owners, one) for one in offered]


def _fit(asked: _Request, owners: dict[str, int], one: Function) -> list[float]:
    name, described = name_stems(one), described_stems(one)
    takes = _takes(one)
    shared = (name | described) & asked.said
    return [
        *_words_shared(asked.said, name, described, one),
        *_values(asked, one),
        float(asked.text.rstrip().endswith("?")),
        float(bool(takes & asked.shapes)),
        float(bool(takes) and not takes & asked.shapes),
        float(bool(TALK.match(asked.text))),
        sum(1 / owners[word] for word in shared),
        float(asked.first in name or asked.first in described),
        _alike(asked.alike, one),
        float(bool(takes & asked.only)),
    ]


def _words_shared(
    said: set[str], name: set[str], described: set[str], one: Function
) -> list[float]:
    required = [stems(_spaced(p)) for p in one.required]
    parameters = set[str]().union(*(stems(_spaced(p)) for p in one.properties))
    details = set[str]().union(
        *(stems(str(s.get("description", ""))) for s in one.properties.values())
    )
    return [
        _share(name, said),
        float(len(name & said)),
        _share(described, said),
        float(len(described & said)),
        _share(said, described | name),
        _share(said, described | name | parameters | details),
        _share(parameters, said),
        sum(bool(p & said) for p in required) / len(required) if required else 0.5,
    ]


def _values(asked: _Request, one: Function) -> list[float]:
    """Whether the request has what the required parameters are to be filled with."""
    kinds = [kind(one.properties[p]) for p in one.required]
    count = sum(k in ("integer", "number") for k in kinds)
    return [
        float(count > asked.numbers),
        float(count > 0 and not asked.numbers),
        min(asked.numbers - count, 3) if count else 0.0,
        float(min(len(ENTITY.findall(asked.text)), 3)),
        float("string" in kinds),
        float(len(kinds)),
        min(len(asked.said), 30) / 10,
    ]


def _alike(words: set[str], one: Function) -> float:
    """How much of the tool's words is said in other words; its name counts double."""
    name, described = name_stems(one), described_stems(one)
    return min(2.0 * len(words & name) + len(words & described - name), 4.0)


def shaped(parameter: str, text: str) -> list[str]:
    """What in `text` looks like a value of `parameter`: its addresses, its paths, its query."""
    words = set(re.split(r"[^a-z]+", parameter.lower()))
    kinds = [shape for shape in ("url", "path", "sql") if words & set(TAKES[shape])]
    return [match[0] for shape in kinds for match in SHAPES[shape].finditer(text)]


def has_value(text: str) -> bool:
    """Whether there is anything in `text` that an argument could be."""
    return bool(numbers(text)) or any(p.search(text) for p in (*SHAPES.values(), ENTITY))


def name_stems(one: Function) -> set[str]:
    return stems(_spaced(one.name))


def described_stems(one: Function) -> set[str]:
    """Of how its description begins; what follows is detail."""
    return stems(one.description[:DESCRIBED])


def _spaced(name: str) -> str:
    return re.sub(r"[._-]", " ", name)


def _takes(one: Function) -> set[str]:
    """The shapes of value that its required parameters, or else its first, are filled with."""
    names = one.required or list(one.properties)[:1]
    words = {word for p in names for word in re.split(r"[^a-z]+", p.lower())}
    return {shape for shape, marks in TAKES.items() if words & set(marks)}


def _owners(offered: Sequence[Function]) -> dict[str, int]:
    """In how many tools' names and descriptions each word stands."""
    counts: dict[str, int] = {}
    for one in offered:
        for word in name_stems(one) | described_stems(one):
            counts[word] = counts.get(word, 0) + 1
    return counts


def _share(part: set[str], whole: set[str]) -> float:
    return len(part & whole) / len(part) if part else 0.0
