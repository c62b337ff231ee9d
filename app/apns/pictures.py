"""What the cards of a batch refer to on their phones, and what is to be noted of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from events.postgres.pool import Connection
from projections.card import Card, Phase
from projections.choice import Nothing, Plan
from projections.face import Face
from projections.picture_store import read_albums_of_cards, read_uses
from projections.pictures import Album, Use, on_screen_until

SAME = timedelta(hours=1)
"""The time at which a card goes is not noted anew for less."""


class Pictures:
    """The pictures that the cards of a batch name.

    Args:
        albums: By device id; phones whose cards name no key of the manifest are not there.
        uses: As noted before, by device id.
        placeholder: Shown in the place of a picture, where the definition has none of its own.
        key: Keys content hashes.

    Attributes:
        noted: What is to be noted, by device id.
    """

    def __init__(
        self, albums: Mapping[str, Album], uses: Mapping[str, Sequence[Use]], *, placeholder: str, key: bytes
    ) -> None:
        self._albums = albums
        self._uses = uses
        self._placeholder, self._key = placeholder, key
        self._faces: dict[tuple[str, str, tuple[tuple[str, str | None], ...]], Face] = {}
        self.noted: list[tuple[str, Use]] = []

    @classmethod
    async def read(
        cls, connection: Connection, named: Collection[tuple[str, frozenset[str]]], *, placeholder: str, key: bytes
    ) -> "Pictures":
        """Read what phones have of the pictures that their cards name.

        Args:
            connection: Where to read.
            named: Device id and keys of each card.
            placeholder: As above.
            key: As above.
        """
        albums = await read_albums_of_cards(connection, named)
        uses = await read_uses(connection, albums) if albums else {}
        return cls(albums, uses, placeholder=placeholder, key=key)

    def face(self, card: Card, face: Face) -> Face:
        """Give what a card shows on its phone, rendered once for all phones that have the same."""
        album = self._albums.get(card.device_id)
        refs = {} if album is None else album.refs(face.images)
        if not refs:
            return face
        place = (card.subject_id, card.attributes_type, tuple(sorted(refs.items())))
        if place not in self._faces:
            self._faces[place] = face.referring(refs, self._placeholder, self._key)
        return self._faces[place]

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
            self.noted.append((card.device_id, use))
