"""Spells times for people: UTC, in whole minutes."""

from datetime import datetime, timedelta


def clock_of(moment: datetime, now: datetime) -> str:
    """Spell a time to the minute, with its date where that is not today."""
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


def clock_by(moment: datetime, now: datetime) -> str:
    """Spell the minute by which a time has come: whoever waits for it does not come too early."""
    return clock_of(moment + timedelta(seconds=59), now)
