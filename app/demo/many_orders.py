"""Customers with several orders at once, as data: one card shows them all."""

from itertools import pairwise

from app.demo.scenario import Cast, in_turn, moved
from app.demo.steps import (
    Allow,
    AtOnce,
    AwaitAnswers,
    AwaitCard,
    AwaitNoCard,
    Dismiss,
    In,
    Install,
    RotateToken,
    Say,
    SayAgain,
    SayTogether,
    SignIn,
    SignOut,
    Step,
    Story,
)
from app.simulator.behaviour import Behaviour

_SOON, _NEXT_WEEK = 0.05, 10_080.0
"""Minutes."""
_LONG_NAME = "🐟🐠🦑🦐🦞🦀 Ιχθυοπωλείον すし花 🍣🍤🍙🍱🥢 مطعم السمك"
_SECONDS_BETWEEN_STORIES = 2.0


def tell_many_orders(seed: int) -> list[Story]:
    """Give the stories; the seed chooses merchants and how the phone of a stranger behaves."""
    cast = Cast(seed)
    told = [
        _join_and_leave(cast),
        _two_phones(cast),
        _more_than_have_a_place(cast),
        _next_order(cast),
        _swiped_away(cast),
        _signs_in_meanwhile(cast),
        _another_customer(cast),
        _long_names(cast),
        _one_after_the_other(cast),
        _registers_meanwhile(cast),
        _a_booking_joins(cast),
        _a_booking_moves_away(cast),
        _called_off(cast),
        _out_of_order(cast),
        _late_allow(cast),
        _never_allowed(cast),
        _force_quit(cast),
        _before_cards(cast),
        _stranger(cast),
    ]
    return in_turn(told, seconds=_SECONDS_BETWEEN_STORIES)


def _delivered(order: str) -> Say:
    return Say(order=order, type="delivered")


def _join_and_leave(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="aris", customer="aris"),
        cast.placed("soup", "aris"),
        AwaitCard(phone="aris", order="soup", token=True),
        cast.placed("bread", "aris"),
        Say(order="soup", type="accepted", data={"deliveryTime": In(25)}),
        AwaitCard(phone="aris", order="bread"),
        cast.placed("cake", "aris", minutes=None),
        Say(order="bread", type="ready"),
        _delivered("soup"),
        AwaitNoCard(phone="aris", order="soup"),
        Say(order="cake", type="picked_up", data={"deliveryTime": In(12)}),
        Say(order="bread", type="cancelled", data={"reason": "The oven is cold."}),
        AwaitCard(phone="aris", order="cake", status="picked_up"),
        _delivered("cake"),
        AwaitNoCard(phone="aris", order="cake"),
    )
    return Story(title="Three orders join and leave one card, which ends with the last.", steps=steps)


def _two_phones(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(
            steps=(
                Install(phone="bea-phone", customer="bea"),
                Install(phone="bea-tablet", customer="bea", behaviour=Behaviour(frequent_pushes_enabled=False)),
            )
        ),
        AtOnce(steps=(cast.placed("pizza", "bea"), cast.placed("wine", "bea"))),
        AwaitCard(phone="bea-phone", order="pizza", token=True),
        AwaitCard(phone="bea-tablet", order="wine", token=True),
        RotateToken(phone="bea-phone", order="pizza"),
        Say(order="pizza", type="preparing"),
        Say(order="wine", type="ready"),
    )
    return Story(title="A phone and a tablet show the same two orders.", steps=steps)


def _more_than_have_a_place(cast: Cast) -> Story:
    dishes = [f"dish-{number}" for number in range(1, 12)]
    placed = [cast.placed(each, "carl") for each in dishes]
    steps: tuple[Step, ...] = (
        Install(phone="carl", customer="carl"),
        SayTogether(events=tuple(placed[:10])),
        AwaitCard(phone="carl", order="dish-10", token=True),
        AwaitNoCard(phone="carl", order="dish-1"),
        placed[10],
        Say(order="dish-1", type="ready"),
        _delivered("dish-6"),
        _delivered("dish-9"),
        AwaitCard(phone="carl", order="dish-2"),
    )
    return Story(title="Eleven orders: eight have a place, the others are counted until one leaves.", steps=steps)


def _next_order(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="dora", customer="dora"),
        cast.placed("lunch", "dora"),
        AwaitCard(phone="dora", order="lunch", token=True),
        _delivered("lunch"),
        AwaitNoCard(phone="dora", order="lunch"),
        cast.placed("dinner", "dora"),
        AwaitCard(phone="dora", order="dinner", token=True),
        Say(order="dinner", type="accepted"),
    )
    return Story(title="The next order, after the last one has ended, has a new card.", steps=steps)


