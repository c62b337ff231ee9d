"""Sees to what time brings: partitions of the receipts, what is old and may go, and what must not be there.

Nothing is right because of this loop. It makes tomorrow's partitions, walks over all slots once a minute for cards that
were forgotten (which would be a bug of ours), says how many subjects are set aside, and once an hour, on the same walk,
looks for cards whose phone is gone, lets old cards go, with old receipts and phones, and mends the list of orders.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import msgspec
import structlog

from events.errors import StoreUnavailableError
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from events.waiting import first_of
from projections.order_list import mend_failures, mend_list

log = structlog.get_logger()

HOUR_SECONDS = 3_600.0
STEP_SECONDS = 1.0
# 256 slots in steps of five take less than a minute.
STEP_SLOTS = 5
PRUNED_AT_ONCE = 5_000
# For so long a list of keys says what a session was that somebody asks about.
ENDED_SESSIONS_DAYS = 7
# A renewal begins twenty minutes before the phone ends the card of before.
RENEWAL_WAITS_SECONDS = 300.0


class KeepRules(msgspec.Struct, frozen=True, kw_only=True):
    """How many days things are kept; the log itself is kept for ever.

    Attributes:
        receipts: What was sent and what APNs answered.
        cards: Cards that are over, of orders that are over.
        devices: Phones whose app has not launched, with their tokens, until they are signed out.
        facts: What became of cards, and what webhooks were told of it.
        reads: Who looked at personal values.
    """

    receipts: int = 30
    cards: int = 30
    devices: int = 180
    facts: int = 30
    reads: int = 90


async def make_receipt_days(pool: Pool) -> None:
    """Make the partitions of today and the two days to come."""
    with translated():
        await pool.execute(statement("projections/make_receipt_days"))


class Housekeeper:
    """Looks after a database.

    Args:
        pool: Connections; one is used at a time.
        announce: Called with the slots of cards that were found forgotten or orphaned; must not block.
        keep: How long things are kept.
    """

    def __init__(
        self, pool: Pool, announce: Callable[[Collection[int]], None], *, keep: KeepRules | None = None
    ) -> None:
        self._pool = pool
        self._announce = announce
        self._keep = keep or KeepRules()
        self._untold: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep house until told to stop."""
        next_hour = 0.0
        place = 0
        not_this_hour: set[int] = set()
        while not stop.is_set():
            try:
                if time.monotonic() >= next_hour:
                    await make_receipt_days(self._pool)
                    await self.count_trouble()
                    await self.prune()
                    next_hour = time.monotonic() + HOUR_SECONDS
                    not_this_hour.update(ALL_SLOTS)
                slots = ALL_SLOTS[place : place + STEP_SLOTS]
                await self.wake_forgotten(slots)
                await self.wake_forgotten_channels(slots)
                await self.hurry_renewals(slots)
                if left := sorted(not_this_hour.intersection(slots)):
                    await self.wake_orphans(left)
                    await self.prune_cards(left)
                    await self.prune_facts(left)
                    await self.prune_reads(left)
                    await self.mend_list(left)
                    not_this_hour.difference_update(left)
                    if not not_this_hour:
                        self.tell_untold()
                place = (place + STEP_SLOTS) % len(ALL_SLOTS)
            except StoreUnavailableError as error:
                log.warning("housekeeper_waits_for_postgres", reason=str(error))
            await first_of(stop, seconds=STEP_SECONDS)
        self.tell_untold()

    async def wake_forgotten(self, slots: Sequence[int]) -> int:
        """Put cards in debt that were forgotten, and return how many there were: it must be none."""
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "projections/wake_forgotten_cards", slots)
        behind = [row for row in rows if row["behind"]]
        if behind:
            log.error("cards_were_forgotten", cards=len(behind), first=str(behind[0]["card_id"]))
        if len(rows) > len(behind):
            log.warning("cards_were_stranded", cards=len(rows) - len(behind))
        if rows:
            self._announce({row["slot"] for row in rows})
        return len(rows)

    async def wake_forgotten_channels(self, slots: Sequence[int]) -> int:
        """Put channels in debt that were forgotten, and return how many there were: it must be none."""
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "projections/wake_forgotten_channels", slots)
        if rows:
            log.error("channels_were_forgotten", channels=len(rows), first=str(rows[0]["channel"]))
            self._announce({row["slot"] for row in rows})
        return len(rows)

    async def hurry_renewals(self, slots: Sequence[int]) -> int:
        """Make renewals urgent that have waited too long among what is bulk, and return how many there were."""
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "projections/hurry_renewals", slots, RENEWAL_WAITS_SECONDS)
        if rows:
            log.info("renewals_were_hurried", cards=len(rows))
            self._announce({row["slot"] for row in rows})
        return len(rows)

    async def wake_orphans(self, slots: Sequence[int]) -> int:
        """Put cards in debt that wait for a phone of which there is no row any more, and return how many there were.

        Phones are signed out, and their cards ended, a day before their rows go; a restore may leave some all the same.
        """
        with translated():
            rows = await self._pool.fetch(statement("projections/find_devices_of_waiting_cards"), slots)
            if not rows:
                return 0
            missing = await self._pool.fetch(
                statement("projections/find_missing_devices"), [row["device_id"] for row in rows]
            )
            if not missing:
                return 0
            orphans = await fetch_through_deadlocks(
                self._pool, "projections/wake_waiting_cards", slots, [row["device_id"] for row in missing]
            )
        if orphans:
            self._announce({row["slot"] for row in orphans})
            log.warning("cards_were_orphaned", cards=len(orphans))
        return len(orphans)

    async def prune_cards(self, slots: Sequence[int]) -> int:
        """Let go cards that are old enough, and return how many there were."""
        with translated():
            cards: int = await self._pool.fetchval(
                statement("projections/prune_cards"), slots, self._keep.cards, PRUNED_AT_ONCE
            )
        if cards:
            log.info("old_cards_went", cards=cards)
        return cards

    async def prune_facts(self, slots: Sequence[int]) -> int:
        """Let go what is told of cards, once it is old enough, and return how much there was."""
        with translated():
            rows = await fetch_through_deadlocks(
                self._pool, "projections/drop_card_facts", slots, self._keep.facts, PRUNED_AT_ONCE
            )
        facts: int = rows[0]["dropped"]
        self._untold.update({row["webhook"]: row["untold"] for row in rows if row["webhook"] is not None})
        if facts:
            log.info("old_facts_went", facts=facts)
        return facts

    async def prune_reads(self, slots: Sequence[int]) -> int:
        """Let go what is said of who looked, once it is old enough, and return how many rows that was."""
        with translated():
            rows: int = await self._pool.fetchval(
                statement("app/prune_personal_reads"), slots, self._keep.reads, PRUNED_AT_ONCE
            )
        if rows:
            log.info("old_reads_went", rows=rows)
        return rows

    async def mend_list(self, slots: Sequence[int]) -> int:
        """Bring the list of orders in step with views and cards that a release without it wrote; return how many."""
        mended = await mend_list(self._pool, slots) + await mend_failures(self._pool, slots)
        if mended:
            log.info("orders_were_listed", orders=mended)
        return mended

    def tell_untold(self) -> None:
        """Say of each webhook how much it was never told of what was let go since this was said last."""
        for webhook, facts in sorted(self._untold.items()):
            log.error("webhook_was_never_told", webhook=webhook, facts=facts)
        self._untold.clear()

    async def prune(self) -> tuple[int, int]:
        """Let go receipts and phones that are old enough, and give how many days, and how many phones, that was.

        A phone is signed out first, so that its cards are ended; its row goes a day later.
        """
        with translated():
            days: int = await self._pool.fetchval(statement("projections/drop_receipts"), self._keep.receipts)
            silent: int = await self._pool.fetchval(
                statement("app/sign_out_old_devices"), self._keep.devices, PRUNED_AT_ONCE
            )
            devices: int = await self._pool.fetchval(statement("app/prune_devices"), PRUNED_AT_ONCE)
            pictures: int = await self._pool.fetchval(statement("app/prune_assets"))
            await self._pool.execute(statement("app/prune_console"), ENDED_SESSIONS_DAYS)
        if silent:
            log.info("silent_phones_were_signed_out", devices=silent)
        if days or devices or pictures:
            log.info("old_rows_went", receipt_days=days, devices=devices, pictures=pictures)
        return days, devices

    async def count_trouble(self) -> tuple[int, int]:
        """Count the subjects that are quarantined, and those held for a newer version, and say so if there are any."""
        with translated():
            [row] = await self._pool.fetch(statement("projections/count_trouble"), ALL_SLOTS)
        if row["quarantined"] or row["held"]:
            log.warning("subjects_are_set_aside", quarantined=row["quarantined"], held=row["held"])
        return row["quarantined"], row["held"]
