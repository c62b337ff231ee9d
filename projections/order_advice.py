"""What a person should know and do about an order that is not where its cards could show it; see `advice`."""

from typing import Final

from projections.explanation import Advice
from projections.reasons import Reason
from projections.sentences import BEHIND, RUNS, THE_APP_SHOWS_IT

_CAME: Final = "The oldest waiting event came"

ORDER_ADVICE: Final[dict[Reason, Advice]] = {
    Reason.NOT_PLACED: Advice(
        "{cards}: the status of this order is unknown, because its event {opening} has not reached Lockstep. That "
        "does not mean that the customer did not order.",
        "Developer of the system that sends order events: send {opening}, again if it was sent before. While the "
        "order is open, the card then follows by itself.\n"
        "Customer, meanwhile: the app itself shows the order, unless the app takes it from Lockstep.",
        "The first event came",
    ),
    Reason.IN_STEP: Advice(
        "All events received are processed. For the cards, see below.",
        "Nobody: what there is to do for a card stands with the card.",
        "The newest was processed",
    ),
    Reason.FOLDING: Advice(
        "Something has just happened to the order, and is being processed.", "You, in a minute: run this again.", _CAME
    ),
    Reason.PROJECTOR_LATE: Advice(
        "The cards of this order do not move: the part of Lockstep that processes events is late. Most likely the "
        "cards of other orders do not move either. The order itself is not affected.",
        f"Operator, now: see that a process with the role projector {RUNS} The cards then follow by themselves.\n"
        f"{BEHIND}",
        _CAME,
    ),
    Reason.QUARANTINED: Advice(
        "Lockstep has stopped updating the cards of this order: an event of it caused an error {caused}. Cards of "
        "other orders are affected only if their events cause it, too. The order itself is not affected.",
        "1. Operator, now: report this as a fault of {culprit}, with the log line subject_quarantined, which names the "
        "error.\n"
        "2. Developer of {culprit}: fix it.\n"
        "3. Operator, then: install the fixed {fixed}, and let the cards move again with:\n"
        f"    lockstep order release {{order}}\n{BEHIND}",
        "It failed",
    ),
    Reason.NEWER_EVENT: Advice(
        "The cards of this order do not move: Lockstep does not know its next event{event}. Cards of other orders with "
        "such an event do not move either. The order itself is not affected.",
        "Operator, now: update all Lockstep processes to the newest version in use, and give all of them the same "
        "LOCKSTEP_CARDS. (If a newer one was in use and was taken back, update to that.) The cards then follow by "
        f"themselves.\n{BEHIND}",
        _CAME,
    ),
    Reason.OTHER_RELEASE: Advice(
        "The cards of this order do not move: Lockstep processes of different versions are running, and do not process "
        "it alike. Most likely the cards of other orders do not move either. The order itself is not affected.",
        "Operator, now: update all Lockstep processes to the newest version in use. The cards then follow by "
        f"themselves.\n{BEHIND}",
        _CAME,
    ),
    Reason.UNREADABLE: Advice(
        "The cards of this order do not move: what they should show is stored, and cannot be read. The order itself is "
        "not affected.",
        "Operator, now: if the reason names LOCKSTEP_CARDS, give all Lockstep processes the same modules. Otherwise "
        "compare LOCKSTEP_SECRET_KEY with the key that this database was set up with; if it is wrong, "
        "other orders are affected, too. If it is right, this row is damaged: the next event of the order makes it "
        f"again.\n{BEHIND}",
        "It was stored",
    ),
    Reason.SHOWN_LATER: Advice(
        "There is no card yet: the order asks for it at a later time.",
        "Nobody: Lockstep starts the card at {until}, if the order is still open.\n"
        "Customer, until then: the app itself shows the order.",
    ),
    Reason.MATCHING: Advice(
        "Lockstep is looking for the customer's phones.", "You, in a minute: run this again.", "That was due"
    ),
    Reason.MATCHER_LATE: Advice(
        "There is no card: the part of Lockstep that looks for the customer's phones has not done so. Most likely "
        "cards of other orders are missing, too.",
        f"Operator, now: see that a process with the role matcher {RUNS} The card then follows by itself.\n"
        f"{THE_APP_SHOWS_IT}",
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
        "Developer of the app, if that does not help: see that it reports the customer as {customer}.",
        "The newest event was processed",
    ),
    Reason.NOBODY_YET: Advice(
        "There is no card: this is an activity for no customer alone, and no phone has a card of it.",
        "You, if it was begun for an audience: see how far Lockstep is with that:\n"
        "    lockstep audience show {order}\n"
        "Developer of the app, if the app begins its cards itself: see that it reports them.",
        "The newest event was processed",
    ),
    Reason.ARCHIVED: Advice(
        "The order is archived: its events are in a file, and it takes no more of them. Its cards had ended.",
        "Nobody: it does not move any more.\n"
        "Operator, if it is to be looked into: find the file, and put the order back:\n"
        "    lockstep archive restore {file} --order {order}",
        "It was archived",
    ),
}
