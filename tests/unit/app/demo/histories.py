"""Write an order's log down shortly, as the API would give it."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2025, 10, 9, 12, 0, tzinfo=UTC)
NOON_SECONDS = 1_760_011_200
PLACED = {"customerId": "anna", "merchantName": "Noodle Bar"}


def at(minute: float) -> str:
    """Give a time by its minutes after noon."""
    return (NOON + timedelta(minutes=minute)).isoformat()


def seconds(minute: float) -> int:
    """Give the same time in Unix seconds."""
    return NOON_SECONDS + int(minute * 60)


def event(
    version: int, name: str, data: dict[str, Any] | None = None, *, minute: float | None = None, recorded: float = 600.0
) -> dict[str, Any]:
    """Give an event; without a minute it occurred as many minutes after noon as its version says."""
    return {
        "version": version,
        "id": f"event-{version}",
        "source": "/shop",
        "type": f"order.{name}",
        "schemaVersion": 1,
        "data": data or {},
        "occurredAt": at(version if minute is None else minute),
        "recordedAt": at(recorded),
    }


def placed(version: int = 1, *, minute: float | None = None, **data: Any) -> dict[str, Any]:
    """Give the event that places Anna's order."""
    return event(version, "placed", PLACED | data, minute=minute)


def line(step: str, minute: float) -> dict[str, Any]:
    """Give a line of history."""
    return {"step": step, "at": seconds(minute)}
