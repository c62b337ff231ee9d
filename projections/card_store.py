"""Claims, intents and settlements of cards: the only module with their statements."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from projections.budget import BudgetRules, StartBudget, UrgentBudget, UrgentRules
from projections.card import FAILED, FCM, Card, Intent, Kind, Lane, Phase, Settlement
from projections.card_fact import facts_of
from projections.card_fact_store import add_facts
from projections.order_list import list_failures
from projections.pause import Route
from projections.phone import AlertToken, Phone, version_of
from projections.receipt import Receipt, add_receipts

CLAIMS_A_SLOT = 50
ENVIRONMENTS = ("sandbox", "production", FCM)


class Claimed(msgspec.Struct, frozen=True):
    """A card under our lease, with the time that the database gave it.

    Attributes:
        token_sealed: The update token; None when the phone has not reported one.
        shadowed: What is planned is to be recorded, and not sent.
    """

    card: Card
    token_sealed: bytes | None
    now: datetime
    shadowed: bool = False


class PhoneWithToken(msgspec.Struct, frozen=True):
    """A phone with its sealed tokens: for starts, and for ordinary notifications."""

    phone: Phone
    token_sealed: bytes | None
    alert_token_sealed: bytes | None = None


class CardStore:
    """Cards in Postgres, as the dispatcher works on them.

    Args:
        pool: Connections.
        budget: How many starts a phone takes.
        urgent: How many urgent pushes a phone takes.
        ring_facts: Called after facts were written, for those who listen to them; must not block.
        channel_settle: Seconds that a phone takes to follow a channel.
    """

    def __init__(
        self,
        pool: Pool,
        budget: BudgetRules | None = None,
        urgent: UrgentRules | None = None,
        *,
        ring_facts: Callable[[], None] = lambda: None,
        channel_settle: float = 5.0,
    ) -> None:
        self._pool = pool
        self._ring_facts = ring_facts
        self._budget = budget or BudgetRules()
        self._urgent = urgent or UrgentRules()
        self._channel_settle = channel_settle

    async def claim(
        self,
        slots: Sequence[int],
        *,
        lanes: Sequence[Lane] = (Lane.URGENT, Lane.BULK),
        most: int,
        lease_seconds: float,
        keys: Sequence[Route] = (),
        environments: Sequence[str] = ENVIRONMENTS,
        held_keys: Sequence[str] = (),
    ) -> list[Claimed]:
        """Take cards in debt under a new lease each.

        Args:
            slots: Where to look, in the order of preference.
            lanes: In which lanes, in the order of preference, which goes before that of slots.
            most: At the most so many.
            lease_seconds: How long they are ours.
            keys: App, environment and key id of what signing keys serve, so that a paused key holds its cards alone.
            environments: Cards of these alone.
            held_keys: `key id/environment` of keys whose cards are left alone, as if they were paused.
        """
        places = [(slot, lane, environment) for lane in lanes for slot in slots for environment in environments]
        rows = await self._pool.fetch(
            statement("projections/claim_cards"),
            [slot for slot, _, _ in places],
            [lane for _, lane, _ in places],
            min(most, CLAIMS_A_SLOT),
            most,
            lease_seconds,
            [app for app, _, _ in keys],
            [environment for _, environment, _ in keys],
            [key_id for _, _, key_id in keys],
            [environment for _, _, environment in places],
            held_keys,
        )
        return [_claimed(row) for row in rows]

    async def read_phones(self, connection: Connection, cards: Sequence[Card]) -> dict[tuple[str, str], PhoneWithToken]:
        """Read phones as they are now, by device and attributes type."""
        wanted = sorted({(card.device_id, card.attributes_type) for card in cards})
        rows = await connection.fetch(
            statement("projections/read_phones"), [each for each, _ in wanted], [each for _, each in wanted]
        )
        return {(row["device_id"], row["attributes_type"]): _phone(row) for row in rows}

    async def take_starts(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Take starts from the budgets of phones, by device id, and give how many each had left for us."""
        devices = sorted(wanted)
        rows = await self._pool.fetch(
            statement("projections/take_starts"),
            devices,
            [wanted[each] for each in devices],
            self._budget.most,
            self._budget.refill,
        )
        return {row["device_id"]: row["granted"] for row in rows}

    async def lend_tokens(self, started: Sequence[tuple[Card, PhoneWithToken]]) -> None:
        """Let cards on phones with Android be sent to by the token that they are started by."""
        rows = sorted(
            ((card, phone) for card, phone in started if phone.phone.start_token_hash is not None),
            key=lambda each: (each[0].slot, each[0].subject_id, each[0].card_id),
        )
        await fetch_through_deadlocks(
            self._pool,
            "projections/lend_tokens",
            [card.slot for card, _ in rows],
            [card.subject_id for card, _ in rows],
            [card.card_id for card, _ in rows],
            [card.lease for card, _ in rows],
            [phone.phone.start_token_hash for _, phone in rows],
            [phone.token_sealed for _, phone in rows],
            [phone.phone.start_token_registered_at for _, phone in rows],
        )

    async def record_intents(self, intents: Sequence[tuple[Card, Intent]]) -> set[UUID]:
        """Write what is about to be sent; the cards whose lease was lost meanwhile are missing from the answer."""
        rows = sorted(intents, key=lambda each: (each[0].slot, each[0].subject_id, each[0].card_id))
        held = await fetch_through_deadlocks(
            self._pool,
            "projections/record_intents",
            [card.slot for card, _ in rows],
            [card.subject_id for card, _ in rows],
            [card.card_id for card, _ in rows],
            [card.lease for card, _ in rows],
            [intent.kind for _, intent in rows],
            [intent.version for _, intent in rows],
            [intent.alert for _, intent in rows],
            [intent.timestamp for _, intent in rows],
            [intent.apns_id for _, intent in rows],
            [intent.recall for _, intent in rows],
            [intent.channel for _, intent in rows],
        )
        return {row["card_id"] for row in held}

    async def settle(self, settlements: Sequence[Settlement], receipts: Sequence[Receipt]) -> set[int]:
        """Write what became of leases, the receipts, and what is to be told of cards, in one transaction.

        A phone whose card was recalled is flagged for the matcher: its customer may have come back meanwhile, and the
        matcher, which met a card that was not over yet, has cleared the flag of that sign-in.

        Returns:
            The slots of cards that are due again at once.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            settled = await self._settle(connection, settlements)
            if receipts:
                await add_receipts(connection, receipts)
            await self._tell_devices(connection, settlements)
            await list_failures(connection, _failing_otherwise(settlements, settled))
            before = {row["card_id"]: row["before"] for row in settled if row["listened"]}
            facts = [
                fact
                for each in settlements
                if each.card.card_id in before
                for fact in facts_of(each, before=before[each.card.card_id])
            ]
            if facts:
                await add_facts(connection, facts)
        if facts:
            self._ring_facts()
        return {row["slot"] for row in settled if row["due"]}

    async def _tell_devices(self, connection: Connection, settlements: Sequence[Settlement]) -> None:
        """Write what settlements mean for phones; these rows are locked after the cards, in key order."""
        recalled = {each.card.device_id for each in settlements if each.recalled}
        unused = Counter(each.card.device_id for each in settlements if each.start_unused)
        silent = Counter(each.card.device_id for each in settlements if each.unreported)
        urgent = Counter(each.card.device_id for each in settlements if each.urgent)
        devices = sorted(recalled | unused.keys() | silent.keys() | urgent.keys())
        if devices:
            await connection.execute(
                statement("projections/note_phones"),
                devices,
                [each in recalled for each in devices],
                [unused[each] for each in devices],
                [silent[each] for each in devices],
                [urgent[each] for each in devices],
                self._budget.most,
                self._urgent.most,
                self._urgent.an_hour,
                self._urgent.most_seldom,
                self._urgent.an_hour_seldom,
            )

    async def refuse_tokens(self, refused: Sequence[tuple[str, str, bytes]]) -> None:
        """Retire token values of phones by app, environment and blind index."""
        await self._pool.execute(
            statement("projections/refuse_tokens"),
            [app for app, _, _ in refused],
            [environment for _, environment, _ in refused],
            [token_hash for _, _, token_hash in refused],
        )

    async def block_token(self, app: str, environment: str, token_hash: bytes, seconds: float) -> None:
        """Let nothing be sent to a phone's token value for a while; the environment is that it was reported for."""
        await self._pool.execute(statement("projections/block_tokens"), [app], [environment], [token_hash], [seconds])

    async def place_token(self, app: str, environment: str, token_hash: bytes, works_in: str) -> None:
        """Remember that a token value, reported for one environment, is one of another."""
        await self._pool.execute(statement("projections/place_tokens"), [app], [environment], [token_hash], [works_in])

    async def _settle(self, connection: Connection, settlements: Sequence[Settlement]) -> list[asyncpg.Record]:
        return await connection.fetch(
            statement("projections/settle_cards"),
            [each.card.slot for each in settlements],
            [each.card.subject_id for each in settlements],
            [each.card.card_id for each in settlements],
            [each.card.lease for each in settlements],
            [each.card.debt for each in settlements],
            [each.phase for each in settlements],
            [each.considered_version for each in settlements],
            [each.due_at for each in settlements],
            [each.block_seconds for each in settlements],
            [each.timestamp_used for each in settlements],
            [each.alerted_version for each in settlements],
            [each.intent_stands for each in settlements],
            [each.accepted_version for each in settlements],
            [each.accepted_hash for each in settlements],
            [each.started for each in settlements],
            [each.refused_hash for each in settlements],
            [each.attempts for each in settlements],
            [each.outcome for each in settlements],
            [each.why for each in settlements],
            [each.suspect_hash for each in settlements],
            [each.recalled for each in settlements],
            [each.next_card_id for each in settlements],
            [each.last_answer for each in settlements],
            [each.same_answers for each in settlements],
            [each.unreported for each in settlements],
            [each.tried_hash for each in settlements],
            [each.tried_environment for each in settlements],
            [each.freshness for each in settlements],
            self._channel_settle,
            [each.look_seconds for each in settlements],
        )


