"""Small word lists: what changes the meaning of a prompt, and what does not."""

from collections.abc import Iterator


def words_of(text: str) -> frozenset[str]:
    """The words between the blanks of `text`."""
    return frozenset(text.split())


def _groups(text: str) -> Iterator[tuple[str, ...]]:
    for line in text.strip().splitlines():
        for group in line.split(";"):
            if group.strip():
                yield tuple(group.split())


NEGATORS = words_of(
    "not no never without none nothing nobody neither nor nowhere cannot hardly barely scarcely"
    " rarely seldom except excluding non"
)
ARTICLES = words_of("a an the")
QUANTIFIERS = {
    word: name
    for name, words in {
        "all": "all every each entire everyone everybody everything whole always",
        "some": "some several few many most any someone somebody something sometimes often usually",
        "only": "only just solely merely exclusively alone",
        "both": "both",
        "either": "either",
        "least": "least minimum minimal",
        "most": "maximum maximal",
        "half": "half",
        "double": "double twice",
        "triple": "triple thrice",
        "exact": "exactly precisely",
        "about": "",
        "first": "first initial",
        "last": "last final",
        "next": "next following",
        "previous": "previous prior former",
    }.items()
    for word in words.split()
}
# Among these, the loose ones may come and go: "what are some ways" asks what "what are ways" does.
LOOSE_QUANTIFIERS = words_of("some several many any few every each just")
COMPARATIVES = {
    "more": "up", "most": "up", "less": "down", "least": "down", "fewer": "down",
    "better": "good", "best": "good", "worse": "bad", "worst": "bad",
}  # fmt: skip
PREPOSITIONS = words_of(
    "in on at by for with from to of into onto over under about between among against during"
    " through across toward towards within outside inside near beside behind above below beyond"
    " up down off out per via than as like using along around upon amid"
)
AUXILIARIES = words_of(
    "be is are was were am been being do does did done doing have has had having will would shall"
    " should can could may might must ought"
)
PAST = words_of("was were did had been")
FUTURE = words_of("will shall going gonna")
MODALS = {
    "should": "should", "ought": "should", "must": "must", "may": "may", "might": "may",
    "can": "can", "could": "can", "would": "would", "will": "will", "shall": "will",
}  # fmt: skip
PRONOUNS = {
    word: name
    for name, words in {
        "i": "i me my mine myself we us our ours ourselves you your yours yourself one oneself"
        " people someone anyone",
        "he": "he him his himself",
        "she": "she her hers herself",
        "they": "they them their theirs themselves it its itself",
    }.items()
    for word in words.split()
}
WH = words_of("what who whom whose which when where why how")
CONNECTIVES = words_of("and or but if because so though although while whereas unless until then")
FILLERS = words_of(
    "please kindly really actually basically literally simply very quite just also there here so"
    " well indeed somehow exactly certain particular respective currently now right today still"
    " ever even that this these those such hi hello hey thanks thank ok okay"
    " possibly perhaps maybe truly honestly essentially generally typically normally"
)
STOP = (
    ARTICLES | PREPOSITIONS | AUXILIARIES | WH | CONNECTIVES | FILLERS | PRONOUNS.keys()
)  # fmt: skip

