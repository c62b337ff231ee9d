"""Reads and writes views: the only module that knows their table."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

import asyncpg
import msgspec
import structlog
from msgspec.structs import replace

from events.envelope import RecordedEvent
from events.errors import LockstepError, SecretKeyError
from events.event_sealing import foldable_event
from events.postgres.pool import Connection
from events.postgres.statements import statement
from events.sealing import Keyring, seal, unseal
from events.slot import slot_of
from projections.customer_view import CustomerView
from projections.errors import EvolveError, OutdatedViewError, RenderError, UnreadableViewError
from projections.order_list import Row, relist, write_list
from projections.order_view import EMPTY
from projections.view import CardView, View, decode_view, encode_view, fingerprint, fingerprint_of, fold

log = structlog.get_logger()

FOLD_EVENTS = 500
SEALED = b"sealed:"
"""How the error of a fold begins that may name personal values."""


class StoredView(msgspec.Struct, frozen=True):
    """A view as it stands in the database.

    Attributes:
        heard_at: When the newest event of its subject was recorded.
        is_behind: Whether the subject had events, when it was read, that it lacks.
        read_at: The database's time when it was read.
        opened: The view; None when its row cannot be opened or read.
        why_not: Why it is not, where that is known.
        data_key: The subject's data key, opened; None when it has none, it was erased, or it cannot be opened.
    """

    slot: int
    generation: int
    subject_id: str
    version: int
    opened: CardView | None
    folded_at: datetime
    heard_at: datetime
    read_at: datetime
    fingerprint: bytes
    data_key: bytes | None
    why_not: LockstepError | None = None
    is_behind: bool = False

    @property
    def view(self) -> View:
        """Give the view.

        Raises:
            UnreadableViewError: Its row cannot be opened or read.
            LockstepError: What stands in the way, where that is known.
        """
        shown = self.shown
        if isinstance(shown, CustomerView):
            raise TypeError(self.subject_id)
        return shown

    @property
    def shown(self) -> CardView:
        """Give the view, or that of a customer.

        Raises:
            UnreadableViewError: Its row cannot be opened or read.
            LockstepError: What stands in the way, where that is known.
        """
        if self.opened is None:
            raise self.why_not or UnreadableViewError(self.subject_id)
        return self.opened


class News(msgspec.Struct):
    """What happened to a subject after the version of its view.

    Attributes:
        data_key: The subject's data key, opened; None when it has none or was erased.
        damage: Why the next event cannot be opened.
    """

    events: list[RecordedEvent]
    data_key: bytes | None = None
    damage: SecretKeyError | None = None


class Work(msgspec.Struct):
    """A subject whose head is ahead of its view.

    Attributes:
        view_version: The version in the view's row, 0 without one: what a write must find there still.
        view: What the events are to be folded into: the view, or EMPTY where its row cannot be read.
        news: The events after `view`.
        held: Whether it waited for a worker that reads more.
    """

    subject_id: str
    generation: int
    view_version: int
    view: View
    news: News
    held: bool = False


class Won(Enum):
    """What a view that was written means for its cards.

    Attributes:
        CROWD: They are so many that the spreader puts them in debt.
    """

    NOTHING = auto()
    OWING = auto()
    CROWD = auto()


class FoldedView(msgspec.Struct, frozen=True):
    """A view to be written, if nobody was faster.

    Attributes:
        prev_version: The version it was folded from.
        match_due_at: When the matcher should look; None leaves its flag as it is.
        held_for: The type of the next event with its version, when we do not read it.
        relisted: Whether its row in the list of orders is another one than before.
    """

    slot: int
    generation: int
    subject_id: str
    prev_version: int
    version: int
    view: View
    data_key: bytes | None
    match_due_at: datetime | None
    held_for: str | None = None
    relisted: bool = True


class EncodedView(NamedTuple):
    """A view as it is stored."""

    state: bytes
    sealed: bytes | None
    fingerprint: bytes


def encoded_view(subject_id: str, view: View, data_key: bytes | None, keyring: Keyring) -> EncodedView:
    """Encode a view for its row.

    Args:
        subject_id: Its subject.
        view: The view.
        data_key: Seals its personal values; None: they are lost, because the subject was erased.
        keyring: Keys the fingerprint.
    """
    state, personal = encode_view(view)
    sealed = None
    if personal is not None and data_key is not None:
        sealed = seal(data_key, personal, context=view_context(subject_id))
    return EncodedView(state, sealed, fingerprint_of(state, personal, keyring.hash))


def fold_error(subject_id: str, error: Exception, data_key: bytes | None) -> bytes:
    """Give the error of a fold for its row, sealed, for it may name personal values; those of a definition do not."""
    text = f"{type(error).__name__}: {error}".encode()
    if data_key is None or isinstance(error, EvolveError):
        return text
    return SEALED + seal(data_key, text, context=b"fold-error\n" + subject_id.encode())


def _row_of(each: FoldedView) -> Row:
    view, trouble = each.view, None if each.held_for is None else "held"
    return Row(
        each.slot,
        each.generation,
        each.subject_id,
        view.kind,
        view.status or "",
        view.over,
        view.customer_id,
        trouble,
    )


def view_context(subject_id: str) -> bytes:
    """Name the place that a view's personal values are sealed for."""
    return b"view\n" + subject_id.encode()