def _failing_otherwise(settlements: Sequence[Settlement], settled: Sequence[asyncpg.Record]) -> set[tuple[int, str]]:
    """Give slot and subject of cards that failed now, and had not before, or the other way round."""
    before = {row["card_id"]: row["before"] == FAILED for row in settled}
    return {
        (each.card.slot, each.card.subject_id)
        for each in settlements
        if before.get(each.card.card_id, each.has_failed) != each.has_failed
    }


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(card_of(row), row["token_sealed"], row["now"], row["shadowed"])


def card_of(row: asyncpg.Record) -> Card:
    """Give the card of a row that has the columns of `claim_cards`."""
    intent = None
    if row["intent_kind"] is not None:
        intent = Intent(
            Kind(row["intent_kind"]),
            row["intent_version"],
            row["intent_alert"],
            row["intent_timestamp"],
            row["intent_apns_id"],
            row["intent_at"],
        )
    alerted = row["alerted_version"]
    if intent is not None and intent.alert is not None:
        # an alert whose push has no known answer may have been heard, and is not spoken twice
        alerted = max(alerted, intent.alert)
    return Card(
        slot=row["slot"],
        subject_id=row["subject_id"],
        card_id=row["card_id"],
        device_id=row["device_id"],
        customer_id=row["customer_id"],
        app=row["app"],
        environment=row["environment"],
        attributes_type=row["attributes_type"],
        generation=row["generation"],
        starter=row["starter"],
        created_at=row["created_at"],
        debt=row["debt"],
        lease=row["lease"],
        lease_ran_out=row["lease_ran_out"],
        phase=Phase(row["phase"]),
        activity_id=row["activity_id"],
        reported_state=row["reported_state"],
        reported_at=row["reported_at"],
        token_hash=row["token_hash"],
        token_registered_at=row["token_registered_at"],
        replaced=row["replaced"],
        timestamp_used=row["timestamp_used"],
        alerted_version=alerted,
        intent=intent,
        accepted_version=row["accepted_version"],
        accepted_hash=row["accepted_hash"],
        started_at=row["started_at"],
        refused_hash=row["refused_hash"],
        suspect_hash=row["suspect_hash"],
        attempts=row["attempts"],
        restarts=row["restarts"],
        next_generation=row["next_generation"],
        last_answer=row["last_answer"],
        same_answers=row["same_answers"],
        unreported=row["unreported"],
        tried_hash=row["tried_hash"],
        tried_environment=row["tried_environment"],
        asked=row["asked"],
        freshness=row["freshness"],
        recalled=row["recalled"],
        channel=row["channel"],
    )


