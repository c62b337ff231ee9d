"""What a person does to cards, orders and pauses, by a command or the API; each deed leaves a line in the log."""

from typing import Literal
from uuid import UUID

import structlog

from app.doorbell import ring
from events.postgres.pool import Pool
from projections.card_desk import CardDesk
from projections.pauses import Pauses
from projections.quarantine import release

log = structlog.get_logger()

Asked = Literal["end", "resend"]


class Deeds:
    """Does what people ask, and hints to all processes that it was done.

    Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.pauses = Pauses(pool)

    async def ask_of_cards(self, by: str, order_id: str, what: Asked, *, card_id: UUID | None = None) -> list[str]:
        """Ask for an order's open cards, or one of them, to be ended or sent again; give those that were asked.

        Args:
            by: The id of an API key, or account and machine of whoever runs a command.
            order_id: The order.
            what: What is asked.
            card_id: One of its cards; None: all.
        """
        asked = await CardDesk(self._pool).ask(order_id, what, card_id=card_id)
        if asked:
            log.info("person_asked_of_cards", by=by, what=what, subject_id=order_id, cards=asked)
            await ring(self._pool, settings=True)
        return asked

    async def release(self, by: str, order_id: str) -> bool:
        """Let an order be folded again that was set aside; False if it was not."""
        released = await release(self._pool, order_id)
        if released:
            log.info("person_released_subject", by=by, subject_id=order_id)
            await ring(self._pool, behind=(order_id,))
        return released

    async def resume(self, by: str, kind: str, key: str) -> bool:
        """Lift a pause; False if there was none."""
        lifted = await self.pauses.resume(kind, key)
        if lifted:
            log.info("person_lifted_pause", by=by, kind=kind, key=key)
            await ring(self._pool, settings=True)
        return lifted
