"""Tells those who follow the list of orders what changes in it.

The list is looked at once for all of them. What changes later in a slot has a later time there, so nothing is missed by
looking at what is later than what was seen. The last changes are kept: whoever is slow, or comes again, goes on from
where they were, and whoever comes too late, or from another process, is told to read the list anew.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from app.errors import TooManyLinesError
from app.lines import LINE_SECONDS, QUIET_SECONDS
from app.slot_hints import SlotHints
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.slot import ALL_SLOTS, slot_of
from events.waiting import first_of
from events.whole_number import read_whole_number
from projections.order_list import ListedOrder, OrderList, Sought

log = structlog.get_logger()

LOOK_SECONDS: Final = 2.0
"""How often the list is looked at without a hint."""
MOST_KEPT: Final = 5_000
"""Changes that are kept, for all who follow; whoever is further behind reads the list anew."""
MOST_LINES: Final = 1_000
"""In a process; whoever comes beyond that is asked to come again."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ListNews(msgspec.Struct, frozen=True):
    """What has changed for one who follows.

    Attributes:
        id: The place after it; who comes again with it goes on from there.
        is_reset: Whether the list is to be read anew, since what changed before is not known here.
        orders: Those that are sought, as they are by now.
        left: Orders that are not among them, and may have been.
    """

    id: str
    is_reset: bool = False
    orders: tuple[ListedOrder, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing has changed."""
        return not (self.is_reset or self.orders or self.left)


class OrderFollower:
    """Follows the list.

    Args:
        orders: The list.
    """

    def __init__(self, orders: OrderList) -> None:
        self._orders = orders
        self._me = secrets.token_hex(6)
        self._changes: deque[ListedOrder] = deque(maxlen=MOST_KEPT)
        self._number = 0
        self._seen: dict[int, datetime] | None = None
        self._lines = 0
        self._left_at = time.monotonic()
        self._hints = SlotHints()
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.folded and self._lines:
            self._hints.add(ring.folded)

    def close(self) -> None:
        """Let those who follow hang up: they go on elsewhere."""
        self._closing.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look at the list while somebody follows it, and as long after that as a line lasts, until told to stop."""
        while not stop.is_set():
            slots = await self._hints.take(stop, every_seconds=LOOK_SECONDS)
            try:
                await self.look(slots)
            except StoreUnavailableError as error:
                log.warning("order_follower_waits_for_postgres", reason=str(error))

    async def look(self, slots: Collection[int] = ALL_SLOTS) -> None:
        """Take up what has changed in some slots.

        Raises:
            StoreUnavailableError: Postgres is away.
        """
        async with self._lock:
            if self._seen is None:
                return
            if not self._lines and time.monotonic() - self._left_at > LINE_SECONDS:
                self._seen = None
                self._lose()
                return
            newest = await self._orders.newest(slots)
            behind = {slot: self._seen[slot] for slot, at in newest.items() if at > self._seen[slot]}
            went_back = any(at < self._seen[slot] for slot, at in newest.items())
            orders = await self._orders.changed(behind, most=MOST_KEPT + 1) if behind and not went_back else []
            self._seen.update(newest)
            if went_back or len(orders) > MOST_KEPT:
                # another database, an earlier one, or more than anybody wants to be told one by one
                self._lose()
                return
            for each in orders:
                slot = slot_of(each.order_id)
                self._seen[slot] = max(self._seen[slot], each.changed_at)
            self._changes.extend(orders)
            self._number += len(orders)
            if orders:
                self._tell()

    async def follow(self, sought: Sought, last_id: str, *, seconds: float) -> AsyncGenerator[ListNews]:
        """Give what has changed since a place, then whatever changes, and something empty now and then.

        It ends when its time is over, and when the service stops.

        Args:
            sought: Which orders.
            last_id: The place; one that is not known here begins with a reset.
            seconds: When to end, once what is known was given; a line lasts no longer than `LINE_SECONDS`.

        Raises:
            StoreUnavailableError: Postgres is away.
            TooManyLinesError: No more can follow here.
        """
        ends = time.monotonic() + min(seconds, LINE_SECONDS)
        said = 0.0
        with self._following():
            await self._begin()
            place = self._place_of(last_id)
            while True:
                news = self._news
                told = self._since(place, sought)
                place = self._number
                if not told.is_empty or not said or time.monotonic() - said >= QUIET_SECONDS:
                    said = time.monotonic()
                    yield told
                if self._closing.is_set() or time.monotonic() >= ends:
                    return
                left = min(said + QUIET_SECONDS, ends) - time.monotonic()
                await first_of(news, self._closing, seconds=max(0.0, left))

    def _since(self, place: int | None, sought: Sought) -> ListNews:
        """Give what has changed since a place, of each order the newest."""
        at = f"{self._me}-{self._number}"
        if place is None or not self._number - len(self._changes) <= place <= self._number:
            return ListNews(at, is_reset=True)
        first = len(self._changes) - (self._number - place)
        newest: dict[str, ListedOrder] = {}
        for number in range(first, len(self._changes)):
            each = self._changes[number]
            newest.pop(each.order_id, None)
            newest[each.order_id] = each
        mine = [each for each in newest.values() if sought.admits(each)]
        return ListNews(
            at,
            orders=tuple(each for each in mine if sought.matches(each)),
            left=tuple(each.order_id for each in mine if not sought.matches(each)),
        )

    def _place_of(self, last_id: str) -> int | None:
        """Read a place; None: it is not of this process."""
        whose, _, number = last_id.partition("-")
        return read_whole_number(number) if whose == self._me else None

    def _lose(self) -> None:
        """Let everybody begin anew."""
        self._changes.clear()
        self._number += 1
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _begin(self) -> None:
        """Follow from now on, if that is not so already."""
        async with self._lock:
            if self._seen is None:
                self._seen = dict.fromkeys(ALL_SLOTS, _NEVER) | await self._orders.newest(ALL_SLOTS)

    @contextmanager
    def _following(self) -> Iterator[None]:
        if self._lines >= MOST_LINES:
            raise TooManyLinesError(f"{MOST_LINES:,} follow here already.")
        self._lines += 1
        try:
            yield
        finally:
            self._lines -= 1
            self._left_at = time.monotonic()
