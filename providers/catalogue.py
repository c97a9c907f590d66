"""Every model that can be asked, wherever it runs."""

import difflib
import hashlib
from collections.abc import Sequence

import orjson

from pointsman.errors import NotFound
from pointsman.types import Model, Provider


class OpenCatalogue:
    """The models of `providers`, in their order."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}

    @property
    def models(self) -> Sequence[Model]:
        return tuple(m for provider in self._providers.values() for m in provider.models)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what the models are, 16 hexadecimal digits; prices do not count."""
        facts = sorted(
            (m.provider, m.id, m.origin, m.tier, m.context, sorted(m.capabilities))
            for m in self.models
        )
        return hashlib.sha256(orjson.dumps(facts)).hexdigest()[:16]

    def provider(self, name: str) -> Provider:
        """The provider of that name.

        Raises:
            NotFound: there is none.
        """
        if name not in self._providers:
            raise NotFound(f"There is no provider {name!r}.", hint=_nearest(name, self._providers))
        return self._providers[name]

    def find(self, ref: str) -> tuple[Model, ...]:
        """The models that `ref` names, as `provider/id` or as an id several may serve.

        Raises:
            NotFound: it names none; the hint has the nearest names.
        """
        models = self.models
        found = tuple(m for m in models if ref in (m.name, m.id))
        if not found:
            names = [m.name for m in models] + [m.id for m in models]
            raise NotFound(f"There is no model {ref!r}.", hint=_nearest(ref, names))
        return found


def _nearest(name: str, names: Sequence[str] | dict[str, Provider]) -> str:
    near = list(dict.fromkeys(difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)))
    if near:
        return f"Did you mean {', '.join(near)}?"
    return f"There are: {', '.join(list(names)[:10]) or 'none'}."
