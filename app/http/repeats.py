"""Knows an event again whatever its definition would make of it today: it may have changed since, or be deleted."""

from collections.abc import Mapping, Sequence

from app.http.drafts import Draft, Invalid, Repeat
from events.envelope import Identity
from events.store import EventStore


async def know_repeats(store: EventStore, drafts: Sequence[Draft]) -> list[Draft | Repeat]:
    """Put repeats in the places of the invalid drafts that the log has, as they were sent."""
    sent = {
        each.sent.identity: each.sent.digest for each in drafts if isinstance(each, Invalid) and each.sent is not None
    }
    versions = await store.find_repeats(sent) if sent else {}
    return [_known(each, versions) for each in drafts]


def _known(draft: Draft, versions: Mapping[Identity, int]) -> Draft | Repeat:
    if not isinstance(draft, Invalid) or draft.sent is None or draft.sent.identity not in versions:
        return draft
    return Repeat(*draft.sent.identity, versions[draft.sent.identity])
