"""The answer to "why did the card not move?", as values: what is read for it, and what is said."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from projections.card import Card
from projections.channel import ChannelState
from projections.definition import PLACED
from projections.eta import WaitingEta
from projections.explain_pictures import Errands, LackingPicture
from projections.face import Face
from projections.order_state import StateAfter
from projections.outage import Outage
from projections.pause import PauseRow, Route
from projections.phone import Phone
from projections.plan_rules import PlanRules
from projections.reasons import Reason


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subject has come.

    Attributes:
        version: Of the log.
        view_version: Of what was folded; 0 for nothing.
        archived_to: The name of the file that it was archived into.
        slot_fold_version: Which version of the fold works on the subject's slot; None before any did.
        quarantined_at: When its fold failed.
        held_for: The type of the next event with its version, where nobody who looked could read it.
        error: Why its fold failed, where a team's definition says so; it holds no value of the subject.
        match_due_at: When the matcher is to look for phones.
        spreading_since: When the spreader was asked to wake its many cards.
        now: The database's time.
    """

    version: int
    archived_at: datetime | None
    archived_to: str | None
    slot_fold_version: int | None
    view_version: int
    folded_at: datetime | None
    quarantined_at: datetime | None
    held_for: str | None
    match_due_at: datetime | None
    spreading_since: datetime | None
    now: datetime
    error: str | None = None


class Happened(msgspec.Struct, frozen=True, rename="camel"):
    """An event, without what it carries.

    Attributes:
        folded: Whether it is processed, so that cards show it.
        foreign: Whether it is about subjects of another kind, and changes nothing here.
        after: What the order showed after it, where that was asked for; None if it cannot be folded.
    """

    version: int
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    folded: bool
    foreign: bool = False
    after: StateAfter | UnsetType | None = UNSET


class Sent(msgspec.Struct, frozen=True, rename="camel"):
    """A receipt: a push, and what came back.

    Attributes:
        outcome: `accepted`, `retry`, `rejected` or `unknown`.
        status: What APNs answered; None without an answer.
        reason: The word of APNs.
        demoted: It would have had priority 10, had the phone not had its urgent pushes for the hour.
        folded_at: When what it shows was folded; None where that is not known.
    """

    sent_at: datetime
    answered_at: datetime
    kind: str
    version: int
    why: str
    outcome: str
    priority: int
    status: int | None
    reason: str | None
    apns_id: str
    demoted: bool = False
    folded_at: datetime | None = None


class Shown(msgspec.Struct, frozen=True):
    """What a card shows that is not personal.

    Attributes:
        expected_at: When delivery is expected; None once it is over.
    """

    status: str
    expected_at: datetime | None


class TracedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card as a claim would give it, with its phone and what its last plan left behind.

    Attributes:
        leased_at: When a dispatcher took it; None when none has it.
        face: What it would show; None without a view.
        accepted: What the push showed that APNs accepted last; None when that cannot be read, or was not.
        shared: It shows several orders of a customer.
        channel: What it follows, or could; None for none.
        shows_order: The order is, or was last, among those that it shows.
        errands: What is known of its phone's pictures; None where it names none of the manifest.
    """

    card: Card
    phone: Phone | None
    considered_version: int
    due_at: datetime | None
    blocked_until: datetime | None
    leased_at: datetime | None
    accepted_at: datetime | None
    outcome: str | None
    why: str | None
    outcome_at: datetime | None
    face: Face | None = None
    accepted: Shown | None = None
    shared: bool = False
    shows_order: bool = True
    errands: Errands | None = None
    sent: tuple[Sent, ...] = ()
    channel: ChannelState | None = None


class Said(msgspec.Struct, frozen=True):
    """What an answer to a push means, and what to do.

    Attributes:
        do: A line for each who acts, `Operator: …`; None when nobody has to.
    """

    means: str
    do: str | None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for a card besides the card and its order.

    Attributes:
        now: The time of the question.
        pauses: Those that hold.
        outages: Those of now, by environment.
        routes: Which key signs for what, as the dispatcher claims by it; None where that is not known.
        said: Tells what a card's `last_answer` means.
        rules: The dispatcher's.
        kept_seconds: How long Apple keeps a push for a phone that is away, by its kind.
        signed_in: Phones that the order's customer is signed in on, the last one heard of first; a few of them.
    """

    now: datetime
    pauses: Sequence[PauseRow]
    outages: Mapping[str, Outage]
    routes: Sequence[Route] | None
    said: Callable[[str], Said]
    rules: PlanRules
    kept_seconds: Mapping[str, float]
    signed_in: Sequence[str]