def _swiped_away(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(
            steps=(Install(phone="eli-phone", customer="eli"), Install(phone="eli-tablet", customer="eli")),
        ),
        cast.placed("tea", "eli"),
        AwaitCard(phone="eli-phone", order="tea", token=True),
        AwaitCard(phone="eli-tablet", order="tea", token=True),
        Dismiss(phone="eli-phone", order="tea"),
        AwaitAnswers(phone="eli-phone"),
        cast.placed("scones", "eli"),
        AwaitCard(phone="eli-tablet", order="scones"),
        _delivered("tea"),
        _delivered("scones"),
        # the tablet tells that all are known to be over
        AwaitNoCard(phone="eli-tablet", order="scones"),
        cast.placed("supper", "eli"),
        AwaitCard(phone="eli-phone", order="supper", token=True),
        AwaitCard(phone="eli-tablet", order="supper", token=True),
        cast.placed("biscuits", "eli"),
        AwaitCard(phone="eli-phone", order="biscuits"),
        Dismiss(phone="eli-phone", order="biscuits"),
        AwaitAnswers(phone="eli-phone"),
        _delivered("biscuits"),
        Say(order="supper", type="ready"),
    )
    return Story(title="A card that is swiped away stays away until all is over; the next one comes.", steps=steps)


def _signs_in_meanwhile(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        cast.placed("rice", "fay"),
        cast.placed("beans", "fay"),
        Say(order="rice", type="ready"),
        _delivered("beans"),
        cast.placed("plums", "fay"),
        Install(phone="fay", customer="fay"),
        AwaitCard(phone="fay", order="rice", status="ready", token=True),
        Say(order="plums", type="accepted"),
    )
    return Story(title="A phone signs in while two orders are open.", steps=steps)


def _another_customer(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="family", customer="gil"),
        AtOnce(steps=(cast.placed("gils-salad", "gil"), cast.placed("gils-juice", "gil"))),
        cast.placed("helens-secret", "helen"),
        AwaitCard(phone="family", order="gils-salad", token=True),
        AwaitCard(phone="family", order="gils-juice"),
        AwaitAnswers(phone="family"),
        SignOut(phone="family"),
        Say(order="gils-salad", type="accepted"),
        SignIn(phone="family", customer="helen"),
        AwaitCard(phone="family", order="helens-secret", token=True),
        AwaitNoCard(phone="family", order="gils-salad"),
        Say(order="gils-juice", type="ready"),
        Say(order="helens-secret", type="ready"),
        Install(phone="gils-new", customer="gil"),
        AwaitCard(phone="gils-new", order="gils-juice", status="ready", token=True),
    )
    return Story(title="Another customer signs in on the phone, and sees their own orders alone.", steps=steps)


def _long_names(cast: Cast) -> Story:
    orders = [f"feast-{number}" for number in range(1, 9)]
    placed = [cast.placed(each, "ines") for each in orders]
    long = {"merchantName": _LONG_NAME, "orderNumber": "№" * 40}
    told = [Say(order=each.order, type=each.type, data=each.data | long) for each in placed]
    steps: tuple[Step, ...] = (
        Install(phone="ines", customer="ines"),
        *told,
        AwaitCard(phone="ines", order=orders[-1], token=True),
        AwaitNoCard(phone="ines", order=orders[0]),
        Say(order=orders[-2], type="ready"),
        Say(order=orders[-1], type="ready"),
    )
    return Story(title="Eight orders with long names: the oldest have no room.", steps=steps)


def _one_after_the_other(cast: Cast) -> Story:
    courses = [f"course-{number}" for number in range(1, 7)]
    steps: tuple[Step, ...] = (
        Install(phone="jon", customer="jon"),
        cast.placed(courses[0], "jon"),
        AwaitCard(phone="jon", order=courses[0], token=True),
        *(step for each, after in pairwise(courses) for step in (_delivered(each), cast.placed(after, "jon"))),
        AwaitCard(phone="jon", order=courses[-1], token=True),
    )
    return Story(title="The last order is hardly over when the next one comes, again and again.", steps=steps)


def _registers_meanwhile(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(
            steps=(cast.placed("fries", "kai"), Install(phone="kai", customer="kai"), cast.placed("slaw", "kai")),
        ),
        AtOnce(steps=(Say(order="fries", type="accepted"), Say(order="slaw", type="ready"))),
        AwaitCard(phone="kai", order="fries", token=True),
        AwaitCard(phone="kai", order="slaw"),
        Say(order="slaw", type="picked_up"),
    )
    return Story(title="A phone registers while two orders are being placed.", steps=steps)


