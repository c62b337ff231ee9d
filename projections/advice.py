"""What a person should know and do about each reason.

Written for somebody who looks after customers and has not read the code. Each line of a next step begins with who
acts: Customer, Operator (runs Lockstep), Developer (of the app, of what sends order events, or of Lockstep) or Nobody.
The words are the same everywhere: Apple is its push service; a phone's address for new cards is its start token, a
card's address for updates its update token, and each text says both where the word first comes; an event is received,
then processed. What stands still is a card: an order does not wait for Lockstep. Times are UTC, in whole minutes.
"""

from datetime import datetime
from typing import Final

import msgspec

from projections.clock import clock_by
from projections.explanation import Finding
from projections.reasons import Reason


class Advice(msgspec.Struct, frozen=True):
    """How things stand, and the next step; with places for what is known of the situation.

    The places are `{until}`, when Lockstep looks again; `{order}`, its id; `{event}`, its next event; `{customer}`, the
    id of its customer; `{signed_in}`, on which phones that customer is signed in; `{do}`, what Apple's answer asks for;
    `{meanwhile}`, what a customer can do until the card moves; `{paused}` and `{lift}`, what is paused and the command
    that lifts it; `{ends}`, when a pause ends by itself; `{gone}`, when iOS has removed a card; `{next}`, what to do
    about the next card; `{silence}`, what follows if the app reports nothing; `{none}`, what follows if there is no
    card; `{was}` and `{there}`, what became of a card that was taken back, and where it may be all the same.

    Attributes:
        state: One sentence, or two.
        then: The next step; a line for each who acts.
        since: What happened at the time since which it is so.
    """

    state: str
    then: str
    since: str = "That was"


_RUNS: Final = "runs, is not overloaded, and reaches Postgres; its log says what it waits for."
_NOT_HERE: Final = (
    "Nobody, if that is right: {signed_in}.\n"
    "Customer, if they should see the order on this phone: sign in to the app on it. A new card then follows by "
    "itself, while the order is open."
)
_LOOK_AND_OPEN: Final = (
    "Customer: look for the card on the Lock Screen, tap Allow if it asks, and open the app: a card that is there gets "
    "the newest state. {none} "
)
THE_APP_SHOWS_IT: Final = "Customer, meanwhile: the app itself shows the order."
_BEHIND: Final = "Customer, meanwhile: there is nothing to do; what the card shows is behind the order."
_NO_SIGN: Final = "Apple accepted the card, but there is no sign that it appeared: the app has reported nothing of it."
_STARTS_LATER: Final = f"Nobody: Lockstep starts the card at {{until}}, if the order is still open.\n{THE_APP_SHOWS_IT}"
_WANTED: Final = "The card was due"
_CAME: Final = "The event came"
_LOOKED: Final = "Lockstep looked last"
_SENT: Final = "The card was sent"

