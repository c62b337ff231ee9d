"""Which pictures a card may refer to on its phone, and what the phone's app should fetch or delete.

Pure. A card names a picture by its key. Where the key is in the manifest, the card refers to one version of it that
its phone is known to have, `taverna@3f2a9c1b04de`, else to a placeholder that the app brings along. A key that is not
in the manifest is a picture of the app's own, and stays as it is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from projections.card import LIFETIME, Card, Kind, Phase
from projections.choice import Nothing, Plan, Send

KEPT_AFTER_USE: Final = timedelta(hours=24)
"""How long a phone keeps a picture after the last card that uses it, once it is out of date."""

AFTERLIFE: Final = timedelta(hours=4)
"""Apple: a card that has ended is on the Lock Screen for so long at the most."""

HASH_SHOWN: Final = 12
"""Characters of the hash that tell versions of a key apart."""

_encode: Final = msgspec.json.Encoder().encode
_read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a picture, as the manifest has it.

    Attributes:
        sha256: Of the file, 64 hexadecimal digits.
        expires_at: No phone is told to fetch it from then on; None: it is always good.
        put_at: When it became the newest of its key.
        withdrawn_at: No card refers to it from then on.
    """

    key: str
    sha256: str
    url: str
    size_bytes: int
    expires_at: datetime | None
    put_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def ref(self) -> str:
        """Give what a card calls it, and the app its file."""
        return ref_of(self.key, self.sha256)

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What an app said of one version on its phone, last.

    Attributes:
        sha256: As in the manifest.
        problem: Why it could not be fetched; None: the phone has it.
        dropping: The app was told to delete it.
    """

    key: str
    sha256: str
    problem: str | None = None
    dropping: bool = False

    @property
    def ref(self) -> str:
        """Give what a card calls it."""
        return ref_of(self.key, self.sha256)


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A card that names a picture.

    Attributes:
        ref: What its last plan let it refer to; None: the placeholder.
        until: When the card is gone from the screen, at the latest.
    """

    card_id: UUID
    slot: int
    subject_id: str
    key: str
    ref: str | None
    until: datetime


class Wanted(msgspec.Struct, frozen=True):
    """What an app should do about the pictures on its phone.

    Attributes:
        fetch: What a card would show, and the phone lacks.
        drop: What is out of date, and no card has used for a day; and what the manifest does not know.
        look_at: When this may change by itself; None: never.
    """

    fetch: tuple[Asset, ...]
    drop: tuple[Held, ...]
    look_at: datetime | None


class Album(msgspec.Struct, frozen=True):
    """The pictures that matter to one phone.

    Attributes:
        assets: Versions in the manifest of the keys that count.
        held: What the app said of versions on the phone.
    """

    assets: Sequence[Asset]
    held: Sequence[Held]

    def refs(self, keys: Collection[str]) -> dict[str, str | None]:
        """Say what a card may refer to for each key of the manifest; None: the placeholder."""
        has = {(each.key, each.sha256) for each in self.held if each.problem is None and not each.dropping}
        found: dict[str, str | None] = {each.key: None for each in self.assets if each.key in keys}
        for each in sorted(self.assets, key=_age):
            if each.key in found and each.withdrawn_at is None and (each.key, each.sha256) in has:
                found[each.key] = each.ref
        return found

    def newest(self, key: str) -> Asset | None:
        """Give the version of a key that phones should have; None: all are withdrawn."""
        theirs = [each for each in self.assets if each.key == key and each.withdrawn_at is None]
        return max(theirs, key=_age, default=None)

    def wanted(self, uses: Collection[Use], now: datetime) -> Wanted:
        """Say what the app should fetch and delete, given the cards of the phone."""
        known = {(each.key, each.sha256): each for each in self.held if each.problem is None}
        used_until = {key: max(each.until for each in uses if each.key == key) for key in {each.key for each in uses}}
        fetch: list[Asset] = []
        drop: list[Held] = []
        times = [each for until in used_until.values() for each in (until, until + KEPT_AFTER_USE)]
        newest: dict[str, Asset] = {}
        for asset in sorted(self.assets, key=_age, reverse=True):
            held = known.get((asset.key, asset.sha256))
            current = newest.setdefault(asset.key, asset) if asset.withdrawn_at is None else None
            if asset.expires_at is not None:
                times.append(asset.expires_at)
            if current is asset and not asset.is_expired(now):
                if (held is None or held.dropping) and used_until.get(asset.key, now) > now:
                    fetch.append(asset)
            elif held is not None:
                outdated_at = asset.withdrawn_at or (None if current is asset or current is None else current.put_at)
                last = [each.until for each in uses if each.key == asset.key and each.ref == asset.ref]
                free_at = max([*last, *([] if outdated_at is None else [outdated_at])], default=None)
                if free_at is not None and free_at + KEPT_AFTER_USE > now:
                    times.append(free_at + KEPT_AFTER_USE)
                else:
                    drop.append(held)
        listed = {(each.key, each.sha256) for each in self.assets}
        drop += [each for place, each in known.items() if place not in listed]
        return Wanted(tuple(fetch), tuple(drop), min((each for each in times if each > now), default=None))


