"""Whether the words that two prompts share stand in another order, and whether that matters."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cache.semantic.align import Link
from cache.semantic.lexicon import ARTICLES, AUXILIARIES, PREPOSITIONS, PRONOUNS, WH, words_of
from cache.semantic.words import Word

COMPARED = 40  # links
LIGHT = 0.45  # "way", "explain": their place tells nothing
_JOINING = words_of("and or versus between both either & / ,")
_MUTUAL = words_of(
    "marry married date dating similar same identical equal difference differ different compare"
    " comparison versus between friend related relationship engaged sibling cousin together"
    " distance meet add sum multiply product neighbor contrast common resemble combine mix"
    " acquaintance close relate engage"
)
_STOPS = WH | AUXILIARIES | PRONOUNS.keys()
_SAID = words_of("be is are was were been being am get got a an the that which who")
TELEGRAM = 6  # words: so short a prompt may leave out what holds its words: "aspirin effects"
_LEFT_OUT = words_of("of in for on about")
_FORMS = words_of("be is are was were been being am get got")
_BEFORE_INFINITIVE = WH | words_of(
    "want need like love able way use usedto have try learn plan decide help easy hard possible"
    " time ready allow let start begin continue prefer hope wish suppose ought command code script"
    " function program tool software library step"
)
_DOER = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them"}


class Disorder(NamedTuple):
    """Pairs of shared words whose order differs."""

    inversions: int  # all of them
    moved: int  # those that no rule of grammar explains
    reversed_roles: bool  # who does what to whom is turned round
    reversal: int  # the longest run of shared words that the other side has in reverse order
    breaks: int  # neighbours among the shared words that are none on the other side
    names: int  # inversions of which both are names or numbers
    exchanged: bool  # two have changed places, or the prepositions that hold them


class _Side:
    """One prompt's words by place, with what stands before each."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.bases = [word.base for word in words]
        self.passive = self._passive()
        self.doer = self._doer()

    def joined(self, first: int, second: int) -> bool:
        """Whether only words that join equals stand between the two places."""
        low, high = sorted((first, second))
        between = set(self.bases[low + 1 : high])
        return bool(between & _JOINING) and between <= _JOINING | ARTICLES

    def said_of(self, first: int, second: int) -> bool:
        """Whether one is said of the other: "building is the tallest"."""
        low, high = sorted((first, second))
        between = set(self.bases[low + 1 : high])
        return bool(between & _FORMS) and between <= _SAID

    def marker(self, place: int) -> tuple[str, str] | None:
        """The preposition that governs the word, and the word that it hangs on, if any."""
        for at in range(place - 1, max(place - 5, -1), -1):
            base = self.bases[at]
            if base in _STOPS:
                return None
            if base == "to" and self._infinitive(at):
                return None
            if base in PREPOSITIONS:
                head = self.words[at - 1] if at else None
                known = head is not None and head.kind == "content"
                return base, head.base if head is not None and known else ""
        return None

    def held_by(self, place: int) -> str:
        """The preposition that governs the word; "" is none."""
        marker = self.marker(place)
        return marker[0] if marker else ""

    def after(self, place: int) -> str:
        """The preposition right before the word, but for an article; "" is none."""
        before = [base for base in self.bases[max(place - 2, 0) : place] if base not in ARTICLES]
        return before[-1] if before and before[-1] in PREPOSITIONS else ""

    def letter(self, place: int) -> bool:
        """Whether the "a" there is no article but a letter: "from A to B"."""
        after = self.bases[place + 1] if place + 1 < len(self.bases) else "in"
        return self.bases[place] == "a" and after in PREPOSITIONS | AUXILIARIES | _JOINING

    def _infinitive(self, at: int) -> bool:
        """Whether a verb follows the "to" there."""
        return at == 0 or self.bases[at - 1] in _BEFORE_INFINITIVE

    def _doer(self) -> dict[str, str]:
        """By verb: "i" where "I" stands before it, and where "me" stands after it: "me"."""
        found: dict[str, str] = {}
        for at, base in enumerate(self.bases):
            if base in _DOER and at + 1 < len(self.bases):
                found[f"{self.bases[at + 1]} {base}"] = "doer"
        for doer, done in _DOER.items():
            for at, base in enumerate(self.bases[1:]):
                if base == done:
                    found.setdefault(f"{self.bases[at]} {doer}", "done to")
        return found

    def _passive(self) -> tuple[int, int] | None:
        """The places of verb and doer of "was done by somebody"."""
        for at in range(1, len(self.bases) - 1):
            verb = self.words[at - 1]
            done = verb.kind == "content" or verb.raw.endswith(("ed", "en"))
            if self.bases[at] != "by" or not done:
                continue
            doer = at + 1
            while doer < len(self.bases) - 1 and self.bases[doer] in ARTICLES:
                doer += 1
            doing = doer == at + 1 and self.words[doer].raw.endswith("ing")
            if not doing and _FORMS & set(self.bases[max(0, at - 6) : at - 1]):
                return at - 1, doer
        return None


