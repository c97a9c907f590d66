"""Money as integers: a `Nano` is one nano-dollar, 1e-9 USD, so that sums stay exact."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

Nano = int
NANO_PER_USD = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000  # prices are quoted for a million tokens


def nano_from_usd(usd: Decimal | float | str) -> Nano:
    """`usd` to the nearest nano-dollar; a float is read as it is written (0.1 is 1/10)."""
    exact = Decimal(str(usd)) * NANO_PER_USD
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def usd(nano: Nano | None) -> float | None:
    """`nano` in dollars, for an edge that speaks JSON; an unknown amount stays None."""
    return None if nano is None else nano / NANO_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The tokens of one attempt, as the provider bills them.

    `input_tokens` includes the cached and cache-write ones, `output_tokens` the reasoning ones.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0  # read from the provider's prompt cache
    cache_write_tokens: int = 0  # written to it
    reasoning_tokens: int = 0
    estimated: bool = False  # counted by us: the provider did not say

    def __post_init__(self) -> None:
        counts = (
            self.input_tokens,
            self.output_tokens,
            self.cached_input_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        )
        if min(counts) < 0:
            raise ValueError(f"token counts cannot be negative: {counts}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Nano-dollars for a million tokens of each kind; None where a kind has no price of its own."""

    input: Nano
    output: Nano
    cached_input: Nano | None = None
    cache_write: Nano | None = None
    above_input_tokens: int = 0  # these rates hold for a prompt of more tokens than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs: its rates by length of prompt, and where the figures come from."""

    tiers: tuple[Rates, ...]  # by `above_input_tokens`, ascending; the first starts at 0
    source: str

    def cost(self, usage: Usage) -> Nano:
        """The price of `usage`, rounded half to even to a whole nano-dollar."""
        rates = self._rates(usage.input_tokens)
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        total = (
            (usage.input_tokens - cached - written) * rates.input
            + cached * (rates.input if rates.cached_input is None else rates.cached_input)
            + written * (rates.input if rates.cache_write is None else rates.cache_write)
            + usage.output_tokens * rates.output
        )
        return round(Decimal(total) / TOKENS_PER_PRICE)

    def worst(self, input_tokens: int, output_tokens: int) -> Nano:
        """The most that this many tokens can cost, whichever tier and kind they fall into."""
        dearest_input = max(
            max(r.input, r.cached_input or 0, r.cache_write or 0) for r in self.tiers
        )
        dearest_output = max(r.output for r in self.tiers)
        total = input_tokens * dearest_input + output_tokens * dearest_output
        return -(-total // TOKENS_PER_PRICE)

    @property
    def free(self) -> bool:
        return self.worst(TOKENS_PER_PRICE, TOKENS_PER_PRICE) == 0

    def _rates(self, input_tokens: int) -> Rates:
        return max(
            (r for r in self.tiers if r.above_input_tokens < max(input_tokens, 1)),
            key=lambda r: r.above_input_tokens,
        )


FREE = Price(tiers=(Rates(input=0, output=0, cached_input=0, cache_write=0),), source="local")
