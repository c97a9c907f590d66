"""How Redis fails."""


class RedisFailed(Exception):
    """Redis did not do as it was asked; says the name of the error, and nothing of the command."""


class RedisSkipped(RedisFailed):
    """Nothing was sent: Redis is in trouble, or too many wait for it."""


class RedisGone(RedisFailed):
    """There is no connection, or a server that takes no commands yet."""


class RedisSilent(RedisFailed):
    """It did not answer in time."""


class RedisRefused(RedisFailed):
    """It is there, and would not: out of memory, read-only, not allowed, another type of value."""