_COUNT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
NUMBERS = {
    word: str(value)
    for value, word in [
        *enumerate(_COUNT.split()),
        *((ten * 10, word) for ten, word in enumerate(_TENS.split(), 3)),
        (1_000, "thousand"),
        (1_000_000, "million"),
        (1_000_000_000, "billion"),
        (1_000_000_000_000, "trillion"),
        (12, "dozen"),
    ]
    if word != "one"
}  # fmt: skip
ORDINALS = {
    word: str(value)
    for value, word in enumerate(
        [
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        3,
    )
} | {"second": "2"}
UNITS = {
    word: group[0]
    for group in _groups(
        "km kilometer kilometers kilometre kilometres kms; m meter meters metre metres"
        "; cm centimeter centimeters centimetre centimetres; mm millimeter millimeters millimetre"
        "; mile miles mi; foot feet ft; inch inches; yard yards yd; kg kilogram kilograms kilo"
        "; gram grams g; mg milligram milligrams; pound pounds lb lbs; ounce ounces oz; ton tons"
        "; tonne tonnes; liter liters litre litres l; ml milliliter milliliters millilitre"
        "; gallon gallons; pint pints; quart quarts; cup cups; tablespoon tablespoons tbsp"
        "; teaspoon teaspoons tsp; nanosecond nanoseconds ns; millisecond milliseconds ms"
        "; minute minutes min mins; hour hours hr hrs; day days; week weeks; month months"
        "; year years yr yrs; decade decades; century centuries; celsius; fahrenheit; kelvin"
        "; watt watts w; kilowatt kilowatts kw; volt volts v; amp amps ampere amperes"
        "; byte bytes; kb kilobyte kilobytes; mb megabyte megabytes; gb gigabyte gigabytes"
        "; tb terabyte terabytes; bit bits; hz hertz; mhz; ghz; mph; kph kmh; percent % percentage"
        "; dollar dollars $ usd; euro euros € eur; pound gbp £; yen ¥ jpy; rupee rupees rs inr ₹"
        "; cent cents; acre acres; hectare hectares; am; pm; calorie calories kcal; joule joules"
        "; daily; weekly; monthly; yearly annually annual; hourly; quarterly"
    )
    for word in group
}
# Words that stand for one another only where their kind is not what is asked.
CONTRACTIONS = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not",
    "i'm": "i am", "let's": "let us", "ain't": "is not", "gonna": "going to", "wanna": "want to",
    "gotta": "got to", "dont": "do not", "doesnt": "does not", "didnt": "did not",
    "cant": "can not", "wont": "will not", "isnt": "is not", "arent": "are not",
    "wasnt": "was not", "werent": "were not", "shouldnt": "should not", "couldnt": "could not",
    "wouldnt": "would not", "hasnt": "has not", "havent": "have not", "hadnt": "had not",
    "whats": "what is", "hows": "how is", "wheres": "where is", "whos": "who is", "im": "i am",
    "ive": "i have", "u": "you", "ur": "your", "pls": "please", "plz": "please", "thx": "thanks",
    "w": "with", "vs": "versus", "vs.": "versus", "v": "versus", "b/c": "because", "bc": "because",
    "r": "are", "y": "why", "thru": "through", "til": "until", "till": "until", "&": "and",
    "fb": "facebook", "insta": "instagram", "yt": "youtube", "oscars": "oscar",
    "uni": "university", "acct": "account", "func": "function", "prod": "production", "max":
    "maximum", "prez": "president", "btw": "",
    "etc": "", "js": "javascript", "ts": "typescript", "py": "python", "k8s": "kubernetes",
    "postgres": "postgresql", "pc": "computer", "wk": "week", "wks": "weeks", "bday": "birthday",
    "gf": "girlfriend", "bf": "boyfriend", "pic": "picture", "pics": "pictures", "pw": "password",
    "govt": "government", "dept": "department", "approx": "approximately", "diff": "difference",
    "docs": "documentation", "config": "configuration", "repo": "repository", "repos":
    "repositories", "admin": "administrator", "asap": "soon", "bio": "biography", "temp":
    "temperature", "mins": "minutes", "hrs": "hours", "yrs": "years", "$": "dollars", "€": "euros",
    "£": "pounds", "%": "percent", "¥": "yen", "₹": "rupees", "chem": "chemistry",
    "howto": "how to", "info": "information", "app": "application",
}  # fmt: skip
for _single in ("w", "v", "r", "y"):
    del CONTRACTIONS[_single]  # as often a variable, a unit or a language
