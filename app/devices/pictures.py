"""The pictures of phones: the manifest that upstream keeps, and what apps report of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from events.postgres.deadlocks import commit_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from projections.picture_store import read_albums, read_assets, read_uses
from projections.pictures import Asset, Wanted, ref_of

AssetKey = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$(?!\n)")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Problem = Literal["unreachable", "wrong_size", "wrong_hash", "no_space", "not_a_picture"]
MOST_REPORTED = 500


class AssetReport(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A version of a picture, as upstream puts it.

    Attributes:
        expires_at: No phone fetches it from then on; None: it is always good.
    """

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[\x21-\x7e]+$(?!\n)", max_length=1_024)]
    sha256: Sha256
    size_bytes: Annotated[int, msgspec.Meta(ge=1, le=20_000_000)]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class AssetVersion(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A version of a picture in the manifest.

    Attributes:
        ref: What cards call it.
    """

    ref: str
    url: str
    sha256: str
    size_bytes: int
    put_at: datetime
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None


class AssetPage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """All versions of a picture, the newest first."""

    key: str
    versions: list[AssetVersion]


class HeldAsset(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A version of a picture that is on the phone."""

    key: AssetKey
    sha256: Sha256


class FailedAsset(HeldAsset, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """One that is not, and why."""

    problem: Problem


class PhoneAssets(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """All pictures that an app has fetched, and those that it could not."""

    assets: Annotated[tuple[HeldAsset, ...], msgspec.Meta(max_length=MOST_REPORTED)]
    failed: Annotated[tuple[FailedAsset, ...], msgspec.Meta(max_length=MOST_REPORTED)] = ()


class FetchedAsset(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A picture that the app should fetch."""

    ref: str
    url: str
    sha256: str
    size_bytes: int


class AssetErrand(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the app should do about its pictures.

    Attributes:
        fetch: In any order; some may have failed before.
        drop: Names of those that it should delete.
    """

    fetch: list[FetchedAsset]
    drop: list[str]


class Pictures:
    """The manifest, and what apps report. Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections; one is used at a time.
        ring: Called after phones were put in debt; must not block.
    """

    def __init__(self, pool: Pool, ring: Callable[[], None]) -> None:
        self._pool = pool
        self._ring = ring

    async def put(self, key: str, report: AssetReport) -> AssetPage:
        """Put a version into the manifest, as the newest of its key; the same again changes nothing."""
        with translated():
            await self._pool.execute(
                statement("app/put_asset"), key, report.sha256, report.url, report.size_bytes, report.expires_at
            )
        self._ring()
        page = await self.read(key)
        if page is None:
            raise AssertionError("what was put is there")
        return page

    async def read(self, key: str) -> AssetPage | None:
        """Give all versions of a key; None: there are none."""
        with translated():
            assets = await read_assets(self._pool, [key])
        if not assets:
            return None
        newest = sorted(assets, key=lambda each: each.put_at, reverse=True)
        return AssetPage(key=key, versions=[_version(each) for each in newest])

    async def withdraw(self, key: str) -> bool:
        """Let no card refer to a key's versions any more; False: there are none."""
        with translated():
            rows = await self._pool.fetch(statement("app/withdraw_asset"), key)
        self._ring()
        return bool(rows)

    async def report(self, device_id: str, report: PhoneAssets) -> AssetErrand:
        """Store what an app has, all of it, and answer what it should fetch and delete."""
        with translated():
            wanted = await commit_through_deadlocks(self._pool, lambda on: _store(on, device_id, report))
        self._ring()
        return AssetErrand(
            fetch=[
                FetchedAsset(ref=each.ref, url=each.url, sha256=each.sha256, size_bytes=each.size_bytes)
                for each in wanted.fetch
            ],
            drop=[each.ref for each in wanted.drop],
        )


async def _store(connection: Connection, device_id: str, report: PhoneAssets) -> Wanted:
    """Store a report, and count what it is answered as told; reports of one phone come after one another."""
    now: datetime = await connection.fetchval(statement("app/owe_report"), device_id)
    said: dict[tuple[str, str], str | None] = {(each.key, each.sha256): each.problem for each in report.failed}
    said |= {(each.key, each.sha256): None for each in report.assets}
    await connection.execute(
        statement("app/set_device_assets"),
        device_id,
        [key for key, _ in said],
        [sha256 for _, sha256 in said],
        list(said.values()),
    )
    uses = (await read_uses(connection, [device_id]))[device_id]
    album = (await read_albums(connection, [device_id], {each.key for each in uses}))[device_id]
    wanted = album.wanted(uses, now)
    await connection.execute(
        statement("app/tell_report"),
        device_id,
        [each.ref for each in wanted.fetch],
        [each.ref for each in wanted.drop],
        [each.key for each in wanted.drop],
        [each.sha256 for each in wanted.drop],
    )
    return wanted


def _version(asset: Asset) -> AssetVersion:
    return AssetVersion(
        ref=ref_of(asset.key, asset.sha256),
        url=asset.url,
        sha256=asset.sha256,
        size_bytes=asset.size_bytes,
        put_at=asset.put_at,
        expires_at=asset.expires_at,
        withdrawn_at=asset.withdrawn_at,
    )
