"""Cards that are taken over, as rows: locked, judged by what is known of them, and written, in one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import msgspec
from msgspec.structs import replace

from app.devices.older_cards import replace_older_cards
from app.takeover.judgement import CardVerdict, Fate, KnownCard, has_newer_token, judge_card
from app.takeover.line import MovingCard
from events.errors import Fault
from events.postgres.deadlocks import commit_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from projections.card import LIFETIME, OTHER
from projections.shelf import Shelf
from projections.view import CardView

ARCHIVED: Final = "its order is archived here: there is nothing to be shown"


class Place(msgspec.Struct, frozen=True):
    """A card of a line, and the phone that it is on.

    Attributes:
        device_id: The phone's id here.
    """

    card: MovingCard
    device_id: str
    customer_id: str | None
    app: str
    environment: str

    @property
    def key(self) -> tuple[str, str]:
        """Name the subject and the phone."""
        return self.card.subject, self.device_id


class Written(NamedTuple):
    """A card that is written.

    Attributes:
        known: What is here of it, or is from now on.
        verdict_index: Of its verdict.
    """

    place: Place
    known: KnownCard
    verdict_index: int


class _FasterWriterError(Exception):
    """A card that was to be added is there by now: the transaction is begun anew."""


class CardRows:
    """Takes cards over.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens views and seals tokens.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._shelf = Shelf(keyring)

    async def take(self, places: Sequence[Place], now: datetime, *, dry_run: bool) -> list[CardVerdict]:
        """Take cards over, and tell what became of each; those of one subject on one phone in the order given.

        Args:
            places: The cards.
            now: The database's time.
            dry_run: Say what would become of them, and write nothing.
        """
        if not places:
            return []
        while True:
            try:
                return await commit_through_deadlocks(
                    self._pool, lambda connection: self._take(connection, places, now, dry_run=dry_run)
                )
            except _FasterWriterError:
                # what was added meanwhile is seen now
                await asyncio.sleep(0)

    async def _take(
        self, connection: Connection, places: Sequence[Place], now: datetime, *, dry_run: bool
    ) -> list[CardVerdict]:
        """Do so in one transaction.

        Raises:
            _FasterWriterError: Somebody has added a card since the look.
        """
        known = await self._lock(connection, places)
        views = await self._views(connection, places)
        verdicts = list[CardVerdict]()
        added, taken = list[Written](), list[Written]()
        for place in places:
            theirs = known.setdefault(place.key, [])
            token_hash = self._hash(place)
            verdict = judge_card(place.card, place.customer_id, theirs, views.get(place.card.subject), token_hash, now)
            verdicts.append(verdict)
            if verdict.fate is Fate.NEW and verdict.takes is None:
                fresh = _added(place.card, theirs, token_hash)
                added.append(Written(place, fresh, len(verdicts) - 1))
                theirs.append(fresh)
            elif verdict.fate in (Fate.NEW, Fate.CHANGED) and verdict.takes is not None:
                taken.append(Written(place, verdict.takes, len(verdicts) - 1))
                theirs[theirs.index(verdict.takes)] = _took(place.card, verdict.takes, token_hash)
        if dry_run or not (added or taken):
            return verdicts
        told = await self._told_versions(connection, [*added, *taken])
        archived = await self._add(connection, added, told, now)
        if archived is None:
            # nothing is kept of what was written by now
            raise _FasterWriterError
        await self._update(connection, taken, told, now)
        for each in added:
            if each.known.card_id in archived:
                verdicts[each.verdict_index] = CardVerdict(Fate.REFUSED, ARCHIVED, Fault("/subject", ARCHIVED))
            elif each.place.card.state == "active":
                slot, subject = slot_of(each.place.card.subject), each.place.card.subject
                await replace_older_cards(connection, slot, subject, each.known.card_id)
        return verdicts

    async def _lock(self, connection: Connection, places: Sequence[Place]) -> dict[tuple[str, str], list[KnownCard]]:
        """Lock what Lockstep has of the subjects on the phones."""
        keys = sorted({each.key for each in places})
        rows = await connection.fetch(
            statement("app/lock_moving_cards"),
            [slot_of(subject) for subject, _ in keys],
            [subject for subject, _ in keys],
            [device_id for _, device_id in keys],
        )
        found: dict[tuple[str, str], list[KnownCard]] = {}
        for row in rows:
            found.setdefault((row["subject_id"], row["device_id"]), []).append(
                KnownCard(**{name: row[name] for name in KnownCard.__struct_fields__})
            )
        return found

    async def _views(self, connection: Connection, places: Sequence[Place]) -> dict[str, CardView]:
        """Read the subjects; one that cannot be read is as good as none."""
        stored = await self._shelf.read(connection, sorted({each.card.subject for each in places}))
        return {name: each.shown for name, each in stored.items() if each.opened is not None}

    async def _told_versions(self, connection: Connection, written: Sequence[Written]) -> dict[UUID, int]:
        """Give what the other backend has told of by its last push: what had happened by then."""
        cards = [each.place.card for each in written]
        rows = await connection.fetch(
            statement("app/find_told_versions"),
            [slot_of(each.subject) for each in cards],
            [each.subject for each in cards],
            # a push tells of what happened within its second
            [datetime.fromtimestamp(each.timestamp + 1, UTC) for each in cards],
        )
        return {written[row["ord"] - 1].known.card_id: row["version"] for row in rows}

    async def _add(
        self, connection: Connection, added: Sequence[Written], told: Mapping[UUID, int], now: datetime
    ) -> frozenset[UUID] | None:
        """Add cards; give those whose subject is archived, or None if a faster writer has added one."""
        cards = [each.place.card for each in added]
        rows = await connection.fetch(
            statement("app/add_moving_cards"),
            [slot_of(each.subject) for each in cards],
            [each.subject for each in cards],
            [each.known.card_id for each in added],
            [each.place.device_id for each in added],
            [each.place.customer_id for each in added],
            [each.place.app for each in added],
            [each.place.environment for each in added],
            [each.attributes_type for each in cards],
            [each.known.generation for each in added],
            [each.activity_id for each in cards],
            [_state(each, now) for each in cards],
            [self._hash(each.place) for each in added],
            [self._sealed(each) for each in cards],
            [None if each.update_token is None else each.registered_at for each in cards],
            [each.started_at for each in cards],
            [each.timestamp for each in cards],
            [told.get(each.known.card_id) for each in added],
        )
        if len(rows) < len(added):
            return None
        return frozenset(row["card_id"] for row in rows if row["archived"])

    async def _update(
        self, connection: Connection, taken: Sequence[Written], told: Mapping[UUID, int], now: datetime
    ) -> None:
        """Write what is newer of cards that are here."""
        cards = [each.place.card for each in taken]
        hashes = [self._hash(each.place) for each in taken]
        newer = [
            has_newer_token(card, each.known, token) for card, each, token in zip(cards, taken, hashes, strict=True)
        ]
        await connection.execute(
            statement("app/take_moving_cards"),
            [slot_of(each.subject) for each in cards],
            [each.subject for each in cards],
            [each.known.card_id for each in taken],
            [each.place.environment for each in taken],
            [each.activity_id for each in cards],
            [_state(each, now) for each in cards],
            [token if is_newer else None for token, is_newer in zip(hashes, newer, strict=True)],
            [self._sealed(card) if is_newer else None for card, is_newer in zip(cards, newer, strict=True)],
            [card.registered_at if is_newer else None for card, is_newer in zip(cards, newer, strict=True)],
            [each.started_at for each in cards],
            [each.timestamp for each in cards],
            [told.get(each.known.card_id) for each in taken],
            [each.attributes_type for each in cards],
        )

    def _hash(self, place: Place) -> bytes | None:
        token = place.card.update_token
        return None if token is None else self._keyring.blind(place.app, place.environment, token.lower())

    def _sealed(self, card: MovingCard) -> bytes | None:
        return None if card.update_token is None else self._keyring.seal_token(card.update_token.lower())


