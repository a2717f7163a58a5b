"""Reads dates and times that are kept as text."""

from datetime import UTC, date, datetime

DATE_LENGTH = len("2026-11-22")


def moment_of(text: str) -> date | datetime | None:
    """A date, or a time in UTC (which a time without offset is); None for what is neither."""
    try:
        if len(text) == DATE_LENGTH:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
