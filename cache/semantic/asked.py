"""The prompt of a call, apart from all that must be equal beside it."""

import hmac
from dataclasses import dataclass, replace

from cache.key import Keys, scope_of
from cache.semantic.eligible import last_text
from cache.semantic.normal import normal_form
from pointsman.records import Analysis, Call, Category

WORDS_BYTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    context: str  # the key of the call without its last message
    words: bytes
    text: str  # of the last message
    category: Category | None


def asked_by(call: Call, stamp: str, analysis: Analysis, keys: Keys) -> Asked:
    *before, last = call.request.messages
    rest = replace(call.request, messages=(*before, replace(last, content="")))
    context = keys.key(replace(call, request=rest), stamp)
    text = last_text(call)
    return Asked(context, words_of(text, context, keys), text, analysis.category)


def words_of(text: str, context: str, keys: Keys) -> bytes:
    """Names the normal form of `text`; without the secret of the scope it says nothing of it."""
    form = normal_form(text).encode("utf-8", "surrogatepass")
    return hmac.digest(keys.of_scope(scope_of(context)), form, "sha256")[:WORDS_BYTES]
