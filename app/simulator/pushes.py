"""Keep what APNs and FCM received and what they answered."""

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import msgspec


class ReceivedPush(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Say what came, when, and how APNs or FCM answered; `payload` is `None` when the push was refused unread.

    `token` is a virtual phone's, so it may be shown in full; a message to a channel has `channel_id` in its place. One
    to FCM has `message` in the place of `payload`, its name as `apns_id`, and 10 or 5 for HIGH or NORMAL.
    """

    received_at: float
    apns_id: str
    token: str | None
    status: int | None
    reason: str | None = None
    phone_id: str | None = None
    topic: str | None = None
    priority: int | None = None
    expiration: int | None = None
    payload: dict[str, Any] | None = None
    fault: str | None = None
    channel_id: str | None = None
    message: dict[str, str] | None = None

    @property
    def event(self) -> str | None:
        """Give `start`, `update` or `end`, as the payload says, `background` for what wakes the app, or `alert`."""
        if self.message is not None:
            return self.message.get("kind")
        if self.payload is None:
            return None
        aps = self.payload["aps"]
        event: str = aps.get("event", "background" if "content-available" in aps else "alert")
        return event


class PushLog:
    """Keep the newest pushes, and count all by their answer.

    Args:
        keep: how many pushes are kept.
    """

    def __init__(self, keep: int) -> None:
        self._kept: deque[ReceivedPush] = deque(maxlen=keep)
        self.counts: Counter[str] = Counter()

    def add(self, push: ReceivedPush) -> None:
        """Keep the push and count it under its reason, or under its status."""
        self._kept.append(push)
        self.counts[push.reason or str(push.status or push.fault)] += 1

    def __iter__(self) -> Iterator[ReceivedPush]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, place: int) -> ReceivedPush:
        return self._kept[place]

    def newest(self, count: int) -> list[ReceivedPush]:
        """Give the newest pushes, the newest last."""
        return list(self._kept)[-count:] if count else []