def _added(card: MovingCard, theirs: Sequence[KnownCard], token_hash: bytes | None) -> KnownCard:
    """Give a card that is added as if it were there."""
    same_type = [each.generation for each in theirs if each.attributes_type == card.attributes_type]
    fresh = KnownCard(
        card_id=uuid4(),
        attributes_type=card.attributes_type,
        generation=1 + max(same_type, default=0),
        starter=OTHER,
        phase="shown",
        activity_id=None,
        reported_state=None,
        token_hash=None,
        token_registered_at=None,
        timestamp_used=0,
        started_at=card.started_at,
    )
    return _took(card, fresh, token_hash)


def _took(card: MovingCard, known: KnownCard, token_hash: bytes | None) -> KnownCard:
    """Give a card of which a line was taken as if that were written."""
    newer = has_newer_token(card, known, token_hash)
    return replace(
        known,
        starter=OTHER if known.phase == "wanted" else known.starter,
        phase="shown" if known.phase == "wanted" else known.phase,
        attributes_type=card.attributes_type if known.phase == "wanted" else known.attributes_type,
        started_at=known.started_at or card.started_at,
        activity_id=known.activity_id or card.activity_id,
        reported_state=card.state,
        token_hash=token_hash if newer else known.token_hash,
        token_registered_at=card.registered_at if newer else known.token_registered_at,
        timestamp_used=max(known.timestamp_used, card.timestamp),
    )


def _state(card: MovingCard, now: datetime) -> str:
    """Give the state of a card on its phone, which ends it after eight hours."""
    return "ended" if not card.is_over and now >= card.started_at + LIFETIME else card.state
