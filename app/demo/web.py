"""Tracking pages, as data: orders and films whose customers follow a link, with the app and without."""

from app.demo.scenario import Cast
from app.demo.steps import (
    AtOnce,
    AwaitCard,
    AwaitLiveUpdate,
    AwaitPage,
    CutLine,
    Drift,
    Install,
    InstallAndroid,
    OpenPage,
    Say,
    SayAgain,
    SayTogether,
    Step,
    Story,
)
from app.demo.uploads import FILMS, UPLOAD


def tell_web(seed: int) -> list[Story]:
    """Give the stories; the seed chooses the cast."""
    cast = Cast(seed)
    return [
        _beside_the_phone(cast),
        _before_anything(cast),
        _through_tunnels(cast),
        _many_at_one_link(cast),
        _late_and_out_of_order(cast),
        _called_off(cast),
        _drifting(cast),
        _a_film(),
        _by_the_customers_ticket(cast),
        _strangers(cast),
        _opened_late(cast),
    ]


def _delivered(order: str) -> Say:
    return Say(order=order, type="delivered")


def _beside_the_phone(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="ana", customer="ana"),
        InstallAndroid(phone="ana-android", customer="ana"),
        cast.placed("dinner", "ana"),
        OpenPage(page="ana", order="dinner"),
        AwaitCard(phone="ana", order="dinner", token=True),
        AwaitLiveUpdate(phone="ana-android", order="dinner"),
        Say(order="dinner", type="accepted"),
        Say(order="dinner", type="preparing", data={"note": "Extra ginger, as you asked."}),
        Say(order="dinner", type="courier_assigned", data={"courierName": "Zoë <b>&amp;</b>"}),
        AwaitPage(page="ana", status="courier_assigned"),
        AwaitCard(phone="ana", order="dinner", status="courier_assigned"),
        Say(order="dinner", type="picked_up"),
        AwaitLiveUpdate(phone="ana-android", order="dinner", progress=75),
        _delivered("dinner"),
        AwaitPage(page="ana", status="delivered"),
        AwaitLiveUpdate(phone="ana-android", order="dinner", progress=100, over=True),
    )
    return Story(title="The card, the Live Update and the page of an order, side by side.", steps=steps)


def _before_anything(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        OpenPage(page="bob", order="coming"),
        AwaitPage(page="bob", phase="waiting"),
        cast.placed("coming", "bob"),
        AwaitPage(page="bob", status="placed"),
        Say(order="coming", type="ready"),
    )
    return Story(title="A link is opened before the order is there.", steps=steps)


def _through_tunnels(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("train", "cid"),
        OpenPage(page="cid", order="train"),
        AwaitPage(page="cid", status="placed"),
        CutLine(page="cid"),
        Say(order="train", type="accepted"),
        CutLine(page="cid"),
        Say(order="train", type="preparing"),
        AwaitPage(page="cid", status="preparing"),
        CutLine(page="cid"),
        AtOnce(steps=(Say(order="train", type="ready"), CutLine(page="cid"))),
        AwaitPage(page="cid", status="ready"),
        CutLine(page="cid"),
        _delivered("train"),
    )
    return Story(title="The line breaks again and again, also while the order ends.", steps=steps)


def _many_at_one_link(cast: Cast) -> Story:
    pages = [f"guest-{number}" for number in range(1, 13)]
    steps: tuple[Step, ...] = (
        cast.placed("party", "dan"),
        AtOnce(steps=tuple(OpenPage(page=each, order="party") for each in pages)),
        *(AwaitPage(page=each, status="placed") for each in pages),
        Say(order="party", type="ready"),
        *(AwaitPage(page=each, status="ready") for each in pages),
        _delivered("party"),
    )
    return Story(title="A dozen guests follow one link.", steps=steps)


def _late_and_out_of_order(cast: Cast) -> Story:
    early = (Say(order="stew", type="ready", minutes_ago=6), Say(order="stew", type="accepted", minutes_ago=18))
    steps: tuple[Step, ...] = (
        OpenPage(page="eva", order="stew"),
        SayTogether(events=early),
        cast.placed("stew", "eva", minutes_ago=20),
        SayAgain(order="stew"),
        AwaitPage(page="eva", status="ready"),
        Say(order="stew", type="preparing", minutes_ago=12),
    )
    return Story(title="News comes late, twice and in the wrong order.", steps=steps)


def _called_off(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("fish", "fin"),
        OpenPage(page="fin", order="fish"),
        AwaitPage(page="fin", status="placed"),
        Say(order="fish", type="cancelled", data={"reason": "No fish today."}),
        AwaitPage(page="fin", phase="over"),
    )
    return Story(title="An order is called off, and its page says so.", steps=steps)


def _drifting(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("moving", "gia"),
        OpenPage(page="gia", order="moving"),
        AwaitPage(page="gia", status="placed"),
        Drift(order="moving", minutes=20, step_seconds=90, times=5),
        Say(order="moving", type="courier_arriving"),
    )
    return Story(title="The delivery time moves on, and the page with it.", steps=steps)


def _a_film() -> Story:
    started = {"customerId": "hal", "fileName": FILMS[1], "sizeBytes": 734_003_200}
    steps: tuple[Step, ...] = (
        OpenPage(page="hal", order="reel"),
        Say(kind=UPLOAD, order="reel", type="started", data=started),
        *(Say(kind=UPLOAD, order="reel", type="progressed", data={"percent": each}, after=2) for each in (5, 60, 30)),
        AwaitPage(page="hal", status="under_way"),
        Say(kind=UPLOAD, order="reel", type="failed", data={"reason": "The phone has lost its connection."}),
    )
    return Story(title="A film, a kind of its own, has a page too.", steps=steps)


def _by_the_customers_ticket(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("mine", "ida"),
        OpenPage(page="ida", order="mine", customer="ida"),
        AwaitPage(page="ida", status="placed"),
        Say(order="mine", type="picked_up"),
    )
    return Story(title="A customer who is signed in follows by their own ticket.", steps=steps)


def _strangers(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("private", "jan"),
        OpenPage(page="jan", order="private"),
        AwaitPage(page="jan", status="placed"),
        OpenPage(page="eve", order="private", customer="eve", permitted=False),
        AwaitPage(page="eve", word="unknown"),
        Say(order="private", type="courier_assigned", data={"courierName": "Mira"}),
    )
    return Story(title="Somebody else's ticket opens nothing.", steps=steps)


def _opened_late(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("done", "kim"),
        _delivered("done"),
        OpenPage(page="kim", order="done"),
        AwaitPage(page="kim", phase="over"),
    )
    return Story(title="A link is opened when all is over.", steps=steps)
