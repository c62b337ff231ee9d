"""Spells times for people: UTC, in whole minutes, and how far away they are."""

from datetime import datetime, timedelta


def clock_of(moment: datetime, now: datetime) -> str:
    """Spell a time to the minute, with its date where that is not today."""
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


def clock_by(moment: datetime, now: datetime) -> str:
    """Spell the minute by which a time has come: whoever waits for it does not come too early."""
    return clock_of(moment + timedelta(seconds=59), now)


def ago(moment: datetime, now: datetime) -> str:
    """Spell how long ago a time was, or how far ahead it is, in its largest unit."""
    seconds = (now - moment).total_seconds()
    minutes = round(abs(seconds) / 60)
    if minutes == 0:
        return "just now" if seconds >= 0 else "in a moment"
    amount, unit = (minutes, "minute") if minutes < 120 else (round(minutes / 60), "hour")
    if unit == "hour" and amount >= 48:
        amount, unit = round(amount / 24), "day"
    spelled = f"{amount} {unit}{'' if amount == 1 else 's'}"
    return f"{spelled} ago" if seconds >= 0 else f"in {spelled}"


def moment_of(moment: datetime, now: datetime) -> str:
    """Spell a time to the minute, and how far away it is: `12:20 (in 20 minutes)`."""
    return f"{clock_of(moment, now)} ({ago(moment, now)})"


def moment_by(moment: datetime, now: datetime) -> str:
    """Spell the minute by which a time has come, and how far away that is."""
    return moment_of((moment + timedelta(seconds=59)).replace(second=0, microsecond=0), now)