DEMONYMS = {
    word: country
    for country, words in {
        "usa": "american americans america", "uk": "british britain", "france": "french",
        "germany": "german germans", "spain": "spanish", "italy": "italian italians",
        "china": "chinese", "japan": "japanese", "india": "indian indians", "russia": "russian"
        " russians", "canada": "canadian canadians", "australia": "australian australians",
        "mexico": "mexican mexicans", "brazil": "brazilian brazilians", "greece": "greek greeks",
        "rome": "roman romans", "europe": "european europeans", "africa": "african africans",
        "asia": "asian asians", "england": "english", "ireland": "irish", "scotland": "scottish",
        "poland": "polish", "sweden": "swedish", "norway": "norwegian", "denmark": "danish",
        "netherlands": "dutch", "turkey": "turkish", "egypt": "egyptian", "israel": "israeli",
        "korea": "korean", "vietnam": "vietnamese", "portugal": "portuguese", "cuba": "cuban",
    }.items()
    for word in words.split()
}  # fmt: skip
ASPECTS = words_of(  # with one of these, it is not so now, or not quite, or not all the time
    "usedto notanymore simultaneously former formerly almost nearly become fake ex alleged"
    " allegedly atleast unless except opposite remain refuse decline fail still future"
)
SUFFIXES = {"n't": "not", "'re": "are", "'ll": "will", "'ve": "have", "'d": "would", "'m": "am"}

ALIASES = {  # several words that are one name, or the like
    tuple(many.split()): one
    for many, one in {
        "united states of america": "usa", "united states": "usa", "the us": "usa",
        "the states": "usa", "u s a": "usa", "u s": "usa", "united kingdom": "uk", "u k": "uk",
        "great britain": "uk", "new york city": "nyc", "new york": "nyc", "academy award": "oscar",
        "academy awards": "oscar", "los angeles": "la",
        "european union": "eu", "united nations": "un", "artificial intelligence": "ai",
        "operating system": "os", "java script": "javascript",
        "type script": "typescript", "c plus plus": "c++", "c sharp": "c#",
        "search engine optimization": "seo", "user interface": "ui", "world war ii": "ww2",
        "world war 2": "ww2", "world war two": "ww2", "world war i": "ww1", "world war 1": "ww1",
        "world war one": "ww1", "second world war": "ww2", "first world war": "ww1",
        "windows operating system": "windows", "mobile phone": "phone", "cell phone": "phone",
        "in order to": "to", "so as to": "to", "due to": "because", "because of": "because",
        "owing to": "because", "as a result of": "because", "such as": "like",
        "with respect to": "about", "with regard to": "about", "in terms of": "about",
        "a lot of": "many", "lots of": "many", "a number of": "some", "at the same time": "both",
        "prior to": "before", "ahead of": "before", "subsequent to": "after",
        "get rid of": "remove", "carry out": "perform", "set up": "setup", "find out": "discover",
        "figure out": "discover", "look for": "search", "point out": "show", "use up": "consume",
        "make use of": "use", "take care of": "care", "as well as": "and", "along with": "with",
        "pros and cons": "prosandcons", "advantages and disadvantages": "prosandcons",
        "benefits and drawbacks": "prosandcons", "good and bad": "prosandcons",
        "strengths and weaknesses": "prosandcons", "no longer": "notanymore",
        "more than": "above", "greater than": "above", "less than": "below",
        "fewer than": "below", "smaller than": "below", "larger than": "above",
        "bigger than": "above", "at least": "atleast", "at most": "atmost",
        "no more than": "atmost", "no less than": "atleast", "no fewer than": "atleast",
        "up to": "atmost", "square root": "sqrt", "to the power of": "^",
        "instead of": "insteadof", "rather than": "insteadof", "used to": "usedto",
        "use to": "usedto", "have to": "must", "has to": "must", "had to": "must",
        "need to": "must", "needs to": "must", "supposed to": "should", "able to": "can",
        "per cent": "percent", "dot net": "net", "soviet union": "ussr",
        "or not": "", "at all": "", "date of birth": "birthday",
        "native american": "native-american", "no one": "nobody", "in spite of": "despite",
    }.items()
}  # fmt: skip
