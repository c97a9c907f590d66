"""Commands to a Redis server by redis-py: the one module that imports it.

Importing it takes 0.35 s and 26 MB, so whoever has no Redis must not.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import anyio
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cache.redis.failures import RedisGone, RedisRefused, RedisSilent
from pointsman.errors import ConfigError

Command = tuple[bytes | str | int, ...]
CLOSE_WITHIN_S = 0.5
# What redis-py raises beside its own: a socket's errors, and those of parsing what is not Redis.
STRANGE = (OSError, EOFError, ValueError, TypeError, IndexError, AttributeError)


class Wire:
    """Connections to one server, made when they are needed."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """The reply to each of `commands`, which go out together.

        Raises:
            RedisFailed: it did not work; how many of them were done is not known.
        """
        try:
            if len(commands) == 1:
                reply = self._client.execute_command(*commands[0])  # type: ignore[no-untyped-call]
                return [await reply]
            async with self._client.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return await pipeline.execute()
        # From None: their texts name the server, and may name what was sent to it.
        except RedisTimeoutError as error:
            raise RedisSilent(type(error).__name__) from None
        except RedisConnectionError as error:  # LOADING and wrong passwords too
            raise RedisGone(type(error).__name__) from None
        except ResponseError as error:
            raise RedisRefused(type(error).__name__) from None
        except (RedisError, *STRANGE) as error:
            raise RedisGone(type(error).__name__) from None

    async def close(self) -> None:
        with anyio.move_on_after(CLOSE_WITHIN_S, shield=True), suppress(RedisError, OSError):
            await self._client.aclose()


def make_wire(url: str, *, connect_timeout_s: float) -> Wire:
    """A wire that nothing was sent over yet; whoever sends must not wait for ever.

    redis-py's own defaults suit a store: 40 s for a GET from a hung server. This is a cache. Its
    `socket_timeout` costs 40 us of 95 a command, and begins anew with each step of one.

    Raises:
        ConfigError: `url` cannot be read.
    """
    try:
        pool = ConnectionPool.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=connect_timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # no HELLO: every server speaks it
            driver_info=None,  # no CLIENT SETINFO: servers before 7.2 refuse it
        )
        # Connects to nothing, and sees whether all options in the URL are known.
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, RedisError):
        raise ConfigError(
            "cache.redis_url cannot be read.",
            hint="Write redis://[:PASSWORD@]HOST[:PORT][/DB], rediss://... or unix:///PATH.",
        ) from None  # what it holds may be a password
    return Wire(Redis.from_pool(pool))