def _a_booking_joins(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="lou", customer="lou"),
        cast.booked("table", "lou", show=_SOON),
        cast.placed("snack", "lou"),
        AwaitCard(phone="lou", order="snack", token=True),
        AwaitCard(phone="lou", order="table"),
        Say(order="table", type="accepted"),
        _delivered("snack"),
        AwaitNoCard(phone="lou", order="snack"),
        Say(order="table", type="ready"),
    )
    return Story(title="A booking joins the card when its time comes.", steps=steps)


def _a_booking_moves_away(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="mia", customer="mia"),
        cast.booked("theatre", "mia", show=-1),
        cast.placed("drinks", "mia"),
        AwaitCard(phone="mia", order="theatre", token=True),
        AwaitCard(phone="mia", order="drinks"),
        moved("theatre", show=_NEXT_WEEK),
        AwaitNoCard(phone="mia", order="theatre"),
        _delivered("drinks"),
        AwaitNoCard(phone="mia", order="drinks"),
        moved("theatre", show=_SOON),
        AwaitCard(phone="mia", order="theatre", token=True),
        moved("theatre", show=_NEXT_WEEK),
        AwaitNoCard(phone="mia", order="theatre"),
    )
    return Story(title="A booking moves away and back: it leaves the card, and has one alone.", steps=steps)


def _called_off(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="nik", customer="nik"),
        AtOnce(steps=(cast.placed("fish", "nik"), cast.placed("chips", "nik"))),
        AwaitCard(phone="nik", order="fish", token=True),
        SayTogether(
            events=(
                Say(order="fish", type="cancelled", data={"reason": "No fish today."}),
                Say(order="chips", type="failed", data={"reason": "No chips without fish."}),
            )
        ),
        AwaitNoCard(phone="nik", order="fish"),
    )
    return Story(title="Both orders are called off at once.", steps=steps)


def _out_of_order(cast: Cast) -> Story:
    early = (
        Say(order="stew", type="ready", minutes_ago=6),
        Say(order="stew", type="accepted", minutes_ago=18),
        Say(order="salsa", type="accepted", minutes_ago=7),
    )
    steps: tuple[Step, ...] = (
        Install(phone="oda", customer="oda"),
        SayTogether(events=early),
        cast.placed("salsa", "oda", minutes_ago=9),
        SayAgain(order="salsa"),
        cast.placed("stew", "oda", minutes_ago=20),
        AtOnce(steps=(SayAgain(order="stew"), SayAgain(order="stew", style="cloud"))),
        AwaitCard(phone="oda", order="stew", status="ready", token=True),
        Say(order="salsa", type="delivered", minutes_ago=2),
        SayAgain(order="salsa"),
        Say(order="salsa", type="preparing", minutes_ago=1),
        Say(order="stew", type="preparing", minutes_ago=12),
    )
    return Story(title="News of two orders comes late, twice and in the wrong order.", steps=steps)


def _late_allow(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="pia", customer="pia", behaviour=Behaviour(allow="later")),
        cast.placed("curry", "pia"),
        AwaitCard(phone="pia", order="curry"),
        cast.placed("naan", "pia"),
        _delivered("curry"),
        Allow(phone="pia"),
        AwaitCard(phone="pia", order="naan", token=True),
        AwaitNoCard(phone="pia", order="curry"),
    )
    return Story(title="The customer taps Allow late, and the card shows what is open by then.", steps=steps)


def _never_allowed(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="quim", customer="quim", behaviour=Behaviour(allow="never")),
        cast.placed("tapas", "quim"),
        AwaitCard(phone="quim", order="tapas"),
        cast.placed("olives", "quim"),
        Say(order="tapas", type="ready"),
        _delivered("tapas"),
    )
    return Story(title="Nobody taps Allow: the card stays as it was started.", steps=steps)


def _force_quit(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="ria", customer="ria", behaviour=Behaviour(force_quit=True)),
        cast.placed("toast", "ria"),
        AwaitCard(phone="ria", order="toast"),
        cast.placed("eggs", "ria"),
        _delivered("toast"),
        _delivered("eggs"),
    )
    return Story(title="The app was force-quit: its card stays, also when all is over.", steps=steps)


def _before_cards(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="sol", customer="sol", behaviour=Behaviour(ios_version="17.1")),
        AwaitAnswers(phone="sol"),
        cast.placed("mezze", "sol"),
        cast.placed("baklava", "sol"),
        Say(order="mezze", type="ready"),
    )
    return Story(title="A phone from before iOS 17.2 can be started no card.", steps=steps)


def _stranger(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="stranger", customer="stranger", behaviour=cast.stranger()),
        *(cast.placed(f"parcel-{number}", "stranger") for number in (1, 2, 3)),
        Say(order="parcel-2", type="accepted"),
        Say(order="parcel-3", type="picked_up", data={"deliveryTime": In(12)}),
        _delivered("parcel-1"),
    )
    return Story(title="Three orders, on a phone that behaves as phones do.", steps=steps)
