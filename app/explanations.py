"""Explains why a card did not move: reads everything there is of an order, and lets the pure part speak."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from app.apns.dispatch_rules import DispatchRules
from app.apns.reasons import explain_last
from app.order_states import read_states
from events.errors import LockstepError
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from events.store import ERASED, EventStore
from events.vocabulary import kind_of
from projections.android_card import on_android
from projections.card import Card, Kind, Phase
from projections.card_store import CardStore, card_of
from projections.channel import ChannelState
from projections.channel_store import ChannelStore, place_of
from projections.customer_view import CustomerView, is_customer, subject_of
from projections.draft import moment_of
from projections.eta import Expected, WaitingEta, not_shown
from projections.explain import explain
from projections.explain_card import PHONES_NAMED
from projections.explain_pictures import Errands
from projections.explanation import Explanation, Happened, Progress, Sent, Shown, Surroundings, TracedCard
from projections.face import Face, face_of
from projections.order_view import EMPTY, FOLD_VERSION
from projections.outages import Outages
from projections.own_view import OwnView
from projections.pause import Route
from projections.pauses import Pauses
from projections.picture_store import read_errands
from projections.registry import CARDS
from projections.shelf import Shelf
from projections.view import View, fold
from projections.view_store import SEALED, StoredView, ViewStore

EVENTS = 20
CARDS_TOLD = 50
PUSHES_OF_A_CARD = 5


class Explainer:
    """Answers for one order at a time.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens views; nothing personal goes into an explanation, save into its states.
        rules: The dispatcher's thresholds, by which cards are planned anew.
        routes: Tells which key signs for what, by which a pause of one key is told from a pause of another; None
            where no keys are known.
    """

    def __init__(
        self, pool: Pool, keyring: Keyring, rules: DispatchRules, routes: Callable[[], Sequence[Route] | None]
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._store = EventStore(pool, keyring)
        self._views = ViewStore(keyring)
        self._shelf = Shelf(keyring)
        self._cards = CardStore(pool)
        self._channels = ChannelStore(pool)
        self._pauses = Pauses(pool)
        self._outages = Outages(pool)
        self._rules = rules
        self._routes = routes

    async def explain(self, order_id: str, states: bool = False) -> Explanation | None:  # noqa: FBT001, FBT002 - a callback
        """Explain an order and its cards; None when nothing happened to it yet.

        Args:
            order_id: The order.
            states: Whether each event comes with what the order showed after it, personal values included.
        """
        with translated():
            pauses = await self._pauses.list()
            outages = await self._outages.list()
            # in one snapshot: a stage must not seem to be behind one that was read later
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                progress = await _read_progress(connection, order_id)
                if progress is None:
                    return None
                stored = (await self._views.read(connection, [order_id])).get(order_id)
                view = None if stored is None or stored.opened is None else stored.view
                kind = None if view is None or not (view.placed or view.early) else view.kind
                events = await _read_events(connection, order_id, progress.view_version, kind)
                cards = await self._read_cards(connection, order_id)
                faces = _Faces(self._keyring.hash, stored)
                customer_id = None if view is None else view.customer_id
                shared = _Faces(self._keyring.hash, None)
                if customer_id is not None and kind is not None and CARDS.gathering(kind) is not None:
                    customer = subject_of(customer_id)
                    theirs = (await self._shelf.read(connection, [customer])).get(customer)
                    shared = _Faces(self._keyring.hash, theirs)
                    cards = [*_of_order(order_id, stored, theirs, await self._read_cards(connection, customer)), *cards]
                waiting_eta = await _read_waiting_eta(connection, order_id, view)
                phones = await connection.fetch(statement("projections/list_phones"), customer_id, PHONES_NAMED + 1)
                own = [each for each in cards[:CARDS_TOLD] if not is_customer(each.card.subject_id)]
                accepted = await self._read_accepted(connection, order_id, progress, faces, own)
                drawn = [
                    (each, (shared if is_customer(each.card.subject_id) else faces).of_card(each.card))
                    for each in cards[:CARDS_TOLD]
                ]
                errands = await read_errands(
                    connection, [(each.card.device_id, face.images) for each, face in drawn if face is not None]
                )
        if states:
            after = await read_states(self._store, order_id, progress.version, EVENTS)
            events = [replace(each, after=after.get(each.version)) for each in events]
        explanation = explain(
            order_id,
            progress,
            status=view.status if view is not None and view.placed else None,
            face=faces.of(None),
            readable=stored is None or view is not None,
            why_not=None if stored is None or stored.why_not is None else f"{stored.why_not}.",
            events=events,
            cards=[
                replace(
                    each,
                    # an order's events say nothing of what a card of several showed
                    accepted=None if is_customer(each.card.subject_id) else accepted.get(each.card.accepted_version),
                    face=self._on_phone(each.card, face, errands.get(each.card.device_id)),
                    errands=errands.get(each.card.device_id),
                )
                for each, face in drawn
            ],
            more_cards=len(cards) > CARDS_TOLD,
            around=Surroundings(
                now=progress.now,
                pauses=pauses,
                outages={each.environment: each for each in outages},
                # keys are in files, which are read only where they matter
                routes=self._routes() if any(each.kind == "credential" for each in pauses) else (),
                said=explain_last,
                rules=self._rules.plan,
                kept_seconds={
                    Kind.START: self._rules.send.start_expiry,
                    Kind.UPDATE: self._rules.send.update_expiry,
                    Kind.END: self._rules.send.end_expiry,
                    Kind.ALERT: self._rules.send.alert_expiry,
                },
                signed_in=[row["device_id"] for row in phones],
            ),
        )
        return replace(explanation, waiting_eta=waiting_eta)

    def _on_phone(self, card: Card, face: Face | None, errands: Errands | None) -> Face | None:
        """Give what a card shows with the pictures of its phone, or of all phones that follow its channel."""
        if face is None or errands is None:
            return face
        refs = errands.album.refs(face.images)
        shown = dict.fromkeys(refs) if card.channel is not None else refs
        return face.referring(shown, self._rules.plan.placeholder, self._keyring.hash)

    async def _read_accepted(
        self,
        connection: Connection,
        order_id: str,
        progress: Progress,
        faces: "_Faces",
        cards: Sequence[TracedCard],
    ) -> dict[int | None, Shown]:
        """Say what APNs accepted, by version, where that is not what cards should show: the events until then, folded.

        What this release has not folded itself is left out.
        """
        if faces.of(None) is None or progress.slot_fold_version != FOLD_VERSION:
            return {}
        behind = [
            each.card
            for each in cards
            if (face := faces.of_card(each.card)) is not None and each.card.accepted_hash != face.content_hash
        ]
        versions = {each.accepted_version for each in behind if each.accepted_version is not None}
        if not versions:
            return {}
        [news] = await self._views.read_new_events(connection, [(order_id, 0)])
        folded = min(progress.view_version, news.events[-1].version if news.events else 0)
        shown: dict[int | None, Shown] = {}
        for version in versions:
            if version <= folded:
                try:
                    view = fold(EMPTY, [each for each in news.events if each.version <= version])
                except LockstepError:
                    continue  # it was folded by another version of its definition, or its events are damaged
                shown[version] = Shown(view.status, None if view.over else view.next_expected_at)
        return shown

    async def _read_cards(self, connection: Connection, order_id: str) -> list[TracedCard]:
        """Read cards, then their phones and receipts: no statement joins the side of subjects with that of devices."""
        slot = slot_of(order_id)
        rows = await connection.fetch(statement("projections/trace_cards"), slot, order_id, CARDS_TOLD + 1)
        cards = [card_of(row) for row in rows]
        phones = await self._cards.read_phones(connection, cards) if cards else {}
        channels = await self._channels.read(connection, [order_id])
        pushed = [*(each.card_id for each in cards), *channels.by_key]
        receipts = await connection.fetch(
            statement("projections/read_receipts"), slot, order_id, pushed, PUSHES_OF_A_CARD
        )
        sent: defaultdict[UUID, list[Sent]] = defaultdict(list)
        for row in receipts:
            sent[row["card_id"]].append(_sent(row))
        traced = []
        for row, card in zip(rows, cards, strict=True):
            phone = phones.get((card.device_id, card.attributes_type))
            channel = channels.of(card, place_of(card, None if phone is None else phone.phone))
            told = sent[card.card_id]
            if card.channel is not None:
                told = sorted([*told, *sent[card.channel]], key=lambda each: each.sent_at, reverse=True)
            traced.append(
                TracedCard(
                    card=_as_told_by(channel, card),
                    phone=None if phone is None else phone.phone,
                    considered_version=row["considered_version"],
                    due_at=row["due_at"],
                    blocked_until=row["blocked_until"],
                    leased_at=row["leased_at"],
                    accepted_at=row["accepted_at"],
                    outcome=row["outcome"],
                    why=row["why"],
                    outcome_at=row["outcome_at"],
                    sent=tuple(told[:PUSHES_OF_A_CARD]),
                    channel=channel,
                )
            )
        return traced


def _as_told_by(channel: ChannelState | None, card: Card) -> Card:
    """Give a card that follows a channel what was published there."""
    if card.channel is None or channel is None or (channel.accepted_version or 0) < (card.accepted_version or 0):
        return card
    return replace(card, accepted_version=channel.accepted_version, accepted_hash=channel.accepted_hash)


class _Faces:
    """What cards of each attributes type would show of an order.

    Args:
        key: Keys content hashes.
        stored: The order's view, or that of a customer; None without one.
    """

    def __init__(self, key: bytes, stored: StoredView | None) -> None:
        self._key = key
        self._stored = stored
        self._known: dict[str | None, Face] = {}
        self._on_android: dict[str, Face] = {}

    def of(self, attributes_type: str | None) -> Face | None:
        """Give the face of cards of a type; of None, that of the order's kind. None without a view."""
        if self._stored is None or self._stored.opened is None:
            return None
        if attributes_type not in self._known:
            self._known[attributes_type] = face_of(
                self._stored.opened, self._key, self._stored.heard_at, attributes_type
            )
        return self._known[attributes_type]

    def of_card(self, card: Card) -> Face | None:
        """Give the face of a card, on a phone of its kind."""
        face = self.of(card.attributes_type)
        if face is None or not card.is_android or self._stored is None or self._stored.opened is None:
            return face
        if card.attributes_type not in self._on_android:
            self._on_android[card.attributes_type] = on_android(
                face, self._stored.opened, card.attributes_type, self._key
            )
        return self._on_android[card.attributes_type]


