"""A reader of the feed who keeps a copy, and the numbering that it waits for."""

import itertools
from dataclasses import dataclass, field

from events.cloud_event import GivenEvent
from events.feed import Feed
from events.feed_cursor import FeedCursor, FeedName, read_cursor, write_cursor
from events.feed_writer import FeedWriter
from events.sealing import Keyring
from events.slot import slot_of


@dataclass
class Copy:
    """A data team that keeps a copy of everything.

    Attributes:
        events: What came, in the order it came.
    """

    feed: Feed
    keyring: Keyring
    limit: int = 500
    personal: bool = False
    cursor: FeedCursor = field(default_factory=FeedCursor)
    events: list[GivenEvent] = field(default_factory=list)

    async def catch_up(self) -> list[tuple[str, int]]:
        """Read until nothing follows, and give what came."""
        before = len(self.events)
        while True:
            page = await self.feed.read(self.cursor, limit=self.limit, personal=self.personal)
            assert len(page.events) <= self.limit
            # the cursor is kept as its text
            text = write_cursor(page.cursor, FeedName.EVENTS, self.keyring.hash)
            self.cursor = read_cursor(text, FeedName.EVENTS, self.keyring.hash)
            self.events += page.events
            if not page.more:
                return [(each.subject, each.version) for each in self.events[before:]]

    def assert_in_order(self) -> None:
        """Compare what came of each subject with 1, 2, 3 …, each once."""
        by_subject: dict[str, list[int]] = {}
        for each in self.events:
            by_subject.setdefault(each.subject, []).append(each.version)
        for subject, versions in by_subject.items():
            assert versions == list(range(1, len(versions) + 1)), subject


async def number(writer: FeedWriter) -> int:
    """Number all there is."""
    numbered = await writer.number_news()
    while (some := await writer.sweep_some()) is not None:
        numbered += some
    return numbered


def of_slot(slot: int, count: int) -> list[str]:
    """Give so many subjects of a slot."""
    return list(itertools.islice((n for n in map("order-{}".format, itertools.count()) if slot_of(n) == slot), count))
