"""What a card would show of its subject now, rendered once for all its cards."""

from datetime import datetime

import msgspec

from projections.content_state import content_hash, render
from projections.draft import Alert
from projections.order_view import OrderView


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A view as a plan needs it.

    Attributes:
        version: The version of the view.
        placed: Whether there is anything to show.
        over: Whether the subject is over.
        content: The content state, JSON.
        content_hash: Equal for content states that differ in `updatedAt` at most.
        alerts: The newest alert of each rank.
        status_version: The version that set the status.
        expected_at: When the next thing is expected to happen.
    """

    version: int
    placed: bool
    over: bool
    customer_id: str | None
    content: bytes
    content_hash: bytes
    alerts: tuple[Alert, ...]
    status_version: int
    expected_at: datetime | None


def face_of(view: OrderView, key: bytes) -> Face:
    """Render a view.

    Args:
        view: The folded order.
        key: Keys the content hash.
    """
    content = render(view) if view.placed else b"{}"
    return Face(
        version=view.version,
        placed=view.placed,
        over=view.over,
        customer_id=view.customer_id,
        content=content,
        content_hash=content_hash(content, key),
        alerts=view.alerts,
        status_version=view.status_stamp[1],
        expected_at=view.next_expected_at,
    )