NO_PICTURES: Final = Album((), ())
"""That of a phone whose cards name no picture of the manifest."""


def ref_of(key: str, sha256: str) -> str:
    """Give what a card calls a version of a picture."""
    return f"{key}@{sha256[:HASH_SHOWN]}"


def _age(asset: Asset) -> tuple[datetime, str]:
    return asset.put_at, asset.sha256


def named_in(content: Mapping[str, Any], paths: Collection[str]) -> frozenset[str]:
    """Give the keys that a content state names.

    Args:
        content: A content state, decoded.
        paths: Of the fields that hold keys, `imageKey` or `orders.imageKey`; lists are gone through.
    """
    return frozenset(key for path in paths for key in _found(content, path.split(".")))


def referring(content: bytes, paths: Collection[str], refs: Mapping[str, str | None], placeholder: str) -> bytes:
    """Give a content state, JSON, that refers to what the phone has.

    Args:
        content: It names pictures by their keys.
        paths: As for `named_in`.
        refs: What may be referred to, by key; None: the placeholder. Other keys stay.
        placeholder: The name of a picture in the app.
    """
    if not refs or not paths:
        return content
    shown = _read_object(content)
    for path in paths:
        _refer(shown, path.split("."), refs, placeholder)
    return _encode(shown)


def _found(value: Any, steps: Sequence[str]) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _found(each, steps)
    elif not steps:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict):
        yield from _found(value.get(steps[0]), steps[1:])


def _refer(value: Any, steps: Sequence[str], refs: Mapping[str, str | None], placeholder: str) -> None:
    if isinstance(value, list):
        for each in value:
            _refer(each, steps, refs, placeholder)
    elif isinstance(value, dict) and steps[0] in value:
        inner = value[steps[0]]
        if len(steps) > 1:
            _refer(inner, steps[1:], refs, placeholder)
        elif isinstance(inner, list):
            value[steps[0]] = [_reference(each, refs, placeholder) for each in inner]
        else:
            value[steps[0]] = _reference(inner, refs, placeholder)


def _reference(key: Any, refs: Mapping[str, str | None], placeholder: str) -> Any:
    return (refs[key] or placeholder) if isinstance(key, str) and key in refs else key


def on_screen_until(card: Card, decided: Plan, now: datetime) -> datetime:
    """Tell until when a card may be on the screen at the latest, by its newest plan."""
    if isinstance(decided, Send) and decided.kind is Kind.END:
        return now + AFTERLIFE if decided.dismiss_at is None else decided.dismiss_at
    if card.phase is Phase.OVER or (isinstance(decided, Nothing) and decided.phase is Phase.OVER):
        return now
    # one that waits for its start may live for as long from now on
    ends_at = now + LIFETIME if card.phase is Phase.WANTED else card.ends_by_itself_at
    return ends_at + AFTERLIFE
