"""The key of a call: everything that can change its answer, and nothing else."""

import dataclasses
import hmac
import json
import math
import re
import unicodedata
from dataclasses import dataclass

import orjson

from cache.scope import Share, scope_for
from pointsman.records import Call
from pointsman.types import ChatRequest, Message

VERSION = "cc:v1"

# Fields of a call that do not change its answer. Whatever is not listed here is in the key; the
# whole of `request` is, and of `principal`, `user` and `metadata` only the scope they make.
IGNORED = frozenset({"session_id", "deadline_s", "cache", "tool", "user", "metadata"})


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes the keys of one namespace; without its `secret` nobody can tell what has which."""

    secret: bytes = b""
    namespace: str = "default"
    share: Share = "department"

    def key(self, call: Call, stamp: str) -> str:
        """`cc:v1:<scope>:<64 hex>`; `stamp` is whatever else an answer depends on.

        Calls that differ in anything but `IGNORED` fields never share a key; the order of the
        keys in a JSON schema, and the Unicode form of a message, make no difference. Each scope
        has a secret of its own, so a key says nothing to whoever knows those of another.
        """
        scope = scope_for(call, self.share)
        head = _json([stamp, call.model, call.prefer, call.category, call.max_cost])
        # No raw newline occurs in JSON, so where the head ends is never in doubt.
        body = head + b"\n" + _request(call.request)
        return f"{VERSION}:{scope}:{hmac.digest(self.of_scope(scope), body, 'sha256').hex()}"

    def of_scope(self, scope: str) -> bytes:
        """The secret of one scope, 32 bytes."""
        name = f"{self.namespace}\0{scope}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, name, "sha256")


_WHOLE = re.compile(rf"{VERSION}:.+:[0-9a-f]{{64}}")


def is_whole(key: str) -> bool:
    """Whether it is a key, and not the beginning of some."""
    return _WHOLE.fullmatch(key) is not None


def scope_of(key: str) -> str:
    """The cache scope in a key, whatever that scope is called."""
    return key.removeprefix(f"{VERSION}:").rpartition(":")[0]


def _request(request: ChatRequest) -> bytes:
    if isinstance(request.temperature, int):  # 0 and 0.0 are one temperature
        request = dataclasses.replace(request, temperature=float(request.temperature))
    data = _json(request)
    if not data.isascii():
        request = dataclasses.replace(request, messages=tuple(map(_nfc, request.messages)))
        data = _json(request)
    if _is_exact(request):
        return data
    return _exact_json(dataclasses.asdict(request))


def _nfc(message: Message) -> Message:
    return dataclasses.replace(message, content=unicodedata.normalize("NFC", message.content))


def _is_exact(request: ChatRequest) -> bool:
    """Whether orjson said all there is to say: it writes NaN and the infinities as null."""
    if request.temperature is not None and not math.isfinite(request.temperature):
        return False
    if not request.tools and request.json_schema is None:
        return True
    return b"null" not in _json([[tool.parameters for tool in request.tools], request.json_schema])


def _json(value: object) -> bytes:
    """Canonical JSON; a field that is added to a dataclass in `value` is in it by itself."""
    try:
        return orjson.dumps(value, default=dict, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits, or half of a surrogate pair
        return _exact_json(dataclasses.asdict(value) if isinstance(value, ChatRequest) else value)


def _exact_json(value: object) -> bytes:
    return json.dumps(value, default=dict, sort_keys=True).encode()
