"""Bookings, as data: orders whose card appears long after they were placed, here after seconds.

Their times are short, so that a run is: what matters is that they are still ahead when the order is placed.
"""

from app.demo.scenario import Cast, moved
from app.demo.steps import (
    AwaitAnswers,
    AwaitCard,
    AwaitNoCard,
    Dismiss,
    Install,
    RotateStartTokens,
    Say,
    SignIn,
    SignOut,
    Step,
    Story,
)
from app.simulator.behaviour import Behaviour

_SOON, _NEXT_WEEK = 0.1, 10_080.0
"""Minutes."""


def tell_bookings(seed: int) -> list[Story]:
    """Give the stories; the seed chooses the merchants."""
    cast = Cast(seed)
    return [
        _by_the_token_of_then(cast),
        _called_off(cast),
        _moved_later_and_earlier(cast),
        _moved_away(cast),
        _moved_away_and_back(cast),
        _swiped_away(cast),
        _another_phone(cast),
        _never_allowed(cast),
    ]


def _by_the_token_of_then(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="rosa", customer="rosa"),
        AwaitAnswers(phone="rosa"),
        cast.booked("table", "rosa", show=_SOON),
        RotateStartTokens(phone="rosa"),
        Say(order="table", type="accepted"),
        Say(order="table", type="note", data={"text": "A table by the window.", "alert": True}),
        AwaitCard(phone="rosa", order="table", status="accepted", token=True),
        Say(order="table", type="ready"),
        AwaitCard(phone="rosa", order="table", status="ready"),
        Say(order="table", type="delivered"),
    )
    return Story(title="A table is booked; its card appears by the start token of then.", steps=steps)


def _called_off(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="samir", customer="samir"),
        AwaitAnswers(phone="samir"),
        cast.booked("called-off", "samir", show=_SOON),
        Say(order="called-off", type="cancelled", data={"reason": "The guest is ill."}),
    )
    return Story(title="A booking is called off before its card appears: there never is one.", steps=steps)


def _moved_later_and_earlier(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="tove", customer="tove"),
        cast.booked("moved", "tove", show=_SOON),
        moved("moved", show=_NEXT_WEEK),
        moved("moved", show=_SOON),
        AwaitCard(phone="tove", order="moved", token=True),
        Say(order="moved", type="ready"),
    )
    return Story(title="A booking moves later and then earlier, before its card appears.", steps=steps)


def _moved_away(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="uma", customer="uma"),
        cast.booked("away", "uma", show=-1),
        AwaitCard(phone="uma", order="away", token=True),
        moved("away", show=_NEXT_WEEK),
        AwaitNoCard(phone="uma", order="away"),
        Say(order="away", type="accepted"),
    )
    return Story(title="A booking moves to next week; its card goes.", steps=steps)


def _moved_away_and_back(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="vito", customer="vito"),
        cast.booked("back", "vito", show=-1),
        AwaitCard(phone="vito", order="back", token=True),
        moved("back", show=_NEXT_WEEK),
        AwaitNoCard(phone="vito", order="back"),
        moved("back", show=_SOON),
        AwaitCard(phone="vito", order="back", token=True),
        Say(order="back", type="ready"),
    )
    return Story(title="A booking moves to next week and back; its card goes and comes anew.", steps=steps)


def _swiped_away(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="wanda", customer="wanda"),
        cast.booked("unwanted", "wanda", show=-1),
        AwaitCard(phone="wanda", order="unwanted", token=True),
        Dismiss(phone="wanda", order="unwanted"),
        AwaitAnswers(phone="wanda"),
        moved("unwanted", show=_SOON),
        Say(order="unwanted", type="accepted"),
    )
    return Story(title="The guest swipes the card away; it stays away though the booking moves.", steps=steps)


def _another_phone(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="xenia-old", customer="xenia"),
        AwaitAnswers(phone="xenia-old"),
        cast.booked("new-phone", "xenia", show=_SOON),
        SignOut(phone="xenia-old"),
        SignIn(phone="xenia-old", customer="yusuf"),
        Install(phone="xenia-new", customer="xenia"),
        AwaitCard(phone="xenia-new", order="new-phone", token=True),
        AwaitNoCard(phone="xenia-old", order="new-phone"),
        Say(order="new-phone", type="ready"),
    )
    return Story(title="The guest has another phone by then, and somebody else the old one.", steps=steps)


def _never_allowed(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="zita", customer="zita", behaviour=Behaviour(allow="never")),
        cast.booked("untold", "zita", show=_SOON),
        Say(order="untold", type="accepted"),
        AwaitCard(phone="zita", order="untold"),
        Say(order="untold", type="ready"),
    )
    return Story(title="The guest never taps Allow: the card stays as it was started.", steps=steps)
