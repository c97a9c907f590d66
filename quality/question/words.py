"""The words that a question is read by."""

from quality.finding import Kind, Severity
from quality.question.filter import About, Group, Measure

# The first that is found wins; each is a regular expression over the question in small letters.
ABOUT: tuple[tuple[About, str], ...] = (
    ("gate", r"\bgates?\b|\bwhy (?:does|did|do|is) (?:it|this|the (?:build|check|ci|pipeline))\b.*"
     r"\b(?:fail|red|block)|\b(?:does|will|would|did) (?:it|this|we|the code) pass\b"
     r"|\b(?:safe|ready|okay|ok|good|fine) to (?:ship|merge|release|deploy|commit|go)\b"),
    ("debt", r"\bdebt\b|\bhow (?:long|much (?:time|effort|work))\b|\beffort\b|\bman.?hours\b"),
    ("first", r"\bfix\w* first\b|\b(?:should|must|to) (?:i|we)? ?(?:fix|mend|start|tackle|do)\b"
     r"|\bstart with\b|\bwhere (?:do|should|to)\b.*\bstart|\bpriorit|\bquick(?:est)? wins?\b"
     r"|\blow.hanging|\beasiest\b|\bnext steps?\b|\bmost (?:urgent|important|pressing)\b"),
    ("engines", r"\b(?:which|what) (?:engines?|tools?|analy[sz]ers?|scanners?|linters?)\b"
     r"|\bengines?\b|\b(?:not|wasn't|weren't|isn't) (?:analy[sz]ed|scanned|read|checked)\b"
     r"|\bskipped\b|\bunread\b|\bunparsable\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b|\bhow often\b|\btotal\b"),
    ("any", r"\b(?:is|are|was|were) there\b|\bany(?:thing|where)?\b"
     r"|\bdo(?:es)? (?:we|it|this|the code) have\b|\b(?:contains?|exists?)\b"
     r"|\bfree of\b|\bhave any\b"),
)  # fmt: skip
OVERALL = (
    r"\bhow (?:good|bad|healthy|clean|secure|safe|reliable|maintainable)\b|\boverall\b|\bsummary\b"
    r"|\bsummari[sz]e\b|\bratings?\b|\bgrades?\b|\bscores?\b|\bhealth\b|\boverview\b|\bletters?\b"
    r"|\b(?:state|quality) of\b|\bcode quality\b|\bany good\b|\bin good shape\b|\breport\b"
)
KINDS: tuple[tuple[frozenset[Kind], str], ...] = (
    (frozenset({"bug"}), r"\bbugs?\b|\breliability\b|\bcrash(?:es)?\b"),
    (frozenset({"vulnerability"}), r"\bvulnerabilit(?:y|ies)\b|\bvulns?\b|\bexploit"),
    (frozenset({"hotspot"}), r"\bhot ?spots?\b"),
    (frozenset({"smell"}), r"\bsmells?\b|\bmaintainability\b|\bstyle\b|\bclean.?ups?\b"),
    (frozenset({"vulnerability", "hotspot"}),
     r"\bsecur\w*\b|\bdanger\w*\b|\bunsafe\b|\binsecure\b|\bhackable\b|\battack\w*\b"),
)  # fmt: skip
FINDINGS = (
    r"\b(?:issues?|problems?|findings?|defects?|warnings?|errors?|faults?|flaws?|mistakes?|"
    r"weakness(?:es)?|risks?|violations?|wrong|broken|alerts?)\b"
)
SEVERITIES: tuple[tuple[Severity, str], ...] = (
    ("blocker", r"\bblock(?:er|ers|ing)\b"),
    ("critical", r"\bcriticals?\b|\bhigh(?:est)?\b|\bsevere\b|\bserious\b"),
    ("major", r"\bmajors?\b|\bmedium\b|\bmoderate\b"),
    ("minor", r"\bminors?\b|\blow\b|\btrivial\b"),
    ("info", r"\binfo(?:rmational)?\b"),
)
WEAKNESSES: tuple[tuple[str, tuple[int, ...], str], ...] = (
    ("SQL injection", (89, 564, 943), r"\bsql(?:i\b| ?inj\w*)|\bsqli\b"),
    ("cross-site scripting", (79, 80, 83, 116), r"\bxss\b|\bcross.?site.?script\w*"),
    ("command injection", (77, 78, 88),
     r"\b(?:os |shell )?command.?inj\w*|\bshell.?inj\w*|\brce\b"),
    ("code injection", (94, 95, 96), r"\bcode.?inj\w*|\beval\b|\bexec\b"),
    ("LDAP injection", (90,), r"\bldap(?:.?inj\w*)?\b"),
    ("XPath injection", (643,), r"\bxpath(?:.?inj\w*)?\b"),
    ("template injection", (1336,), r"\btemplate.?inj\w*|\bssti\b"),
    ("log injection", (117,), r"\blog(?:ging)?.?(?:inj\w*|forging)"),
    ("injection", (74, 77, 78, 79, 88, 89, 90, 91, 93, 94, 95, 113, 117, 643, 917, 943, 1336),
     r"\binjections?\b"),
    ("path traversal", (22, 23, 36, 73), r"\b(?:path|directory).?travers\w*|\bzip.?slip\b"),
    ("unsafe deserialization", (502,), r"\bdeseriali[sz]\w*|\bpickles?\b|\bunmarshal\w*"),
    ("request forgery by the server", (918,), r"\bssrf\b|\bserver.?side.?request\w*"),
    ("cross-site request forgery", (352,), r"\bcsrf\b|\bxsrf\b|\brequest forger\w*"),
    ("open redirect", (601,), r"\b(?:open.?)?redirects?\b"),
    ("XML entities", (611, 776, 827), r"\bxxe\b|\bxml\b|\bexternal entit\w*"),
    ("secrets in the code", (798, 259, 321, 547, 522),
     r"\bsecrets?\b|\bhard.?coded\b|\bcredentials?\b|\bpasswords?\b|\b(?:api )?keys?\b"
     r"|\btokens?\b"),
    ("weak cryptography", (326, 327, 328, 759, 760, 916, 780),
     r"\bcrypto\w*|\bweak.?(?:hash\w*|cipher\w*)|\bmd5\b|\bsha.?1\b|\bencrypt\w*"),
    ("predictable randomness", (330, 331, 335, 338), r"\brandom\w*"),
    ("unverified certificates", (295, 297, 319), r"\bcertificates?\b|\btls\b|\bssl\b|\bhttps\b"),
    ("unverified signatures", (345, 347), r"\bjwts?\b|\bsignatures?\b"),
    ("cookies without flags", (614, 1004, 1275, 315, 565), r"\bcookies?\b"),
    ("authentication and authorization", (285, 287, 306, 639, 862, 863),
     r"\bauth(?:entication|ori[sz]ation|n|z)?\b|\bpermissions?\b|\bidor\b|\baccess control\b"),
    ("file uploads", (434,), r"\buploads?\b"),
    ("races", (362, 366, 367), r"\braces?\b|\brace conditions?\b|\btoctou\b"),
    ("slow regular expressions", (1333, 730), r"\bredos\b|\bregex\w*|\bregular expressions?\b"),
    ("leaks in logs", (532, 200, 209), r"\bleak\w*|\blogged\b|\bexpos\w*"),
    ("unused code", (561, 563, 1164), r"\bdead.?code\b|\bunused\b|\bunreachable\b"),
    ("temporary files", (377, 378, 379), r"\btemp(?:orary)?.?files?\b"),
    ("memory errors", (119, 120, 121, 125, 416, 787),
     r"\bbuffer.?overflows?\b|\bmemory (?:safety|errors?)\b"),
    ("missing timeouts", (400, 770, 1088), r"\btime.?outs?\b|\bdenial of service\b|\bdos\b"),
    ("debug modes", (489, 215), r"\bdebug\w*"),
    ("file permissions", (276, 732), r"\bchmod\b|\bfile modes?\b"),
)  # fmt: skip
MEASURES: tuple[tuple[Measure, str], ...] = (
    ("cognitive complexity", r"\bcognitive\b|\b(?:hard|difficult)(?:est)? to (?:read|understand)\b"
     r"|\bunderstandab\w*|\breadab\w*"),
    ("complexity", r"\bcomplex\w*|\bcyclomatic\b|\bcomplicated\b"),
    ("duplication", r"\bduplicat\w*|\bcop(?:y|ied).?paste\w*|\bcloned?s?\b|\bdry\b"),
    ("coverage", r"\bcover\w*|\buntested\b|\btested\b"),
    ("functions", r"\bfunctions\b|\bmethods\b"),
    ("lines of code", r"\blines\b|\bloc\b|\bncloc\b|\bbig\b|\blarge\b|\bsize\b|\blong\b"
     r"|\b(?:bigg|larg|long|small|short)est\b"),
    ("files", r"\bhow many files\b|\bnumber of files\b"),
)  # fmt: skip
GROUPS: tuple[tuple[Group, str], ...] = (
    ("file", r"\b(?:by|per|each|every|which|what) (?:source )?(?:files?|modules?)\b"),
    ("folder", r"\b(?:by|per|each|every|which|what) (?:folders?|director(?:y|ies)|packages?)\b"),
    ("severity", r"\b(?:by|per|each) severit(?:y|ies)\b"),
    ("kind", r"\b(?:by|per|each|which|what) (?:kinds?|types?|categor(?:y|ies))\b"),
    ("engine", r"\b(?:by|per|each) (?:engines?|tools?)\b"),
    ("rule", r"\b(?:by|per|each|which|what) rules?\b|\bmost (?:common|frequent)\b"),
    ("cwe", r"\b(?:by|per|each|which|what) (?:cwes?|weakness(?:es)?)\b"),
)
NEW = (
    r"\bnew(?:ly)?\b|\bintroduced\b|\bsince\b|\brecent(?:ly)?\b|\badded\b|\bregress\w*"
    r"|\b(?:my|this|these|the last) (?:changes?|diff|branch|pull request|pr|commits?)\b"
)
LEAST = r"\b(?:least|smallest|shortest|lowest|simplest|fewest)\b"
MOST = r"\b(?:most|more|worst|biggest|largest|longest|highest|hardest|top|which|what|where)\b"
EFFORT = r"\beasiest\b|\bquick|\bcheap\w*|\blow.hanging|\bsmall(?:est)? (?:fix|effort)"
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
NUMBERS = _NUMBERS.split()
_EMPTY = (
    "a about after again all also am an and any anything are as at be been but by can code "
    "codebase could did do does doing done else file files folder folders for from get give had "
    "has have help her here hers hi his how i if in into is it its just know let like list look "
    "many may me module modules most much must my need no not now of off on one only or our out "
    "package packages please project repo repository same see shall should show so some something "
    "source still tell than thank thanks that the their them then there these they thing things "
    "this those to today too top under up us use want was we were what when where which while who "
    "whole whose why will with within without would you your first worst best bad good exactly "
    "currently right really actually there's what's where's i'm it's main biggest found have "
    "fix fixed fixes mend start more directory directories find"
)
EMPTY = frozenset(_EMPTY.split())
