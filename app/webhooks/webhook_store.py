"""Webhooks, their deliveries and the log of those, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec.structs import replace

from app.webhooks.address import AddressRules
from app.webhooks.attempt import Verdict, WebhookRules
from app.webhooks.errors import NoSuchWebhookError, WebhookError
from app.webhooks.signature import make_secret
from app.webhooks.webhook import (
    FACT_WENT,
    MOST_WEBHOOKS,
    Attempt,
    Delivery,
    DeliveryState,
    Readiness,
    Resend,
    Unkept,
    Webhook,
    WebhookRequest,
    refuse_unfit,
    refuse_vague,
)
from events.errors import Fault
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from projections.card_fact import FactPlace, fact_id, place_of, unnamed_fact
from projections.card_fact_store import document_of


class WebhookStore:
    """Sets webhooks up, and knows what they were told.

    Every method raises StoreUnavailableError while Postgres is away.

    Args:
        pool: Connections; one is used at a time.
        keyring: Seals secrets.
        addresses: Where webhooks may go.
    """

    def __init__(self, pool: Pool, keyring: Keyring, addresses: AddressRules) -> None:
        self._pool = pool
        self._keyring = keyring
        self._addresses = addresses

    async def put(self, name: str, asked: WebhookRequest) -> tuple[Webhook, bool]:
        """Set a webhook up, switched on, and tell whether it is new; a new one without a secret is given one.

        Raises:
            WebhookError: It cannot be set up like this.
        """
        refuse_unfit(name, asked, self._addresses)
        rows = await self._read(name)
        # the same secret again is no other one: whoever repeats the call changes nothing
        same = bool(rows) and self._open(rows[0]["secret_sealed"], name) == asked.secret
        made = make_secret()
        added = await self._write(name, asked, None if same else asked.secret, made)
        webhook = await self.find(name)
        return replace(webhook, secret=made if added and asked.secret is None else None), added

    async def rotate(self, name: str, overlap_seconds: int) -> Webhook:
        """Give a webhook a new secret, beside which the one of before signs for a while.

        Raises:
            NoSuchWebhookError: There is none of this name.
            WebhookError: The overlap is too long.
        """
        webhook = await self.find(name)
        asked = WebhookRequest(url=webhook.url, types=webhook.types, overlap_seconds=overlap_seconds)
        refuse_unfit(name, asked, self._addresses)
        made = make_secret()
        await self._write(name, asked, made, made)
        return replace(await self.find(name), secret=made)

    async def _write(self, name: str, asked: WebhookRequest, secret: str | None, made: str) -> bool:
        with translated():
            added: bool | None = await self._pool.fetchval(
                statement("app/put_webhook"),
                name,
                asked.url,
                asked.types,
                None if secret is None else self._keyring.seal_webhook_secret(secret, name),
                self._keyring.seal_webhook_secret(made, name),
                float(asked.overlap_seconds),
                MOST_WEBHOOKS,
            )
        if added is None:
            raise WebhookError(Fault("", f"there are {MOST_WEBHOOKS} webhooks already; delete one"))
        return added

    async def list_webhooks(self) -> Sequence[Webhook]:
        """List webhooks, by name."""
        return [_webhook(row) for row in await self._read(None)]

    async def find(self, name: str) -> Webhook:
        """Give a webhook, with what waits for it.

        Raises:
            NoSuchWebhookError: There is none of this name.
        """
        rows = await self._read(name)
        if not rows:
            raise NoSuchWebhookError(f"There is no webhook {name}.")
        with translated():
            [counted] = await self._pool.fetch(statement("app/count_deliveries"), ALL_SLOTS, name)
        return _webhook(rows[0], counted)

    async def delete(self, name: str) -> bool:
        """Delete a webhook with all that waits for it; False if there was none."""
        with translated():
            return bool(await fetch_through_deadlocks(self._pool, "app/delete_webhook", ALL_SLOTS, name))

    async def deliveries(self, name: str, *, state: str | None, limit: int) -> Sequence[DeliveryState]:
        """List deliveries with their log, the newest facts first.

        Args:
            name: Of the webhook.
            state: `waiting`, `dead` or `delivered`; None for all.
            limit: At the most so many.

        Raises:
            NoSuchWebhookError: There is none of this name.
        """
        await self.find(name)
        with translated():
            rows = await self._pool.fetch(statement("app/list_deliveries"), ALL_SLOTS, name, state, limit)
            tried = await self._pool.fetch(
                statement("app/read_attempts"), [row["slot"] for row in rows], [row["position"] for row in rows], name
            )
        log: dict[tuple[int, int], list[Attempt]] = {}
        for row in tried:
            attempt = Attempt(row["sent_at"], row["seconds"], row["status"], row["error"])
            log.setdefault((row["slot"], row["position"]), []).append(attempt)
        return [_state(row, log.get((row["slot"], row["position"]), [])) for row in rows]

    async def resend(self, name: str, asked: Resend) -> int:
        """Have facts sent anew, and give how many.

        Raises:
            NoSuchWebhookError: There is no such webhook, or no such fact.
            WebhookError: It is not said what.
        """
        refuse_vague(asked)
        await self.find(name)
        place = None if asked.id is None else place_of(asked.id)
        if asked.id is not None and (place is None or not await self._is_there(place, asked.id)):
            raise NoSuchWebhookError(f"There is no fact {asked.id}; it may be older than facts are kept.")
        sent = 0
        for slot in ALL_SLOTS if place is None else [place.slot]:
            position = None if place is None else place.position
            values = (slot, name, position, asked.dead, asked.since, asked.until)
            with translated():
                [row] = await fetch_through_deadlocks(self._pool, "app/resend_facts", *values)
            sent += row["facts"]
        return sent

    async def _read(self, name: str | None) -> Sequence[asyncpg.Record]:
        with translated():
            return await self._pool.fetch(statement("app/read_webhooks"), name)

    async def _is_there(self, place: FactPlace, id_: str) -> bool:
        if place.slot not in ALL_SLOTS:
            return False
        with translated():
            rows = await self._pool.fetch(statement("app/find_card_fact"), place.slot, place.position)
        return any(fact_id(place, row["card_id"]) == id_ for row in rows)

    async def readiness(self) -> Mapping[str, Readiness]:
        """Give the webhooks that are switched on, and of each what may be sent to it now."""
        with translated():
            rows = await self._pool.fetch(statement("app/find_open_webhooks"))
        return {row["name"]: Readiness.of(failing=row["failing"], held=row["held"]) for row in rows}

    async def claim(
        self, rooms: Mapping[str, int], slots: Sequence[int], lease_seconds: float
    ) -> list[Delivery | Unkept]:
        """Take deliveries that are due under a lease; those that have nothing to tell any more are dead now.

        Args:
            rooms: By webhook, at the most so many.
            slots: Where to look, in the order of preference.
            lease_seconds: How long they are ours.
        """
        with translated():
            rows = await self._pool.fetch(
                statement("app/claim_deliveries"), list(rooms), list(rooms.values()), slots, lease_seconds, FACT_WENT
            )
        return [_delivery(row) for row in rows]

    async def settle(
        self,
        delivery: Delivery,
        verdict: Verdict,
        *,
        status: int | None,
        sent_at: datetime,
        seconds: float,
        rules: WebhookRules,
    ) -> str | None:
        """Write what became of an attempt; give why the webhook is switched off now, if it is."""
        with translated():
            rows = await fetch_through_deadlocks(
                self._pool,
                "app/settle_delivery",
                delivery.place.slot,
                delivery.place.position,
                delivery.webhook,
                delivery.lease,
                sent_at,
                seconds,
                status,
                verdict.error,
                verdict.again_seconds,
                verdict.hold_seconds,
                verdict.unwanted,
                rules.disable_after,
            )
        return rows[0]["disabled_why"] if rows else None

    def secrets_of(self, delivery: Delivery) -> list[str]:
        """Open the secrets that sign a delivery."""
        return [self._open(each, delivery.webhook) for each in delivery.secrets_sealed]

    def _open(self, sealed: bytes, name: str) -> str:
        return self._keyring.open_webhook_secret(sealed, name)


def _webhook(row: asyncpg.Record, counted: asyncpg.Record | None = None) -> Webhook:
    return Webhook(
        name=row["name"],
        url=row["url"],
        types=tuple(row["types"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        previous_secret_until=row["previous_until"],
        failing_since=row["failing_since"],
        failures=row["failures"],
        disabled_at=row["disabled_at"],
        disabled_why=row["disabled_why"],
        waiting=None if counted is None else counted["waiting"],
        dead=None if counted is None else counted["dead"],
    )


def _delivery(row: asyncpg.Record) -> Delivery | Unkept:
    place = FactPlace(row["slot"], row["position"])
    if row["card_id"] is None:
        return Unkept(row["webhook"], place)
    return Delivery(
        webhook=row["webhook"],
        url=row["url"],
        place=place,
        document=document_of(row),
        lease=row["lease"],
        attempt=row["attempts"],
        failures=row["failures"],
        secrets_sealed=[each for each in (row["secret_sealed"], row["previous_sealed"]) if each is not None],
        now=row["now"],
    )


def _state(row: asyncpg.Record, log: Sequence[Attempt]) -> DeliveryState:
    document = None if row["card_id"] is None else document_of(row)
    state = "dead" if row["dead_at"] else "delivered" if row["delivered_at"] else "waiting"
    return DeliveryState(
        id=unnamed_fact(FactPlace(row["slot"], row["position"])) if document is None else document.id,
        state=state,
        document=document,
        due_at=row["due_at"],
        delivered_at=row["delivered_at"],
        dead_at=row["dead_at"],
        log=tuple(log),
    )
