"""Which cloud backends exist here, and why the others do not; told without a network."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from pointsman.errors import ConfigError
from pointsman.money import FREE, Price, Rates, nano_from_usd
from pointsman.settings import ModelSettings, PriceSettings, ProviderSettings, Settings
from pointsman.types import Model, Tier
from providers.openai import OpenAI
from providers.rows import BY_NAME, ROWS, USUAL, Known, Row

UNKNOWN_CONTEXT = 32_768  # tokens, for a model nobody says anything of
NO_SETTINGS = ProviderSettings()
LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A provider that exists: all that is needed to call it."""

    name: str
    row: Row
    base_url: str
    key: SecretStr | None
    models: tuple[Model, ...]
    why: str  # it exists, for `doctor`
    max_concurrent: int | None = None

    @property
    def url(self) -> str:
        """Where a chat is posted; a base URL may end in the version or not."""
        base, path = self.base_url.rstrip("/"), self.row.dialect.path
        return (base.removesuffix("/v1") if path.startswith("/v1/") else base) + path

    @property
    def loopback(self) -> bool:
        return is_loopback(self.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A provider that could exist: what is missing, and what to do."""

    name: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    backends: tuple[Backend, ...]
    absent: tuple[Absent, ...]


def discover(settings: Settings, environ: Mapping[str, str]) -> Discovered:
    """Every cloud provider that the settings and the environment make, in a fixed order.

    Raises:
        ConfigError: a provider of an unknown name says neither where it is nor what it speaks.
    """
    names = [row.name for row in ROWS]
    names += [name for name in settings.providers if name not in names]
    found = [
        _look(name, settings.providers.get(name, NO_SETTINGS), environ)
        for name in names
        if settings.providers.get(name, NO_SETTINGS).kind != "llama_cpp"
    ]
    backends = (_with_tiers(b, settings) for b in found if isinstance(b, Backend))
    return Discovered(
        backends=tuple(backends), absent=tuple(a for a in found if isinstance(a, Absent))
    )


def _look(name: str, given: ProviderSettings, environ: Mapping[str, str]) -> Backend | Absent:
    row = _row(name, given)
    if not given.enabled:
        fix = f"Set providers.{name}.enabled = true."
        return Absent(name=name, why="switched off in the configuration", fix=fix)
    base_url = given.base_url or row.base_url
    key, why = _key(given, row, environ)
    if key is not None and not is_sendable(key.get_secret_value()):
        fix = "Set it again, without line breaks or other than ASCII characters."
        return Absent(name=name, why="its key holds characters that no key has", fix=fix)
    if key is None and (given.api_key_env or not given.base_url) and not is_loopback(base_url):
        variable = given.api_key_env or next(iter(row.env), None)
        where = f"Set {variable}" if variable else f"Set providers.{name}.api_key_env"
        return Absent(name=name, why="no key", fix=f"{where}, or providers.{name}.api_key.")
    models = _models(name, given, row, origin(base_url))
    if not models:
        fix = f"Add [[providers.{name}.models]] with an id."
        return Absent(name=name, why="no models are named", fix=fix)
    return Backend(
        name=name,
        row=row,
        base_url=base_url,
        key=key,
        models=models,
        why=why,
        max_concurrent=given.max_concurrent,
    )


def _row(name: str, given: ProviderSettings) -> Row:
    """What is known of `name`, or of the protocol it speaks."""
    row = BY_NAME.get(name)
    if row is not None:
        return row
    if given.base_url is not None:
        dialect = BY_NAME["anthropic"].dialect if given.kind == "anthropic" else OpenAI()
        return Row(name=name, env=(), base_url=given.base_url, dialect=dialect, price_id=None)
    if given.kind is not None:  # another account at a known backend
        return replace(BY_NAME[given.kind], name=name, env=())
    raise ConfigError(
        f"Provider {name!r} is not one of {', '.join(sorted(BY_NAME))}.",
        hint=f'Add base_url = "https://..." to [providers.{name}], or kind = "openai".',
    )


def _key(
    given: ProviderSettings, row: Row, environ: Mapping[str, str]
) -> tuple[SecretStr | None, str]:
    """The key in force, and what made the provider exist."""
    if given.api_key is not None and given.api_key.get_secret_value().strip():
        return SecretStr(given.api_key.get_secret_value().strip()), "api_key is configured"
    for variable in (given.api_key_env,) if given.api_key_env else row.env:
        key = environ.get(variable, "").strip()
        if key:
            return SecretStr(key), f"{variable} is set"
    return None, "base_url is configured, without a key"


# --- models ---------------------------------------------------------------------------------


def _models(name: str, given: ProviderSettings, row: Row, where: str) -> tuple[Model, ...]:
    """What the row knows, changed and extended by the configuration."""
    configured = {model.id: model for model in given.models}
    # A known name at another address is another server: it need not have the usual models.
    usual = () if given.base_url and given.models else row.models
    known = {model.id: model for model in usual}
    return tuple(
        _model(name, known.get(id), configured.get(id), id, where)
        for id in [*known, *(id for id in configured if id not in known)]
    )


def _model(
    name: str, known: Known | None, given: ModelSettings | None, id: str, where: str
) -> Model:
    known = known or Known(id, "cheap", UNKNOWN_CONTEXT, USUAL)
    given = given or ModelSettings(id=id)
    tier = given.tier if "tier" in given.model_fields_set else known.tier
    free = FREE if tier == "local" else None
    return Model(
        provider=name,
        id=id,
        tier=tier,
        context=given.context or known.context,
        price=price_of(given.price) if given.price else free,
        origin=where,
        max_output=given.max_output or known.max_output,
        capabilities=known.capabilities if given.capabilities is None else given.capabilities,
    )


def price_of(given: PriceSettings) -> Price:
    rates = Rates(
        input=nano_from_usd(given.input),
        output=nano_from_usd(given.output),
        cached_input=None if given.cached_input is None else nano_from_usd(given.cached_input),
        cache_write=None if given.cache_write is None else nano_from_usd(given.cache_write),
    )
    return Price(tiers=(rates,), source="configuration")


def _with_tiers(backend: Backend, settings: Settings) -> Backend:
    """`routing.strong` and `routing.cheap` decide over what a row or a model says."""
    tiers: dict[str, Tier] = dict.fromkeys(settings.routing.cheap, "cheap")
    tiers |= dict.fromkeys(settings.routing.strong, "strong")
    models = (replace(m, tier=_tier(m, tiers)) for m in backend.models)
    return replace(backend, models=tuple(models))


def _tier(model: Model, tiers: Mapping[str, Tier]) -> Tier:
    return tiers.get(model.name) or tiers.get(model.id) or model.tier


# --- places ---------------------------------------------------------------------------------


def origin(url: str) -> str:
    """Scheme, host and port of `url`, without the user information it may carry."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def is_sendable(key: str) -> bool:
    """Whether `key` can stand in a header."""
    return key.isascii() and key.isprintable()


def is_loopback(url: str) -> bool:
    return bool(LOOPBACK.fullmatch(urlsplit(url).hostname or ""))


def every_model(backends: Iterable[Backend]) -> tuple[Model, ...]:
    return tuple(model for backend in backends for model in backend.models)
