"""The orders of the demo, as data; every situation a card meets is in one of the stories."""

import random
from collections.abc import Sequence

from msgspec.structs import replace

from app.demo.android_stories import tell_androids
from app.demo.steps import (
    Allow,
    AtOnce,
    AwaitAnswers,
    AwaitCard,
    AwaitNoCard,
    Dismiss,
    Drift,
    In,
    Install,
    RotateToken,
    Say,
    SayAgain,
    SayTogether,
    SignIn,
    SignOut,
    StartCard,
    Step,
    Story,
)
from app.simulator.behaviour import Behaviour
from app.simulator.chance import Chance

KITCHEN, DISPATCH = "/kitchen", "/dispatch"
_MERCHANTS = ("Noodle Bar", "Trattoria Lucia", "Falafel & Söhne", "すし 花", "Green Bowl", "The Corner Bakery")
_DISHES = ("ramen", "lasagne", "falafel", "nigiri", "salad", "soup", "curry", "dumplings")
_COURIERS = ("Mira", "Jonas", "Aylin", "Zoë", "Tomasz", "Keiko")
_SECONDS_BETWEEN_STORIES = 3.0


def tell(seed: int) -> list[Story]:
    """Give the stories; the seed chooses merchants, dishes, couriers and how the phones of strangers behave."""
    cast = Cast(seed)
    told = [
        _plain_life(cast),
        _reassigned_courier(cast),
        _moving_delivery_time(cast),
        _drifting_delivery_time(cast),
        _said_twice(cast),
        _out_of_order(cast),
        _cancelled(cast),
        _two_devices(cast),
        _late_allow(cast),
        _phone_registers_meanwhile(cast),
        _card_by_the_app(cast),
        _another_customer(cast),
        _never_allowed(cast),
        _force_quit(cast),
        _swiped_away(cast),
        _new_token(cast),
        _late_word_after_the_end(cast),
        *(_stranger(cast, number) for number in (1, 2, 3)),
        *tell_androids(cast.placed),
    ]
    return in_turn(told, seconds=_SECONDS_BETWEEN_STORIES)


def in_turn(stories: Sequence[Story], *, seconds: float) -> list[Story]:
    """Let each story begin so much after the one before, at the pace people watch at."""
    return [Story(title=story.title, steps=story.steps, begins=place * seconds) for place, story in enumerate(stories)]


def moved(order: str, *, show: float) -> Say:
    """Let the shop move a booking, whose card is to appear in so many minutes now."""
    return Say(order=order, type="rescheduled", data={"showAt": In(show), "deliveryTime": In(show + 120)})


