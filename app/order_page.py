"""An order as it stands, as the API and the command line give it."""

from datetime import datetime

import msgspec


class OrderCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A card of an order, for those who look after it.

    Attributes:
        phase: `wanted`, `starting`, `shown`, `ending` or `over`.
        considered_version: What the last plan for this card saw.
        accepted_version: What APNs took last.
        outcome: How the last plan ended, and `why`.
    """

    card_id: str
    device_id: str
    attributes_type: str
    phase: str
    considered_version: int
    accepted_version: int | None = None
    outcome: str | None = None
    why: str | None = None


class OrderPage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An order as it stands.

    Attributes:
        customer_id: Whose it is; None as long as nobody said.
        version: Of the log.
        view_version: Of what we folded and show.
        content_state: What a card shows, as JSON; None when there is nothing to show.
        why_not: Why what there is cannot be shown.
        archived_at: When its events left the log; None: they are there.
        archived_to: The name of the file that they are in.
    """

    order_id: str
    customer_id: str | None
    version: int
    view_version: int
    status: str | None
    over: bool
    content_state: msgspec.Raw | None = None
    why_not: str | None = None
    cards: tuple[OrderCard, ...] = ()
    archived_at: datetime | None = None
    archived_to: str | None = None
