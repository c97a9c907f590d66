"""Every setting: its name, its kind, its bounds and its default."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from pointsman.agent_settings import AgentSettings, SearchSettings, ToolSettings
from pointsman.quality_settings import QualitySettings
from pointsman.section import Section
from pointsman.types import Capability, Tier

WeightName = Literal["quality", "cost", "latency", "load", "continuity"]
Profile = Literal["balanced", "quality", "cheap", "fast", "local", "orchestrator"]


LEAST_SECRET = 16  # characters
OTHER_NAME = {"name": "embedded"}


class PriceSettings(Section):
    """USD per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)


class ModelSettings(Section):
    id: str = Field(min_length=1)
    tier: Tier = "cheap"
    context: int | None = Field(default=None, ge=256)
    max_output: int | None = Field(default=None, ge=1)
    price: PriceSettings | None = None
    capabilities: frozenset[Capability] | None = None


class ProviderSettings(Section):
    kind: Literal["openai", "anthropic", "llama_cpp"] | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_key_env: str | None = None
    enabled: bool = True
    models: tuple[ModelSettings, ...] = ()
    max_concurrent: int | None = Field(default=None, ge=1, le=4096)

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        parts = urlsplit(url)  # raises ValueError for a host or port that cannot be
        if not parts.hostname or parts.port == 0:
            raise ValueError("names no host, or a port that cannot be")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no user, password or query: a key belongs in api_key")
        return url


class LocalSettings(Section):
    """The embedded model."""

    name: str = "local"  # of the provider; `[providers.NAME] kind = "llama_cpp"` sets it
    enabled: bool = True
    model: str = "qwen2.5-coder-0.5b-instruct"  # a name of `pointsman models list`, or a .gguf
    fallback: str | None = "smollm2-135m-instruct"  # answers while the other is being fetched
    runtime: Literal["auto", "xllamacpp", "llama-cpp-python"] = "auto"
    prewarm: bool = True  # load at start, in the background
    context: int = Field(default=4096, ge=256, le=1_048_576)
    threads: int = Field(default=1, ge=1, le=256)
    slots: int = Field(default=1, ge=1, le=64)  # answers generated at once
    max_queue: int = Field(default=8, ge=0, le=4096)  # calls that may wait for a slot
    idle_unload_s: float = Field(default=1800, ge=0)  # 0: never
    load_timeout_s: float = Field(default=120, gt=0)


class ModelCacheSettings(Section):
    """How the answers of one model are kept (CA-23)."""

    enabled: bool = True
    ttl_s: float | None = Field(default=None, gt=0)  # fresh for no longer than this


