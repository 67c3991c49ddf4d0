"""The time as it is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> str:
    """The time in UTC, ISO 8601 with microseconds: text that sorts by time.

    >>> len(now()), now().endswith("+00:00")
    (32, True)
    """
    return datetime.now(UTC).isoformat(timespec="microseconds")


def hours_ago(hours: float) -> str:
    """The time some hours before now, in the same form."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="microseconds")
