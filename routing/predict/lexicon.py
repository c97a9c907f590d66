"""Words that tell what kind of task a prompt is; each kind is one count among the features."""

_KINDS = {
    "time": "hour hours minute minutes second seconds day days week weeks month months year years",
    "each": "each every per total altogether combined average mean ratio rate remaining left",
    "compare": "more less fewer greater older younger faster slower than most least best largest"
    " smallest highest lowest",
    "fraction": "half third quarter fifth twice thrice double triple times percent percentage",
    "money": "dollar dollars cent cents cost costs price prices",
    "unit": "kg km cm mm mph mg ml lb feet foot inch inches mile miles meter meters gallon gallons"
    " liter liters pound pounds ounce ounces degree degrees",
    "negation": "not no never none neither nor without cannot except false incorrect unlikely"
    " don't doesn't isn't can't won't didn't",
    "condition": "if unless suppose assume assuming given when whenever provided then",
    "reason": "why prove proof derive because therefore hence thus explain compare contrast"
    " evaluate analyze analyse design justify infer imply implies conclude argument theorem valid"
    " cause causes caused due",
    "constraint": "must should exactly only ensure unless between following according format"
    " order least",
    "step": "then after before finally first second third next later also begin begins start"
    " starts end ends",
    "create": "write create compose draft generate list suggest recommend describe summarize"
    " rewrite translate story poem essay email",
    "program": "function functions array arrays list lists string strings tuple tuples dictionary"
    " python java sql program algorithm regex matrix element elements",
    "math": "solve calculate compute equation equations derivative integral probability"
    " polynomial triangle matrix sum product root roots integer integers real perimeter radius"
    " divisible remainder prime group ring field finite mod angle angles vertices graph",
    "science": "energy force mass velocity acceleration electric electron electrons electrical"
    " magnetic charge current voltage atom atoms atomic molecule molecules molecular chemical"
    " reaction acid protein proteins gene genes genetic cell cells enzyme enzymes quantum wave"
    " waves wavelength temperature pressure gas solution planet earth",
    "profession": "patient patients disease treatment syndrome diagnosis clinical blood infection"
    " court statute plaintiff defendant contract law legal jurisdiction property liable liability"
    " crime murder constitution constitutional",
    "society": "moral morally ethics ethical social society culture political government economic"
    " economy market policy psychology psychological behavior theory theorist philosophy"
    " philosopher religion religious century war empire revolution",
    "pronoun": "he she him her his hers they them their it its i my you your we our",
    "who": "who whose whom",
    "what": "what",
    "which": "which",
    "when": "when",
    "how": "how",
    "where": "where",
    "hypothesis": "would could might may likely probably best most",
}
KINDS = tuple(_KINDS)
KINDS_OF: dict[str, tuple[int, ...]] = {
    word: tuple(i for i, words in enumerate(_KINDS.values()) if word in words.split())
    for word in " ".join(_KINDS.values()).split()
}
