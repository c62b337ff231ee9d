"""What the cards of a batch refer to on their phones, and what is to be noted of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from projections.android_card import on_android
from projections.card import Card, Phase
from projections.card_store import Claimed
from projections.choice import Nothing, Plan
from projections.face import Face, face_of
from projections.picture_store import note_uses, read_albums_of_cards, read_assets, read_uses
from projections.pictures import Album, Use, on_screen_until
from projections.view_store import StoredView

SAME = timedelta(hours=1)
"""The time at which a card goes is not noted anew for less."""

Drawn = Face | Exception | None
"""What a card shows, or why it cannot be drawn; None without a view."""


def draw(
    claimed: Sequence[Claimed], views: Mapping[str, StoredView], key: bytes, stopped: Collection[str]
) -> list[tuple[Claimed, Drawn]]:
    """Draw what each card shows, once for all of a subject and type on phones of one kind.

    Args:
        claimed: The cards.
        views: By subject.
        key: Keys content hashes.
        stopped: Subjects of which no further card is to be started.
    """
    faces: dict[tuple[str, str, bool], Drawn] = {}
    drawn: list[tuple[Claimed, Drawn]] = []
    for each in claimed:
        card, stored = each.card, views.get(each.card.subject_id)
        place = (card.subject_id, card.attributes_type, card.is_android)
        if place not in faces:
            try:
                face = None if stored is None else face_of(stored.shown, key, stored.heard_at, place[1])
                if face is not None and stored is not None and card.is_android:
                    face = on_android(face, stored.shown, place[1], key)
                faces[place] = face and replace(face, starts_stopped=card.subject_id in stopped)
            except Exception as error:  # noqa: BLE001 - its cards fail alone
                faces[place] = error
        drawn.append((each, faces[place]))
    return drawn


async def face_for_all(
    pool: Pool, stored: StoredView | None, attributes_type: str, placeholder: str, key: bytes
) -> Face | None:
    """Give what all phones are sent that follow a channel: nobody knows which of them have a picture of the manifest.

    Args:
        pool: Connections.
        stored: What the channel's subject shows; None where nothing is known of it.
        attributes_type: Of its cards.
        placeholder: Shown in the place of a picture.
        key: Keys content hashes.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    if stored is None:
        return None
    face = face_of(stored.view, key, stored.heard_at, attributes_type)
    if not face.images:
        return face
    with translated():
        listed = {each.key for each in await read_assets(pool, face.images)}
    return face.referring(dict.fromkeys(listed), placeholder, key)


class Pictures:
    """The pictures that the cards of a batch name.

    Args:
        albums: By device id; phones whose cards name no key of the manifest are not there.
        uses: As noted before, by device id.
        placeholder: Shown in the place of a picture, where the definition has none of its own.
        key: Keys content hashes.
    """

    def __init__(
        self, albums: Mapping[str, Album], uses: Mapping[str, Sequence[Use]], *, placeholder: str, key: bytes
    ) -> None:
        self._albums = albums
        self._uses = uses
        self._placeholder, self._key = placeholder, key
        self._faces: dict[tuple[str, str, tuple[tuple[str, str | None], ...]], Face] = {}
        self._noted: list[tuple[str, Use]] = []

    @classmethod
    async def read(
        cls, connection: Connection, drawn: Sequence[tuple[Claimed, Drawn]], placeholder: str, key: bytes
    ) -> "Pictures":
        """Read what phones have of the pictures that their cards name.

        Args:
            connection: Where to read.
            drawn: The cards, and what each shows.
            placeholder: As above.
            key: As above.
        """
        named = [(each.card.device_id, face.images) for each, face in drawn if isinstance(face, Face)]
        albums = await read_albums_of_cards(connection, named)
        uses = await read_uses(connection, albums) if albums else {}
        return cls(albums, uses, placeholder=placeholder, key=key)

    def face(self, card: Card, face: Face, *, shared: bool) -> Face:
        """Give what a card shows on its phone, rendered once for all phones that have the same.

        Args:
            card: The card.
            face: What it shows, with bare keys.
            shared: Its updates go to all phones alike, whatever they have.
        """
        album = self._albums.get(card.device_id)
        refs = {} if album is None else album.refs(face.images)
        if shared:
            refs = dict.fromkeys(refs)
        if not refs:
            return face
        place = (card.subject_id, card.attributes_type, tuple(sorted(refs.items())))
        if place not in self._faces:
            self._faces[place] = face.referring(refs, self._placeholder, self._key)
        return self._faces[place]

    async def write(self, pool: Pool) -> bool:
        """Write what is to be noted; False: there is nothing."""
        if self._noted:
            await note_uses(pool, self._noted)
        return bool(self._noted)

    def note(self, card: Card, face: Face | None, decided: Plan, now: datetime) -> None:
        """Note what a card uses by its plan, and until when, where that is not known yet."""
        album = self._albums.get(card.device_id)
        if album is None:
            return
        refs = {} if face is None else album.refs(face.images)
        over = card.phase is Phase.OVER or (isinstance(decided, Nothing) and decided.phase is Phase.OVER)
        until = on_screen_until(card, decided, now)
        known = {each.key: each for each in self._uses[card.device_id] if each.card_id == card.card_id}
        for key in refs.keys() | known.keys():
            before = known.get(key)
            if before is None and over:
                continue
            ends = until if key in refs else now
            ref = refs[key] if key in refs or before is None else before.ref
            if before is not None and before.ref == ref and before.until - SAME < ends < before.until + SAME:
                continue
            if before is not None and key not in refs and before.until <= now:
                continue
            use = Use(card_id=card.card_id, slot=card.slot, subject_id=card.subject_id, key=key, ref=ref, until=ends)
            self._noted.append((card.device_id, use))
