"""Units of measurement: what each is in base units, by symbol and by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from tools.workbench.calculator.curves import PI
from tools.workbench.calculator.exact import NoValue, Number

BASES = ("m", "kg", "s", "A", "K", "mol", "cd", "bit", "deg")
DEGREES = Context(prec=100).divide(Decimal(180), PI)  # in a radian
Dimension = tuple[int, ...]  # the power of each base, in that order
NONE: Dimension = (0,) * len(BASES)

# symbol, name and power of a prefix
TENS = """
Q quetta 30 R ronna 27 Y yotta 24 Z zetta 21 E exa 18 P peta 15 T tera 12 G giga 9 M mega 6
k kilo 3 h hecto 2 da deca 1 d deci -1 c centi -2 m milli -3 u micro -6 n nano -9 p pico -12
f femto -15 a atto -18
"""
TWOS = "Ki kibi 10 Mi mebi 20 Gi gibi 30 Ti tebi 40 Pi pebi 50 Ei exbi 60"

# symbol | other names | in base units | base units | prefixes (large: from kilo on; data: those
# and the binary ones)
ROWS = """
m | metre meter | 1 | m | si
g | gram gramme | 1/1000 | kg | si
s | sec second | 1 | s | si
A | amp ampere | 1 | A | si
K | kelvin | 1 | K | si
mol | mole | 1 | mol | si
cd | candela | 1 | cd | si
lm | lumen | 1 | cd | si
lx | lux | 1 | cd m-2 | si
bit | | 1 | bit | data
B | byte | 8 | bit | data
bps | | 1 | bit s-1 | data
deg | degree | 1 | deg |
arcmin | arcminute | 1/60 | deg |
arcsec | arcsecond | 1/3600 | deg |
turn | rev revolution | 360 | deg |
grad | gon | 9/10 | deg |
min | minute | 60 | s |
h | hr hour | 3600 | s |
d | day | 86400 | s |
week | wk | 604800 | s |
fortnight | | 1209600 | s |
month | | 2629800 | s |
year | yr | 31557600 | s |
decade | | 315576000 | s |
century | | 3155760000 | s |
in | inch | 0.0254 | m |
ft | foot | 0.3048 | m |
yd | yard | 0.9144 | m |
mi | mile | 1609.344 | m |
nmi | nauticalmile | 1852 | m |
thou | mil | 0.0000254 | m |
fathom | | 1.8288 | m |
furlong | | 201.168 | m |
micron | | 0.000001 | m |
angstrom | | 1e-10 | m |
au | | 149597870700 | m |
ly | lightyear | 9460730472580800 | m |
pc | parsec | 3.0856775814913673e16 | m | si
ha | hectare | 10000 | m2 |
acre | | 4046.8564224 | m2 |
sqft | | 0.09290304 | m2 |
sqm | | 1 | m2 |
L | l litre liter | 1/1000 | m3 | si
cc | | 1e-6 | m3 |
gal | gallon | 0.003785411784 | m3 |
qt | quart | 0.000946352946 | m3 |
pt | pint | 0.000473176473 | m3 |
cup | | 0.0002365882365 | m3 |
floz | fluidounce | 0.0000295735295625 | m3 |
tbsp | tablespoon | 0.00001478676478125 | m3 |
tsp | teaspoon | 0.00000492892159375 | m3 |
impgal | | 0.00454609 | m3 |
imppt | | 0.00056826125 | m3 |
bbl | barrel | 0.158987294928 | m3 |
t | tonne | 1000 | kg | large
lb | lbs pound | 0.45359237 | kg |
oz | ounce | 0.028349523125 | kg |
st | stone | 6.35029318 | kg |
ton | shortton | 907.18474 | kg |
longton | | 1016.0469088 | kg |
ct | carat | 0.0002 | kg |
grain | | 0.00006479891 | kg |
u | dalton | 1.66053906892e-27 | kg |
Hz | hertz | 1 | s-1 | si
rpm | | 1/60 | s-1 |
mph | | 0.44704 | m s-1 |
kph | kmh | 5/18 | m s-1 |
kn | knot kt | 463/900 | m s-1 |
fps | | 0.3048 | m s-1 |
N | newton | 1 | kg m s-2 | si
lbf | | 4.4482216152605 | kg m s-2 |
kgf | | 9.80665 | kg m s-2 |
dyn | dyne | 0.00001 | kg m s-2 |
Pa | pascal | 1 | kg m-1 s-2 | si
bar | | 100000 | kg m-1 s-2 | si
atm | atmosphere | 101325 | kg m-1 s-2 |
psi | | 8896443230521/1290320000 | kg m-1 s-2 |
mmHg | torr | 101325/760 | kg m-1 s-2 |
inHg | | 3386.389 | kg m-1 s-2 |
J | joule | 1 | kg m2 s-2 | si
cal | calorie | 4.184 | kg m2 s-2 | si
Wh | watthour | 3600 | kg m2 s-2 | si
eV | electronvolt | 1.602176634e-19 | kg m2 s-2 | si
BTU | btu | 1055.05585262 | kg m2 s-2 |
erg | | 1e-7 | kg m2 s-2 |
therm | | 105505585.262 | kg m2 s-2 |
W | watt | 1 | kg m2 s-3 | si
hp | horsepower | 745.69987158227022 | kg m2 s-3 |
V | volt | 1 | kg m2 s-3 A-1 | si
ohm | | 1 | kg m2 s-3 A-2 | si
S | siemens | 1 | kg-1 m-2 s3 A2 | si
C | coulomb | 1 | A s | si
Ah | amphour | 3600 | A s | si
F | farad | 1 | kg-1 m-2 s4 A2 | si
H | henry | 1 | kg m2 s-2 A-2 | si
Wb | weber | 1 | kg m2 s-2 A-1 | si
T | tesla | 1 | kg s-2 A-1 | si
"""
IRREGULAR = {"foot": "feet", "inch": "inches", "henry": "henries", "century": "centuries"}
SPELT = {
    "Ω": "ohm",
    "Å": "angstrom",
    "°": "deg",
    "°C": "C",
    "°F": "F",
    "′": "arcmin",  # noqa: RUF001
    "″": "arcsec",
}
# With the small letter, both are meant.
DOUBTFUL = {"b": "bit or B", **{f"{p.lower()}b": f"{p}bit or {p}B" for p in "kMGTP"}}
MEASURES = {
    "deg": "angle", "m": "length", "kg": "mass", "s": "time", "A": "current", "K": "temperature",
    "mol": "amount", "cd": "light", "bit": "data", "bit s-1": "data rate", "m2": "area",
    "m3": "volume", "m s-1": "speed", "m s-2": "acceleration", "s-1": "frequency",
    "kg m s-2": "force", "kg m-1 s-2": "pressure", "kg m2 s-2": "energy", "kg m2 s-3": "power",
    "kg m2 s-3 A-1": "voltage", "kg m2 s-3 A-2": "resistance", "A s": "charge",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    symbol: str
    factor: Number  # base units in one of it
    dimension: Dimension
    offset: Fraction | None = None  # base units at its zero: of a temperature that is a point


def find_unit(name: str) -> Unit | None:
    """The unit that is written so, in capitals or not where only one is.

    Raises:
        NoValue: more than one may be meant.
    """
    name = SPELT.get(name, name).replace("µ", "u").replace("μ", "u")
    if name in PLAIN:
        return PLAIN[name]
    exact = next(_prefixed(name, STEMS), None)
    if exact is not None:
        return exact
    folded = name.lower()
    if folded in DOUBTFUL:
        raise NoValue(f"{name!r} may be {DOUBTFUL[folded]}")
    if folded in PLAIN:
        return PLAIN[folded]
    found = {unit.symbol: unit for unit in _prefixed(folded, FOLDED, fold=True)}
    if len(found) > 1:
        raise NoValue(f"{name!r} may be {' or '.join(found)}")
    return next(iter(found.values()), None)


def measure(dimension: Dimension) -> str:
    """What is measured, in a word or as a product of base units."""
    pairs = [(base, n) for base, n in zip(BASES, dimension, strict=True) if n]
    text = "*".join(base if n == 1 else f"{base}^{n}" for base, n in pairs)
    return WORDS.get(dimension, text) if pairs else "a plain number"


def dimension_of(text: str) -> Dimension:
    """From `kg m2 s-2`."""
    powers = dict.fromkeys(BASES, 0)
    for part in text.split():
        name = part.rstrip("-0123456789")
        powers[name] = int(part[len(name) :] or 1)
    return tuple(powers.values())


def _plain() -> Iterator[tuple[str, Unit]]:
    """Every name without a prefix; of two the same, the first counts."""
    kelvin = dimension_of("K")
    for symbol, names, factor, zero in (
        ("C", "celsius degC centigrade", Fraction(1), Fraction("273.15")),
        ("F", "fahrenheit degF", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    ):
        for name in (symbol, *names.split()):
            yield name, Unit(f"°{symbol}", factor, kelvin, zero)
    for name in ("rad", "radian", "radians"):
        yield name, Unit("rad", DEGREES, dimension_of("deg"))
    for _, unit, written in _rows():
        for name in written:
            yield name, unit
            if len(name) > 2:
                yield IRREGULAR.get(name, name + "s"), unit


def _stems() -> Iterator[tuple[str, tuple[str, Unit]]]:
    """What takes prefixes: the name, which ones, and the unit."""
    for kind, unit, names in _rows():
        for name in names if kind else ():
            yield name, (kind, unit)
            if len(name) > 2:
                yield name + "s", (kind, unit)


def _rows() -> Iterator[tuple[str, Unit, list[str]]]:
    for row in ROWS.strip().splitlines():
        symbol, others, factor, bases, kind = (part.strip() for part in row.split("|"))
        unit = Unit(symbol, Fraction(factor), dimension_of(bases))
        yield kind, unit, [symbol, *others.split()]


def _prefixed(
    name: str, stems: Mapping[str, tuple[str, Unit]], *, fold: bool = False
) -> Iterator[Unit]:
    for short, spelt, factor, kinds in PREFIXES:
        for prefix in (short, spelt):
            start = prefix.lower() if fold else prefix
            kind, unit = stems.get(name.removeprefix(start), ("", None))
            if unit is None or kind not in kinds or not name.startswith(start):
                continue
            if prefix != spelt or len(name) - len(prefix) > 2:
                yield Unit(short + unit.symbol, Fraction(unit.factor) * factor, unit.dimension)


def _prefixes() -> Iterator[tuple[str, str, Fraction, tuple[str, ...]]]:
    for short, spelt, n in _triples(TENS):
        kinds = ("si", "large", "data") if n >= 3 else ("si",)
        yield short, spelt, Fraction(10) ** n, kinds
    for short, spelt, n in _triples(TWOS):
        yield short, spelt, Fraction(2) ** n, ("data",)
    yield "K", "kilo", Fraction(1000), ("data",)  # as it is often written


def _triples(text: str) -> Iterator[tuple[str, str, int]]:
    words = text.split()
    for short, spelt, n in zip(words[::3], words[1::3], words[2::3], strict=True):
        yield short, spelt, int(n)


WORDS: Mapping[Dimension, str] = {dimension_of(text): word for text, word in MEASURES.items()}
PLAIN: Mapping[str, Unit] = dict(reversed(list(_plain())))
STEMS: Mapping[str, tuple[str, Unit]] = dict(_stems())
FOLDED: Mapping[str, tuple[str, Unit]] = {name.lower(): stem for name, stem in STEMS.items()}
PREFIXES = tuple(_prefixes())
