"""Counts what became of the cards of a subject: an order's few, or a campaign's hundred thousand."""

from collections.abc import Sequence

import msgspec

from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of


class Tally(msgspec.Struct, frozen=True, rename="camel"):
    """How many cards there are, and what became of them.

    Attributes:
        waiting: They have not started, and nothing has failed.
        started: They were on a phone, as far as anybody knows.
        live: Those of them that are still there.
        failed: Their last push failed in a way that a repetition does not mend.
        dismissed: Their customers took them away.
        ended: They ended otherwise.
        never_shown: They were over before they started.
    """

    cards: int = 0
    waiting: int = 0
    started: int = 0
    live: int = 0
    failed: int = 0
    dismissed: int = 0
    ended: int = 0
    never_shown: int = 0


class TypeTally(Tally, frozen=True, rename="camel", kw_only=True):
    """The same of one attributes type."""

    attributes_type: str


class CardCounts(msgspec.Struct, frozen=True, rename="camel"):
    """What became of the cards of a subject; those that are over go after a while, and are not counted then."""

    subject: str
    total: Tally
    by_type: Sequence[TypeTally]


class CardCounter:
    """Counts cards.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count(self, subject_id: str) -> CardCounts:
        """Count the cards of a subject, none if nothing is known of it.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        with translated():
            rows = await self._pool.fetch(statement("app/count_cards_by_type"), slot_of(subject_id), subject_id)
        names = Tally.__struct_fields__
        by_type = [
            TypeTally(attributes_type=row["attributes_type"], **{name: row[name] for name in names}) for row in rows
        ]
        total = Tally(**{name: sum(row[name] for row in rows) for name in names})
        return CardCounts(subject_id, total, by_type)
