"""The device registry: what apps report goes in, what their cards should show comes out."""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import structlog

from app.devices.answers import answer_card, keys_named, missing_cards
from app.devices.device import AnyReport, CardAnswer, CardReport, LaunchAnswer, LaunchCardReport
from app.devices.errors import UnknownDeviceError
from app.devices.older_cards import replace_older_cards
from app.devices.phone_tokens import renew_tokens, store_device
from events.errors import DocumentError, Fault
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import UNIQUE_VIOLATION, translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from projections.activity import recipients_of
from projections.card import FCM
from projections.picture_store import read_albums_of_cards
from projections.pictures import NO_PICTURES
from projections.plan_rules import PlanRules
from projections.shelf import Shelf
from projections.view_store import StoredView

log = structlog.get_logger()

_NO_UPDATE_TOKEN: Final = Fault("/updateToken", "is no field for a phone with Android: fcmToken takes all its pushes")

ATTEMPTS = 10
LANDING_SECONDS = 15.0
LOOK_SECONDS = 0.02
LONGEST_LOOK_SECONDS = 0.2


class DeviceRegistry:
    """Devices, their tokens and what they report of their cards.

    Every method raises StoreUnavailableError while Postgres is away; every call may be repeated.

    Args:
        pool: Connections.
        keyring: Seals tokens.
        ring_matcher: Called after a device was flagged; must not block.
        ring_due: Called with the slot of a card in debt; must not block.
        landing_seconds: The longest that a push may take; a lease that is held for longer was left behind.
        rules: The thresholds of plans, by which a card is missing.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        *,
        ring_matcher: Callable[[], None],
        ring_due: Callable[[int], None],
        landing_seconds: float = LANDING_SECONDS,
        rules: PlanRules | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._views = Shelf(keyring)
        self._ring_matcher = ring_matcher
        self._ring_due = ring_due
        self._landing_seconds = landing_seconds
        self._rules = rules or PlanRules()

    async def register(self, device_id: str, report: AnyReport) -> LaunchAnswer:
        """Store a launch report and answer what each card should show, or that it should end, and which are missing."""
        with translated():
            async with self._pool.acquire() as connection:
                silence, earlier = await store_device(connection, self._keyring, device_id, report)
            if not report.cards:
                self._ring_matcher()
            await self._let_pushes_land([device_id, *earlier], report.customer_id)
            async with self._pool.acquire() as connection:
                if report.cards:
                    await self._end_silence(connection, device_id, silence)
                strange = await self._of_others(connection, report.customer_id, report.cards)
                reported = {
                    await self._report(
                        connection,
                        device_id,
                        report.app,
                        report.environment,
                        report.customer_id,
                        each.card_id,
                        each,
                        may_add=each.subject not in strange,
                    ): each
                    for each in report.cards
                }
                if reported:
                    await connection.execute(statement("app/flag_device"), device_id)
                    self._ring_matcher()
                if report.environment == FCM:
                    self._ring(await renew_tokens(connection, device_id, again=True))
                return await self._answer(connection, device_id, report, reported)

    async def report_card(self, device_id: str, card_id: str, report: CardReport) -> CardAnswer:
        """Store what the phone says of one card and answer what it should show.

        A card of somebody else's order that we do not know is not stored: the phone is told to end it.

        Raises:
            UnknownDeviceError: The device has not registered.
            DocumentError: A phone with Android told of an update token.
        """
        with translated():
            async with self._pool.acquire() as connection:
                owner = await self._owner(connection, device_id)
                if owner["environment"] == FCM and report.update_token is not None:
                    raise DocumentError((_NO_UPDATE_TOKEN,))
                await self._end_silence(connection, device_id, owner["unreported_starts"])
                strange = await self._of_others(connection, owner["customer_id"], [report])
                known = await self._report(
                    connection,
                    device_id,
                    owner["app"],
                    owner["environment"],
                    owner["customer_id"],
                    card_id,
                    report,
                    may_add=not strange,
                )
                if owner["environment"] == FCM:
                    self._ring(await renew_tokens(connection, device_id))
                slot = slot_of(report.subject)
                card = await connection.fetchrow(statement("app/read_card_of_device"), slot, report.subject, known)
                views = await self._read_views(connection, [report.subject])
                attributes_type = report.attributes_type if card is None else card["attributes_type"]
                named = keys_named(views, [(report.subject, attributes_type)])
                albums = await read_albums_of_cards(connection, [(device_id, named)])
        stored = views.get(report.subject)
        return answer_card(
            known, report.subject, card, stored, owner["customer_id"], self._rules, albums.get(device_id, NO_PICTURES)
        )

    async def forget(self, device_id: str) -> bool:
        """Sign a device out: its tokens are forgotten, its cards end. False when there is no such device."""
        with translated():
            found = await self._pool.fetchval(statement("app/forget_device"), device_id)
            if found is not None:
                self._ring_matcher()
                await self._let_pushes_land([device_id], None)
        return found is not None

    async def forget_customer(self, customer_id: str, until: datetime) -> int:
        """Sign a customer's phones out, save those whose app has launched after a time; give how many there were."""
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "app/sign_out_customer", customer_id, until)
            if rows:
                self._ring_matcher()
                await self._let_pushes_land([row["device_id"] for row in rows], None)
        return len(rows)

    async def forget_card(self, device_id: str, card_id: str) -> bool:
        """Note that the phone has a card no more. False when there is no such card."""
        with translated():
            rows = await self._pool.fetch(
                statement("app/dismiss_card"), ALL_SLOTS, device_id, _as_uuid(card_id), card_id
            )
        self._ring(row["slot"] for row in rows)
        return bool(rows)

    async def owner(self, device_id: str) -> str | None:
        """Tell whose a device is.

        Raises:
            UnknownDeviceError: The device has not registered.
        """
        with translated():
            async with self._pool.acquire() as connection:
                row = await self._owner(connection, device_id)
        customer_id: str | None = row["customer_id"]
        return customer_id

    def _ring(self, slots: Iterable[int]) -> None:
        for slot in slots:
            self._ring_due(slot)

    async def _let_pushes_land(self, device_ids: Sequence[str], customer_id: str | None) -> None:
        """Wait until what is on its way to the phone, under any of its ids, for anybody but this customer was answered.

        Whoever claims a card from now on sees whose the device is. So once this returns, nothing of the last customer
        is begun or on its way to APNs any more, except from a process that stopped in the middle. No connection is
        held meanwhile.
        """
        under_way = await self._leases(device_ids, customer_id)
        ends = time.monotonic() + self._landing_seconds
        pause = LOOK_SECONDS
        while under_way and time.monotonic() < ends:
            # another process may hold the lease: there is no event to wait for
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK_SECONDS)
            under_way &= await self._leases(device_ids, customer_id)
        if under_way:
            log.warning("pushes_still_under_way", device_id=device_ids[0], cards=len(under_way))

    async def _leases(self, device_ids: Sequence[str], customer_id: str | None) -> set[tuple[uuid.UUID, int]]:
        rows = await self._pool.fetch(statement("app/read_leases_of_devices"), ALL_SLOTS, device_ids, customer_id)
        return {(row["card_id"], row["lease"]) for row in rows}

    async def _owner(self, connection: Connection, device_id: str) -> asyncpg.Record:
        row = await connection.fetchrow(statement("app/read_device_owner"), device_id)
        if row is None:
            raise UnknownDeviceError(device_id)
        return row

    async def _report(
        self,
        connection: Connection,
        device_id: str,
        app: str,
        environment: str,
        customer_id: str | None,
        card_id: str | None,
        report: CardReport | LaunchCardReport,
        *,
        may_add: bool = True,
    ) -> uuid.UUID:
        """Write a report to the card that it is about, or add the card that the app started, and give its id."""
        slot = slot_of(report.subject)
        named = None if card_id is None else _as_uuid(card_id)
        # the same report sent twice meets itself here
        derived = uuid.uuid5(uuid.NAMESPACE_URL, f"{device_id}\n{card_id or report.activity_id}")
        ours = named
        token_hash = token_sealed = None
        if report.update_token is not None:
            token = report.update_token.lower()
            token_hash = self._keyring.blind(app, environment, token)
            token_sealed = self._keyring.seal_token(token)
        for _ in range(ATTEMPTS):
            known: uuid.UUID | None = await connection.fetchval(
                statement("app/report_card"),
                slot,
                report.subject,
                device_id,
                ours,
                report.activity_id,
                report.attributes_type,
                report.state,
                token_hash,
                token_sealed,
                card_id,
                environment,
            )
            if known is not None:
                break
            if not may_add:
                return ours or derived
            try:
                [added] = await connection.fetch(
                    statement("app/add_reported_card"),
                    slot,
                    report.subject,
                    ours or derived,
                    device_id,
                    customer_id,
                    app,
                    environment,
                    report.attributes_type,
                    report.activity_id or (card_id if named is None else None),
                    report.state,
                    token_hash,
                    token_sealed,
                    card_id if ours is None or ours != named else None,
                )
            except asyncpg.PostgresError as error:
                if error.sqlstate != UNIQUE_VIOLATION:
                    raise
                # another report was faster, or another device has a card by this id
                ours = derived if ours == named else named
                await asyncio.sleep(0)
                continue
            if added["archived"]:
                # the phone is told to end it
                return ours or derived
            known = added["card_id"]
            if known is not None:
                break
            # the matcher was faster: the card is the one that it wanted
        if known is None:
            raise AssertionError("a card report is written or added")
        await replace_older_cards(connection, slot, report.subject, known)
        self._ring_due(slot)
        return known

    async def _end_silence(self, connection: Connection, device_id: str, unreported_starts: int) -> None:
        """Note that the app tells of its cards after all."""
        if unreported_starts:
            await connection.execute(statement("app/end_silence"), device_id)

    async def _of_others(
        self, connection: Connection, customer_id: str | None, reports: Collection[CardReport]
    ) -> set[str]:
        """Give those of the reported subjects that are known to be for somebody else."""
        if not reports:
            return set()
        views = await self._read_views(connection, {each.subject for each in reports})
        return {
            name
            for name, each in views.items()
            if each.shown.placed and not recipients_of(each.shown).include(customer_id)
        }

    async def _read_views(self, connection: Connection, subjects: Collection[str]) -> dict[str, StoredView]:
        """Read views; one that cannot be read is as good as none to a phone."""
        stored = await self._views.read(connection, sorted(subjects))
        return {name: each for name, each in stored.items() if each.opened is not None}

    async def _answer(
        self,
        connection: Connection,
        device_id: str,
        device: AnyReport,
        reported: dict[uuid.UUID, LaunchCardReport],
    ) -> LaunchAnswer:
        rows = await connection.fetch(statement("app/read_cards_of_device"), ALL_SLOTS, device_id)
        cards = {row["card_id"]: row for row in rows}
        subjects = {row["subject_id"] for row in rows} | {each.subject for each in reported.values()}
        views = await self._read_views(connection, subjects)
        places = {(row["subject_id"], row["attributes_type"]) for row in rows}
        places |= {(each.subject, each.attributes_type) for each in reported.values()}
        named = keys_named(views, places)
        album = (await read_albums_of_cards(connection, [(device_id, named)])).get(device_id, NO_PICTURES)
        answers = [
            answer_card(
                known,
                each.subject,
                cards.get(known),
                views.get(each.subject),
                device.customer_id,
                self._rules,
                album,
                each,
            )
            for known, each in reported.items()
        ]
        missing = missing_cards(rows, reported, views, device, self._rules, album)
        return LaunchAnswer(device_id=device_id, cards=answers, missing=missing)


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
