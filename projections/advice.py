"""What a person should know and do about each reason.

Written for somebody who looks after customers and has not read the code. Each line of a next step begins with who
acts: Customer, Operator (runs Lockstep), Developer of the app, of the system that sends order events, or of Lockstep,
You (who asks) or Nobody; a command stands alone on the line below. The words are the same everywhere: Apple is its push
service, which accepts or refuses a push, or gives no answer; a phone's address for new cards is its start token, a
card's address for updates its update token, and each text says both where the word first comes; an event is received,
then processed. A card moves or does not; it is ended by Lockstep or iOS, and removed from a phone; an order is not
affected by what keeps its cards. Times are UTC, in whole minutes.
"""

from datetime import datetime
from typing import Final

from projections.clock import moment_by
from projections.explanation import Advice, Finding
from projections.order_advice import ORDER_ADVICE
from projections.reasons import Reason
from projections.sentences import HELD_BACK, RUNS

_NOT_HERE: Final = (
    "Nobody, if the customer signed out on purpose: {signed_in}.\n"
    "Customer, if they should see the order on this phone: sign in to the app on it. A new card then follows by "
    "itself, while the order is open."
)
_LOOK_AND_OPEN: Final = (
    "Customer: look for the card on the Lock Screen, tap Allow if it asks, and open the app: in most cases a card that "
    "is there then gets the newest state. {none} "
)
_NO_SIGN: Final = (
    "Apple accepted the push that starts the card, but there is no sign that it appeared: the app has reported nothing "
    "of it."
)
_STARTS_LATER: Final = (
    "Nobody: Lockstep starts the card at {until}, if the order is still open.\n"
    "Customer, meanwhile: the app itself shows the order; the card comes by itself."
)
_TRIED_AGAIN: Final = (
    "{do} until that is fixed: Lockstep tries again at the next change of the order, and at {until}; most likely that "
    "fails, too.\n{meanwhile}"
)
_WANTED: Final = "The card was due"
_LOOKED: Final = "Lockstep last looked"
_SENT: Final = "The card was sent"