class Cast:
    """Choose who and what the stories are about."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the choice of a dish is no secret
        self._strangers = Chance(f"{seed}:strangers")
        self._number = 0

    def placed(self, order: str, customer: str, *, minutes: float | None = 35, minutes_ago: float = 0.0) -> Say:
        """Give the event that places an order."""
        self._number += 1
        items = [{"name": self._random.choice(_DISHES), "quantity": self._random.randint(1, 3)}]
        data = {
            "customerId": customer,
            "merchantName": self._random.choice(_MERCHANTS),
            "orderNumber": f"A-{100 + self._number}",
            "items": items,
            "imageKey": "bag",
        }
        when = {} if minutes is None else {"deliveryTime": In(minutes)}
        return Say(order=order, type="placed", data=data | when, minutes_ago=minutes_ago)

    def booked(self, order: str, customer: str, *, show: float) -> Say:
        """Give the event that books a table, whose card is to appear in so many minutes, two hours before it."""
        placed = self.placed(order, customer, minutes=show + 120)
        return Say(order=order, type="placed", data=placed.data | {"showAt": In(show)})

    def couriers(self, count: int) -> list[str]:
        """Give the names of different couriers."""
        return self._random.sample(_COURIERS, count)

    def stranger(self, *, fetches_pictures: bool = False) -> Behaviour:
        """Give a behaviour from the usual mix, of an app that fetches pictures, or does not."""
        return replace(self._strangers.behaviour(), fetches_pictures=fetches_pictures)


def _courier(order: str, name: str, *, courier_id: str | None = None, minutes_ago: float = 0.0) -> Say:
    data = {"courierName": name, "vehicle": "bike"} | ({} if courier_id is None else {"courierId": courier_id})
    return Say(order=order, type="courier_assigned", data=data, source=DISPATCH, minutes_ago=minutes_ago)


def _on_the_way(order: str) -> tuple[Step, ...]:
    return (
        Say(order=order, type="picked_up", source=DISPATCH, data={"deliveryTime": In(12)}),
        Say(order=order, type="courier_arriving", source=DISPATCH),
    )


def _delivered(order: str) -> Say:
    return Say(order=order, type="delivered", source=DISPATCH)


def _plain_life(cast: Cast) -> Story:
    [courier] = cast.couriers(1)
    steps: tuple[Step, ...] = (
        Install(phone="anna", customer="anna"),
        cast.placed("plain", "anna"),
        AwaitCard(phone="anna", order="plain", token=True),
        Say(order="plain", type="accepted", source=KITCHEN, data={"deliveryTime": In(30)}),
        Say(order="plain", type="preparing", source=KITCHEN, data={"note": "Extra ginger, as you asked."}),
        Say(order="plain", type="ready", source=KITCHEN),
        _courier("plain", courier, courier_id="c-1"),
        *_on_the_way("plain"),
        AwaitCard(phone="anna", order="plain", status="courier_arriving"),
        _delivered("plain"),
    )
    return Story(title="An order comes, and is delivered.", steps=steps)


def _reassigned_courier(cast: Cast) -> Story:
    first, second, third = cast.couriers(3)
    steps: tuple[Step, ...] = (
        Install(phone="bilal", customer="bilal"),
        cast.placed("reassigned", "bilal"),
        _courier("reassigned", first, courier_id="c-7"),
        AwaitCard(phone="bilal", order="reassigned", status="courier_assigned"),
        _courier("reassigned", second, courier_id="c-8"),
        _courier("reassigned", third),
        _courier("reassigned", first, courier_id="c-7"),
        _courier("reassigned", second, courier_id="c-8", minutes_ago=3),
        Say(order="reassigned", type="picked_up", source=DISPATCH, style="cloud"),
    )
    return Story(title="The courier changes three times, and an old assignment comes late.", steps=steps)


def _moving_delivery_time(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="chiara", customer="chiara"),
        cast.placed("eta", "chiara", minutes=20),
        Say(order="eta", type="eta_changed", data={"deliveryTime": In(22)}, style="cloud"),
        AwaitCard(phone="chiara", order="eta", token=True),
        Say(order="eta", type="delayed", data={"reason": "rain", "deliveryTime": In(40)}),
        Say(order="eta", type="eta_changed", data={"deliveryTime": In(33), "reason": "less rain"}, style="cloud"),
        Say(order="eta", type="eta_changed", data={"deliveryTime": In(90)}, minutes_ago=2),
        Say(order="eta", type="preparing", source=KITCHEN),
    )
    return Story(title="The delivery time moves, and an old guess comes late.", steps=steps)


def _drifting_delivery_time(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="runa", customer="runa"),
        cast.placed("drift", "runa", minutes=20),
        AwaitCard(phone="runa", order="drift", token=True),
        Say(order="drift", type="picked_up", source=DISPATCH),
        Drift(order="drift", minutes=20, step_seconds=4, times=40),
        AwaitCard(phone="runa", order="drift", last_put=True),
        _delivered("drift"),
    )
    return Story(
        title="The courier's app says a new delivery time at every turn: few events, and the last is shown.",
        steps=steps,
    )


def _said_twice(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="dmitri", customer="dmitri"),
        cast.placed("twice", "dmitri"),
        SayAgain(order="twice"),
        Say(order="twice", type="accepted", source=KITCHEN, style="cloud"),
        AtOnce(steps=(SayAgain(order="twice", style="cloud"), SayAgain(order="twice"), SayAgain(order="twice"))),
        Say(order="twice", type="note", data={"text": "Please ring twice.", "alert": True}),
        SayAgain(order="twice", style="cloud"),
    )
    return Story(title="Every event is sent more than once.", steps=steps)


def _out_of_order(cast: Cast) -> Story:
    [courier] = cast.couriers(1)
    early = (
        Say(order="shuffled", type="ready", source=KITCHEN, minutes_ago=6),
        Say(order="shuffled", type="accepted", source=KITCHEN, minutes_ago=18),
        _courier("shuffled", courier, minutes_ago=5),
    )
    steps: tuple[Step, ...] = (
        Install(phone="elif", customer="elif"),
        SayTogether(events=early),
        cast.placed("shuffled", "elif", minutes_ago=20),
        Say(order="shuffled", type="picked_up", source=DISPATCH, minutes_ago=1),
        Say(order="shuffled", type="preparing", source=KITCHEN, minutes_ago=12, data={"note": "Hot!"}),
        AwaitCard(phone="elif", order="shuffled", status="picked_up"),
    )
    return Story(title="The kitchen is heard before the shop, and late.", steps=steps)


def _cancelled(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="farid", customer="farid"),
        cast.placed("cancelled", "farid"),
        AwaitCard(phone="farid", order="cancelled", token=True),
        Say(order="cancelled", type="accepted", source=KITCHEN),
        Say(order="cancelled", type="cancelled", data={"reason": "The kitchen is out of rice."}, style="cloud"),
    )
    return Story(title="The shop calls the order off.", steps=steps)


def _two_devices(cast: Cast) -> Story:
    phones: tuple[Step, ...] = (
        Install(phone="greta-phone", customer="greta"),
        Install(phone="greta-tablet", customer="greta", behaviour=Behaviour(frequent_pushes_enabled=False)),
    )
    steps: tuple[Step, ...] = (
        AtOnce(steps=phones),
        cast.placed("two-devices", "greta"),
        AtOnce(
            steps=(
                AwaitCard(phone="greta-phone", order="two-devices", token=True),
                AwaitCard(phone="greta-tablet", order="two-devices", token=True),
            )
        ),
        Say(order="two-devices", type="accepted", source=KITCHEN),
        Say(order="two-devices", type="ready", source=KITCHEN),
    )
    return Story(title="One customer has a phone and a tablet.", steps=steps)


def _late_allow(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="hana", customer="hana", behaviour=Behaviour(allow="later")),
        cast.placed("late-token", "hana"),
        AwaitCard(phone="hana", order="late-token"),
        Say(order="late-token", type="accepted", source=KITCHEN),
        Say(order="late-token", type="ready", source=KITCHEN),
        Allow(phone="hana"),
        AwaitCard(phone="hana", order="late-token", status="ready", token=True),
        Say(order="late-token", type="picked_up", source=DISPATCH),
    )
    return Story(title="The customer taps Allow late, and the card catches up.", steps=steps)


def _phone_registers_meanwhile(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        AtOnce(steps=(Install(phone="ivan", customer="ivan"), cast.placed("registering", "ivan"))),
        Say(order="registering", type="accepted", source=KITCHEN),
        AwaitCard(phone="ivan", order="registering", token=True),
        Say(order="registering", type="preparing", source=KITCHEN),
    )
    return Story(title="A phone registers while the order is being placed.", steps=steps)


def _card_by_the_app(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="jun", customer="jun"),
        AwaitAnswers(phone="jun"),
        StartCard(phone="jun", order="by-the-app"),
        AwaitAnswers(phone="jun"),
        cast.placed("by-the-app", "jun"),
        Say(order="by-the-app", type="accepted", source=KITCHEN),
        AwaitCard(phone="jun", order="by-the-app", status="accepted"),
        Say(order="by-the-app", type="ready", source=KITCHEN),
    )
    return Story(title="The app starts the card itself, at checkout.", steps=steps)


def _another_customer(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="shared", customer="kofi"),
        cast.placed("before-sign-out", "kofi"),
        AwaitCard(phone="shared", order="before-sign-out", token=True),
        AwaitAnswers(phone="shared"),
        SignOut(phone="shared"),
        Say(order="before-sign-out", type="accepted", source=KITCHEN),
        SignIn(phone="shared", customer="lena"),
        cast.placed("after-sign-in", "lena"),
        Say(order="before-sign-out", type="ready", source=KITCHEN),
        AwaitCard(phone="shared", order="after-sign-in", token=True),
        AwaitNoCard(phone="shared", order="before-sign-out"),
        Say(order="after-sign-in", type="accepted", source=KITCHEN),
    )
    return Story(title="One customer signs out, another signs in on the same phone.", steps=steps)


def _never_allowed(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="mateo", customer="mateo", behaviour=Behaviour(allow="never")),
        cast.placed("never-allowed", "mateo"),
        AwaitCard(phone="mateo", order="never-allowed"),
        Say(order="never-allowed", type="accepted", source=KITCHEN),
        _delivered("never-allowed"),
    )
    return Story(title="The customer never taps Allow: the card stays as it was started.", steps=steps)


def _force_quit(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="nour", customer="nour", behaviour=Behaviour(force_quit=True)),
        cast.placed("force-quit", "nour"),
        AwaitCard(phone="nour", order="force-quit"),
        Say(order="force-quit", type="accepted", source=KITCHEN),
        Say(order="force-quit", type="preparing", source=KITCHEN),
    )
    return Story(title="The app was force-quit: no token ever comes.", steps=steps)


def _swiped_away(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="olga", customer="olga"),
        cast.placed("swiped", "olga"),
        AwaitCard(phone="olga", order="swiped", token=True),
        Dismiss(phone="olga", order="swiped"),
        Say(order="swiped", type="accepted", source=KITCHEN),
        Say(order="swiped", type="ready", source=KITCHEN),
    )
    return Story(title="The customer swipes the card away; it never comes back.", steps=steps)


def _new_token(cast: Cast) -> Story:
    steps: tuple[Step, ...] = (
        Install(phone="priya", customer="priya", behaviour=Behaviour(after_end="expired")),
        cast.placed("new-token", "priya"),
        AwaitCard(phone="priya", order="new-token", token=True),
        AtOnce(
            steps=(
                RotateToken(phone="priya", order="new-token"),
                Say(order="new-token", type="accepted", source=KITCHEN),
            )
        ),
        AwaitCard(phone="priya", order="new-token", status="accepted"),
        Say(order="new-token", type="preparing", source=KITCHEN),
    )
    return Story(title="The system replaces the update token while a push is on its way.", steps=steps)


def _late_word_after_the_end(cast: Cast) -> Story:
    late = Say(order="late-word", type="cancelled", data={"reason": "A mistake."}, minutes_ago=4, source=KITCHEN)
    steps: tuple[Step, ...] = (
        Install(phone="quinn", customer="quinn"),
        cast.placed("late-word", "quinn", minutes=None, minutes_ago=10),
        AwaitCard(phone="quinn", order="late-word", token=True),
        _delivered("late-word"),
        late,
        Say(order="late-word", type="preparing", source=KITCHEN),
        Say(order="late-word", type="note", data={"text": "Thank you!"}),
    )
    return Story(title="After the delivery the kitchen speaks of the past.", steps=steps)


def _stranger(cast: Cast, number: int) -> Story:
    name, order = f"stranger-{number}", f"chatty-{number}"
    notes = tuple(
        Say(order=order, type="note", data={"text": f"Message {count} from the kitchen: " + "yum " * 60}, after=2)
        for count in range(1, 14)
    )
    steps: tuple[Step, ...] = (
        Install(phone=name, customer=name, behaviour=cast.stranger()),
        cast.placed(order, name),
        Say(order=order, type="accepted", source=KITCHEN),
        *notes[: 13 if number == 1 else number],
        *_on_the_way(order),
    )
    return Story(title="Many words, to a phone that behaves as phones do.", steps=steps)
