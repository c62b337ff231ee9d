"""Which version a card may refer to, and what its phone's app should fetch and delete."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from projections.card import Kind, Phase
from projections.choice import Nothing, Send
from projections.explain_pictures import Errands, lacking
from projections.face import content_hash, face_of
from projections.pictures import Album, Asset, Held, Use, named_in, on_screen_until, referring
from projections.reasons import Reason
from tests.examples.cards import card, live, seconds
from tests.examples.events import NOON
from tests.examples.views import on_its_way

DAY: Final = timedelta(hours=24)
OLD: Final = Asset(key="roma", sha256="aa" * 32, url="https://x", size_bytes=1, expires_at=None, put_at=NOON)
NEW: Final = replace(OLD, sha256="bb" * 32, put_at=NOON + timedelta(hours=1))
LATER: Final = NOON + timedelta(hours=2)
HAS_OLD: Final = Held(key="roma", sha256=OLD.sha256)
HAS_NEW: Final = Held(key="roma", sha256=NEW.sha256)


def use(ref: str | None = None, until: datetime = LATER + timedelta(hours=8)) -> Use:
    """Give a card that names the key."""
    return Use(card_id=UUID(int=1), slot=7, subject_id="order-1", key="roma", ref=ref, until=until)


def test_a_card_refers_to_the_newest_version_that_its_phone_has() -> None:
    """To an older one while the newest is not there; to none that was withdrawn, failed or is to be deleted."""
    versions = [NEW, OLD]

    assert Album(versions, [HAS_OLD, HAS_NEW]).refs({"roma"}) == {"roma": "roma@bbbbbbbbbbbb"}
    assert Album(versions, [HAS_OLD]).refs({"roma"}) == {"roma": "roma@aaaaaaaaaaaa"}
    assert Album(versions, []).refs({"roma", "bundled"}) == {"roma": None}
    assert Album(versions, [replace(HAS_NEW, problem="no_space")]).refs({"roma"}) == {"roma": None}
    assert Album(versions, [replace(HAS_NEW, dropping=True)]).refs({"roma"}) == {"roma": None}
    assert Album([replace(NEW, withdrawn_at=LATER)], [HAS_NEW]).refs({"roma"}) == {"roma": None}


def test_what_a_live_card_names_and_the_phone_lacks_is_fetched() -> None:
    """Only the newest, not once it has expired, and not for a card that is gone."""
    album = Album([OLD, NEW], [HAS_OLD])

    assert album.wanted([use()], LATER).fetch == (NEW,)
    assert album.wanted([use(until=LATER)], LATER).fetch == ()
    assert Album([replace(NEW, expires_at=LATER)], []).wanted([use()], LATER).fetch == ()
    assert Album([NEW], [HAS_NEW]).wanted([use()], LATER) == type(album.wanted([], LATER))((), (), LATER + 8 * DAY / 24)
    assert Album([NEW], [replace(HAS_NEW, problem="no_space")]).wanted([use()], LATER).fetch == (NEW,)


def test_an_expired_picture_goes_a_day_after_the_last_card_that_uses_it() -> None:
    """A card that shows it keeps it; without one it goes when it expires; until then it stays for the next order."""
    expired = replace(OLD, expires_at=LATER)
    album = Album([expired], [HAS_OLD])
    shown = use(expired.ref, until=LATER + timedelta(hours=1))
    free = LATER + timedelta(hours=25)

    assert album.wanted([], LATER - timedelta(seconds=1)).drop == ()
    assert album.wanted([], LATER - timedelta(seconds=1)).look_at == LATER
    assert album.wanted([], LATER).drop == (HAS_OLD,)
    assert album.wanted([shown], free - timedelta(seconds=1)).drop == ()
    assert album.wanted([shown], free - timedelta(seconds=1)).look_at == free
    assert album.wanted([shown], free).drop == (HAS_OLD,)
    assert album.refs({"roma"}) == {"roma": expired.ref}, "what is there may be shown"


@pytest.mark.parametrize("outdated", [[OLD, NEW], [replace(OLD, withdrawn_at=NEW.put_at)]])
def test_a_version_that_was_replaced_or_withdrawn_goes_a_day_later(outdated: list[Asset]) -> None:
    """Unless a card still refers to it."""
    album = Album(outdated, [HAS_OLD])

    assert album.wanted([], NEW.put_at + DAY - timedelta(seconds=1)).drop == ()
    assert album.wanted([], NEW.put_at + DAY).drop == (HAS_OLD,)
    assert album.wanted([use(OLD.ref, until=NEW.put_at + DAY)], NEW.put_at + DAY).drop == ()


def test_a_picture_that_the_manifest_does_not_know_goes() -> None:
    """Nothing would ever tell the app to delete it."""
    assert Album([], [HAS_OLD]).wanted([], NOON).drop == (HAS_OLD,)


def test_keys_are_found_and_replaced_where_the_definition_says() -> None:
    """In fields, lists and objects of lists; other keys and other fields stay as they are."""
    content: dict[str, Any] = {
        "imageKey": "roma", "more": ["roma", "box"], "orders": [{"imageKey": "roma"}, {"status": "roma"}],
        "status": "roma",
    }  # fmt: skip
    paths = ("imageKey", "more", "orders.imageKey", "absent.imageKey")
    written = msgspec.json.encode(content)

    assert named_in(content, paths) == {"roma", "box"}
    assert msgspec.json.decode(referring(written, paths, {"roma": None}, "plate")) == {
        "imageKey": "plate", "more": ["plate", "box"], "orders": [{"imageKey": "plate"}, {"status": "roma"}],
        "status": "roma",
    }  # fmt: skip
    assert referring(written, paths, {}, "plate") is written


def test_the_hash_is_of_what_the_card_shows_on_its_phone() -> None:
    """Two phones that have the same pictures share it; the placeholder and the picture differ."""
    drawn = face_of(replace(on_its_way(), image_key="roma"), b"key")
    bare, full = (drawn.referring({"roma": each}, "plate", b"key") for each in (None, NEW.ref))

    assert drawn.images == {"roma"}
    assert len({drawn.content_hash, bare.content_hash, full.content_hash}) == 3
    assert full.content_hash == content_hash(full.content, b"key")
    assert drawn.referring({}, "plate", b"key") is drawn


def test_a_card_may_be_on_the_screen_until() -> None:
    """Its dismissal, if it is ended; twelve hours from its start, if it is not; and not at all once it is over."""
    going = Send(kind=Kind.END, why="", timestamp=1, priority=10, dismiss_at=seconds(900))
    waits = Nothing(Reason.UNCHANGED, "")

    assert on_screen_until(live(), going, NOON) == seconds(900)
    assert on_screen_until(live(started_at=NOON), waits, seconds(60)) == NOON + timedelta(hours=12)
    assert on_screen_until(card(), waits, seconds(60)) == seconds(60) + timedelta(hours=12)
    assert on_screen_until(live(), replace(waits, phase=Phase.OVER), NOON) == NOON


WHYS: Final[dict[str, tuple[Errands, str]]] = {
    "not told": (Errands(album=Album([NEW], [])), "the app is about to be told"),
    "no token": (
        Errands(album=Album([NEW], []), outcome="no_token", why="It has no device token."),
        "the app was not told yet. It has no device token",
    ),
    "told": (
        Errands(album=Album([NEW], []), told_fetch=(NEW.ref,), told_at=NOON),
        "has not answered: iOS may not have woken it yet",
    ),
    "told, and answered": (
        Errands(album=Album([NEW], []), told_fetch=(NEW.ref,), told_at=NOON, reported_at=NOON),
        "has not said yet that it has it",
    ),
    "no room": (Errands(album=Album([NEW], [replace(HAS_NEW, problem="no_space")])), "there is no room for it"),
    "expired": (Errands(album=Album([replace(NEW, expires_at=NOON)], [])), "it expired at 12:00"),
    "withdrawn": (Errands(album=Album([replace(NEW, withdrawn_at=NOON)], [HAS_NEW])), "it was withdrawn"),
}


@pytest.mark.parametrize("name", WHYS)
def test_it_is_said_why_a_picture_is_not_there(name: str) -> None:
    """In a sentence, for whoever asks why the card shows a placeholder."""
    errands, why = WHYS[name]
    [found] = lacking(frozenset({"roma", "bundled"}), errands, LATER)

    assert (found.key, found.shows) == ("roma", None)
    assert why in found.why


def test_nothing_is_said_of_a_picture_that_is_there() -> None:
    """Of an older version it is said what is shown meanwhile."""
    assert lacking(frozenset({"roma"}), Errands(album=Album([NEW], [HAS_NEW])), LATER) == ()
    [found] = lacking(frozenset({"roma"}), Errands(album=Album([OLD, NEW], [HAS_OLD])), LATER)
    assert found.shows == OLD.ref
