"""The backends known by name, as data: where they are, what they serve, how they differ.

Contexts and tiers follow the price catalogue's snapshot of November 2026.
"""

from dataclasses import dataclass

from pointsman.types import Capability, Tier
from providers.anthropic import Anthropic
from providers.draft import Dialect
from providers.openai import OpenAI

USUAL: frozenset[Capability] = frozenset({"tools", "json"})
SEEING: frozenset[Capability] = USUAL | {"vision"}
M = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """A model that a backend is known to serve."""

    id: str
    tier: Tier
    context: int
    capabilities: frozenset[Capability] = SEEING
    max_output: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A backend known by name."""

    name: str
    env: tuple[str, ...]  # variables that may hold its key; the first that is set counts
    base_url: str
    dialect: Dialect
    price_id: str | None  # its name in the price catalogue
    models: tuple[Known, ...] = ()


ROWS: tuple[Row, ...] = (
    Row(
        name="openai",
        env=("OPENAI_API_KEY",),
        base_url="https://api.openai.com/v1",
        price_id="openai",
        dialect=OpenAI(limit_name="max_completion_tokens", fixed_sampling=r"^(o\d|gpt-[5-9])"),
        models=(
            Known("gpt-6.1-sol", "strong", 1_050_000, max_output=128_000),
            Known("gpt-6.1-terra", "strong", 1_050_000, max_output=128_000),
            Known("gpt-6-luna", "cheap", 1_050_000, max_output=128_000),
            Known("gpt-4.1-mini", "cheap", M, max_output=32_768),
        ),
    ),
    Row(
        name="anthropic",
        env=("ANTHROPIC_API_KEY",),
        base_url="https://api.anthropic.com",
        price_id="anthropic",
        # From Opus 4.7 on, `temperature` is answered with 400.
        dialect=Anthropic(fixed_sampling=r"^claude-(opus-4-[7-9]|[a-z]+-[5-9])"),
        models=(
            Known("claude-opus-5-5", "strong", M, max_output=64_000),
            Known("claude-sonnet-5-5", "strong", M, max_output=64_000),
            Known("claude-haiku-5-5", "cheap", M, max_output=64_000),
        ),
    ),
    Row(
        name="google",
        env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        price_id="google",
        dialect=OpenAI(),
        models=(
            Known("gemini-4-argon", "strong", 1_048_576, max_output=65_536),
            Known("gemini-3.8-flash", "cheap", M, max_output=65_536),
        ),
    ),
    Row(
        name="groq",
        env=("GROQ_API_KEY",),
        base_url="https://api.groq.com/openai/v1",
        price_id="groq",
        dialect=OpenAI(limit_name="max_completion_tokens"),
        models=(
            Known("openai/gpt-oss-120b", "strong", 131_072, USUAL, 65_536),
            Known("openai/gpt-oss-20b", "cheap", 131_072, USUAL, 65_536),
        ),
    ),
    Row(
        name="openrouter",
        env=("OPENROUTER_API_KEY",),
        base_url="https://openrouter.ai/api/v1",
        price_id="openrouter",
        dialect=OpenAI(),
        models=(
            Known("anthropic/claude-sonnet-5.5", "strong", M),
            Known("openai/gpt-6.1-sol", "strong", 1_050_000),
            Known("google/gemini-3.8-flash", "cheap", 1_048_576),
            Known("openai/gpt-oss-20b", "cheap", 131_072, USUAL),
        ),
    ),
    Row(
        name="together",
        env=("TOGETHER_API_KEY",),
        base_url="https://api.together.xyz/v1",
        price_id="together",
        dialect=OpenAI(),
        models=(
            Known("zai-org/GLM-5.3", "strong", 1_048_575, USUAL),
            Known("Qwen/Qwen3.8-Flash", "cheap", M, USUAL),
        ),
    ),
    Row(
        name="mistral",
        env=("MISTRAL_API_KEY",),
        base_url="https://api.mistral.ai/v1",
        price_id="mistral",
        # It refuses fields it does not know, and ends every stream with its usage unasked.
        dialect=OpenAI(stream_usage=False),
        models=(
            Known("mistral-large-4", "strong", 1_048_576),
            Known("mistral-small-2603", "cheap", 262_144),
        ),
    ),
    Row(
        name="deepseek",
        env=("DEEPSEEK_API_KEY",),
        base_url="https://api.deepseek.com/v1",
        price_id="deepseek",
        dialect=OpenAI(schemas=False),
        models=(
            Known("deepseek-v4-pro", "strong", M, USUAL),
            Known("deepseek-v4-flash", "cheap", M, USUAL),
        ),
    ),
    Row(
        name="xai",
        env=("XAI_API_KEY",),
        base_url="https://api.x.ai/v1",
        price_id="x-ai",
        dialect=OpenAI(),
        models=(
            Known("grok-4.7", "strong", 500_000),
            Known("grok-4-1-fast-non-reasoning", "cheap", 2_000_000),
        ),
    ),
    Row(
        name="cohere",
        env=("COHERE_API_KEY",),
        base_url="https://api.cohere.ai/compatibility/v1",
        price_id="cohere",
        dialect=OpenAI(stream_usage=False),
        models=(
            Known("command-a", "strong", 256_000, USUAL),
            Known("command-r7b", "cheap", 128_000, USUAL),
        ),
    ),
)
BY_NAME = {row.name: row for row in ROWS}
