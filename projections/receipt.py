"""What was sent and what came back, as it is kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from events.postgres.pool import Connection
from events.postgres.statements import statement
from projections.card import Card, Kind


def receipt_context(apns_id: UUID) -> bytes:
    """Name the place that the payload of a push is sealed for."""
    return b"receipt\n" + apns_id.bytes


class Leased(msgspec.Struct, frozen=True):
    """What a push was sent for under a lease, where that is no card: a channel, by our id of it."""

    slot: int
    subject_id: str
    card_id: UUID
    lease: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent and what came back.

    Attributes:
        why: Why it was sent.
        demoted: It would have had priority 10, had the phone not had its urgent pushes for the hour.
        sealed: The payload, sealed with the subject's data key.
    """

    card: Card | Leased
    sent_at: datetime
    answered_at: datetime
    folded_at: datetime | None
    kind: Kind
    version: int
    why: str
    outcome: str
    apns_id: UUID
    timestamp: int
    priority: int
    demoted: bool
    status: int | None
    reason: str | None
    sealed: bytes | None


async def add_receipts(connection: Connection, receipts: Sequence[Receipt]) -> None:
    """Write what was sent and what came back."""
    await connection.execute(
        statement("projections/add_receipts"),
        [each.card.slot for each in receipts],
        [each.card.subject_id for each in receipts],
        [each.card.card_id for each in receipts],
        [each.card.lease for each in receipts],
        [each.sent_at for each in receipts],
        [each.answered_at for each in receipts],
        [each.folded_at for each in receipts],
        [each.kind for each in receipts],
        [each.version for each in receipts],
        [each.why for each in receipts],
        [each.outcome for each in receipts],
        [each.apns_id for each in receipts],
        [each.timestamp for each in receipts],
        [each.priority for each in receipts],
        [each.status for each in receipts],
        [each.reason for each in receipts],
        [each.sealed for each in receipts],
        [each.demoted for each in receipts],
    )