def _of_order(
    order_id: str, order: StoredView | None, customer: StoredView | None, cards: Sequence[TracedCard]
) -> Iterator[TracedCard]:
    """Choose the cards of a customer that show an order, or did: those of its time."""
    several = None if customer is None else customer.opened
    if order is None or order.opened is None or not isinstance(several, CustomerView):
        return
    view = order.view
    shows_order = order_id in (each.subject_id for each in several.orders)
    placed_at = moment_of(min((line.at for line in view.history), default=0))
    for each in cards:
        over, made_at = each.card.phase is Phase.OVER, each.card.created_at
        if shows_order:
            theirs = not over or made_at >= several.begun_at
        else:
            there = view.over if not over else each.outcome_at is None or each.outcome_at >= placed_at
            theirs = there and made_at <= order.heard_at
        if theirs:
            yield replace(each, shared=True, shows_order=shows_order)


async def _read_progress(connection: Connection, order_id: str) -> Progress | None:
    row = await connection.fetchrow(statement("projections/read_progress"), slot_of(order_id), order_id)
    if row is None:
        return None
    fields = dict(row)
    error: bytes | None = fields.pop("error")
    told = None if error is None or error.startswith(SEALED) else error.decode().partition(": ")[2]
    return Progress(**fields, error=told)


