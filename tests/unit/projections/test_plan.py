"""The phase table, row by row, written by hand from the design and not from the code."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from projections.budget import StartBudget
from projections.card import Card, Kind, Phase
from projections.choice import Nothing, Plan, Send, Wait
from projections.draft import Alert
from projections.face import Face
from projections.freshness import Freshness
from projections.phone import Phone
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from projections.sentences import never_placed
from tests.examples.cards import SECOND, card, face, hours, intent, live, moved, over, phone, seconds, shown, starting
from tests.examples.events import NOON

RULES = PlanRules()
LATER = seconds(10)
STALE = LATER + timedelta(hours=1)
ABSENT = (
    "The app has not reported the card's update token: the customer has not tapped Allow, or the app was force-quit."
)
LOST = "Apple's answer to the push that starts the card was lost"
NOT_AGAIN = "Lockstep does not send it again: the phone might show two."
REFUSED = "Apple refused the card's update token: usually because the card was removed, or the token is out of date."
SPENT = "The phone was sent as many new cards as iOS allows for now; it would drop more of them unseen."
ARRIVED = seconds(RULES.arrival)
SIGNED_OUT, ANOTHER = "The phone has signed out.", "Another customer, or nobody, is signed in on the phone now."
OF_ANOTHER = "The order belongs to another customer."
NOT_PLACED = Wait(Reason.NOT_PLACED, never_placed())
UNCHANGED = "Nothing new for the card has come since the last push (version 1), which Apple accepted."
FIRST = "Apple has not accepted a push to this card yet; the order is at version 2."
UNCERTAIN = "It is not certain that the card shows the newest state (version 2)."
CHANGED = "The order has changed since the last push (version 1 sent, now 2)."
TOO_LATE = "The order was over before the card was shown."
DELIVERED = Alert(3, 2, "order.delivered")


def start(**changes: Any) -> Send:
    """Give the start that is due ten seconds after noon."""
    fields: dict[str, Any] = {
        "kind": Kind.START,
        "why": "The order is open, and the phone can be sent a card.",
        "timestamp": SECOND + 10,
        "priority": 10,
        "alert": Alert(2, 1, "order.placed"),
        "stale_at": STALE,
        "freshness": Freshness.FRESH,
    }
    return Send(**(fields | changes))


def update(**changes: Any) -> Send:
    """Give the quiet update that is due ten seconds after noon."""
    fields: dict[str, Any] = {
        "kind": Kind.UPDATE,
        "why": "The order has changed since the last push (version 1 sent, now 2).",
        "timestamp": SECOND + 10,
        "priority": 5,
        "stale_at": STALE,
        "freshness": Freshness.FRESH,
        "grows_older_at": STALE,
    }
    return Send(**(fields | changes))


def end(why: str, **changes: Any) -> Send:
    """Give the end that is due ten seconds after noon and leaves the card visible for a while."""
    fields: dict[str, Any] = {
        "kind": Kind.END,
        "why": why,
        "timestamp": SECOND + 10,
        "priority": 10,
        "dismiss_at": LATER + timedelta(minutes=15),
        "freshness": Freshness.FRESH,
    }
    return Send(**(fields | changes))


def recall(why: str) -> Send:
    """Give the end of a card that this phone may not show: at once, and without content."""
    return end(why, dismiss_at=LATER, with_content=False, freshness=None)


def never(why: str, outcome: str) -> Nothing:
    """Give the end of all plans for a card."""
    return Nothing(Reason(outcome), why, phase=Phase.OVER, outcome=outcome)


def recalled(reason: Reason, why: str) -> Nothing:
    """Give the end of all plans for a card that this phone may not show."""
    return Nothing(reason, why, phase=Phase.OVER, outcome="recalled")


WANTED: dict[str, tuple[Face | None, Card, Phone | None, Plan]] = {
    "the order is not known": (None, card(), phone(), NOT_PLACED),
    "nothing to show yet": (face(placed=False, customer_id=None), card(), phone(), NOT_PLACED),
    "over before it was shown": (over(), card(), phone(), never(TOO_LATE, "never_shown")),
    "a newer card is on the phone": (
        face(),
        card(replaced=True),
        phone(),
        never("A newer card of this order is on the phone.", "replaced"),
    ),
    "the phone is not known": (face(), card(), None, recalled(Reason.SIGNED_OUT, SIGNED_OUT)),
    "signed out": (face(), card(), phone(forgotten=True, customer_id=None), recalled(Reason.SIGNED_OUT, SIGNED_OUT)),
    "another customer signed in": (
        face(),
        card(),
        phone(customer_id="customer-8"),
        recalled(Reason.ANOTHER_CUSTOMER, ANOTHER),
    ),
    "the order of another": (
        face(customer_id="customer-8"),
        card(),
        phone(),
        recalled(Reason.ORDER_OF_ANOTHER, OF_ANOTHER),
    ),
    "the app starts it": (
        face(),
        card(starter="app"),
        phone(),
        Wait(Reason.APP_STARTS, "Cards of this type are started by the app; it has not started this one."),
    ),
    "an old iOS": (
        face(),
        card(),
        phone(ios=(17, 1)),
        Wait(Reason.IOS_TOO_OLD, "The phone has iOS 17.1; Lockstep can start cards on iOS 17.2 and newer."),
    ),
    "switched off": (
        face(),
        card(),
        phone(activities_enabled=False),
        Wait(Reason.SWITCHED_OFF, "At its last launch the app reported that Live Activities are switched off for it."),
    ),
    "no start token": (
        face(),
        card(),
        phone(start_token_hash=None),
        Wait(Reason.NO_START_TOKEN, "The app has reported no start token that Lockstep can use for this card."),
    ),
    "a refused start token": (
        face(),
        card(),
        phone(start_token_refused=True),
        Wait(
            Reason.START_TOKEN_REFUSED,
            "Apple refused the phone's start token: it is out of date, or the app was removed.",
        ),
    ),
    "the budget is empty": (
        face(),
        card(),
        phone(start_budget=StartBudget(0.25, seconds(-80))),
        Wait(Reason.BUDGET_USED_UP, SPENT, until=LATER + timedelta(seconds=180)),
    ),
    "the budget has one left": (face(), card(), phone(start_budget=StartBudget(0.75, seconds(-80))), start()),
    "the app comes first": (
        face(),
        card(starter="app_first", created_at=seconds(5)),
        phone(),
        Wait(
            Reason.APP_STARTS_FIRST,
            "For a moment the app may start the card itself.",
            until=seconds(15),
        ),
    ),
    "the app had its time": (face(), card(starter="app_first"), phone(), start()),
    "otherwise": (face(), card(), phone(ios=(17, 2)), start()),
    "with the alert of the moment": (
        moved(alerts=(Alert(2, 1, "order.placed"), Alert(3, 2, "order.courier_arriving"))),
        card(),
        phone(),
        start(alert=Alert(3, 2, "order.courier_arriving")),
    ),
    "with an alert though all were heard": (
        moved(),
        card(alerted_version=2),
        phone(),
        start(alert=Alert(2, 2, "order.placed")),
    ),
}
STARTING: dict[str, tuple[Face | None, Card, Phone | None, Plan]] = {
    "the app is given time": (
        face(),
        starting(),
        phone(),
        Wait(
            Reason.START_UNKNOWN,
            f"{LOST}; the app has until 12:01 to report the card.",
            until=seconds(60),
        ),
    ),
    "and the app stays silent": (
        face(),
        starting(intent=intent(at=seconds(-60))),
        phone(),
        Wait(
            Reason.START_COUNTED,
            f"{LOST}, and the app has not reported the card. {NOT_AGAIN}",
            until=hours(8) - timedelta(minutes=1),
            phase=Phase.SHOWN,
        ),
    ),
    "and the app reports it": (
        moved(),
        starting(reported_state="active", token_hash=b"token-1", accepted_version=1, alerted_version=1),
        phone(),
        update(why=UNCERTAIN),
    ),
    "and the app reports no token": (
        moved(),
        starting(reported_state="starting"),
        phone(),
        Wait(Reason.NO_UPDATE_TOKEN, ABSENT, until=hours(8), phase=Phase.SHOWN),
    ),
    "and the user swiped it away": (
        moved(),
        starting(reported_state="dismissed"),
        phone(),
        never("The app reported the card as dismissed. Who or what removed it is not known.", "gone"),
    ),
}
WITHOUT_TOKEN: dict[str, tuple[Face | None, Card, Phone | None, Plan]] = {
    "accepted, no report": (
        moved(),
        shown(),
        phone(),
        Wait(Reason.NO_UPDATE_TOKEN, ABSENT, until=ARRIVED, phase=Phase.SHOWN),
    ),
    "starting on the phone": (
        moved(),
        shown(reported_state="starting"),
        phone(),
        Wait(Reason.NO_UPDATE_TOKEN, ABSENT, until=hours(8), phase=Phase.SHOWN),
    ),
    "410 on this token": (
        moved(),
        live(refused_hash=b"token-1"),
        phone(),
        Wait(Reason.UPDATE_TOKEN_REFUSED, REFUSED, until=hours(8), phase=Phase.SHOWN),
    ),
    "a new token after 410": (moved(), live(refused_hash=b"token-0"), phone(), update()),
    "over, no token": (
        over(),
        shown(),
        phone(),
        Wait(Reason.NO_UPDATE_TOKEN, f"The order is over. {ABSENT}", until=ARRIVED, phase=Phase.SHOWN),
    ),
    "signed out, no token": (
        face(),
        shown(),
        phone(forgotten=True, customer_id=None),
        Wait(Reason.NO_UPDATE_TOKEN, f"{SIGNED_OUT} {ABSENT}", until=ARRIVED, phase=Phase.SHOWN),
    ),
    "started by the app in our place": (
        moved(),
        card(created_at=hours(-9), reported_state="starting", reported_at=NOON),
        phone(),
        Wait(Reason.NO_UPDATE_TOKEN, ABSENT, until=hours(8), phase=Phase.SHOWN),
    ),
}
LIVE: dict[str, tuple[Face | None, Card, Phone | None, Plan]] = {
    "nothing has changed": (
        face(expected_at=hours(30)),
        live(),
        phone(),
        Nothing(Reason.UNCHANGED, UNCHANGED, until=seconds(RULES.renew_after), phase=Phase.SHOWN),
    ),
    "nothing has changed on the last card": (
        face(expected_at=hours(30)),
        live(generation=RULES.most_generations),
        phone(),
        Nothing(Reason.UNCHANGED, UNCHANGED, until=hours(8), phase=Phase.SHOWN),
    ),
    "the content differs": (moved(), live(), phone(), update()),
    "an alert": (
        moved(alerts=(Alert(1, 2, "order.ready"),)),
        live(),
        phone(),
        update(why=f"{CHANGED} The customer should notice it.", priority=10, alert=Alert(1, 2, "order.ready")),
    ),
    "an alert with the same content": (
        face(version=2, alerts=(Alert(3, 2, "order.note"),)),
        live(),
        phone(),
        update(why=f"{CHANGED} The customer should notice it.", priority=10, alert=Alert(3, 2, "order.note")),
    ),
    "a new status": (moved(status_version=2), live(), phone(), update(priority=10)),
    "the app's own card": (
        moved(),
        live(accepted_version=None, accepted_hash=None),
        phone(),
        update(why=FIRST, priority=10),
    ),
    "the order is over": (over(), live(), phone(), end("The order is over.")),
    "over with an alert": (
        over(alerts=(DELIVERED,)),
        live(),
        phone(),
        end("The order is over.", alert=DELIVERED),
    ),
    "a newer card is on the phone": (
        face(alerts=(DELIVERED,)),
        live(replaced=True),
        phone(),
        end("A newer card of this order is on the phone.", dismiss_at=LATER),
    ),
    "signed out": (over(alerts=(DELIVERED,)), live(), phone(forgotten=True, customer_id=None), recall(SIGNED_OUT)),
    "another customer signed in": (moved(), live(), phone(customer_id="customer-8"), recall(ANOTHER)),
    "nobody is signed in": (moved(), live(), phone(customer_id=None), recall(ANOTHER)),
    "the order of another": (moved(customer_id="customer-8"), live(), phone(), recall(OF_ANOTHER)),
    "a report for an order not known": (
        None,
        live(accepted_version=None),
        phone(),
        replace(NOT_PLACED, until=hours(8), phase=Phase.SHOWN),
    ),
    "the answer to the end was lost": (
        over(),
        live(phase=Phase.ENDING, intent=intent(Kind.END)),
        phone(),
        end("Apple's answer to the push that ends the card was lost: it is sent again."),
    ),
}
OVER: dict[str, tuple[Face | None, Card, Phone | None, Plan]] = {
    "dismissed": (
        moved(),
        live(reported_state="dismissed"),
        phone(),
        never("The app reported the card as dismissed. Who or what removed it is not known.", "gone"),
    ),
    "ended": (
        moved(),
        live(reported_state="ended"),
        phone(),
        never("The app reported the card as ended. Who or what ended it is not known.", "gone"),
    ),
    "reopened": (moved(), live(phase=Phase.OVER), phone(), never("The card has ended.", "over")),
}
TABLE = {
    f"{phase}: {fact}": row
    for phase, rows in {
        "wanted": WANTED,
        "starting": STARTING,
        "no token": WITHOUT_TOKEN,
        "live": LIVE,
        "over": OVER,
    }.items()
    for fact, row in rows.items()
}


@pytest.mark.parametrize("row", TABLE)
def test_the_phase_table(row: str) -> None:
    """Ten seconds after noon, by the default rules: the whole plan of each row."""
    seen, planned, on, expected = TABLE[row]
    assert plan(seen, planned, on, LATER, RULES) == expected


def test_content_that_differs_in_its_time_alone_is_no_reason_for_a_push() -> None:
    """The hash decides: a newer version with the same face is considered, not sent."""
    decided = plan(face(version=9), live(), phone(), LATER, RULES)

    assert isinstance(decided, Nothing)


@pytest.mark.parametrize("row", TABLE)
def test_no_sentence_quotes_a_person(row: str) -> None:
    """The answer to "why did the card not move?" is a plain column: no customer, name or token stands in it."""
    seen, planned, on, _ = TABLE[row]
    marked = replace(planned, customer_id="PERSON", device_id="PERSON", activity_id="PERSON")
    decided = plan(
        None if seen is None else replace(seen, customer_id="PERSON", content=b"PERSON"),
        marked,
        None if on is None else replace(on, device_id="PERSON", customer_id="PERSON"),
        LATER,
        RULES,
    )
    assert "PERSON" not in decided.why
    assert "token-" not in decided.why
