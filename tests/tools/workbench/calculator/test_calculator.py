"""What expressions come to: TL-03."""

import pytest

from pointsman.errors import InvalidInput
from tools.describe import arguments_from, input_schema
from tools.tool import Caller
from tools.workbench.calculator.tool import CalculatorArguments, calculate, calculator_tool

CASES = """
17*23                           = 391
17 * 23 =                       = 391
What is 17 * 23?                = 391
convert 5 feet 11 inches to cm  = 180.34 cm
100 fahrenheit to celsius       = 340/9 °C
1 + 2 * 3                       = 7
(1 + 2) * 3                     = 9
2**3**2                         = 512
2^10                            = 1024
-2^2                            = -4
(-2)^2                          = 4
2^-3                            = 0.125
2 - -3                          = 5
2 * -3                          = -6
--4                             = 4
0.1 + 0.2                       = 0.3
1/8                             = 0.125
1/3                             = 1/3
2/6 + 1/6                       = 0.5
1/3 + 1/3 + 1/3                 = 1
1.5e3                           = 1500
2.5E-3                          = 0.0025
.5 * 4                          = 2
7 // 2                          = 3
-7 // 2                         = -4
7 % 3                           = 1
-7 % 3                          = 2
7.5 % 2                         = 1.5
10 mod 4                        = 2
mod(10, 4)                      = 2
5!                              = 120
3! + 2!                         = 8
2^3!                            = 64
3 × 4 ÷ 2 − 1                   = 5
3 · 4                           = 12
2² + 3³                         = 31
√16                             = 4
√(9) * 2                        = 6
0xff                            = 255
0b1010 + 0o17                   = 25
255 in hex                      = 0xff
10 to binary                    = 0b1010
64 in octal                     = 0o100
1,234.5 * 2                     = 2469
1,234,567 + 1                   = 1234568
1_000_000 * 3                   = 3000000
max(1,234)                      = 234
gcd(120,36)                     = 12
2 (1,000)                       = 2000
15% of 80                       = 12
200 + 10%                       = 220
200 - 10%                       = 180
100 + 50 + 10%                  = 165
200 * 10%                       = 20
50% + 10%                       = 0.6
50% of 50%                      = 0.25
10%                             = 0.1
80 km + 5%                      = 84 km
0.25 in %                       = 25 %
1/8 as percent                  = 12.5 %
0.75 in fraction                = 3/4
3(4+1)                          = 15
(1+2)(3+4)                      = 21
2 pi                            ~ 6.28318530717959
a = 3; a*2                      = 6
a = 3; b = a + 1; a b           = 12
x = 2 km; x / 4 in m            = 500 m
1 << 10                         = 1024
1024 >> 3                       = 128
6 & 3                           = 2
6 | 3                           = 7
6 xor 3                         = 5
sqrt(2)                         ~ 1.4142135623731
sqrt(16)                        = 4
sqrt(2.25)                      = 1.5
sqrt(4/9)                       = 2/3
cbrt(27)                        = 3
cbrt(-27)                       = -3
27^(1/3)                        = 3
32^0.2                          = 2
4^1.5                           = 8
2^0.5                           ~ 1.4142135623731
pow(2, 5)                       = 32
exp(0)                          = 1
exp(1)                          ~ 2.71828182845905
ln(1)                           = 0
ln(10)                          ~ 2.30258509299405
log(100)                        = 2
log10(1000)                     = 3
log2(1024)                      = 10
log(8, 2)                       = 3
log(2)                          ~ 0.301029995663981
sin(0)                          = 0
sin(pi)                         = 0
sin(pi/2)                       = 1
cos(pi)                         = -1
cos(60 deg)                     ~ 0.5
sin(30°)                        ~ 0.5
tan(pi/4)                       ~ 1
tan(45 deg)                     ~ 1
asin(1) in deg                  ~ 90 deg
acos(0)                         ~ 1.5707963267949
atan(1) * 4                     ~ 3.14159265358979
atan2(1, -1) in degrees         ~ 135 deg
sinh(1)                         ~ 1.1752011936438
cosh(0)                         = 1
tanh(0.5)                       ~ 0.46211715726001
asinh(1)                        ~ 0.881373587019543
acosh(2)                        ~ 1.31695789692482
atanh(0.5)                      ~ 0.549306144334055
sin(10**22)                     ~ -0.852200849767189
degrees(pi)                     ~ 180
radians(180)                    ~ 3.14159265358979
abs(-5.5)                       = 5.5
round(2.5)                      = 3
round(-2.5)                     = -3
round(3.14159, 2)               = 3.14
round(1234, -2)                 = 1200
floor(-1.2)                     = -2
ceil(1.2)                       = 2
min(3, 1, 2)                    = 1
sum(1, 2, 3)                    = 6
mean(1, 2, 3, 4)                = 2.5
median(5, 1, 3)                 = 3
median(4, 1, 3, 2)              = 2.5
lcm(4, 6, 10)                   = 60
comb(52, 5)                     = 2598960
perm(10, 3)                     = 720
factorial(20)                   = 2432902008176640000
hypot(3, 4)                     = 5
e                               ~ 2.71828182845905
tau / 2                         ~ 3.14159265358979
phi                             ~ 1.61803398874989
3 km in miles                   = 15625/8382 mi
1 mile in km                    = 1.609344 km
5 ft + 2 in to cm               = 157.48 cm
5 ft 2 in in cm                 = 157.48 cm
12 in                           = 12 in
3 in in cm                      = 7.62 cm
72 F to C                       = 200/9 °C
72°F in °C                      = 200/9 °C
72 degrees Fahrenheit to celsius = 200/9 °C
-40 C in F                      = -40 °F
0 K in C                        = -273.15 °C
20 C + 5 K                      = 25 °C
30 C - 20 C                     = 10 °C
100 km/h in m/s                 = 250/9 m/s
60 mph in km/h                  = 96.56064 km/h
2 GiB in MB                     = 2147.483648 MB
1 TB in GiB                     = 931.322574615478515625 GiB
100 Mbps in MB/s                = 12.5 MB/s
8 bits in bytes                 = 1 B
3 h 20 min in s                 = 12000 s
1 day in seconds                = 86400 s
90 minutes -> hours             = 1.5 h
2 weeks in days                 = 14 d
1 kWh in J                      = 3600000 J
60 W * 2 h in kWh               = 0.12 kWh
180 lb in kg                    = 81.6466266 kg
1 acre in m^2                   = 4046.8564224 m^2
3 km² in m²                     = 3000000 m^2
1 L in cm^3                     = 1000 cm^3
2 cups in mL                    = 473.176473 mL
1/2 km in m                     = 500 m
3/4 mile in m                   = 1207.008 m
100 km / 2 h                    = 50 km/h
4 GB / 50 MB/s                  = 80 s
100 km/h / 50 km/h              = 2
6 m/s^2 * 2 s                   = 12 m/s
10 m / 2 m/s                    = 5 s
x = 2; 10 km/x                  = 5 km
2 x 3 x (4 + 1)                 = 30
0x10 x 2                        = 32
98.6 F to C                     = 37 °C
3 * 1/2 km in m                 = 1500 m
4184 J/kg K * 2 kg * 10 K in kJ = 83.68 kJ
-3 h 30 min in min              = -210 min
-5 C in K                       = 268.15 K
m = 5; 2 m                      = 10
max(5 in, 3 in) in cm           = 12.7 cm
100 km per hour * 30 min in km  = 50 km
5 m * 3 ft                      = 4.572 m^2
9.8 m/s^2 * 70 kg in N          = 686 N
120 V / 2 ohm in A              = 60 A
10 N * 5 m in J                 = 50 J
sqrt(16 m^2)                    = 4 m
hypot(3 m, 400 cm)              = 5 m
max(3 km, 200 m)                = 3 km
6 km / 2 km                     = 3
1 turn in deg                   = 360 deg
180 deg in rad                  ~ 3.14159265358979 rad
pi in deg                       ~ 180 deg
1 atm in Pa                     = 101325 Pa
5 µm in nm                      = 5000 nm
1 Miles in KM                   = 1.609344 km
"""  # noqa: RUF001


