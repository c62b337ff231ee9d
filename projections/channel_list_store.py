"""Apple's lists of channels in Postgres: when they are looked at, and which channels in them nobody knows."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections.channel import ChannelPhase
from projections.channel_list import MadeChannel
from projections.pause import Route

HURRY_SECONDS = 1.0
"""How soon a list is looked at where a channel may have been made that nobody knows."""


class ClaimedList(msgspec.Struct, frozen=True):
    """A list that is to be looked at, under our lease, with the time that the database gave it."""

    app: str
    environment: str
    debt: int
    now: datetime


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a list leaves behind.

    Attributes:
        again_seconds: Until the next.
        channels: How many were in it; None: it did not come.
    """

    again_seconds: float
    outcome: str
    why: str
    channels: int | None = None


class UnknownChannel(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A channel that Apple lists and nobody knows.

    Attributes:
        listed_at: When that was found.
        delete_asked_at: When somebody asked that it be deleted.
        certain: No request to make a channel is under way that it could have come of.
    """

    app: str
    environment: str
    channel_id: str
    listed_at: datetime
    delete_asked_at: datetime | None
    certain: bool


class ListedApp(msgspec.Struct, frozen=True, kw_only=True):
    """What Apple said last of an app's channels in an environment; None for never."""

    app: str
    environment: str
    channels: int | None
    listed_at: datetime | None
    outcome: str | None
    why: str | None


class ChannelListStore:
    """Lists, and unknown channels; one connection is used at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, app: str, environment: str, first_seconds: float) -> None:
        """Have a list looked at, for the first time after so long, if it is not already."""
        await self._pool.execute(statement("projections/open_channel_list"), app, environment, first_seconds)

    async def hurry(self, app: str, environment: str) -> None:
        """Have a list looked at soon."""
        await self._pool.execute(statement("projections/hurry_channel_list"), app, environment, HURRY_SECONDS)

    async def claim(self, *, lease_seconds: float, keys: Sequence[Route]) -> ClaimedList | None:
        """Take the list that is due the longest; None: there is none."""
        row = await self._pool.fetchrow(
            statement("projections/claim_channel_list"),
            lease_seconds,
            [app for app, _, _ in keys],
            [environment for _, environment, _ in keys],
            [key_id for _, _, key_id in keys],
        )
        return None if row is None else ClaimedList(**dict(row))

    async def settle(self, claimed: ClaimedList, looked: Looked) -> None:
        """Write what became of a look."""
        await self._pool.execute(
            statement("projections/settle_channel_list"),
            claimed.app,
            claimed.environment,
            claimed.debt,
            looked.again_seconds,
            looked.channels,
            looked.outcome,
            looked.why,
        )

    async def carrying(self, app: str, environment: str) -> dict[str, MadeChannel]:
        """Read the channels that carry cards, by Apple's ids."""
        return await self._made(app, environment, None)

    async def known(self, app: str, environment: str, channel_ids: Collection[str]) -> dict[str, MadeChannel]:
        """Read which of these ids are of channels that Apple made for us, also of those that are gone."""
        return await self._made(app, environment, channel_ids)

    async def _made(self, app: str, environment: str, among: Collection[str] | None) -> dict[str, MadeChannel]:
        rows = await self._pool.fetch(
            statement("projections/find_made_channels"),
            ALL_SLOTS,
            app,
            environment,
            None if among is None else list(among),
        )
        return {
            row["channel_id"]: MadeChannel(
                row["slot"], row["subject_id"], row["channel"], row["channel_id"], ChannelPhase(row["phase"])
            )
            for row in rows
        }

    async def miss(self, channels: Sequence[MadeChannel]) -> set[int]:
        """Have Apple asked for channels that its list lacks; return their slots."""
        rows = await fetch_through_deadlocks(
            self._pool,
            "projections/miss_channels",
            [each.slot for each in channels],
            [each.subject_id for each in channels],
            [each.channel for each in channels],
        )
        return {row["slot"] for row in rows}

    async def note(self, app: str, environment: str, unknown: Collection[str]) -> None:
        """Note which listed channels nobody knows; all others are known, or not there any more."""
        await self._pool.execute(statement("projections/note_unknown_channels"), app, environment, list(unknown))

    async def unknown(self, app: str | None = None, environment: str | None = None) -> list[UnknownChannel]:
        """Read the channels that nobody knows."""
        rows = await self._pool.fetch(statement("projections/find_unknown_channels"), ALL_SLOTS, app, environment)
        return [UnknownChannel(**dict(row)) for row in rows]

    async def drop(self, app: str, environment: str, channel_id: str) -> None:
        """Forget an unknown channel that is deleted."""
        await self._pool.execute(statement("projections/drop_unknown_channel"), app, environment, channel_id)

    async def ask_to_delete(self, channel_ids: Collection[str] | None) -> list[str]:
        """Have unknown channels deleted, all of them for None; give their ids."""
        ids = None if channel_ids is None else list(channel_ids)
        rows = await self._pool.fetch(statement("projections/ask_to_delete_channels"), ids)
        return [row["channel_id"] for row in rows]

    async def listed(self) -> list[ListedApp]:
        """Read what Apple said last of all apps' channels."""
        rows = await self._pool.fetch(statement("projections/read_channel_lists"))
        return [ListedApp(**dict(row)) for row in rows]
