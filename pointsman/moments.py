"""Points in time as they are told to programs."""

from datetime import UTC, datetime


def rfc3339(wall: float) -> str:
    """`wall`, seconds since the epoch, in UTC and to the millisecond."""
    moment = datetime.fromtimestamp(wall, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
