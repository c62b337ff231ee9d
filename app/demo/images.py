"""Orders with pictures, as data: the placeholder first, the picture once it is on the phone."""

from app.demo.scenario import Cast, in_turn
from app.demo.steps import (
    Allow,
    AtOnce,
    AwaitAnswers,
    AwaitCard,
    AwaitPicture,
    Install,
    Picture,
    PutPicture,
    Say,
    Step,
    Story,
    WithdrawPicture,
)
from app.simulator.behaviour import Behaviour

FETCHES = Behaviour(fetches_pictures=True)
_NO_ROOM = Behaviour(fetches_pictures=True, storage_bytes=100)
_SECONDS_BETWEEN_STORIES = 2.0


def tell_images(seed: int) -> list[Story]:
    """Give the stories; the seed chooses merchants and how the phone of a stranger behaves."""
    cast = Cast(seed)
    told = [
        _picture_after(cast),
        _put_late(cast),
        _next_order(cast),
        _new_version(cast),
        _own_picture(cast),
        _no_room(cast),
        _withdrawn(cast),
        _cannot_be_had(cast),
        _before_pictures(cast),
        _never_allowed(cast),
        _late_allow(cast),
        _stranger(cast),
    ]
    return in_turn(told, seconds=_SECONDS_BETWEEN_STORIES)


def _ordered(cast: Cast, order: str, customer: str, picture: str) -> Say:
    placed = cast.placed(order, customer)
    return Say(order=order, type="placed", data=placed.data | {"imageKey": Picture(name=picture)})


def _picture_after(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="ilios"),
        Install(phone="ana", customer="ana", behaviour=FETCHES),
        _ordered(cast, "soup", "ana", "ilios"),
        AwaitCard(phone="ana", order="soup", token=True),
        AwaitPicture(phone="ana", order="soup", picture="ilios"),
        Say(order="soup", type="accepted"),
    )
    return Story(
        title="A card appears with a placeholder; the picture follows once the app has fetched it.", steps=steps
    )


def _put_late(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="lea", customer="lea", behaviour=FETCHES),
        _ordered(cast, "stew", "lea", "market"),
        AwaitCard(phone="lea", order="stew", token=True),
        PutPicture(picture="market"),
        AwaitPicture(phone="lea", order="stew", picture="market"),
    )
    return Story(title="A picture is put after its card was sent, and the card changes by itself.", steps=steps)


def _next_order(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="roma"),
        Install(phone="ben", customer="ben", behaviour=FETCHES),
        _ordered(cast, "lunch", "ben", "roma"),
        AwaitPicture(phone="ben", order="lunch", picture="roma"),
        Say(order="lunch", type="delivered"),
        _ordered(cast, "dinner", "ben", "roma"),
        AwaitPicture(phone="ben", order="dinner", picture="roma"),
    )
    return Story(title="The next order of the same shop begins with the picture.", steps=steps)


def _new_version(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="sushi"),
        Install(phone="cleo", customer="cleo", behaviour=FETCHES),
        _ordered(cast, "maki", "cleo", "sushi"),
        AwaitPicture(phone="cleo", order="maki", picture="sushi"),
        PutPicture(picture="sushi", version=2),
        AwaitPicture(phone="cleo", order="maki", picture="sushi", version=2),
        Say(order="maki", type="ready"),
    )
    return Story(title="A new picture: the card shows the old one until the new one is there.", steps=steps)


def _own_picture(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="wok"),
        Install(phone="dan", customer="dan", behaviour=FETCHES),
        _ordered(cast, "noodles", "dan", "wok"),
        AwaitPicture(phone="dan", order="noodles", picture="wok"),
        Say(order="noodles", type="courier_assigned", data={"courierName": "Mira", "imageKey": "bicycle"}),
    )
    return Story(title="The courier's picture is one that the app brings along.", steps=steps)


def _no_room(cast: Cast) -> Story:
    phones: tuple[Step, ...] = (
        Install(phone="eva-phone", customer="eva", behaviour=FETCHES),
        Install(phone="eva-tablet", customer="eva", behaviour=_NO_ROOM),
    )
    steps: tuple[Step, ...] = (
        PutPicture(picture="bakery"),
        AtOnce(steps=phones),
        _ordered(cast, "bread", "eva", "bakery"),
        AwaitPicture(phone="eva-phone", order="bread", picture="bakery"),
        AwaitPicture(phone="eva-tablet", order="bread"),
        Say(order="bread", type="preparing"),
    )
    return Story(title="A tablet without room keeps the placeholder; the customer's phone does not.", steps=steps)


def _withdrawn(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="closed"),
        Install(phone="finn", customer="finn", behaviour=FETCHES),
        _ordered(cast, "fish", "finn", "closed"),
        AwaitPicture(phone="finn", order="fish", picture="closed"),
        WithdrawPicture(picture="closed"),
        AwaitPicture(phone="finn", order="fish"),
    )
    return Story(title="The shop withdraws its picture, and the card shows the placeholder.", steps=steps)


def _cannot_be_had(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="missing", served="missing"),
        PutPicture(picture="other", served="other"),
        PutPicture(picture="expired", expires_minutes=-1),
        Install(phone="gus", customer="gus", behaviour=FETCHES),
        _ordered(cast, "missing", "gus", "missing"),
        _ordered(cast, "other", "gus", "other"),
        _ordered(cast, "expired", "gus", "expired"),
        AwaitPicture(phone="gus", order="missing"),
        AwaitPicture(phone="gus", order="other"),
        AwaitPicture(phone="gus", order="expired"),
    )
    return Story(title="Pictures that are not there, are others, or have expired are never shown.", steps=steps)


def _before_pictures(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="old-app"),
        Install(phone="hal", customer="hal"),
        _ordered(cast, "pie", "hal", "old-app"),
        AwaitPicture(phone="hal", order="pie"),
        Say(order="pie", type="accepted"),
    )
    return Story(title="An app from before pictures shows the placeholder.", steps=steps)


def _never_allowed(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="silent"),
        Install(phone="ida", customer="ida", behaviour=Behaviour(fetches_pictures=True, allow="never")),
        _ordered(cast, "cake", "ida", "silent"),
        AwaitCard(phone="ida", order="cake"),
        AwaitAnswers(phone="ida"),
        Say(order="cake", type="ready"),
    )
    return Story(title="The customer never taps Allow: the card keeps what it was started with.", steps=steps)


def _late_allow(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="late"),
        Install(phone="jan", customer="jan", behaviour=Behaviour(fetches_pictures=True, allow="later")),
        _ordered(cast, "tea", "jan", "late"),
        AwaitCard(phone="jan", order="tea"),
        Allow(phone="jan"),
        AwaitPicture(phone="jan", order="tea", picture="late"),
    )
    return Story(title="The customer taps Allow late, and the card catches up, its picture included.", steps=steps)


def _stranger(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        PutPicture(picture="strange"),
        Install(phone="kim", customer="kim", behaviour=cast.stranger(fetches_pictures=True)),
        _ordered(cast, "pizza", "kim", "strange"),
        Say(order="pizza", type="accepted"),
        PutPicture(picture="strange", version=2),
        Say(order="pizza", type="preparing"),
    )
    return Story(title="A phone that behaves as phones do.", steps=steps)
