"""The cache layer that processes share."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from cache.codec import Codec
from cache.key import VERSION, scope_of
from cache.purge import Purge
from cache.redis.failures import RedisFailed
from cache.redis.link import RedisLink
from pointsman.records import Found, Remembered
from pointsman.seams import Clock

ANSWER, POINTER = b"\x01", b"\x02"  # what a value is, and in which version
HEAD = struct.Struct(">cd")  # that, and when it was put, by the wall clock
MOST_BYTES = 1_000_000  # of a value: more takes too long on the way, and the others wait
STEP = 100  # names looked at together in a purge
FAULTS = (RedisFailed, UnicodeError, orjson.JSONEncodeError)  # half a surrogate pair is text too


class Kept(NamedTuple):
    form: bytes
    body: bytes


class RedisCache:
    """Answers in Redis, for `ttl_s` each, under `pointsman:{namespace}:{key}`.

    An answer that is too large is not kept, and one that Redis does not give is not found.
    `damaged` counts the values that were not ours to read and were deleted.
    """

    def __init__(
        self, link: RedisLink, *, ttl_s: float, namespace: str, clock: Clock, codec: Codec
    ) -> None:
        self._link = link
        self._ttl_s = ttl_s
        self._prefix = f"pointsman:{namespace}:"
        self._clock = clock
        self._codec = codec
        self.damaged = 0

    async def get(self, key: str) -> Found | None:
        try:
            kept = await self._kept(key)
            if kept is not None and kept.form == POINTER:
                target = self._codec.unseal(kept.body, key)
                if target is None:
                    await self._drop(key)
                    return None
                key = target.decode("utf-8", "surrogatepass")
                kept = await self._kept(key)
            if kept is None or kept.form != ANSWER:
                return None
            remembered = self._codec.decode(key, kept.body)
            if remembered is None:
                await self._drop(key)
                return None
        except FAULTS:
            return None
        age_s = self._clock.wall() - remembered.stored_at
        return Found(remembered=remembered, layer="redis", age_s=age_s, key=key)

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        try:
            answer = self._codec.encode(key, remembered)
            if len(answer) > MOST_BYTES:
                await self._link.delete([self._name(key)])  # an older one would be found
                return
            target = key.encode("utf-8", "surrogatepass")
            values = {
                self._name(other): self._value(POINTER, self._codec.seal(target, other))
                for other in also
            }
            values[self._name(key)] = self._value(ANSWER, answer)
            await self._link.put(values, self._ttl_s)
        except FAULTS:
            return

    async def purge(self, purge: Purge) -> int:
        """Forget what `purge` takes; how many answers that were. Nothing, while Redis is away."""
        pattern = _literal(self._prefix) + _pattern(purge)
        cursor, forgotten = 0, 0
        try:
            while True:
                cursor, names = await self._link.scan(cursor, pattern, STEP)
                forgotten += await self._purge(purge, names)
                if not cursor:
                    return forgotten
        except FAULTS:
            return forgotten

    async def _purge(self, purge: Purge, names: Sequence[bytes]) -> int:
        if not names:
            return 0
        values = await self._link.read(names)
        taken = [
            (name, form)
            for name, value in zip(names, values, strict=True)
            if (form := self._taken(purge, self._key(name), value)) is not None
        ]
        if taken:
            await self._link.delete([name for name, _ in taken])
        return sum(form == ANSWER for _, form in taken)

    def _taken(self, purge: Purge, key: str, value: bytes | None) -> bytes | None:
        """What kind of value it is, if `purge` takes it.

        Nothing but its name is known of what is no answer: a pointer is of no use without one.
        """
        kept = _parsed(value)
        remembered = None
        if kept is not None and kept[0].form == ANSWER:
            remembered = self._codec.decode(key, kept[0].body)
        if remembered is not None:
            return ANSWER if purge.takes(key, remembered) else None
        named = purge.model is None and purge.stored_before is None
        in_scope = purge.scope is None or scope_of(key) == purge.scope
        return POINTER if named and in_scope and key.startswith(purge.prefix or "") else None

    async def _kept(self, key: str) -> Kept | None:
        """What is kept under `key` itself, unless its time is over."""
        value = await self._link.get(self._name(key))
        if value is None:
            return None
        parsed = _parsed(value)
        if parsed is None:
            await self._drop(key)
            return None
        kept, put_at = parsed
        return kept if self._clock.wall() - put_at < self._ttl_s else None

    async def _drop(self, key: str) -> None:
        self.damaged += 1
        await self._link.delete([self._name(key)])

    def _value(self, form: bytes, body: bytes) -> bytes:
        return HEAD.pack(form, self._clock.wall()) + body

    def _name(self, key: str) -> bytes:
        return (self._prefix + key).encode("utf-8", "surrogatepass")

    def _key(self, name: bytes) -> str:
        return name.decode("utf-8", "surrogatepass").removeprefix(self._prefix)


def advice(info: Mapping[str, object]) -> str | None:
    """What to change on a server that says `info` of itself, so that it is fit to be a cache."""
    if not info.get("maxmemory"):
        return (
            "Redis has no memory limit and will take all there is: "
            "set maxmemory (2gb, say) and maxmemory-policy allkeys-lru."
        )
    policy = info.get("maxmemory_policy")
    if not str(policy).startswith("allkeys-"):
        return f"Redis will not make room when it is full ({policy}): set allkeys-lru."
    return None


def _parsed(value: bytes | None) -> tuple[Kept, float] | None:
    """A value that may be ours, and when it was put."""
    if value is None or not HEAD.size <= len(value) <= HEAD.size + MOST_BYTES:
        return None
    form, put_at = HEAD.unpack_from(value)
    return (Kept(form, value[HEAD.size :]), put_at) if form in (ANSWER, POINTER) else None


def _pattern(purge: Purge) -> bytes:
    """A glob of all keys that `purge` may take, and of as few others as it can say."""
    if purge.prefix is None and purge.scope is not None:
        return _literal(f"{VERSION}:{purge.scope}:") + b"*"
    return _literal(purge.prefix or "") + b"*"


def _literal(text: str) -> bytes:
    """A glob that matches `text` alone."""
    escaped = "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in text)
    return escaped.encode("utf-8", "surrogatepass")