class ViewStore:
    """Views in Postgres; every method works on the connection given, so that the caller owns the transaction."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def read(self, connection: Connection, subject_ids: Sequence[str]) -> dict[str, StoredView]:
        """Read live views; subjects without one are left out."""
        rows = await connection.fetch(
            statement("projections/read_views"), [slot_of(each) for each in subject_ids], list(subject_ids)
        )
        found = {row["subject_id"]: self._stored(row) for row in rows}
        outdated = [each for each in found.values() if isinstance(each.why_not, OutdatedViewError)]
        if outdated:
            found.update(await self._fold_anew(connection, outdated))
        return found

    async def _fold_anew(self, connection: Connection, outdated: Sequence[StoredView]) -> dict[str, StoredView]:
        """Fold views again, up to their versions, that another version of their definition has made."""
        views: dict[str, View] = {each.subject_id: EMPTY for each in outdated}
        failed: dict[str, LockstepError] = {}
        wanted = {each.subject_id: each.version for each in outdated}
        lacking = [(each.subject_id, 0) for each in outdated]
        while lacking:
            news = await self.read_new_events(connection, lacking)
            read, lacking = lacking, []
            for (subject_id, _), one in zip(read, news, strict=True):
                events = [each for each in one.events if each.version <= wanted[subject_id]]
                try:
                    views[subject_id] = fold(views[subject_id], events)
                except LockstepError as error:
                    failed[subject_id] = error
                    continue
                if one.damage is None and len(one.events) == FOLD_EVENTS and len(events) == FOLD_EVENTS:
                    lacking.append((subject_id, views[subject_id].version))
        anew = {}
        for each in outdated:
            view, why_not = views[each.subject_id], failed.get(each.subject_id)
            whole = why_not is None and view.version == each.version
            anew[each.subject_id] = replace(each, opened=view if whole else None, why_not=why_not)
        return anew

    async def read_work(
        self, connection: Connection, subject_ids: Sequence[str], vocabulary: Sequence[str]
    ) -> list[Work]:
        """Read the views that are behind, each with the events that it lacks, up to one that cannot be opened.

        A view that cannot be read comes with every event of its subject: the log is the truth.

        Args:
            connection: Within a transaction.
            subject_ids: Of these subjects.
            vocabulary: What is read here.
        """
        rows = await connection.fetch(
            statement("projections/read_work"),
            [slot_of(each) for each in subject_ids],
            subject_ids,
            FOLD_EVENTS,
            vocabulary,
        )
        found: list[Work] = []
        unread: list[Work] = []
        place = 0
        for row in rows:
            if row["ord"] != place:
                place = row["ord"]
                subject_id, key = subject_ids[place - 1], None
                work = Work(subject_id, row["generation"], row["view_version"], EMPTY, News([]), held=row["held"])
                found.append(work)
                if row["view_version"]:
                    view, key, _ = self._open(subject_id, row["state"], row["view_sealed"], row["wrapped"])
                    if view is None:
                        unread.append(work)
                    else:
                        work.view = view
                work.news.data_key = key
            self._take(work.news, work.subject_id, row)
        if unread:
            anew = await self.read_new_events(connection, [(each.subject_id, 0) for each in unread])
            for work, news in zip(unread, anew, strict=True):
                work.news = news
        return found

    def _open(
        self, subject_id: str, state: bytes, sealed: bytes | None, wrapped: bytes | None
    ) -> tuple[View | None, bytes | None, LockstepError | None]:
        """Open a stored view and its data key, or say why not; one damaged row must not take its neighbours down."""
        key = personal = None
        try:
            key = None if wrapped is None else self._keyring.unwrap_key(wrapped, subject_id)
            if sealed is not None and key is not None:
                personal = unseal(key, sealed, context=view_context(subject_id))
            return decode_view(state, personal), key, None
        except (OutdatedViewError, RenderError) as error:
            return None, key, error
        except (SecretKeyError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("view_cannot_be_read", subject_id=subject_id, error=type(error).__name__)  # noqa: TRY400
            return None, key, None

    def _take(self, news: News, subject_id: str, row: asyncpg.Record) -> None:
        """Add an event to the news of its subject, unless one before it cannot be opened."""
        if news.damage is not None:
            return
        try:
            if news.data_key is None and row["wrapped"] is not None:
                news.data_key = self._keyring.unwrap_key(row["wrapped"], subject_id)
            news.events.append(foldable_event(subject_id, row, news.data_key))
        except SecretKeyError as error:
            news.damage = error

    def _stored(self, row: asyncpg.Record) -> StoredView:
        subject_id = row["subject_id"]
        opened, key, why_not = self._open(subject_id, row["state"], row["sealed"], row["wrapped"])
        return StoredView(
            slot=row["slot"],
            generation=row["generation"],
            subject_id=subject_id,
            version=row["version"],
            opened=opened if row["version"] else EMPTY,
            folded_at=row["folded_at"],
            heard_at=row["heard_at"],
            read_at=row["now"],
            fingerprint=row["fingerprint"],
            data_key=key,
            why_not=why_not,
            is_behind=(row["head_version"] or 0) > row["version"],
        )

    async def read_new_events(self, connection: Connection, after: Sequence[tuple[str, int]]) -> list[News]:
        """Read the events after each subject's version, in the order asked for, up to one that cannot be opened."""
        rows = await connection.fetch(
            statement("projections/read_new_events"),
            [slot_of(subject_id) for subject_id, _ in after],
            [subject_id for subject_id, _ in after],
            [version for _, version in after],
            FOLD_EVENTS,
        )
        found = [News([]) for _ in after]
        for row in rows:
            self._take(found[row["ord"] - 1], after[row["ord"] - 1][0], row)
        return found

    async def write(self, connection: Connection, folded: Collection[FoldedView]) -> dict[str, Won]:
        """Write views by compare-and-set and put the winners' cards in debt; give what became of each that won."""
        rows = sorted(folded, key=lambda each: (each.slot, each.subject_id))
        encoded = [encoded_view(each.subject_id, each.view, each.data_key, self._keyring) for each in rows]
        won = await connection.fetch(
            statement("projections/write_views"),
            [each.slot for each in rows],
            [each.generation for each in rows],
            [each.subject_id for each in rows],
            [each.prev_version for each in rows],
            [each.version for each in rows],
            [each.state for each in encoded],
            [each.sealed for each in encoded],
            [each.fingerprint for each in encoded],
            [each.view.customer_id for each in rows],
            [each.view.status for each in rows],
            [each.view.over for each in rows],
            [each.match_due_at for each in rows],
            [each.held_for for each in rows],
        )
        found: dict[str, Won] = {}
        quarantined: list[str] = []
        for row in won:
            if row["quarantined"]:
                quarantined.append(row["subject_id"])
            before = found.get(row["subject_id"], Won.NOTHING)
            found[row["subject_id"]] = Won.CROWD if row["crowd"] else Won.OWING if row["owing"] else before
        listed = [each for each in rows if each.relisted and each.subject_id in found]
        await write_list(connection, [_row_of(each) for each in listed if each.subject_id not in quarantined])
        # while they were folded, which a slot that is not ours allows
        await relist(connection, quarantined)
        return found

    async def set_aside(
        self,
        connection: Connection,
        subject_id: str,
        generation: int,
        *,
        error: bytes | None,
        held_for: str | None,
    ) -> None:
        """Quarantine a subject with its error, or hold it for whoever reads an event."""
        state, _ = encode_view(EMPTY)
        await connection.execute(
            statement("projections/quarantine_view"),
            slot_of(subject_id),
            generation,
            subject_id,
            state,
            fingerprint(EMPTY, self._keyring.hash),
            error,
            held_for,
        )
        await relist(connection, [subject_id])
