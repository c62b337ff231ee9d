"""Channels for people: what there is, who follows, and how many of Apple's 10,000 that is."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

import msgspec

from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.channel import MOST_CHANNELS
from projections.channel_list_store import ChannelListStore, UnknownChannel
from projections.channel_store import ChannelStore


class ListedChannel(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A channel.

    Attributes:
        storage: What Apple keeps of it for phones that are offline.
        channel_id: Apple's; None until it was made.
        lost: Apple knows it no more, though nobody deleted it.
        published: Pushes that Apple accepted.
        cards: Those that follow it and are not over.
    """

    subject_id: str = msgspec.field(name="orderId")
    app: str
    environment: str
    attributes_type: str
    generation: int
    storage: str
    phase: str
    channel_id: str | None
    lost: bool
    accepted_version: int | None
    view_version: int | None
    published: int
    cards: int
    outcome: str | None
    why: str | None
    outcome_at: datetime | None
    due_at: datetime | None


class CountedChannels(msgspec.Struct, frozen=True, rename="camel"):
    """How many channels an app has in an environment; Apple allows `most`.

    Attributes:
        channels: Those that Lockstep made.
        listed: All that Apple named last; None: it was not asked yet.
        unknown: Those of them that Lockstep does not know.
    """

    app: str
    environment: str
    channels: int
    listed: int | None = None
    listed_at: datetime | None = None
    unknown: int = 0
    most: int = MOST_CHANNELS


class ChannelDesk:
    """Looks for channels.

    Args:
        pool: Connections; one is used at a time.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lists = ChannelListStore(pool)

    async def find(self, *, order_id: str | None = None, gone: bool = False, most: int = 100) -> list[ListedChannel]:
        """List channels, the newest outcome first.

        Args:
            order_id: Of this order; None: of any.
            gone: Also those that are deleted or lost.
            most: At the most so many.
        """
        slots = ALL_SLOTS if order_id is None else [slot_of(order_id)]
        with translated():
            rows = await self._pool.fetch(statement("projections/list_channels"), slots, order_id, gone, most)
        return [ListedChannel(**{name: row[name] for name in ListedChannel.__struct_fields__}) for row in rows]

    async def count(self) -> list[CountedChannels]:
        """Count the channels at Apple, by app and environment."""
        with translated():
            counted = await ChannelStore(self._pool).count()
            listed = {(each.app, each.environment): each for each in await self._lists.listed()}
            unknown = Counter((each.app, each.environment) for each in await self._lists.unknown())
        return [
            CountedChannels(
                app,
                environment,
                counted.get((app, environment), 0),
                None if (said := listed.get((app, environment))) is None else said.channels,
                None if said is None else said.listed_at,
                unknown[app, environment],
            )
            for app, environment in sorted(counted.keys() | listed.keys())
        ]

    async def unknown(self) -> list[UnknownChannel]:
        """List the channels that Apple has and that no row of ours knows."""
        with translated():
            return await self._lists.unknown()

    async def delete_unknown(self, channel_ids: Collection[str] | None) -> list[str]:
        """Have unknown channels deleted, all of them for None; give the ids of those there are."""
        with translated():
            return await self._lists.ask_to_delete(channel_ids)
