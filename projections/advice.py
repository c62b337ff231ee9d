"""What a person should know and do about each reason.

Written for somebody who looks after customers and has not read the code. Each line of a next step begins with who
acts: Customer, Operator (runs Lockstep), Developer (of the app, of what sends order events, or of Lockstep) or Nobody.
The words are the same everywhere: Apple is its push service, a start token is where a phone's new cards go, an update
token is where one card's updates go, and an event is received, then processed.
"""

from datetime import datetime
from typing import Final

import msgspec

from projections.explanation import Finding
from projections.reasons import Reason


class Advice(msgspec.Struct, frozen=True):
    """How things stand, and the next step; with places for what is known of the situation.

    The places are `{until}`, when Lockstep looks again; `{order}`, the order's id; `{do}`, what Apple's answer asks
    for; `{paused}` and `{lift}`, what is paused and the command that lifts it; `{ends}`, when a pause ends by itself;
    `{gone}`, when iOS has removed a card; `{silence}`, what follows if the app reports nothing; and `{none}`, what
    follows if there is no card on the phone.

    Attributes:
        state: One sentence, or two.
        then: The next step; a line for each who acts.
    """

    state: str
    then: str


_RUNS: Final = "runs, is not overloaded, and reaches Postgres; its log says what it waits for."
_NOT_HERE: Final = (
    "Nobody, if that is right: the order is shown where its customer is signed in.\n"
    "Customer, if they should see the order on this phone: sign in to the app on it. A new card then follows by itself."
)
_LOOK_AND_OPEN: Final = (
    "Customer: look for the card on the Lock Screen, tap Allow if it asks, and open the app: a card that is there gets "
    "the newest state. {none} "
)
_NO_SIGN: Final = "Apple accepted the card, but there is no sign that it appeared: the app has reported nothing of it."