class CacheSettings(Section):
    enabled: bool = True
    scope: Literal["user", "department", "public"] = "department"  # who shares answers
    namespace: str = Field(default="default", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    secret: SecretStr | None = None  # names and, with `encrypt`, seals what is kept
    encrypt: bool = False  # what is kept on disk and in Redis
    memory_items: int = Field(default=1000, ge=0)
    memory_mb: float = Field(default=64, gt=0, le=1e6)
    memory_residency_s: float = Field(default=60, gt=0)
    redis_url: SecretStr | None = None  # redis://, rediss:// or unix://; shared by replicas
    redis_ttl_s: float = Field(default=3_600, ge=1)
    redis_timeout_s: float = Field(default=0.15, gt=0, le=5)
    database_ttl_days: float = Field(default=30, gt=0, le=36_500)
    max_gb: float = Field(default=10, gt=0, le=1e6)
    min_free_mb: float = Field(default=512, ge=0, le=1e9)  # of the disk: nothing is kept below it
    general_s: float = Field(default=86_400, gt=0)  # how long an answer may be served
    time_sensitive_s: float = Field(default=3_600, gt=0)
    pinned_s: float = Field(default=2_592_000, gt=0)
    warm_on_start: int = Field(default=0, ge=0, le=1000)  # of the most used answers, renewed
    models: Mapping[str, ModelCacheSettings] = Field(
        default_factory=dict[str, ModelCacheSettings]  # by id, or `provider/id`
    )
    semantic: bool = True  # serve an answer to a prompt that means the same
    semantic_items: int = Field(default=10_000, ge=1, le=1_000_000)  # held in memory
    serve_similarity: float = Field(default=0.8, ge=0, le=1)  # cosine below which none is served
    false_hit_rate: float = Field(default=0.01, ge=0.001, le=0.05)  # to stay below
    adapt: bool = False  # let the local model adapt a near answer (RT-11)
    adapt_similarity: float = Field(default=0.85, ge=0, le=1)

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        given = "" if url is None else url.get_secret_value()
        if not given:
            return None
        if not given.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < LEAST_SECRET:
            raise ValueError(f"must have at least {LEAST_SECRET} characters")
        return secret


class PreferenceSettings(Section):
    """What one user likes."""

    prefer: Profile | None = None  # where their call names none
    models: Mapping[str, float] = Field(default_factory=dict[str, float])  # -1..1, by id or name

    @field_validator("models")
    @classmethod
    def _bounded(cls, models: Mapping[str, float]) -> Mapping[str, float]:
        if any(not -1 <= liking <= 1 for liking in models.values()):
            raise ValueError("each must be between -1 (never willingly) and 1 (gladly)")
        return models


class EmbeddingSettings(Section):
    """What turns prompts into vectors for the router; without it, it reads features only."""

    enabled: bool = True
    provider: str | None = (
        None  # of `[providers]`, for its `/embeddings`; none: the small local one
    )
    model: str = "all-minilm-l6-v2"  # as that provider calls it
    timeout_s: float = Field(default=0.5, gt=0)  # of a remote one; late is none
    price: float | None = Field(default=None, ge=0)  # of it: USD per million tokens, if known


class BenchmarkSettings(Section):
    schedule: Literal["off", "local", "all"] = "off"  # nobody's money is spent unasked
    interval_hours: float = Field(default=12, ge=1, le=168)  # of paid models
    local_interval_hours: float = Field(default=1, ge=1, le=168)
    max_usd_per_run: float = Field(default=0.25, ge=0)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_s: float = Field(default=60, gt=0)  # of one task
    judge: str | None = None  # a model that scores what no check can; none: rubric keywords
    max_age_hours: float = Field(default=24, gt=0)  # older scores decay toward the prior
    suites: str | None = None  # a folder of further suites, or of ours changed


class RoutingSettings(Section):
    strong: tuple[str, ...] = ()  # models to treat as strong, by id or `provider/id`
    cheap: tuple[str, ...] = ()
    weights: Mapping[WeightName, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict[WeightName, float]
    )
    profile: Profile = "balanced"  # what a call without `prefer` is decided by
    preferences: Mapping[str, PreferenceSettings] = Field(
        default_factory=dict[str, PreferenceSettings]  # by `user` of a call, or principal
    )
    learn: bool = True  # from outcomes and feedback
    explore: float = Field(default=0.0, ge=0, le=0.5)  # share of calls that may try a rival
    learning_half_life_days: float = Field(default=14, gt=0)
    decisions_days: float = Field(default=30, gt=0)  # that decisions are kept to be explained
    session_idle_s: float = Field(default=86_400, gt=0)  # after which a session is a new one
    empathic_prompt: bool = True  # a sentence for a task that is asked in a heavy mood
    max_attempts: int = Field(default=5, ge=1, le=10)
    deadline_s: float = Field(default=120, gt=0, le=3600)  # of a call that names none


class BreakerSettings(Section):
    failure_threshold: int = Field(default=5, ge=1)  # in a row
    success_threshold: int = Field(default=2, ge=1)  # of probes, to close again
    half_open_calls: int = Field(default=3, ge=1)  # probes in flight
    open_s: float = Field(default=60, gt=0)  # the first time; doubles with each re-opening
    max_open_s: float = Field(default=900, gt=0)
    jitter: float = Field(default=0.1, ge=0, lt=1)
    window_s: float = Field(default=60, gt=0)
    minimum_calls: int = Field(default=10, ge=1)  # before a rate can open it
    failure_rate: float = Field(default=0.5, gt=0, le=1)
    slow_rate: float = Field(default=0.8, gt=0, le=1)
    slow_ttft_s: float = Field(default=15, gt=0)
    slow_ttft_local_s: float = Field(default=60, gt=0)
    probe_lease_s: float = Field(default=120, gt=0)


class TimeoutSettings(Section):
    connect_s: float = Field(default=2, gt=0)
    ttft_s: float = Field(default=30, gt=0)  # until the first content of a cloud model
    ttft_local_s: float = Field(default=120, gt=0)
    idle_s: float = Field(default=30, gt=0)  # between pieces of content
    max_response_mb: float = Field(default=16, gt=0)


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "warning"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(Section):
    providers: Mapping[str, ProviderSettings] = Field(default_factory=dict[str, ProviderSettings])
    local: LocalSettings = LocalSettings()
    cache: CacheSettings = CacheSettings()
    routing: RoutingSettings = RoutingSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    breaker: BreakerSettings = BreakerSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    tools: ToolSettings = ToolSettings()
    quality: QualitySettings = QualitySettings()
    agent: AgentSettings = AgentSettings()
    search: SearchSettings = SearchSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _embedded(self) -> "Settings":
        """A provider of kind `llama_cpp` is the embedded model under another name."""
        embedded = {n: p for n, p in self.providers.items() if p.kind == "llama_cpp"}
        if not embedded:
            if self.local.name not in self.providers:
                return self
            # A backend took the name; two of one name would answer for each other.
            return self.model_copy(update={"local": self.local.model_copy(update=OTHER_NAME)})
        if len(embedded) > 1:
            raise ValueError(f"only one provider can be llama_cpp, not {', '.join(embedded)}")
        (name, given), *_ = embedded.items()
        changes: dict[str, Any] = {"name": name, "enabled": given.enabled}
        if given.models:
            changes["model"] = given.models[0].id
            changes["context"] = given.models[0].context or self.local.context
        changed = self.local.model_copy(update=changes)
        return self.model_copy(update={"local": changed})
