"""Orders of customers who have a phone with Android, as data."""

from collections.abc import Callable

from app.demo.steps import (
    AwaitCard,
    AwaitLiveUpdate,
    Install,
    InstallAndroid,
    MoveAndroid,
    Say,
    Step,
    Story,
    SwipeAway,
)

Placed = Callable[[str, str], Say]
"""Gives the event that places an order, by its name and its customer's."""


def tell_androids(placed: Placed) -> list[Story]:
    """Give the stories."""
    return [_through_a_tunnel(placed), _on_both_phones(placed), _swiped_away(placed)]


def _through_a_tunnel(placed: Placed) -> Story:
    steps: tuple[Step, ...] = (
        InstallAndroid(phone="rui", customer="rui"),
        placed("tunnel", "rui"),
        AwaitLiveUpdate(phone="rui", order="tunnel", progress=0),
        MoveAndroid(phone="rui", act="go_offline"),
        Say(order="tunnel", type="accepted"),
        Say(order="tunnel", type="ready"),
        MoveAndroid(phone="rui", act="go_online"),
        AwaitLiveUpdate(phone="rui", order="tunnel", progress=50),
        MoveAndroid(phone="rui", act="rotate_token"),
        Say(order="tunnel", type="picked_up"),
        AwaitLiveUpdate(phone="rui", order="tunnel", progress=75),
        Say(order="tunnel", type="delivered"),
    )
    return Story(title="A phone with Android is out of reach for a while, and gets another token.", steps=steps)


def _on_both_phones(placed: Placed) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="sami-iphone", customer="sami"),
        InstallAndroid(phone="sami-android", customer="sami"),
        placed("both", "sami"),
        AwaitCard(phone="sami-iphone", order="both", token=True),
        AwaitLiveUpdate(phone="sami-android", order="both"),
        Say(order="both", type="preparing", data={"note": "Without onions."}),
        MoveAndroid(phone="sami-android", act="restore"),
        Say(order="both", type="courier_assigned", data={"courierName": "Mira"}),
        AwaitLiveUpdate(phone="sami-android", order="both", progress=60),
        AwaitCard(phone="sami-iphone", order="both", status="courier_assigned"),
    )
    return Story(title="A customer has an iPhone, and moves to another phone with Android.", steps=steps)


def _swiped_away(placed: Placed) -> Story:
    steps: tuple[Step, ...] = (
        InstallAndroid(phone="tove", customer="tove"),
        placed("unwanted", "tove"),
        AwaitLiveUpdate(phone="tove", order="unwanted"),
        SwipeAway(phone="tove", order="unwanted"),
        Say(order="unwanted", type="accepted"),
        Say(order="unwanted", type="ready"),
    )
    return Story(title="The customer swipes the Live Update away; it never comes back.", steps=steps)
