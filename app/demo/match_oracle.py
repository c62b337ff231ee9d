"""Say what the card of a match must show after its events: a second reading of `docs/cards.md`.

Like the oracle of orders it folds nothing, and imports nothing of Lockstep's but the oracle's own words.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from app.demo.oracle import NOTHING, Event, Expected, moment_of, name_of, version_of

MATCH: Final = "match."
_STATUS: Final = {
    "announced": "announced",
    "kicked_off": "first_half",
    "half_time": "half_time",
    "resumed": "second_half",
    "ended": "ended",
}


def expect_matches(match_id: str, events: Iterable[Event]) -> list[Expected]:
    """Give what is expected of a match after its first event, after the first two, and so on."""
    log = sorted(events, key=version_of)
    return [_expect(match_id, log[: count + 1]) for count in range(len(log))]


def _expect(match_id: str, log: Sequence[Event]) -> Expected:
    ours = [event for event in log if str(event["type"]).startswith(MATCH)]
    announced = next((event for event in ours if name_of(event) == "announced"), None)
    if announced is None:
        return NOTHING
    end = next((place for place, event in enumerate(ours) if name_of(event) == "ended"), len(ours))
    played = ours[: end + 1]
    goals = [event["data"] for event in played if name_of(event) == "goal"]
    turns = [event for event in played if name_of(event) in _STATUS]
    content: dict[str, Any] = {
        "status": _STATUS[name_of(max(turns, key=moment_of))],
        "homeGoals": sum(goal["team"] == "home" for goal in goals),
        "awayGoals": sum(goal["team"] == "away" for goal in goals),
    }
    if goals:
        content |= {"scorer": goals[-1]["scorer"], "minute": goals[-1]["minute"]}
    teams = {name: announced["data"][name] for name in ("home", "away")}
    return Expected(
        over=end < len(ours),
        status=content["status"],
        customer_id=announced["data"]["customerId"],
        show_at=None,
        content=content,
        attributes={"matchId": match_id, **teams},
        recorded_at=max(datetime.fromisoformat(event["recordedAt"]) for event in log),
    )