class Finding(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter, in words for a support person.

    Attributes:
        state: How things stand, in a sentence or two.
        next_step: A line for each who acts, beginning with `Customer`, `Operator`, `Developer`, `You` or `Nobody`, and
            an indented one for each command; or where it stands.
        since: Since when; None when nobody knows.
        since_what: What happened then, `The pause began`.
        until: When it changes by itself; None when it does not.
    """

    reason: Reason
    state: str
    why: str
    next_step: str
    since: datetime | None = None
    since_what: str | None = None
    until: datetime | None = None


class Advice(msgspec.Struct, frozen=True):
    """How things stand, and the next step; with places for what is known of the situation.

    The places are `{until}`, when Lockstep looks again; `{order}`, the id of an order, as a shell takes it; `{file}`,
    where it was archived; `{cards}`, what is so of the cards of an order that was never placed; `{opening}`, the type
    of the event that places it; `{event}`, an order's next event; `{customer}`, the id of its customer; `{signed_in}`,
    on which phones that customer is signed in; `{do}`, what Apple's answer asks for, up to who else acts; `{cure}`,
    what the cause of a pause asks for; `{meanwhile}`, what a customer can do until the card moves; `{paused}` and
    `{lift}`, what is paused and the commands that lift it; `{ends}`, when a pause ends by itself; `{over}`, what became
    of a card; `{happened}`, what happened at the time since which it is so; `{gone}`, when iOS removes a card;
    `{next}`, what to do about the next card; `{silence}`, what follows if the app reports nothing; `{none}`, what
    follows if there is no card.

    Attributes:
        state: One sentence, or more.
        then: The next step; a line for each who acts, and one for each command.
        since: What happened at the time since which it is so.
    """

    state: str
    then: str
    since: str = "That was"


class ExplainedCard(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter with one card.

    Attributes:
        environment: Where its pushes go: `production` and `sandbox` are Apple's, `fcm` is Google's.
        accepted_version: The version that APNs took last.
        should_show: What the phone should show, where it may have the card and it has not ended.
        shows_now: What it shows most likely, where it may have the card.
        perhaps: What may keep the phone from showing what APNs took, each with its cure.
        sent: The last pushes, the newest first.
        shared: It shows several orders of a customer: its versions count the changes of them all.
        pictures: Those that it names and that are not on its phone as the manifest has them.
    """

    card_id: str
    device_id: str
    attributes_type: str
    generation: int
    phase: str
    accepted_version: int | None
    finding: Finding
    environment: str = "production"
    should_show: str | None = None
    shows_now: str | None = None
    perhaps: tuple[str, ...] = ()
    sent: tuple[Sent, ...] = ()
    shared: bool = False
    pictures: tuple[LackingPicture, ...] = ()


class Explanation(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is the matter with an order and its cards.

    Attributes:
        at: The time that it speaks of.
        opening: The type of the event that opens such an order, or another subject of a team's own kind.
        events: The last events, the newest first.
        more_cards: There are more cards than are shown.
        waiting_eta: A delivery time that was put, and that cards do not show yet.
    """

    order_id: str
    at: datetime
    status: str | None
    over: bool
    version: int
    view_version: int
    finding: Finding
    events: tuple[Happened, ...]
    cards: tuple[ExplainedCard, ...]
    more_cards: bool = False
    opening: str = PLACED
    waiting_eta: WaitingEta | None = None
