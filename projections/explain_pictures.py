"""Which pictures of a card are not on its phone, and why: pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from projections.clock import moment_of
from projections.pictures import Album, Asset, Held

_SHARED: Final = "the card follows a channel, whose pushes are the same for all phones, whatever they have"
_PROBLEMS: Final = {
    "unreachable": "the app could not fetch it: see that its address in the manifest answers",
    "wrong_size": "the app fetched a file of another size than the manifest says: put what is right",
    "wrong_hash": "the app fetched another file than the manifest says: put what is right",
    "no_space": "there is no room for it on the phone",
    "not_a_picture": "the app fetched it, and cannot draw it",
}


class Errands(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a phone's pictures, and what its app was told.

    Attributes:
        album: The pictures.
        told_fetch: What the app was told to fetch last; names of versions.
        told_at: When.
        reported_at: When the app said last what it has.
        outcome: What became of the last look at the phone, in a word.
        why: And in a sentence.
    """

    album: Album
    told_fetch: tuple[str, ...] = ()
    told_at: datetime | None = None
    reported_at: datetime | None = None
    outcome: str | None = None
    why: str | None = None


class LackingPicture(msgspec.Struct, frozen=True, rename="camel"):
    """A picture that a card does not show as the manifest has it.

    Attributes:
        shows: What stands in its place: an older version; None for the placeholder.
        why: Why the newest is not there.
    """

    key: str
    shows: str | None
    why: str


def lacking(
    images: frozenset[str], errands: Errands | None, now: datetime, *, shared: bool = False
) -> tuple[LackingPicture, ...]:
    """Say which of the pictures that a card names are not there, and why.

    Args:
        images: Their keys.
        errands: None where no key of them is in the manifest.
        now: The time of the question.
        shared: The card follows a channel.
    """
    if errands is None:
        return ()
    if shared:
        return tuple(LackingPicture(each, None, _SHARED) for each in sorted(errands.album.refs(images)))
    return tuple(_lacking(images, errands, now))


def _lacking(images: frozenset[str], errands: Errands, now: datetime) -> Iterator[LackingPicture]:
    album = errands.album
    refs = album.refs(images)
    for key in sorted(refs):
        newest = album.newest(key)
        if newest is None:
            yield LackingPicture(key, None, "it was withdrawn from the manifest")
        elif newest.ref != refs[key]:
            held = next((each for each in album.held if (each.key, each.sha256) == (key, newest.sha256)), None)
            yield LackingPicture(key, refs[key], _why(newest, held, errands, now))


def _why(newest: Asset, held: Held | None, errands: Errands, now: datetime) -> str:
    if newest.expires_at is not None and newest.is_expired(now):
        return f"it expired at {moment_of(newest.expires_at, now)}: put it anew to have it fetched"
    if held is not None and held.problem is not None:
        return _PROBLEMS.get(held.problem, f"the app could not fetch it ({held.problem})")
    if newest.ref in errands.told_fetch and errands.told_at is not None:
        told = f"the app was told to fetch it at {moment_of(errands.told_at, now)}"
        if errands.reported_at is None or errands.reported_at < errands.told_at:
            return f"{told}, and has not answered: iOS may not have woken it yet; opening the app helps"
        return f"{told}, and has not said yet that it has it"
    if errands.why is None or errands.outcome in ("nothing", "told"):
        return "the app is about to be told"
    return f"the app was not told yet. {errands.why.removesuffix('.')}"
