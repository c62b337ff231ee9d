"""Say what the card of an upload must show after its events: a second reading of `docs/cards.md`.

Like the oracle of orders it folds nothing, and imports nothing of Lockstep's but the oracle's own words.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from app.demo.oracle import NOTHING, Event, Expected, moment_of, name_of, version_of

FILE_CHARACTERS: Final = 80
UPLOAD: Final = "upload."
_STATUS: Final = {"started": "started", "progressed": "under_way", "finished": "finished", "failed": "failed"}
_ENDS: Final = ("finished", "failed")


def expect_uploads(upload_id: str, events: Iterable[Event]) -> list[Expected]:
    """Give what is expected of an upload after its first event, after the first two, and so on."""
    log = sorted(events, key=version_of)
    return [expect_upload(upload_id, log[: count + 1]) for count in range(len(log))]


def expect_upload(upload_id: str, log: Sequence[Event]) -> Expected:
    """Give what is expected after these events of an upload, in the order of their versions."""
    ours = [event for event in log if event["type"].startswith(UPLOAD)]
    started = next((event for event in ours if name_of(event) == "started"), None)
    if started is None:
        return NOTHING
    # the one that opens it is folded first, a second one not at all
    effective = _those_that_took_effect([started, *(event for event in ours if name_of(event) != "started")])
    ends = [event for event in effective if name_of(event) in _ENDS]
    last = max(ends or effective, key=moment_of)
    failures = [event for event in effective if name_of(event) == "failed"]
    content: dict[str, Any] = {
        "status": _STATUS[name_of(last)],
        "fileName": started["data"]["fileName"][:FILE_CHARACTERS],
        "percent": max(100 if name_of(each) == "finished" else each["data"].get("percent", 0) for each in effective),
    }
    if failures:
        content["reason"] = failures[-1]["data"]["reason"]
    return Expected(
        over=bool(ends),
        status=content["status"],
        customer_id=started["data"]["customerId"],
        show_at=None,
        content=content,
        attributes={"uploadId": upload_id, "megabytes": started["data"]["sizeBytes"] // 1_000_000},
        recorded_at=max(datetime.fromisoformat(event["recordedAt"]) for event in log),
    )


def _those_that_took_effect(folded: list[Event]) -> list[Event]:
    """Leave out what came once the upload was over, save a later ending."""
    effective: list[Event] = []
    ended: Event | None = None
    for event in folded:
        ends = name_of(event) in _ENDS
        if ended is not None and not (ends and moment_of(event) > moment_of(ended)):
            continue
        effective.append(event)
        ended = event if ends else ended
    return effective