ADVICE: Final[dict[Reason, Advice]] = {
    Reason.NOT_PLACED: Advice(
        "The state of this order is unknown: its event order.placed is missing. That does not mean that the customer "
        "did not order.",
        "Developer: whoever sends the order events sends order.placed, again if it was sent before. The card then "
        "follows by itself.",
    ),
    Reason.APP_STARTS: Advice(
        "There is no card: the app is to start it, and has not.",
        "Customer: open the app once. Lockstep then tells it to start the card.",
    ),
    Reason.APP_STARTS_FIRST: Advice(
        "There is no card yet: the app may start it first.",
        "Nobody: if the app has not started the card by {until}, Lockstep does.",
    ),
    Reason.IOS_TOO_OLD: Advice(
        "There is no card: this phone's iOS is too old to be sent one.",
        "Customer: open the app while the order is open. The app can start the card itself, and Lockstep then keeps it "
        "up to date. An update of iOS to 17.2 or newer helps for good.",
    ),
    Reason.SWITCHED_OFF: Advice(
        "There is no card: the customer has switched Live Activities off.",
        "Customer, if they want the card: switch on Live Activities in the iPhone's Settings under the app's name, "
        "then open the app once.",
    ),
    Reason.NO_START_TOKEN: Advice(
        "There is no card: Lockstep has no start token for this phone (the address that new cards are sent to).",
        "Customer: open the app once. The card then follows by itself.\n"
        "Developer, if that does not help: make the app report its start token (push-to-start token).",
    ),
    Reason.START_TOKEN_REFUSED: Advice(
        "There is no card: this phone's start token (the address that new cards are sent to) no longer works.",
        "Customer: open the app once, or install it again if it was removed. The card then follows by itself.",
    ),
    Reason.START_TOKEN_WAITS: Advice(
        "There is no card yet: Apple asked Lockstep to send less to this phone for a while.",
        "Nobody: Lockstep starts the card at {until}.",
    ),
    Reason.BUDGET_USED_UP: Advice(
        "There is no card yet: this phone was sent too many new cards in a short time.",
        "Nobody: Lockstep starts the card at {until}.",
    ),
    Reason.START_UNKNOWN: Advice(
        "It is not known yet whether the card reached the phone.",
        "Nobody: as soon as the app reports the card, Lockstep goes on. If the app has not reported it by {until}, "
        "{silence}.",
    ),
    Reason.START_COUNTED: Advice(
        "It is not known whether the card reached the phone.",
        "Customer: open the app now. A card that is there is found, and gets the newest state. {none}",
    ),
    Reason.NO_UPDATE_TOKEN: Advice(
        "The card stands still: Lockstep has no update token for it (the address that its updates are sent to).",
        "Customer: tap Allow on the card on the Lock Screen, and open the app once. The card then gets the newest "
        "state by itself.",
    ),
    Reason.APP_SILENT: Advice(_NO_SIGN, f"{_LOOK_AND_OPEN}Later orders work again, too."),
    Reason.START_TOKEN_SUSPECT: Advice(
        _NO_SIGN, f"{_LOOK_AND_OPEN}Later orders use the start token that the app then reports."
    ),
    Reason.UPDATE_TOKEN_REFUSED: Advice(
        "The card stands still, or is gone: its update token (the address that its updates are sent to) no longer "
        "works.",
        "Customer: look whether the card is still on the Lock Screen. If it is, open the app once: it reports a new "
        "update token, and the card moves again. If it is not, it was removed, and does not come back for this order; "
        "the app itself still shows the order.",
    ),
    Reason.UNCHANGED: Advice(
        "The card is up to date, as far as Lockstep can know.",
        "Nobody, if the phone shows that: all is well.\n"
        "Customer, if it shows something else: open the app once. It then shows the newest state.",
    ),
    Reason.ONE_A_SECOND: Advice("The next push is about to go.", "Nobody: it goes at {until}."),
    Reason.CLOCK_WENT_BACK: Advice(
        "The card waits: the clock of the database server was set back.",
        "Operator: look after the clock of the server with Postgres. Lockstep goes on by itself.",
    ),
    Reason.RENEWAL: Advice(
        "The card is nearly eight hours old, when iOS ends it, and a new card is about to take its place.",
        "Nobody: that happens by itself.",
    ),
    Reason.OVER: Advice("The card is over.", "Nobody: it is not changed any more."),
    Reason.ENDED: Advice(
        "The card was ended: it had its last push.",
        "Nobody: iOS removes it by itself. If it is still on the Lock Screen, the customer can swipe it away.",
    ),
    Reason.NEVER_SHOWN: Advice(
        "There was never a card: the order was over before one could be started.", "Nobody: the order is over."
    ),
    Reason.GONE: Advice(
        "The card is gone from the phone, and does not come back for this order.",
        "Nobody: a card that was removed is not forced upon the customer again. The app itself still shows the order; "
        "the next order gets a card.",
    ),
    Reason.ENDED_BY_PERSON: Advice(
        "The card was ended by an operator, and does not come back for this order.",
        "Nobody: that was meant. The app itself still shows the order; the next order gets a card.",
    ),
    Reason.REPLACED: Advice(
        "A newer card of this order took this one's place.", "Nobody: the newer card of the same phone counts."
    ),
    Reason.EXPIRED: Advice(
        "The card is over, and does not come back for this order: it was eight hours old.",
        "Nobody: iOS removes it by {gone}, and until then it shows an old state. The app itself still shows the order; "
        "the next order gets a card.",
    ),
    Reason.RECALLED: Advice(
        "There is no card on this phone: it is not, or no longer, the phone of the order's customer.", _NOT_HERE
    ),
    Reason.PHONE_CHANGED_HANDS: Advice(
        "The card on this phone is being ended: it is no longer the phone of the order's customer.", _NOT_HERE
    ),
    Reason.SIGNED_OUT: Advice("There should be no card on this phone: nobody is signed in on it.", _NOT_HERE),
    Reason.ANOTHER_CUSTOMER: Advice(
        "There should be no card on this phone: the order's customer is not signed in on it.", _NOT_HERE
    ),
    Reason.ORDER_OF_ANOTHER: Advice(
        "There should be no card on this phone: the order belongs to another customer.",
        "Nobody, if that is right: the order is shown where its customer is signed in.\n"
        "Developer, otherwise: look which customerId the event order.placed carried.",
    ),
    Reason.PAUSED_BY_PERSON: Advice(
        "The card waits, like all others that this pause holds: an operator has paused {paused}.",
        "Operator: whoever paused them decides when they go again, and then runs: {lift}. {ends} Until then there is "
        "nothing to do for this card; it then gets the newest state.",
    ),
    Reason.PAUSED_BY_APNS: Advice(
        "The card waits, like all others that this pause holds: Lockstep has paused {paused}, because a push failed in "
        "a way that concerns them all.",
        "Operator, now: {do}. Then run: {lift}. {ends} The card then gets the newest state.",
    ),
    Reason.UNDER_WAY: Advice("A push for this card is on its way at this moment.", "Nobody: look again in a minute."),
    Reason.SHADOWED: Advice(
        "Lockstep is in shadow mode for this card: pushes are recorded, and not sent.",
        "Operator: whoever switched shadow mode on decides when pushes go, and then looks at: lockstep shadow list. "
        "The card then gets the newest state.",
    ),
    Reason.RETRYING: Advice(
        "The last push did not get through, and Lockstep tries again.",
        "{do} Lockstep tries again at {until}, with the newest state.",
    ),
    Reason.FAILED: Advice(
        "The card is stuck: the last push failed, and the same push would fail again.",
        "{do} Lockstep tries again when something new happens to the order, or at {until}.",
    ),
    Reason.NOT_MADE: Advice(
        "The card is stuck: Lockstep itself failed to make the push.",
        "Operator: report this as a fault of Lockstep, with the log line card_failed. Lockstep tries again when "
        "something new happens to the order, or at {until}.",
    ),
    Reason.DUE: Advice("A push for this card is due, and about to go.", "Nobody: look again in a minute."),
    Reason.DISPATCHER_LATE: Advice(
        "A push for this card is due, and the part of Lockstep that sends pushes has not made it.",
        f"Operator: see that a process with the role dispatcher {_RUNS} The card then follows by itself.",
    ),
    Reason.NOT_LOOKED_AT: Advice(
        "A push for this card is due, and Lockstep has not taken it up yet.",
        "Nobody: that happens within a minute.\n"
        "Operator, if this is still so after five minutes: report it as a fault of Lockstep.",
    ),
    Reason.ORDER_WAITS: Advice(
        "The card shows the order without its newest events, which are not processed yet.",
        "Nobody, for this card alone: it follows by itself as soon as they are processed.",
    ),
    Reason.IN_STEP: Advice(
        "Lockstep is up to date with this order: it has processed every event that it received. This says nothing "
        "about the order itself.",
        "Nobody: what there is to do for a card stands with the card.",
    ),
    Reason.FOLDING: Advice(
        "Something has just happened to the order, and is being processed.", "Nobody: look again in a minute."
    ),
    Reason.PROJECTOR_LATE: Advice(
        "The newest events were received, and the part of Lockstep that processes them has not done so.",
        f"Operator: see that a process with the role projector {_RUNS} The order then follows by itself.",
    ),
    Reason.QUARANTINED: Advice(
        "Lockstep has set this order aside, because it failed to process the newest events.",
        "1. Operator: report this as a fault of Lockstep, with the log line subject_quarantined, which names the "
        "error.\n"
        "2. Developer: mend Lockstep. Until then neither the order nor its cards move.\n"
        "3. Operator: install the mended Lockstep, then run: lockstep order release {order}",
    ),
    Reason.NEWER_EVENT: Advice(
        "The order waits: its next event is of a kind that this version of Lockstep does not know.",
        "Operator: some Lockstep processes run an older version. Update all of them to the newest one in use. The "
        "order then follows by itself.",
    ),
    Reason.OTHER_RELEASE: Advice(
        "The order waits: Lockstep processes of different versions are running, and do not process it alike.",
        "Operator: update all Lockstep processes to the newest version in use. The order then follows by itself.",
    ),
    Reason.UNREADABLE: Advice(
        "What the cards should show is stored, and cannot be read.",
        "Operator: compare LOCKSTEP_SECRET_KEY with the key that this database was set up with. If that is right, the "
        "row is damaged: the next event of the order makes it anew.",
    ),
    Reason.SHOWN_LATER: Advice(
        "There is no card yet: the order asks for it at a later time.", "Nobody: the card appears at {until}."
    ),
    Reason.MATCHING: Advice("Lockstep is looking for the customer's phones.", "Nobody: look again in a minute."),
    Reason.MATCHER_LATE: Advice(
        "There is no card: the part of Lockstep that looks for the customer's phones has not done so.",
        f"Operator: see that a process with the role matcher {_RUNS} The card then follows by itself.",
    ),
    Reason.SPREADING: Advice(
        "The order has a great many cards, which are updated one after another.",
        "Nobody: it goes on by itself.\n"
        "Operator, if this is still so after five minutes: see that a process with the role projector runs.",
    ),
    Reason.NO_PHONE: Advice(
        "There is no card: the customer is not signed in on any phone.",
        "Customer: open the app and sign in; a card follows by itself while the order is open.",
    ),
    Reason.ARCHIVED: Advice("The order is archived: it takes no more events.", "Nobody: it does not move any more."),
}

PAUSE_CURE: Final[dict[str, str]] = {
    "topic": "check that bundle id and environment in what the app reports are right, and that the key in Apple's "
    "developer account serves this app",
    "credential": "compare team id, key id and key in the settings with Apple's developer account",
    "endpoint": "see that the way to Apple is free: network, proxy, trusted certificates",
}
"""What an operator does about a pause that an answer of APNs has set, by its kind."""


def found(
    reason: Reason,
    why: str,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **known: str,
) -> Finding:
    """Put what is known of a situation into the words of its reason.

    Args:
        reason: Why things stand as they do.
        why: The sentence that says so of this very case.
        now: The time of the question.
        since: Since when it is so.
        until: When it changes by itself.
        known: What stands in the places of the advice.
    """
    advice = ADVICE[reason]
    timed = "{until}" in advice.then
    places = {"until": "the next chance" if until is None else clock_of(until, now), **known}
    return Finding(
        reason=reason,
        state=advice.state.format_map(places),
        why=why,
        next_step=advice.then.format_map(places),
        since=since,
        until=until if timed else None,
    )


def clock_of(moment: datetime, now: datetime) -> str:
    """Spell a time in UTC, with its date where that is not today."""
    return f"{moment:%H:%M:%S} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
