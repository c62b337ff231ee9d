"""Reads and writes what there is of pictures: the manifest, what phones have, which cards use what, what was told."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import asyncpg

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from projections.budget import StartBudget
from projections.explain_pictures import Errands
from projections.pause import Route
from projections.picture_debt import ClaimedPhone, DeviceToken, Told
from projections.pictures import Album, Asset, Held, Use


async def read_albums(
    connection: Connection, device_ids: Collection[str], keys: Collection[str] = ()
) -> dict[str, Album]:
    """Read what there is of these keys, and of what the phones have.

    Args:
        connection: Where to read.
        device_ids: Of the phones.
        keys: What cards name.
    """
    rows = await connection.fetch(statement("projections/read_held_assets"), sorted(device_ids))
    held: defaultdict[str, list[Held]] = defaultdict(list)
    for row in rows:
        held[row["device_id"]].append(
            Held(key=row["key"], sha256=row["sha256"], problem=row["problem"], dropping=row["dropping"])
        )
    assets = await read_assets(connection, {*keys, *(row["key"] for row in rows)})
    return {each: Album(assets, held[each]) for each in device_ids}


async def read_albums_of_cards(
    connection: Connection, named: Collection[tuple[str, frozenset[str]]]
) -> dict[str, Album]:
    """Read what there is of the pictures that cards name; phones whose cards name none of the manifest are left out.

    Args:
        connection: Where to read.
        named: Device id and keys of each card.
    """
    keys = {name for _, names in named for name in names}
    listed = {each.key for each in await read_assets(connection, keys)} if keys else set()
    devices = {device_id for device_id, names in named if names & listed}
    return await read_albums(connection, devices, listed) if devices else {}


async def read_assets(connection: Connection | Pool, keys: Collection[str]) -> list[Asset]:
    """Read all versions of keys in the manifest."""
    rows = await connection.fetch(statement("projections/read_assets"), sorted(keys))
    return [Asset(**dict(row)) for row in rows]


async def read_uses(connection: Connection, device_ids: Collection[str]) -> dict[str, list[Use]]:
    """Read which cards of phones name which pictures."""
    rows = await connection.fetch(statement("projections/read_asset_uses"), sorted(device_ids))
    uses: dict[str, list[Use]] = {each: [] for each in device_ids}
    for row in rows:
        fields = dict(row)
        uses[fields.pop("device_id")].append(Use(**fields))
    return uses


async def read_errands(connection: Connection, named: Collection[tuple[str, frozenset[str]]]) -> dict[str, Errands]:
    """Read what there is of phones' pictures, and what their apps were told; phones whose cards name none have none.

    Args:
        connection: Where to read.
        named: Device id and keys of each card.
    """
    albums = await read_albums_of_cards(connection, named)
    if not albums:
        return {}
    rows = await connection.fetch(statement("projections/read_asset_errands"), sorted(albums))
    told = {row["device_id"]: row for row in rows}
    return {
        each: Errands(album=album)
        if (row := told.get(each)) is None
        else Errands(
            album=album,
            told_fetch=tuple(row["told_fetch"]),
            told_at=row["told_at"],
            reported_at=row["reported_at"],
            outcome=row["outcome"],
            why=row["why"],
        )
        for each, album in albums.items()
    }


async def note_uses(pool: Pool, uses: Sequence[tuple[str, Use]]) -> None:
    """Note which cards name which pictures, by device id; the phones are in debt from then on."""
    await fetch_through_deadlocks(
        pool,
        "projections/note_asset_uses",
        [device_id for device_id, _ in uses],
        [use.card_id for _, use in uses],
        [use.key for _, use in uses],
        [use.slot for _, use in uses],
        [use.subject_id for _, use in uses],
        [use.ref for _, use in uses],
        [use.until for _, use in uses],
    )


class PictureStore:
    """Debts of phones that are to be told of pictures."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def tell_some(self, most: int) -> bool:
        """Put the next phones in debt whose pictures have changed in the manifest; False: there are none."""
        return bool(await fetch_through_deadlocks(self._pool, "projections/tell_of_assets", most))

    async def claim(
        self, *, most: int, lease_seconds: float, keys: Sequence[Route], away: Sequence[str]
    ) -> list[ClaimedPhone]:
        """Take phones in debt under a new lease each.

        Args:
            most: At the most so many.
            lease_seconds: How long they are ours.
            keys: App, environment and key id of what signing keys serve.
            away: Environments that cannot be reached.
        """
        rows = await self._pool.fetch(
            statement("projections/claim_asset_debts"),
            most,
            lease_seconds,
            [app for app, _, _ in keys],
            [environment for _, environment, _ in keys],
            [key_id for _, _, key_id in keys],
            away,
        )
        return [_claimed(row) for row in rows]

    async def mark_dropping(self, versions: Sequence[tuple[str, Held]]) -> None:
        """Note by device id what apps are about to be told to delete."""
        await self._pool.execute(
            statement("projections/mark_assets_dropping"),
            [device_id for device_id, _ in versions],
            [each.key for _, each in versions],
            [each.sha256 for _, each in versions],
        )

    async def wake_cards(self, uses: Sequence[Use]) -> set[int]:
        """Put cards in debt that refer to other pictures than their phones have; give their slots."""
        rows = await fetch_through_deadlocks(
            self._pool,
            "projections/wake_picture_cards",
            [each.slot for each in uses],
            [each.subject_id for each in uses],
            [each.card_id for each in uses],
        )
        return {row["slot"] for row in rows}

    async def settle(self, told: Sequence[Told]) -> None:
        """Write what became of leases."""
        await fetch_through_deadlocks(
            self._pool,
            "projections/settle_asset_debts",
            [each.phone.device_id for each in told],
            [each.phone.lease for each in told],
            [each.phone.debt for each in told],
            [each.due_at for each in told],
            [each.block_seconds for each in told],
            [each.now_told for each in told],
            [" ".join(sorted(each.fetch)) for each in told],
            [" ".join(sorted(each.drop)) for each in told],
            [each.times for each in told],
            [each.credit for each in told],
            [each.attempts for each in told],
            [each.outcome for each in told],
            [each.why for each in told],
        )


def _claimed(row: asyncpg.Record) -> ClaimedPhone:
    token = None
    if row["token_hash"] is not None:
        token = DeviceToken(
            token_hash=row["token_hash"],
            sealed=row["token_sealed"],
            registered_at=row["token_registered_at"],
            environment=row["token_works_in"] or row["environment"],
            refused=row["token_refused"],
            blocked_until=row["token_blocked_until"],
        )
    return ClaimedPhone(
        device_id=row["device_id"],
        debt=row["debt"],
        lease=row["lease"],
        told_fetch=row["told_fetch"],
        told_drop=row["told_drop"],
        told_at=row["told_at"],
        told_times=row["told_times"],
        reported_at=row["reported_at"],
        budget=StartBudget(row["credit"], row["credit_at"]),
        attempts=row["attempts"],
        app=row["app"],
        environment=row["environment"],
        token=token,
        shadowed=row["shadowed"],
        now=row["now"],
    )
