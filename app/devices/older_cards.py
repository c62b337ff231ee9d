"""Has the cards ended that a newer one on the phone takes the place of."""

from uuid import UUID

from events.postgres.pool import Connection
from events.postgres.statements import statement


async def replace_older_cards(connection: Connection, slot: int, subject_id: str, card_id: UUID) -> None:
    """Mark the older generations of a card that its phone has as replaced, in debt."""
    await connection.execute(statement("app/replace_older_cards"), slot, subject_id, card_id)
