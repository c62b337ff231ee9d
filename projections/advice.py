"""What a person should know and do about each reason.

Written for somebody who looks after customers and has not read the code. `{until}` is when Lockstep looks again,
`{order}` the order's id, `{do}` what the answer of APNs asks for, `{lift}` the command that lifts a pause.
"""

from datetime import datetime
from typing import Final

import msgspec

from projections.explanation import Finding
from projections.reasons import Reason


class Advice(msgspec.Struct, frozen=True):
    """How things stand, and the next step; with places for what is known of the situation.

    Attributes:
        state: One sentence.
        then: The next step.
    """

    state: str
    then: str


_OPEN_APP: Final = "Ask the customer to open the app once."
_NOT_HERE: Final = (
    "Nothing, if that is right. If the customer should see the order on this phone, ask them to sign in to the app on "
    "it; "
    "a new card follows by itself."
)
_LOOK_AT_ORDER: Final = "See what to do for the order, above. The card then follows by itself."

ADVICE: Final[dict[Reason, Advice]] = {
    Reason.NOT_PLACED: Advice(
        "There is nothing to show yet.",
        "Ask whoever sends the order's events why order.placed has not come. Once it is here, the card follows by "
        "itself.",
    ),
    Reason.APP_STARTS: Advice(
        "There is no card: the app is to start it, and has not.",
        f"{_OPEN_APP} Lockstep then tells it to start the card.",
    ),
    Reason.APP_STARTS_FIRST: Advice(
        "There is no card yet: the app has a moment to start it.", "Nothing: else Lockstep starts it at {until}."
    ),
    Reason.IOS_TOO_OLD: Advice(
        "There is no card: this phone's iOS is too old to be sent one.",
        "Ask the customer to open the app while the order is open: the app can start the card itself, and Lockstep "
        "then "
        "keeps it up to date. An update of iOS to 17.2 or newer helps for good.",
    ),
    Reason.SWITCHED_OFF: Advice(
        "There is no card: the customer has switched Live Activities off.",
        "If the customer wants the card: switch on Live Activities in the iPhone's Settings under the app's name, then "
        "open the app once. Otherwise nothing.",
    ),
    Reason.NO_START_TOKEN: Advice(
        "There is no card: the app has not told Lockstep where to send it.",
        f"{_OPEN_APP} If that does not help, show this to the app's developers: the app does not report its "
        "push-to-start token.",
    ),
    Reason.START_TOKEN_REFUSED: Advice(
        "There is no card: Apple no longer takes pushes for the app on this phone.",
        f"{_OPEN_APP} If it was removed from the phone, nothing can be done until it is installed again.",
    ),
    Reason.START_TOKEN_WAITS: Advice(
        "There is no card yet: Apple asked Lockstep to send less to this phone for a while.",
        "Nothing: Lockstep starts the card at {until}.",
    ),
    Reason.BUDGET_USED_UP: Advice(
        "There is no card yet: this phone was sent too many new cards in a short time.",
        "Nothing: Lockstep starts the card at {until}.",
    ),
    Reason.START_UNKNOWN: Advice(
        "Nobody knows whether the card is on the phone.",
        "Nothing: Lockstep goes on as soon as the app reports the card, and decides at {until} without it.",
    ),
    Reason.START_COUNTED: Advice(
        "Nobody knows whether the card is on the phone, and Lockstep does not risk a second one.",
        f"{_OPEN_APP} It then reports the card, or half an hour after the start is told to start a new one.",
    ),
    Reason.NO_UPDATE_TOKEN: Advice(
        "The card stands still: the app has not told Lockstep where to send its updates (no update token).",
        "Ask the customer to tap Allow on the card on the Lock Screen, and to open the app once. The card then gets "
        "the "
        "newest state by itself.",
    ),
    Reason.APP_SILENT: Advice(
        "The card stands still: the app on the phone has not been heard of since the card was started.",
        "Ask the customer to open the app once, and to tap Allow on the card if it asks. The card then gets the newest "
        "state by itself. Who always swipes the app away meets this with every order.",
    ),
    Reason.START_TOKEN_SUSPECT: Advice(
        "Apple took the card, and the phone most likely never showed it.",
        f"{_OPEN_APP} It then reports the card or starts it, and brings what later orders need.",
    ),
    Reason.UPDATE_TOKEN_REFUSED: Advice(
        "Lockstep cannot change the card any more: Apple says that it is gone, or that its address is no longer good.",
        "Ask the customer whether the card is still on the Lock Screen. If so, have them open the app once. If not, it "
        "was removed, and it does not come back for this order.",
    ),
    Reason.UNCHANGED: Advice(
        "The card is up to date, as far as Lockstep can know.",
        "Nothing, if the phone shows the order's status. If it shows something else, ask the customer to open the app "
        "once: it then gets the newest state.",
    ),
    Reason.ONE_A_SECOND: Advice("The next push is about to go.", "Nothing: it goes at {until}."),
    Reason.CLOCK_WENT_BACK: Advice(
        "The clock of the database server was set back, and the card waits for it.",
        "Ask who runs the servers to look after the clock of the one with Postgres. Lockstep goes on by itself.",
    ),
    Reason.RENEWAL: Advice(
        "The card is nearly eight hours old and gets a successor.", "Nothing: a new card takes its place by itself."
    ),
    Reason.OVER: Advice("The card is over.", "Nothing: it is not changed any more."),
    Reason.ENDED: Advice(
        "The card was ended: it had its last push.",
        "Nothing: iOS removes it by itself. If it is still on the Lock Screen, the customer can swipe it away.",
    ),
    Reason.NEVER_SHOWN: Advice(
        "There was never a card: the order was over before one could be started.", "Nothing: the order is over."
    ),
    Reason.GONE: Advice(
        "The card is gone from the phone, and does not come back for this order.",
        "Nothing: a card that was removed is not forced upon the customer again. The app itself still shows the order; "
        "the next order gets a card.",
    ),
    Reason.ENDED_BY_PERSON: Advice(
        "The card was ended by somebody here, and does not come back for this order.",
        "Nothing, if that was meant. The app itself still shows the order; the next order gets a card.",
    ),
    Reason.REPLACED: Advice(
        "A newer card of this order took this one's place.", "Look at the newer card of the same phone."
    ),
    Reason.EXPIRED: Advice(
        "The card reached eight hours, and iOS ended it.",
        "Nothing: this card cannot come back, and moves no more. The customer can follow the order in the app.",
    ),
    Reason.RECALLED: Advice("The card was taken from this phone.", _NOT_HERE),
    Reason.PHONE_CHANGED_HANDS: Advice("The card is taken from this phone.", _NOT_HERE),
    Reason.SIGNED_OUT: Advice("The card may not be on this phone: nobody is signed in on it.", _NOT_HERE),
    Reason.ANOTHER_CUSTOMER: Advice(
        "The card may not be on this phone: the order's customer is not signed in on it.", _NOT_HERE
    ),
    Reason.ORDER_OF_ANOTHER: Advice(
        "The card may not be on this phone: the order belongs to somebody else.",
        "Nothing, if that is right. Otherwise ask whoever sends the order's events which customerId order.placed "
        "carried.",
    ),
    Reason.PAUSED_BY_PERSON: Advice(
        "The card waits: somebody has paused pushes.",
        "Ask who paused them. When they may go again, an operator runs: {lift}. The card then gets the newest state.",
    ),
    Reason.PAUSED_BY_APNS: Advice(
        "The card waits: Apple refused a push in a way that concerns many, so Lockstep has paused them.",
        "This is for an operator. {do} Then run: {lift}. The card then gets the newest state.",
    ),
    Reason.UNDER_WAY: Advice("A push is on its way at this moment.", "Nothing: look again in a minute."),
    Reason.SHADOWED: Advice(
        "Lockstep is in shadow mode for this card: pushes are written down and not sent.",
        "Ask who switched it on. When pushes may go, an operator looks at: lockstep shadow list. The card then gets "
        "the newest state.",
    ),
    Reason.RETRYING: Advice(
        "The last push did not get through, and Lockstep tries again.",
        "{do} Lockstep tries again at {until}, with the newest state.",
    ),
    Reason.FAILED: Advice(
        "The card is stuck: Apple refused the last push, and the same push would be refused again.",
        "{do} Lockstep tries again when something new happens to the order.",
    ),
    Reason.NOT_MADE: Advice(
        "The card is stuck: Lockstep itself failed to make the push.",
        "Report this as a fault of Lockstep, with the log line card_failed. It is tried again at {until}, or when "
        "something new happens to the order.",
    ),
    Reason.DUE: Advice("The card is about to move.", "Nothing: look again in a minute."),
    Reason.DISPATCHER_LATE: Advice(
        "The card should have moved, but the part of Lockstep that sends pushes has not taken it up.",
        "Ask an operator to see that a process with the role dispatcher runs, is not overloaded, and reaches Postgres; "
        "its log says what it waits for. The card then follows by itself.",
    ),
    Reason.NOT_LOOKED_AT: Advice(
        "The card is to move, and has not been looked at yet.",
        "Nothing: that happens within a minute. If this is still here after five, report it as a fault of Lockstep.",
    ),
    Reason.ORDER_WAITS: Advice(
        "The card shows all that Lockstep has worked in; the newest events wait.", _LOOK_AT_ORDER
    ),
    Reason.IN_STEP: Advice(
        "The order itself is fine: Lockstep has worked in all that happened.",
        "Nothing for the order. See each card below.",
    ),
    Reason.FOLDING: Advice(
        "Something has just happened, and is being worked into what cards show.", "Nothing: look again in a minute."
    ),
    Reason.PROJECTOR_LATE: Advice(
        "The newest events have arrived, but are not worked into what cards show.",
        "Ask an operator to see that a process with the role projector runs, is not overloaded, and reaches Postgres; "
        "its log says what it waits for. The order then follows by itself.",
    ),
    Reason.QUARANTINED: Advice(
        "The order is set aside: Lockstep failed while working in its newest events.",
        "Report this as a fault of Lockstep; the projector's log line subject_quarantined names the error. Nothing "
        "moves "
        "until a release that mends it runs. Then an operator runs: lockstep order release {order}",
    ),
    Reason.NEWER_EVENT: Advice(
        "The order waits: its next event is of a kind that this release of Lockstep does not know.",
        "Ask an operator to bring all processes of Lockstep to the release of those that took the event. The order "
        "then "
        "follows by itself.",
    ),
    Reason.OTHER_RELEASE: Advice(
        "The order is worked on by another release of Lockstep than the one you ask.",
        "Ask an operator to bring all processes of Lockstep to the same release.",
    ),
    Reason.UNREADABLE: Advice(
        "What cards are to show is stored, but cannot be read.",
        "Ask an operator to compare LOCKSTEP_SECRET_KEY with the key that this database was set up with. If that is "
        "right, the row is damaged: the next event of the order makes it anew.",
    ),
    Reason.SHOWN_LATER: Advice(
        "There is no card yet: the order asks for it at a later time.", "Nothing: the card appears at {until}."
    ),
    Reason.MATCHING: Advice("The customer's phones are being looked for.", "Nothing: look again in a minute."),
    Reason.MATCHER_LATE: Advice(
        "There is no card: the part of Lockstep that looks for the customer's phones has not done so.",
        "Ask an operator to see that a process with the role matcher runs, and reaches Postgres; its log says what it "
        "waits for. The card then follows by itself.",
    ),
    Reason.SPREADING: Advice(
        "The order has a great many cards, which are woken one after another.",
        "Nothing: it goes on by itself. If this is still here after five minutes, see that a process with the role "
        "projector runs.",
    ),
    Reason.NO_PHONE: Advice(
        "There is no card: the customer is not signed in on any phone.",
        "Ask the customer to open the app and to sign in; a card follows by itself while the order is open.",
    ),
    Reason.ARCHIVED: Advice("The order is archived: it takes no more events.", "Nothing: it does not move any more."),
}

PAUSE_CURE: Final[dict[str, str]] = {
    "topic": "Check that bundle id and environment in what the app reports are right, and that the key in Apple's "
    "developer account serves this app.",
    "credential": "Compare team id, key id and key in the settings with Apple's developer account.",
    "endpoint": "See that the way to Apple is free: network, proxy, trusted certificates.",
}
"""What to do about a pause that an answer of APNs has set, by its kind."""


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
    when = "the next chance" if until is None else clock_of(until, now)
    then = advice.then.format_map({"until": when, **known})
    return Finding(
        reason=reason, state=advice.state, why=why, next_step=then, since=since, until=until if timed else None
    )


def clock_of(moment: datetime, now: datetime) -> str:
    """Spell a time in UTC, with its date where that is not today."""
    return f"{moment:%H:%M:%S} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