def lines() -> list[tuple[str, str, str]]:
    found = []
    for line in CASES.strip().splitlines():
        sign = " ~ " if " ~ " in line else " = "
        expression, _, result = line.rpartition(sign)
        found.append((expression.strip(), sign.strip(), result.strip()))
    return found


@pytest.mark.parametrize(("expression", "sign", "result"), lines(), ids=[c[0] for c in lines()])
def test_an_expression_comes_to_what_the_table_says(
    expression: str, sign: str, result: str
) -> None:
    found = calculate(expression)
    assert f"{found.value} {found.unit or ''}".strip() == result
    assert found.exact is (sign == "=")


def test_a_fraction_is_told_exactly_and_to_15_digits() -> None:
    found = calculate("1/3")
    assert (found.value, found.approximate, found.exact) == ("1/3", "0.333333333333333", True)


def test_a_large_number_is_exact_to_its_last_digit() -> None:
    found = calculate("2**1000 - 2**1000 + 100!")
    assert found.value.startswith("933262154439441526816992388562")
    assert found.value.endswith("0" * 24)
    assert len(found.value) == 158
    assert calculate("1000! / 998!").value == "999000"


def test_a_number_too_long_to_write_out_is_given_to_15_digits() -> None:
    found = calculate("7**10000")
    assert found.exact is False
    assert found.value == "9.55872885674441e8450"


