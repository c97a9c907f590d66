"""Every model that can be asked, wherever it runs."""

import hashlib
from collections.abc import Sequence

import orjson

from pointsman.errors import NotFound
from pointsman.types import Model, Provider


class OpenCatalogue:
    """The models of `providers`, in their order; they do not change while it is in use.

    `fingerprint` is a SHA-256 over what the models are, 16 hexadecimal digits; prices do not count.
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self.models: Sequence[Model] = tuple(m for p in providers for m in p.models)
        self.fingerprint = _fingerprint(self.models)

    def provider(self, name: str) -> Provider:
        """The provider of that name.

        Raises:
            NotFound: there is none.
        """
        if name not in self._providers:
            raise NotFound(
                f"There is no provider {name!r}.",
                hint=f"There are: {', '.join(self._providers) or 'none'}.",
            )
        return self._providers[name]


def _fingerprint(models: Sequence[Model]) -> str:
    facts = sorted(
        (m.provider, m.id, m.origin, m.tier, m.context, sorted(m.capabilities)) for m in models
    )
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()[:16]