def _phone(row: asyncpg.Record) -> PhoneWithToken:
    alert_token = None
    if row["alert_token_hash"] is not None:
        alert_token = AlertToken(
            token_hash=row["alert_token_hash"],
            refused=row["alert_token_refused"],
            registered_at=row["alert_token_registered_at"],
            blocked_until=row["alert_token_blocked_until"],
        )
    phone = Phone(
        device_id=row["device_id"],
        customer_id=row["customer_id"],
        app=row["app"],
        environment=row["environment"],
        ios=None if row["ios_version"] is None else version_of(row["ios_version"]),
        activities_enabled=row["activities_enabled"],
        frequent_pushes=row["frequent_pushes"],
        forgotten=row["forgotten"],
        start_token_hash=row["start_token_hash"],
        start_token_refused=row["start_token_refused"] or False,
        start_token_registered_at=row["start_token_registered_at"],
        start_budget=StartBudget(row["start_credit"], row["start_credit_at"]),
        urgent_budget=UrgentBudget(row["urgent_credit"], row["urgent_credit_at"], row["frequent_pushes"]),
        unreported_starts=row["unreported_starts"],
        start_environment=row["start_token_works_in"] or row["environment"],
        start_blocked_until=row["start_token_blocked_until"],
        start_token_ios=None if row["start_token_ios"] is None else version_of(row["start_token_ios"]),
        locale=row["locale"],
        alert_token=alert_token,
    )
    return PhoneWithToken(phone, row["start_token_sealed"], row["alert_token_sealed"])
