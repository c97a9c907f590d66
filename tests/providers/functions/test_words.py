"""The numbers that stand in a request."""

import pytest

from providers.functions.words import numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4 m/s^2 for 300 meters", [4, 300]),
        ("9.81 m/s^2 and 5 kg/cm^3", [9.81, 5]),
        ("derive 3x^2 at 5", [3, 2, 5]),
        ("1,200 apples and 5 million pears, half of them ripe", [1_200, 5_000_000, 0.5]),
        ("298 K over 3 m costs $5M", [298, 3, 5_000_000]),
    ],
)
def test_the_numbers_of_a_request_are_read_as_they_are_meant(text: str, found: list[float]) -> None:
    assert numbers(text) == found