ADVICE: Final[dict[Reason, Advice]] = {
    **ORDER_ADVICE,
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
        "Developer of the app, if that does not help: make the app report its start token (push-to-start token).",
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
        "There is no card yet: new cards for this phone have to wait.", _STARTS_LATER, _WANTED
    ),
    Reason.STARTS_STOPPED: Advice(
        "There is no card yet: somebody has stopped that more of them are started.",
        "Operator, once whoever stopped it agrees: let cards be started again with:\n"
        "    lockstep audience resume {order}",
        _WANTED,
    ),
    Reason.START_UNKNOWN: Advice(
        "It is not known yet whether the card reached the phone.",
        "Nobody until {until}: as soon as the app reports the card, Lockstep goes on updating it.\n{silence}",
        _SENT,
    ),
    Reason.START_COUNTED: Advice(
        "It is not known whether the card reached the phone.",
        "Customer: open the app now. A card that is there is found, and in most cases gets the newest state. {none}",
        _SENT,
    ),
    Reason.NO_UPDATE_TOKEN: Advice(
        "The card does not move: Lockstep does not have its address for updates (update token).",
        "Customer: tap Allow on the card on the Lock Screen, and open the app once; if there is no Allow to tap, just "
        "open the app. In most cases the card then gets the newest state.\n"
        "Developer of the app, if that does not help: make the app report the card's update token.",
        _SENT,
    ),
    Reason.APP_SILENT: Advice(_NO_SIGN, f"{_LOOK_AND_OPEN}After that, later orders get cards again.", _SENT),
    Reason.START_TOKEN_SUSPECT: Advice(
        _NO_SIGN, f"{_LOOK_AND_OPEN}Later orders use the start token that the app then reports.", _SENT
    ),
    Reason.UPDATE_TOKEN_REFUSED: Advice(
        "The card does not move, or was removed: its address for updates (update token) no longer works.",
        "Customer: look whether the card is still on the Lock Screen. If it is, open the app once: in most cases it "
        "reports a new update token, and the card moves again. If it is not, it was removed, and does not come back "
        "for this order; the app itself still shows the order.",
        "Apple refused it",
    ),
    Reason.UNCHANGED: Advice(
        "Nothing waits for this card: it was sent the newest state.",
        "Nobody, if the phone shows that: all is well.\n"
        "Customer, if it shows something else: open the app once. In most cases the card then shows the newest state.\n"
        "Operator, if that does not help and no possible cause fits: send the order's cards again with:\n"
        "    lockstep cards resend {order}\n"
        "Developer of the app, if that does not help either: find out why the app does not show what Apple accepted.",
        "Apple accepted the last push",
    ),
    Reason.ONE_A_SECOND: Advice("The next push is about to go.", "Nobody: it goes at {until}.", _LOOKED),
    Reason.CLOCK_WENT_BACK: Advice(
        "The card does not move: the clock of the database server was set back. Most likely other cards do not move "
        "either.",
        "Operator, now: look after the clock of the server with Postgres. Lockstep goes on by itself.",
        _LOOKED,
    ),
    Reason.RENEWAL: Advice(
        "The card is nearly eight hours old, when iOS ends it, and a new card is about to take its place.",
        "Nobody: that happens by itself.",
        "That was due",
    ),
    Reason.CHANNEL_AWAITED: Advice(
        "There is no card yet: it is to follow its order's channel, which Apple has yet to make.",
        "Nobody: the card comes by itself.\n"
        "Operator, if it does not within a minute: see what became of the channel with:\n"
        "    lockstep channels list --order {order}",
        _WANTED,
    ),
    Reason.FOLLOWS_CHANNEL: Advice(
        "The card is moved by its order's channel, together with all others that follow it.",
        "Nobody, if the phone shows the newest state: all is well.\n"
        "Customer, if it shows something else: open the app once. In most cases the card then shows the newest state.\n"
        "Operator, if that does not help: see what became of the channel with:\n"
        "    lockstep channels list --order {order}",
        _SENT,
    ),
    Reason.CHANNEL_LOST: Advice(
        "The card does not move: its channel is no longer there at Apple.",
        "Customer: open the app. It shows the order; another card takes this one's place where that can be.\n"
        "Operator, if this repeats: check in Apple's developer account that nobody switches broadcast off for the app, "
        "and that nothing else deletes its channels.",
        _SENT,
    ),
    Reason.OVER: Advice("The card has ended.", "Nobody: it is not changed any more."),
    Reason.ENDED: Advice(
        "Lockstep has sent the card its last push, which ends it.",
        "Nobody: {gone}\n"
        "Customer, if the card is there later, or does not show what it should: open the app. It shows the order, and "
        "in most cases ends the card. The last push perhaps did not arrive.",
        "Apple accepted that push",
    ),
    Reason.GONE: Advice(
        "{over}.",
        "Nobody: such a card cannot come back for this order. The app itself still shows the order; the next order "
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
        "{over}. It does not come back for this order.",
        "Nobody: {gone} The app itself still shows the order.{next}",
        "The eight hours ended",
    ),
    Reason.RECALLED: Advice(
        "{over}: the order's customer is not, or no longer, signed in on it.", _NOT_HERE, "{happened}"
    ),
    Reason.POSTPONED: Advice(
        "The order was moved to another time: this card has ended, and a new one comes then.",
        "Nobody: the new card comes by itself at the order's time, if the order is still open.\n"
        "Customer, until then: the app itself shows the order.",
        "Lockstep noted that",
    ),
    Reason.PHONE_CHANGED_HANDS: Advice(
        "The card on this phone is being ended: the order's customer is no longer signed in on it.", _NOT_HERE, _LOOKED
    ),
    Reason.SIGNED_OUT: Advice("There should be no card on this phone: nobody is signed in on it.", _NOT_HERE, _LOOKED),
    Reason.ANOTHER_CUSTOMER: Advice(
        "There should be no card on this phone: the order's customer is not signed in on it.", _NOT_HERE, _LOOKED
    ),
    Reason.ORDER_OF_ANOTHER: Advice(
        "There should be no card on this phone: the order belongs to another customer.",
        "Nobody, if the order is indeed another customer's: {signed_in}.\n"
        "Developer of the system that sends order events, otherwise: look which customerId the event {opening} "
        "carried.",
        _LOOKED,
    ),
    Reason.PAUSED_BY_PERSON: Advice(
        "Not only this card is affected: an operator has paused {paused}.",
        "Operator, now: ask the other operators who paused them, which Lockstep does not record. As soon as that "
        "person agrees, lift the pause, and the card gets the newest state. {ends} To lift it, run:\n{lift}\n"
        f"{HELD_BACK}",
        "The pause began",
    ),
    Reason.PAUSED_BY_APNS: Advice(
        "Not only this card is affected: Lockstep has paused {paused}.",
        "Operator, now: {cure}. Once the cause is fixed and the pause has ended, the card gets the newest state. "
        "{ends} To end it as soon as the cause is fixed, run:\n{lift}\n{meanwhile}",
        "The pause began",
    ),
    Reason.UNDER_WAY: Advice(
        "A push for this card is on its way at this moment.", "You, in a minute: run this again.", "It was taken up"
    ),
    Reason.SHADOWED: Advice(
        "Lockstep is in shadow mode for this card: pushes are recorded, and not sent.",
        "Operator, as soon as whoever switched shadow mode on agrees: switch it off, and the card gets the newest "
        "state. For the command, run:\n"
        "    lockstep shadow list\n"
        f"{HELD_BACK}",
        "The push was recorded",
    ),
    Reason.UNREACHABLE: Advice(
        "Not only this card is affected: Lockstep cannot connect to Apple, which holds up {paused}.",
        "Nobody, for a few minutes: Lockstep tries again all the time, and the card gets the newest state as soon as "
        "there is a connection.\n"
        "Operator, if it lasts: see that nothing is in the way to Apple: network, name server, proxy, trusted "
        "certificates.\n"
        "{meanwhile}",
        "The first try failed",
    ),
    Reason.RETRYING: Advice(
        "The last push did not get through, and Lockstep tries again.",
        "{do} until {until}: Lockstep then tries again, with the newest state. If that fails, too, it goes on trying, "
        "or says here who must act.\n{meanwhile}",
        "The push failed",
    ),
    Reason.FAILED: Advice(
        "The last push for this card failed, and the same push would fail again.", _TRIED_AGAIN, "The push failed"
    ),
    Reason.NOT_MADE: Advice(
        "The push for this card could not be made: a fault of its definition, or of Lockstep.",
        "Operator, now: report this to whoever wrote the card, where the reason names it, and otherwise as a fault of "
        f"Lockstep; with the log line card_failed.\n{_TRIED_AGAIN}",
        "That failed",
    ),
    Reason.DUE: Advice(
        "A push for this card is due, and about to go.", "You, in a minute: run this again.", "The push was due"
    ),
    Reason.DISPATCHER_LATE: Advice(
        "A push for this card is due, and the part of Lockstep that sends pushes has not sent it. Most likely not only "
        "this card is affected.",
        f"Operator, now: see that a process with the role dispatcher {RUNS} The card then follows by itself.\n"
        "{meanwhile}",
        "The push was due",
    ),
    Reason.NOT_LOOKED_AT: Advice(
        "A push for this card is due, and Lockstep has not taken it up yet.",
        "Nobody: that happens within a minute.\n"
        "Operator, if this is still so after five minutes: report it as a fault of Lockstep.",
    ),
    Reason.ORDER_WAITS: Advice(
        "The card can show only what Lockstep has processed of the order; the rest waits.",
        "See Next of the order, above. The card needs nothing else.",
        "{happened}",
    ),
    Reason.NEVER_SHOWN: Advice(
        "There was never a card: the order was over before one could be started.", "Nobody: the order is over."
    ),
}

PAUSE_CURE: Final[dict[str, str]] = {
    "topic": "check that the bundle id and environment that the app reports are right, and that the key in Apple's "
    "developer account serves this app",
    "credential": "compare team id, key id and key in the settings with Apple's developer account",
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
    places = {"until": "the next chance" if until is None else moment_by(until, now), **known}
    return Finding(
        reason=reason,
        state=advice.state.format_map(places),
        why=why,
        next_step=advice.then.format_map(places),
        since=since,
        since_what=None if since is None else advice.since.format_map(places),
        until=until if timed else None,
    )
