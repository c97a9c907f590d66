"""Numbers as answers give them: with signs, separators and units, and when two are the same."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

LONGEST = 80  # characters of a number with all that belongs to it
MOST_DIGITS = 24  # that decimals are exact with
LEAST_PLACES = 2  # 3.14 may stand for 3.14159, but 3 not for 3.4
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
WORDS = {word: str(number) for number, word in enumerate(_WORDS.split())}
# Each unit in the base unit of its kind.
UNITS: dict[str, tuple[str, Decimal]] = {
    spelling: (kind, Decimal(factor))
    for kind, factor, spellings in (
        ("length", "0.001", "mm millimeter millimeters millimetre millimetres"),
        ("length", "0.01", "cm centimeter centimeters centimetre centimetres"),
        ("length", "1", "m meter meters metre metres"),
        ("length", "1000", "km kilometer kilometers kilometre kilometres"),
        ("length", "1609.344", "mi mile miles"),
        ("length", "0.3048", "ft foot feet"),
        ("length", "0.0254", "inch inches"),
        ("mass", "0.001", "mg milligram milligrams"),
        ("mass", "1", "g gram grams"),
        ("mass", "1000", "kg kilogram kilograms"),
        ("mass", "453.59237", "lb lbs pound pounds"),
        ("time", "0.001", "ms millisecond milliseconds"),
        ("time", "1", "s sec second seconds"),
        ("time", "60", "min minute minutes"),
        ("time", "3600", "h hr hour hours"),
        ("time", "86400", "day days"),
        ("volume", "0.001", "ml milliliter milliliters millilitre millilitres"),
        ("volume", "1", "l liter liters litre litres"),
        ("data", "1", "byte bytes"),
        ("data", "1000", "kb kilobyte kilobytes"),
        ("data", "1000000", "mb megabyte megabytes"),
        ("money", "0.01", "¢ cent cents"),
        ("money", "1", "$ usd dollar dollars"),
        ("euro", "1", "€ eur euro euros"),
        ("share", "1", "% percent"),
    )
    for spelling in spellings.split()
}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

NUMBER = r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?|[-+]?\.\d+"
_QUANTITY = re.compile(
    rf"(?:[a-z]\w*\s*=\s*)?(?:about|exactly|approximately|~|≈)?\s*(?P<before>[$€])?\s*"
    rf"(?P<number>{NUMBER}|{'|'.join(WORDS)})\s*(?P<scale>{'|'.join(SCALES)})?\s*"
    rf"(?P<unit>[%€¢]|[a-z°]+(?:\s[a-z]+)?)?"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    value: Decimal
    places: int  # digits after its point, as it was written
    unit: str = ""  # "" where none is given
    kind: str = ""  # of the unit, where we know it
    base: Decimal = Decimal(0)  # the value in the base unit of its kind


def quantity(text: str) -> Quantity | None:
    """The number that all of `text`, in lower case, is; None where it is anything else."""
    found = _QUANTITY.fullmatch(text.strip(" .!*_`")) if len(text) <= LONGEST else None
    if found is None or len(found["number"]) > MOST_DIGITS:
        return None
    written = found["number"].replace(",", "")
    try:
        value = Decimal(WORDS.get(written, written))
    except InvalidOperation:
        return None
    value *= SCALES.get(found["scale"] or "", 1)
    unit = found["unit"] or found["before"] or ""
    kind, factor = UNITS.get(unit, ("", Decimal(1)))
    places = 0 if found["scale"] else len(written.partition(".")[2])
    return Quantity(value, places, unit, kind, value * factor)


def same_quantity(a: Quantity, b: Quantity) -> bool:
    """Whether `a` and `b` say the same; a number without a unit may be of any."""
    if a.kind and a.kind == b.kind:
        return a.base == b.base or (a.unit == b.unit and _rounded(a, b))
    if a.unit and b.unit and (a.kind or b.kind):
        return False
    return a.value == b.value or _rounded(a, b)


def _rounded(a: Quantity, b: Quantity) -> bool:
    """Whether one is the other, rounded to fewer places."""
    short, long = sorted((a, b), key=lambda q: q.places)
    if short.places < LEAST_PLACES or "e" in f"{long.value}".lower():
        return False
    return round(long.value, short.places) == short.value
