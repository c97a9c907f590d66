"""Irregular forms of words, and British spellings."""

from cache.semantic.synonyms import groups

_IRREGULAR = """
be is are was were am been being; have has had having; do does did done doing; go goes went gone;
make made; take took taken; get got gotten; give gave given; know knew known; think thought; see
saw seen; come came; find found; tell told; feel felt; leave left leaves; keep kept; begin began
begun; run ran; write wrote; bring brought; buy bought; eat ate eaten; drink drank drunk; drive
drove driven; speak spoke spoken; break broke broken; choose chose chosen; fall fell fallen;
forget forgot forgotten; grow grew grown; hide hid; hold held; lose lost; meet met; pay paid; rise
rose risen; say said; sell sold; send sent; sing sang sung; sit sat; sleep slept; spend spent;
stand stood; steal stole stolen; swim swam swum; teach taught; throw threw; understand understood;
wake woke woken; wear wore worn; win won; build built; catch caught; draw drew; fight fought; fly
flew flown; freeze froze frozen; hang hung; hear heard; lay laid; lead led; learn learnt; lend
lent; mean meant; ride rode ridden; ring rang rung; seek sought; shake shook shaken; shine shone;
shoot shot; show shown; shrink shrank shrunk; sink sank sunk; spring sprang sprung; stick stuck;
strike struck; swear swore; sweep swept; tear tore torn; weep wept; bend bent; bite bit bitten;
blow blew blown; burn burnt; deal dealt; dig dug; dream dreamt; feed fed; forgive forgave
forgiven; lie lying; become became; child children; man men; woman women; person persons; people
peoples; mouse mice; goose geese; foot feet; tooth teeth; leaf leafs; life lives; wife wives;
knife knives; half halves; wolf wolves; shelf shelves; thief thieves; analysis analyses; crisis
crises; thesis theses; criterion criteria; phenomenon phenomena; datum data; medium media; index
indices; matrix matrices; vertex vertices; axis axes; bacterium bacteria; die died dying dies; tie
tying; use using; good better best; bad worse worst;
https https
"""
_VARIANTS = (  # British to American endings; only whether two forms become one matters
    ("isation", "ization"), ("isations", "izations"), ("ising", "izing"), ("ised", "ized"),
    ("ise", "ize"), ("ises", "izes"), ("yse", "yze"), ("ysing", "yzing"), ("ysed", "yzed"),
    ("our", "or"), ("ours", "ors"), ("oured", "ored"), ("ouring", "oring"), ("ourite", "orite"),
    ("elling", "eling"), ("elled", "eled"), ("eller", "eler"), ("ogue", "og"),
    ("tre", "ter"), ("tres", "ters"), ("ence", "ense"), ("programme", "program"),
)  # fmt: skip
BASE = {form: group[0] for group in groups(_IRREGULAR) for form in group}


def american(word: str) -> str:
    """`word` as it is spelt in America, or a like mark where nobody spells it so."""
    for ending, other in _VARIANTS:
        if len(word) > 4 and word.endswith(ending):
            return word[: -len(ending)] + other
    return word
