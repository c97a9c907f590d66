"""The cache layer that processes share."""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from cache.codec import Codec
from cache.key import VERSION, is_whole, scope_of
from cache.purge import Purge
from cache.redis.failures import RedisFailed
from cache.redis.link import RedisLink
from pointsman.records import Found, Remembered
from pointsman.seams import Clock

ANSWER, POINTER = b"\x01", b"\x02"  # what a value is, and in which version
HEAD = struct.Struct(">cd")  # that, and when it was put, by the wall clock
MOST_BYTES = 1_000_000  # of a value: more takes too long on the way, and the others wait
STEP = 100  # names looked at together in a purge
MOST_OWED = 100  # purges: after more, nothing that was there before the last is found
FAULTS = (RedisFailed, UnicodeError, orjson.JSONEncodeError)  # half a surrogate pair is text too


class Kept(NamedTuple):
    form: bytes
    body: bytes
    put_at: float  # wall clock


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
        self._owed: list[tuple[Purge, float]] = []  # what Redis was not there for, and when

    async def get(self, key: str) -> Found | None:
        decision_id: str | None = None
        try:
            kept = await self._kept(key)
            if kept is not None and kept.form == POINTER:
                pointer = self._codec.unseal(kept.body, key)
                if pointer is None:
                    await self._drop(key)
                    return None
                decision_id, _, key = pointer.decode("utf-8", "surrogatepass").partition("\n")
                kept = await self._kept(key)
            remembered = None if kept is None else await self._answer(key, kept)
        except FAULTS:
            return None
        if remembered is None or decision_id not in (None, remembered.decision_id):
            return None  # or another answer has come under that key since, maybe of another model
        age_s = self._clock.wall() - remembered.stored_at
        return Found(remembered=remembered, layer="redis", age_s=age_s, key=key)

    async def put(self, key: str, remembered: Remembered, also: Sequence[str] = ()) -> None:
        names = {other: self._name(other) for other in also if other != key}
        try:
            answer = self._codec.encode(key, remembered)
            if len(answer) > MOST_BYTES:
                await self._link.delete([self._name(key), *names.values()])  # older ones there
                return
            pointer = f"{remembered.decision_id}\n{key}".encode("utf-8", "surrogatepass")
            values = {
                name: self._value(POINTER, self._codec.seal(pointer, other))
                for other, name in names.items()
            }
            values[self._name(key)] = self._value(ANSWER, answer)
            await self._link.put(values, self._ttl_s)
        except FAULTS:
            return

    async def purge(self, purge: Purge) -> int:
        """Forget what `purge` takes; how many answers that were.

        What Redis does not delete, since it is away, is not found here any more all the same.
        """
        pattern = _literal(self._prefix) + _pattern(purge)
        cursor, forgotten, now = 0, 0, self._clock.wall()
        try:
            if purge.prefix is not None and is_whole(purge.prefix):  # one need not be looked for
                return await self._purge(purge, [self._name(purge.prefix)])
            while True:
                cursor, names = await self._link.scan(cursor, pattern, STEP)
                forgotten += await self._purge(purge, names)
                if not cursor:
                    return forgotten
        except FAULTS:
            self._owe(purge, now)
            return forgotten

    def _owe(self, purge: Purge, now: float) -> None:
        """Remember a purge for as long as anything can be there that was put before it."""
        owed = [(other, at) for other, at in self._owed if now - at < self._ttl_s]
        owed.append((purge, now))
        self._owed = owed if len(owed) <= MOST_OWED else [(Purge(), now)]

    def _is_purged(self, key: str, remembered: Remembered, put_at: float) -> bool:
        return any(put_at <= at and purge.takes(key, remembered) for purge, at in self._owed)

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
        if kept is not None and kept.form == ANSWER:
            remembered = self._codec.decode(key, kept.body)
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
        kept = _parsed(value)
        if kept is None:
            await self._drop(key)
            return None
        return kept if self._clock.wall() - kept.put_at < self._ttl_s else None

    async def _answer(self, key: str, kept: Kept) -> Remembered | None:
        """The answer that was kept under `key`; None if it is none, or was purged."""
        if kept.form != ANSWER:
            return None
        remembered = self._codec.decode(key, kept.body)
        if remembered is None:
            await self._drop(key)
            return None
        return None if self._is_purged(key, remembered, kept.put_at) else remembered

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


def _parsed(value: bytes | None) -> Kept | None:
    """A value that may be ours."""
    if value is None or not HEAD.size <= len(value) <= HEAD.size + MOST_BYTES:
        return None
    form, put_at = HEAD.unpack_from(value)
    return Kept(form, value[HEAD.size :], put_at) if form in (ANSWER, POINTER) else None


def _pattern(purge: Purge) -> bytes:
    """A glob of all keys that `purge` may take, and of as few others as it can say."""
    if purge.prefix is None and purge.scope is not None:
        return _literal(f"{VERSION}:{purge.scope}:") + b"*"
    return _literal(purge.prefix or "") + b"*"


def _literal(text: str) -> bytes:
    """A glob that matches `text` alone."""
    escaped = "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in text)
    return escaped.encode("utf-8", "surrogatepass")
