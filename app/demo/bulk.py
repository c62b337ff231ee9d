"""Concerts, as data: cards for everybody, for a segment, for a list, with those who come and go in the middle."""

from typing import Any, Final

from app.demo.steps import AtOnce, AwaitCard, AwaitNoCard, Install, NameSegment, Say, SignIn, Step, Story, Tag
from app.simulator.behaviour import Behaviour
from app.simulator.declaration import Declaration

CONCERT: Final = Declaration(
    name="ConcertAttributes",
    attributes={"cardId": "str", "subject": "str", "band": "str"},
    content={"song": "str", "minute": "int?"},
    subject="subject",
)
"""What the app declares for them."""

CROWD: Final = 24
MEMBERS: Final = 8
_TAGGED: Final = 4


def tell_bulk(seed: int) -> list[Story]:
    """Give the stories; the seed chooses the bands."""
    return [_everybody(seed), _segment(seed), _listed(seed)]


def _started(concert: str, audience: dict[str, Any], band: str) -> Say:
    alert = {"title": band, "body": {"default": "On stage!", "byLocale": {"el": "Στη σκηνή!"}}}
    data = {
        "audience": audience,
        "attributesType": CONCERT.name,
        "attributes": {"band": band},
        "contentState": {"song": "Intro"},
        "alert": alert,
    }
    return Say(kind="activity", order=concert, type="started", data=data, after=2)


def _plays(concert: str, song: str, minute: int) -> Say:
    data = {"contentState": {"song": song, "minute": minute}}
    return Say(kind="activity", order=concert, type="updated", data=data, after=4)


def _shown(concert: str, *phones: str) -> AtOnce:
    return AtOnce(steps=tuple(AwaitCard(phone=each, order=concert) for each in phones))


def _band(seed: int, place: int) -> str:
    return ("Λάμπες", "The Kettles", "Trio 7", "日本橋")[(seed + place) % 4]


def _everybody(seed: int) -> Story:
    """Tell of a concert for every phone that there is, those of the other stories included."""
    behaviours = (Behaviour(), Behaviour(), Behaviour(allow="never"), Behaviour(ios_version="17.0"))
    steps: tuple[Step, ...] = (
        AtOnce(
            steps=tuple(
                Install(phone=f"crowd-{each}", customer=f"crowd-{each}", behaviour=behaviours[each % 4])
                for each in range(CROWD)
            )
        ),
        _started("festival", {"everybody": True}, _band(seed, 0)),
        _shown("festival", *(f"crowd-{each}" for each in range(CROWD) if each % 4 != 3)),
        Install(phone="late", customer="late"),
        _plays("festival", "Kettle blues", 12),
        _shown("festival", "late"),
        SignIn(phone="crowd-0", customer="somebody"),
        _plays("festival", "Encore", 74),
        Say(kind="activity", order="festival", type="ended", after=4),
    )
    return Story(title=f"A concert for everybody: {CROWD} phones, and one that comes late.", steps=steps)


def _segment(seed: int) -> Story:
    tagged = tuple(Tag(customer=f"member-{each}", tags=("club",)) for each in range(_TAGGED))
    steps: tuple[Step, ...] = (
        AtOnce(steps=tuple(Install(phone=f"member-{each}", customer=f"member-{each}") for each in range(MEMBERS))),
        *tagged,
        NameSegment(name="club", tag="club"),
        _started("club-night", {"segment": "club"}, _band(seed, 1)),
        _shown("club-night", *(f"member-{each}" for each in range(_TAGGED))),
        Tag(customer="member-6", tags=("club", "new")),
        Install(phone="second", customer="member-1"),
        _shown("club-night", "member-6", "second"),
        _plays("club-night", "Last waltz", 90),
        Say(kind="activity", order="club-night", type="ended", after=4),
    )
    return Story(title="A concert for a segment, which somebody joins in the middle.", steps=steps)


def _listed(seed: int) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(steps=tuple(Install(phone=f"guest-{each}", customer=f"guest-{each}") for each in range(3))),
        _started("private", {"customers": ["guest-0", "guest-1"]}, _band(seed, 2)),
        _shown("private", "guest-0", "guest-1"),
        SignIn(phone="guest-1", customer="stranger"),
        AwaitNoCard(phone="guest-1", order="private"),
        _plays("private", "Lullaby", 30),
    )
    return Story(title="A concert for two guests, one of whom lends the phone to somebody.", steps=steps)
