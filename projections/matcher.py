"""The matcher: who should see a subject, and which cards are therefore missing.

Two sides raise flags: a fold that changes who should see a subject, and a device that changes whom it belongs to. Each
side commits its flag before the matcher reads the other side in a later statement, so whichever came later sees the
other. Cards that exist already stay as they are; whether each is still for its recipient is judged by the plan.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from events.activity import ACTIVITY
from events.errors import StoreUnavailableError
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.waiting import first_of
from projections.audience import Who
from projections.card import Lane
from projections.customer_store import CustomerStore
from projections.customer_view import subject_of
from projections.definition import CUSTOMER
from projections.registry import CARDS
from projections.segment_store import SegmentStore
from projections.wanted_cards import NO_CROWD, Flag, StartRule, WantedCard, add_cards, mark_crowds, wanted_by

log = structlog.get_logger()

BATCH = 200
BATCH_A_SLOT = 8
POLL_SECONDS = 1.0
AWAY_SECONDS = 0.5
LEFT = timedelta(seconds=10)
"""For how long a view is left to a matcher with the module of its card."""


class Matcher:
    """Adds the cards that are missing.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens the orders that a customer's card shows together.
        announce: Called with the slots that have cards in debt; must not block.
        start_rules: By attributes type; the server starts what is not named.
        begun: Called after audiences have begun; must not block. The enroller's poll finds them too.
        no_crowd: Cards of one subject that a fold puts in debt by itself; those of more are the spreader's.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        announce: Callable[[Collection[int]], None],
        *,
        start_rules: Mapping[str, StartRule] | None = None,
        no_crowd: int = NO_CROWD,
        poll_seconds: float = POLL_SECONDS,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool = pool
        self._customers = CustomerStore(keyring)
        self._segments = SegmentStore(pool)
        self._announce = announce
        self._rules = start_rules or {}
        self._no_crowd = no_crowd
        self._poll_seconds = poll_seconds
        self._begun = begun
        self._work = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.matching:
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Match until told to stop."""
        while not stop.is_set():
            self._work.clear()
            wait_seconds = self._poll_seconds
            try:
                if await self.match_views() + await self.match_devices():
                    continue
            except StoreUnavailableError as error:
                log.warning("matcher_waits_for_postgres", reason=str(error))
                wait_seconds = AWAY_SECONDS
            await first_of(stop, self._work, seconds=wait_seconds)

    async def match_views(self) -> int:
        """Match flagged views, and return how many there were."""
        with translated():
            views = await self._pool.fetch(
                statement("projections/find_views_to_match"),
                ALL_SLOTS,
                BATCH,
                BATCH_A_SLOT,
            )
            if not views:
                return 0
            gathered, single = _parted(views)
            open_customers, unread = await self._gather(gathered)
            shown = [row for row in single if not row["over"] and not row["ahead"]]
            await self._begin_audiences([row for row in shown if row["audience"] is not None])
            wanting = [row for row in shown if _is_for_one(row)]
            customers = sorted({row["customer_id"] for row in (*wanting, *open_customers)})
            devices = await self._pool.fetch(statement("projections/find_devices_of_customers"), customers)
            theirs: dict[str, list[asyncpg.Record]] = {}
            for device in devices:
                theirs.setdefault(device["customer_id"], []).append(device)
            wanted = [
                _wanted(view, device, view["show_at"], Lane.BULK if view["awaited"] else Lane.URGENT)
                for view in wanting
                for device in theirs.get(view["customer_id"], ())
            ]
            urgent = {row["customer_id"] for row in gathered if not row["awaited"]}
            wanted += [
                _wanted_of_all(row, device, Lane.URGENT if row["customer_id"] in urgent else Lane.BULK)
                for row in open_customers
                for device in theirs.get(row["customer_id"], ())
            ]
            left = [row for row in views if _is_left(row, unread)]
            if left:
                kinds = sorted({row["kind"] for row in left})
                log.warning("views_left_to_another_matcher", views=len(left), kinds=kinds)
            await self._add(wanted, views, unread)
        return len(views)

    async def match_devices(self) -> int:
        """Match flagged devices, and return how many there were."""
        with translated():
            # in a statement before, so that the phones that it flags are found
            await fetch_through_deadlocks(self._pool, "projections/flag_tagged_devices", BATCH)
            devices = await self._pool.fetch(statement("projections/find_devices_to_match"), BATCH)
            if not devices:
                return 0
            woken = await self._wake(devices)
            customers = sorted({row["customer_id"] for row in devices if row["customer_id"] is not None})
            views = await self._pool.fetch(statement("projections/find_open_views"), ALL_SLOTS, customers)
            gathered, views = _parted(views)
            open_customers = await self._open_customers(customers)
            shown = {row["customer_id"] for row in open_customers}
            wanted = [
                _wanted(view, device)
                for device in devices
                for view in views
                if view["customer_id"] == device["customer_id"] and _is_for_one(view)
            ]
            wanted += [
                _wanted_of_all(row, device)
                for device in devices
                for row in open_customers
                if row["customer_id"] == device["customer_id"]
            ]
            wanted += await self._as_members(devices, customers)
            # those from before their card gathered them are in no customer's view yet
            ungathered = [view for view in gathered if view["customer_id"] not in shown]
            await self._raise_flags([*ungathered, *(view for view in views if not CARDS.knows(view["kind"]))])
            await self._add(wanted, (), ())
            await fetch_through_deadlocks(
                self._pool,
                "projections/clear_device_flags",
                [row["device_id"] for row in devices],
                [row["match_count"] for row in devices],
            )
        if woken:
            self._announce(woken)
        return len(devices)

    async def _begin_audiences(self, views: Sequence[asyncpg.Record]) -> None:
        """Have the enroller look for the phones of subjects that are for an audience."""
        if views:
            await fetch_through_deadlocks(
                self._pool,
                "projections/begin_audiences",
                [row["slot"] for row in views],
                [row["subject_id"] for row in views],
                [row["audience"] for row in views],
                [row["attributes_type"] for row in views],
                [row["show_at"] for row in views],
            )
            self._begun()

    async def _as_members(self, devices: Sequence[asyncpg.Record], customers: Sequence[str]) -> list[WantedCard]:
        """Give the cards that phones should have because they belong to audiences, as they are now.

        Each audience had begun, and each segment has been read, in a statement after the flags of the phones committed;
        and whatever changes in an audience or a segment from now on has all phones looked through after it.
        """
        open_audiences = await self._pool.fetch(statement("projections/find_open_audiences"), ALL_SLOTS, customers)
        by_id = {row["device_id"]: row for row in devices}
        taken: dict[tuple[Who, str], set[str]] = {}
        wanted = []
        for each in open_audiences:
            who = Who(None if each["customers"] is None else tuple(each["customers"]), each["segment"])
            place = (who, each["attributes_type"])
            if place not in taken:
                taken[place] = await self._segments.members_among(*place, sorted(by_id))
            wanted += [
                wanted_by(each, device_id, row["customer_id"], row["app"], row["environment"])
                for device_id, row in by_id.items()
                if device_id in taken[place]
            ]
        return wanted

    async def _gather(self, flagged: Sequence[asyncpg.Record]) -> tuple[list[asyncpg.Record], Collection[str]]:
        """Bring the views of customers up to their orders; give those with open ones, and those that cannot be read.

        What is written has committed before phones are looked for: whoever signs in meanwhile finds it.
        """
        customers = {row["customer_id"] for row in flagged}
        if not customers:
            return [], ()
        gathered = await self._customers.gather(self._pool, customers)
        if gathered.owing:
            self._announce(gathered.owing)
        return await self._open_customers(customers), gathered.unread

    async def _open_customers(self, customer_ids: Collection[str]) -> list[asyncpg.Record]:
        if not CARDS.gathers:
            return []
        subjects = [subject_of(each) for each in sorted(customer_ids)]
        return await self._pool.fetch(
            statement("projections/find_open_customers"), [slot_of(each) for each in subjects], subjects
        )

    async def _wake(self, devices: Sequence[asyncpg.Record]) -> list[int]:
        rows = await fetch_through_deadlocks(
            self._pool,
            "projections/wake_cards_of_devices",
            ALL_SLOTS,
            [row["device_id"] for row in devices],
            [row["environment"] for row in devices],
        )
        return [row["slot"] for row in rows]

    async def _raise_flags(self, views: Sequence[asyncpg.Record]) -> None:
        """Have the phones of subjects looked for by a matcher that knows their kinds."""
        if views:
            await fetch_through_deadlocks(
                self._pool,
                "projections/flag_views",
                [view["slot"] for view in views],
                [view["subject_id"] for view in views],
            )

    async def _add(
        self, wanted: Sequence[WantedCard], flagged: Sequence[asyncpg.Record], unread: Collection[str]
    ) -> None:
        flags = [
            Flag(row["slot"], row["generation"], row["subject_id"], row["match_count"], _again_at(row, unread))
            for row in flagged
        ]
        rows = await add_cards(self._pool, wanted, self._rules, flags)
        if rows:
            await mark_crowds(self._pool, rows, self._no_crowd)
            self._announce({row["slot"] for row in rows})


def _parted(views: Sequence[asyncpg.Record]) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    """Part those that a card shows together with others from those that have one each."""
    gathered = [row for row in views if CARDS.gathering(row["kind"]) is not None]
    return gathered, [row for row in views if CARDS.gathering(row["kind"]) is None]


def _is_for_one(view: asyncpg.Record) -> bool:
    """Tell whether a view is for one customer, and of a kind whose card is known here."""
    return view["customer_id"] is not None and CARDS.knows(view["kind"])


def _is_left(view: asyncpg.Record, unread: Collection[str]) -> bool:
    """Tell whether a flagged view is left to a matcher that can read it, or all orders that its card shows."""
    if CARDS.gathering(view["kind"]) is not None:
        return view["customer_id"] in unread
    return not CARDS.knows(view["kind"])


def _again_at(view: asyncpg.Record, unread: Collection[str]) -> datetime | None:
    """Say when a flagged view is looked at again: when its time has come, or by a matcher that can read it.

    Args:
        view: As it was found.
        unread: Customers whose orders cannot all be read here.
    """
    if _is_left(view, unread):
        again_at: datetime = view["now"] + LEFT
        return again_at
    return view["show_at"] if view["ahead"] else None


def _wanted(
    view: asyncpg.Record, device: asyncpg.Record, show_at: datetime | None = None, lane: Lane = Lane.URGENT
) -> WantedCard:
    return WantedCard(
        view["slot"],
        view["subject_id"],
        view["kind"],
        device["device_id"],
        view["customer_id"],
        device["app"],
        device["environment"],
        show_at,
        lane,
        attributes_type=view["attributes_type"] if view["kind"] == ACTIVITY else None,
    )


def _wanted_of_all(row: asyncpg.Record, device: asyncpg.Record, lane: Lane = Lane.URGENT) -> WantedCard:
    """Want a card that shows all open orders of a customer."""
    return WantedCard(
        row["slot"],
        row["subject_id"],
        CUSTOMER,
        device["device_id"],
        row["customer_id"],
        device["app"],
        device["environment"],
        show_at=row["joined_at"],
        lane=lane,
        begun_at=row["begun_at"],
    )