async def _read_waiting_eta(connection: Connection, order_id: str, view: View | None) -> WaitingEta | None:
    row = await connection.fetchrow(statement("projections/read_eta"), slot_of(order_id), order_id)
    if row is None or (view is not None and view.over) or isinstance(view, OwnView):
        return None
    put, at = WaitingEta(**dict(row)), None if view is None else view.next_expected_at
    return put if not_shown(put, None if view is None or at is None else Expected(at, view.delivery_stamp)) else None


async def _read_events(connection: Connection, order_id: str, view_version: int, kind: str | None) -> list[Happened]:
    rows = await connection.fetch(statement("projections/read_newest_events"), slot_of(order_id), order_id, EVENTS)
    return [
        Happened(
            row["version"],
            row["type"],
            row["schema_version"],
            row["occurred_at"],
            row["recorded_at"],
            row["version"] <= view_version,
            kind is not None and row["type"] != ERASED and kind_of(row["type"]) != kind,
        )
        for row in rows
    ]


def _sent(row: asyncpg.Record) -> Sent:
    return Sent(
        sent_at=row["sent_at"],
        answered_at=row["answered_at"],
        kind=row["kind"],
        version=row["version"],
        why=row["why"],
        outcome=row["outcome"],
        priority=row["priority"],
        status=row["status"],
        reason=row["reason"],
        apns_id=str(row["apns_id"]),
        demoted=row["demoted"],
        folded_at=row["folded_at"],
    )