def disorder(links: Sequence[Link], one: Sequence[Word], other: Sequence[Word]) -> Disorder:
    """How the order of the words that both share differs."""
    sides = _Side(one), _Side(other)
    heavy = [link for link in links if link.one.weight > LIGHT or _lettered(link, *sides)][
        :COMPARED
    ]
    turned = _turned(links, *sides)
    mutual = any(base in _MUTUAL for base in sides[0].bases) and any(
        base in _MUTUAL for base in sides[1].bases
    )
    inversions = moved = names = 0
    for i, a in enumerate(heavy):
        for b in heavy[i + 1 :]:
            if a.other.place < b.other.place:
                continue
            inversions += 1
            names += {a.one.kind, b.one.kind} <= {"name", "number"}
            moved += not (mutual or turned is True or _explained(a, b, *sides))
    places = [link.other.place for link in heavy]
    exchanged = not (mutual or turned is True) and _exchanged(links, *sides)
    return Disorder(
        inversions,
        moved,
        turned is False or _doers_differ(*sides),
        _reversal(places),
        _breaks(places),
        names,
        exchanged,
    )


def _lettered(link: Link, one: _Side, other: _Side) -> bool:
    return one.letter(link.one.place) and other.letter(link.other.place)


def _doers_differ(one: _Side, other: _Side) -> bool:
    """Whether "I gave" stands on one side, and "gave me" on the other."""
    return any(other.doer.get(verb, role) != role for verb, role in one.doer.items())


def _exchanged(links: Sequence[Link], one: _Side, other: _Side) -> bool:
    """Whether two words have taken each other's preposition: "A to B", "B to A"."""
    telling = [link for link in links if link.one.weight > 0 or _lettered(link, one, other)]
    held = [
        (link, one.held_by(link.one.place), other.held_by(link.other.place))
        for link in telling[:COMPARED]
    ]
    for i, (a, here, there) in enumerate(held):
        if here == there:
            continue
        for b, b_here, b_there in held[i + 1 :]:
            crossed = a.other.place > b.other.place or (here and there)
            if crossed and (here, there) == (b_there, b_here):
                return True
    return any(
        _swapped_around(a, b, one, other)
        for i, a in enumerate(telling[:COMPARED])
        for b in telling[i + 1 : COMPARED]
        if a.other.place > b.other.place
    )


def _swapped_around(a: Link, b: Link, one: _Side, other: _Side) -> bool:
    """Whether the one stands before a preposition and the other after it, and then the reverse."""
    around = one.after(b.one.place)
    return (
        around != ""
        and around == other.after(a.other.place)
        and around not in (one.after(a.one.place), other.after(b.other.place))
    )


def _reversal(places: Sequence[int]) -> int:
    """The length of the longest falling subsequence: 2 where blocks only changed places."""
    falling: list[int] = []  # of each length, the greatest last place, negated
    for place in places:
        at = bisect_left(falling, -place)
        falling[at : at + 1] = [-place]
    return len(falling)


def _breaks(places: Sequence[int]) -> int:
    rank = {place: number for number, place in enumerate(sorted(places))}
    ranks = [rank[place] for place in places]
    return sum(after != before + 1 for before, after in pairwise(ranks))


def _explained(a: Link, b: Link, one: _Side, other: _Side) -> bool:
    """Whether two words may change places, since what holds them goes with them."""
    here, there = (a.one.place, b.one.place), (a.other.place, b.other.place)
    if one.joined(*here) and other.joined(*there):
        return True
    if (_adjacent(*here) and other.said_of(*there)) or (_adjacent(*there) and one.said_of(*here)):
        return True
    short = min(len(one.words), len(other.words)) <= TELEGRAM
    kept = [
        _kept(one.marker(link.one.place), other.marker(link.other.place), short=short)
        for link in (a, b)
    ]
    return None not in kept and any(kept)


def _adjacent(first: int, second: int) -> bool:
    return abs(first - second) == 1


def _kept(
    one: tuple[str, str] | None, other: tuple[str, str] | None, *, short: bool
) -> bool | None:
    """True: held by the same preposition; False: by none; None: by another one."""
    if one is None and other is None:
        return False
    if one is None or other is None:
        return True if short and (one or other or ("",))[0] in _LEFT_OUT else None
    if one[0] != other[0] or one[0] == "of":
        return None
    return True if not one[1] or not other[1] or one[1] == other[1] else None


def _turned(links: Sequence[Link], one: _Side, other: _Side) -> bool | None:
    """Active on one side and passive on the other: whether the roles fit (True) or are reversed."""
    if (one.passive is None) == (other.passive is None):
        return None
    if one.passive is None:
        passive, pairs = other.passive, {link.other.place: link.one.place for link in links}
    else:
        passive, pairs = one.passive, {link.one.place: link.other.place for link in links}
    if passive is None:
        return None
    verb, doer = passive
    if verb not in pairs or doer not in pairs:
        return None
    return pairs[doer] < pairs[verb]