ADVICE: Final[dict[Reason, Advice]] = {
    Reason.NOT_PLACED: Advice(
        "The state of this order is unknown: its event order.placed is missing. That does not mean that the customer "
        "did not order.",
        "Developer, of what sends the order events: send order.placed, again if it was sent before. The card then "
        "follows by itself.",
        "The first event came",
    ),
    Reason.APP_STARTS: Advice(
        "There is no card: the app is to start it, and has not.",
        "Customer: open the app once. Lockstep then tells it to start the card.",
        _WANTED,
    ),
    Reason.APP_STARTS_FIRST: Advice(
        "There is no card yet: the app may start it first.",
        "Nobody: if the app has not started the card by {until}, Lockstep does.",
        _WANTED,
    ),
    Reason.IOS_TOO_OLD: Advice(
        "There is no card: this phone's iOS is too old to be sent one.",
        "Customer: open the app while the order is open. Lockstep then tells the app to start the card itself, and "
        "keeps it up to date. With iOS 17.2 or newer, later cards come without that.",
        _WANTED,
    ),
    Reason.SWITCHED_OFF: Advice(
        "There is no card: Live Activities are switched off for this app.",
        "Customer, if they want the card: switch on Live Activities in the iPhone's Settings under the app's name, "
        "then open the app once. A card follows while the order is open. The app itself shows the order in any case.",
        _WANTED,
    ),
    Reason.NO_START_TOKEN: Advice(
        "There is no card: Lockstep does not have the phone's address for new cards (start token).",
        "Customer: open the app once. The card then follows by itself, while the order is open.\n"
        "Developer, if that does not help: make the app report its start token (push-to-start token).",
        _WANTED,
    ),
    Reason.START_TOKEN_REFUSED: Advice(
        "There is no card: the phone's address for new cards (start token) no longer works.",
        "Customer: open the app once, or install it again if it was removed. The card then follows by itself, while "
        "the order is open.",
        _WANTED,
    ),
    Reason.START_TOKEN_WAITS: Advice(
        "There is no card yet: Apple asked Lockstep to send less to this phone for a while.", _STARTS_LATER, _WANTED
    ),
    Reason.BUDGET_USED_UP: Advice(
        "There is no card yet: this phone was sent too many new cards in a short time.", _STARTS_LATER, _WANTED
    ),
    Reason.START_UNKNOWN: Advice(
        "It is not known yet whether the card reached the phone.",
        "Nobody until {until}: as soon as the app reports the card, Lockstep goes on.\n{silence}",
        _SENT,
    ),
    Reason.START_COUNTED: Advice(
        "It is not known whether the card reached the phone.",
        "Customer: open the app now. A card that is there is found, and gets the newest state. {none}",
        _SENT,
    ),
    Reason.NO_UPDATE_TOKEN: Advice(
        "The card stands still: Lockstep does not have its address for updates (update token).",
        "Customer: tap Allow on the card on the Lock Screen, and open the app once; if there is no Allow to tap, just "
        "open the app. The card then gets the newest state by itself.\n"
        "Developer, if that does not help: make the app report the card's update token.",
        _SENT,
    ),
    Reason.APP_SILENT: Advice(_NO_SIGN, f"{_LOOK_AND_OPEN}Later orders work again, too.", _SENT),
    Reason.START_TOKEN_SUSPECT: Advice(
        _NO_SIGN, f"{_LOOK_AND_OPEN}Later orders use the start token that the app then reports.", _SENT
    ),
    Reason.UPDATE_TOKEN_REFUSED: Advice(
        "The card stands still, or is gone: its address for updates (update token) no longer works.",
        "Customer: look whether the card is still on the Lock Screen. If it is, open the app once: it reports a new "
        "update token, and the card moves again. If it is not, it was removed, and does not come back for this order; "
        "the app itself still shows the order.",
        "Apple refused it",
    ),
    Reason.UNCHANGED: Advice(
        "The card is up to date, as far as Lockstep can know.",
        "Nobody, if the phone shows that: all is well.\n"
        "Customer, if it shows something else: open the app once. In most cases the card then shows the newest state.",
        "Apple accepted the last push",
    ),
    Reason.ONE_A_SECOND: Advice("The next push is about to go.", "Nobody: it goes at {until}.", _LOOKED),
    Reason.CLOCK_WENT_BACK: Advice(
        "The card waits: the clock of the database server was set back.",
        "Operator, now: look after the clock of the server with Postgres. Lockstep goes on by itself.",
        _LOOKED,
    ),
    Reason.RENEWAL: Advice(
        "The card is nearly eight hours old, when iOS ends it, and a new card is about to take its place.",
        "Nobody: that happens by itself.",
        "That was due",
    ),
    Reason.OVER: Advice("The card is over.", "Nobody: it is not changed any more."),
    Reason.ENDED: Advice(
        "The card was ended: it had its last push.",
        "Nobody: iOS removes it by itself, and the customer can swipe it away. If it does not show how the order "
        "ended, the last push perhaps did not arrive; the app itself shows the order.",
    ),
    Reason.NEVER_SHOWN: Advice(
        "There was never a card: the order was over before one could be started.", "Nobody: the order is over."
    ),
    Reason.GONE: Advice(
        "The card is gone from the phone.",
        "Nobody: a removed card cannot come back for this order. The app itself still shows the order; the next order "
        "gets a card.",
        "The app said so",
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
        "Nobody: iOS removes the card by {gone}; until then it may still be on the Lock Screen, and no longer changes. "
        "The app itself still shows the order.{next}",
        "The eight hours were over",
    ),
    Reason.RECALLED: Advice("{was}: the order's customer is not, or no longer, signed in on it.{there}", _NOT_HERE),
    Reason.PHONE_CHANGED_HANDS: Advice(
        "The card on this phone is being ended: the order's customer is no longer signed in on it.", _NOT_HERE, _LOOKED
    ),
    Reason.SIGNED_OUT: Advice("There should be no card on this phone: nobody is signed in on it.", _NOT_HERE, _LOOKED),
    Reason.ANOTHER_CUSTOMER: Advice(
        "There should be no card on this phone: the order's customer is not signed in on it.", _NOT_HERE, _LOOKED
    ),
    Reason.ORDER_OF_ANOTHER: Advice(
        "There should be no card on this phone: the order belongs to another customer.",
        "Nobody, if that is right: {signed_in}.\n"
        "Developer, otherwise: look which customerId the event order.placed carried.",
        _LOOKED,
    ),
    Reason.PAUSED_BY_PERSON: Advice(
        "Not only this card waits: an operator has paused {paused}.",
        "Operator, as soon as whoever paused them agrees: run {lift}. {ends} The card then gets the newest state.\n"
        f"{THE_APP_SHOWS_IT}",
        "The pause began",
    ),
    Reason.PAUSED_BY_APNS: Advice(
        "Not only this card waits: Lockstep has paused {paused}.",
        "Operator, now: {do}. Then run: {lift}. Once the cause is mended and the pause has ended, the card gets the "
        "newest state. {ends}\n{meanwhile}",
        "The pause began",
    ),
    Reason.UNDER_WAY: Advice(
        "A push for this card is on its way at this moment.", "Nobody: look again in a minute.", "It was taken up"
    ),
    Reason.SHADOWED: Advice(
        "Lockstep is in shadow mode for this card: pushes are recorded, and not sent.",
        "Operator, as soon as whoever switched shadow mode on agrees: switch it off; lockstep shadow list gives the "
        "command. The card then gets the newest state.\n"
        f"{THE_APP_SHOWS_IT}",
        "The push was recorded",
    ),
    Reason.RETRYING: Advice(
        "The last push did not get through, and Lockstep tries again.",
        "{do} Lockstep tries again at {until}, with the newest state. If that fails too, it goes on trying, or says "
        "here who must act.\n{meanwhile}",
        "The push failed",
    ),
    Reason.FAILED: Advice(
        "The card is stuck: the last push failed, and the same push would fail again.",
        "{do} Lockstep tries again at the next change of the order, or at {until}, but that most likely fails too "
        "until it is mended.\n"
        f"{THE_APP_SHOWS_IT}",
        "The push failed",
    ),
    Reason.NOT_MADE: Advice(
        "The card is stuck: Lockstep itself failed to make the push.",
        "Operator, now: report this as a fault of Lockstep, with the log line card_failed. Lockstep tries again at the "
        "next change of the order, or at {until}, but that most likely fails too until it is mended.\n"
        f"{THE_APP_SHOWS_IT}",
        "That failed",
    ),
    Reason.DUE: Advice(
        "A push for this card is due, and about to go.", "Nobody: look again in a minute.", "The push was due"
    ),
    Reason.DISPATCHER_LATE: Advice(
        "A push for this card is due, and the part of Lockstep that sends pushes has not made it.",
        f"Operator, now: see that a process with the role dispatcher {_RUNS} The card then follows by itself.\n"
        "{meanwhile}",
        "The push was due",
    ),
    Reason.NOT_LOOKED_AT: Advice(
        "A push for this card is due, and Lockstep has not taken it up yet.",
        "Nobody: that happens within a minute.\n"
        "Operator, if this is still so after five minutes: report it as a fault of Lockstep.",
    ),
    Reason.ORDER_WAITS: Advice(
        "The card shows the order without its newest events, which are not processed yet.",
        "See Next of the order, above. The card needs nothing else.",
        _CAME,
    ),
    Reason.IN_STEP: Advice(
        "Lockstep is up to date with this order: it has processed every event that it received.",
        "Nobody: what there is to do for a card stands with the card.",
        "The newest was processed",
    ),
    Reason.FOLDING: Advice(
        "Something has just happened to the order, and is being processed.", "Nobody: look again in a minute.", _CAME
    ),
    Reason.PROJECTOR_LATE: Advice(
        "The cards of this order stand still: the part of Lockstep that processes events is late. The order itself "
        "does not wait.",
        f"Operator, now: see that a process with the role projector {_RUNS} The cards then follow by themselves.\n"
        f"{_BEHIND}",
        _CAME,
    ),
    Reason.QUARANTINED: Advice(
        "Lockstep has stopped updating the cards of this order: it failed to process the newest events. The order "
        "itself is not affected.",
        "1. Operator, now: report this as a fault of Lockstep, with the log line subject_quarantined, which names the "
        "error.\n"
        "2. Developer, of Lockstep: mend it.\n"
        "3. Operator, then: install the mended Lockstep, and let the cards move again with: lockstep order release "
        f"{{order}}\n{_BEHIND}",
        "It failed",
    ),
    Reason.NEWER_EVENT: Advice(
        "The cards of this order stand still: Lockstep does not know its next event{event}. The order itself does not "
        "wait.",
        "Operator, now: update all Lockstep processes to the newest version that is, or was, in use. The cards then "
        f"follow by themselves.\n{_BEHIND}",
        _CAME,
    ),
    Reason.OTHER_RELEASE: Advice(
        "The cards of this order stand still: Lockstep processes of different versions are running, and do not process "
        "it alike. The order itself does not wait.",
        "Operator, now: update all Lockstep processes to the newest version in use. The cards then follow by "
        f"themselves.\n{_BEHIND}",
        _CAME,
    ),
    Reason.UNREADABLE: Advice(
        "What the cards should show is stored, and cannot be read.",
        "Operator, now: compare LOCKSTEP_SECRET_KEY with the key that this database was set up with. If that is right, "
        "the row is damaged: the next event of the order makes it anew.",
        "It was stored",
    ),
    Reason.SHOWN_LATER: Advice(
        "There is no card yet: the order asks for it at a later time.",
        "Nobody: Lockstep starts the card at {until}, if the order is still open.",
    ),
    Reason.MATCHING: Advice(
        "Lockstep is looking for the customer's phones.", "Nobody: look again in a minute.", "That was due"
    ),
    Reason.MATCHER_LATE: Advice(
        "There is no card: the part of Lockstep that looks for the customer's phones has not done so.",
        f"Operator, now: see that a process with the role matcher {_RUNS} The card then follows by itself.",
        "That was due",
    ),
    Reason.SPREADING: Advice(
        "The order has a great many cards, which are updated one after another.",
        "Nobody: it goes on by itself.\n"
        "Operator, if this is still so after five minutes: see that a process with the role projector runs.",
        "That began",
    ),
    Reason.NO_PHONE: Advice(
        "There is no card: the customer is not signed in on any phone that Lockstep knows.",
        "Customer: open the app and sign in; if already signed in, open it once. A card follows by itself, while the "
        "order is open.\n"
        "Developer, of the app, if that does not help: see that it reports the customer as {customer}.",
        "The newest event was processed",
    ),
    Reason.ARCHIVED: Advice("The order is archived: it takes no more events.", "Nobody: it does not move any more."),
}

OPEN_THE_APP: Final = (
    "Customer, meanwhile: open the app. It shows the order, and in most cases gives the card the newest state."
)

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
    places = {"until": "the next chance" if until is None else clock_by(until, now), **known}
    return Finding(
        reason=reason,
        state=advice.state.format_map(places),
        why=why,
        next_step=advice.then.format_map(places),
        since=since,
        since_what=None if since is None else advice.since,
        until=until if timed else None,
    )