@pytest.mark.parametrize(
    ("expression", "at"),
    [
        ("", None),
        ("   ", None),
        ("3 +", 4),
        ("(1 + 2", 7),
        ("1 + 2)", 6),
        ("1 2", 3),
        ("2 3 km", 3),
        ("1,23", 1),
        ("5 $ 3", 3),
        ("1/2pi", 4),
        ("foo(3)", 1),
        ("nosuch + 1", 1),
        ("sin 30", 1),
        ("5!!", 2),
        ("1/0", 2),
        ("1 % 0", 3),
        ("0^-1", 2),
        ("sqrt(-1)", 1),
        ("ln(0)", 1),
        ("asin(2)", 1),
        ("tan(pi/2)", 1),
        ("(-8)^(1/3)", 5),
        ("factorial(2.5)", 1),
        ("factorial(-1)", 1),
        ("gcd(1.5, 2)", 1),
        ("min()", 1),
        ("atan2(1)", 1),
        ("5 km + 3 s", 6),
        ("5 km + 3", 6),
        ("5 kg in m", 9),
        ("5 km in banana", 9),
        ("20 C + 5 C", 6),
        ("2 * (20 C)", 3),
        ("5 J/C", 4),
        ("20 C + 10%", 6),
        ("20 C / 10 C", 6),
        ("sqrt(2 m)", 1),
        ("2^(3 km)", 2),
        ("5 gb in MB", 3),
        ("5 mhz in Hz", 3),
        ("in = 3", 1),
        ("3 = 4", 3),
        ("2.5 in hex", None),
        ("x", 1),
        ("__import__('os')", 1),
        ("().__class__", 3),
        ("'a' * 10", 1),
        ("[1] * 10", 1),
        ("lambda: 1", 7),
        ("1 if 1 else 2", 3),
        ("\x00", 1),
        ("\uff11 + \uff11", 1),
    ],
)
def test_what_has_no_result_is_refused_with_the_place(expression: str, at: int | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        calculate(expression)
    if at is not None:
        assert f"at character {at}" in caught.value.message


async def test_the_tool_gives_the_result_and_a_line_that_a_model_reads() -> None:
    tool = calculator_tool()
    given = arguments_from("calculator", tool.arguments, {"expression": "1 km / 3 in m"})
    result = await tool.run(given, Caller())
    assert result.model_dump() == {
        "value": "1000/3",
        "approximate": "333.333333333333",
        "unit": "m",
        "exact": True,
    }
    assert tool.read(result) == "333.333333333333 m (exactly 1000/3)"
    about = await tool.run(CalculatorArguments(expression="sqrt(2)"), Caller())
    assert tool.read(about) == "about 1.4142135623731"


def test_the_tool_takes_one_short_text_and_does_no_harm() -> None:
    tool = calculator_tool()
    assert [*input_schema(tool)["properties"]] == ["expression"]
    assert (tool.risk, tool.read_only, tool.untrusted, tool.open_world) == (
        "read",
        True,
        False,
        False,
    )
    with pytest.raises(InvalidInput):
        arguments_from("calculator", tool.arguments, {"expression": "1" * 2001})
