"""What becomes of a channel, and of the cards that follow it, row by row, written from `docs/channels.md`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from projections.card import Card, Kind, Phase
from projections.channel import Carrier, Channel, ChannelPhase, ChannelState
from projections.channel_plan import Check, Create, Delete, Rest, plan_channel
from projections.channel_store import ChannelsOf, Place
from projections.choice import Nothing, Renew, Send, Wait
from projections.draft import Alert
from projections.face import Face
from projections.pause import PauseRow
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from tests.examples.cards import NEW, OLD, SECOND, card, face, hours, over, phone, seconds, shown
from tests.examples.events import NOON
from tests.examples.explanations import explained, traced

CHANNEL = UUID("00000000-0000-4000-8000-0000000000cc")
RULES = PlanRules()
LATER = seconds(10)
GOAL = Alert(3, 2, "order.delivered")


def channel(**changes: Any) -> Channel:
    """Give an open channel that said version 1 at noon, and is followed."""
    fields: dict[str, Any] = {
        "slot": 7,
        "subject_id": "order-1",
        "channel": CHANNEL,
        "app": "com.example.shop",
        "environment": "sandbox",
        "attributes_type": "OrderAttributes",
        "generation": 1,
        "storage": "latest",
        "created_at": NOON,
        "debt": 1,
        "phase": ChannelPhase.OPEN,
        "channel_id": "Y2hhbm5lbA==",
        "lease": 1,
        "timestamp_used": SECOND,
        "alerted_version": 1,
        "accepted_version": 1,
        "accepted_hash": OLD,
        "accepted_at": NOON,
        "freshness": None,
        "attempts": 0,
        "last_answer": None,
        "same_answers": 0,
        "followed": True,
        "asked_to_end": False,
        "asked_again": False,
        "crossed_at": None,
    }
    return Channel(**(fields | changes))


def ended(**changes: Any) -> Channel:
    """Give a channel that has ended its cards."""
    return channel(phase=ChannelPhase.ENDED, **changes)


def state(phase: ChannelPhase = ChannelPhase.OPEN, **changes: Any) -> ChannelState:
    """Give what the plan of a card knows of a channel."""
    fields: dict[str, Any] = {
        "channel": CHANNEL,
        "app": "com.example.shop",
        "environment": "sandbox",
        "attributes_type": "OrderAttributes",
        "phase": phase,
        "channel_id": "Y2hhbm5lbA==",
        "lost": False,
        "last_answer": None,
    }
    return ChannelState(**(fields | changes))


def news(**changes: Any) -> Face:
    """Give what has come: version 2."""
    return replace(face(), **({"version": 2, "content_hash": NEW} | changes))


def same(**changes: Any) -> Face:
    """Give what the channel has said already."""
    return replace(face(), **({"version": 1, "content_hash": OLD, "alerts": ()} | changes))


UNUSED = {"phase": ChannelPhase.WANTED, "channel_id": None, "accepted_version": None, "accepted_hash": None}
SENT = {"kind": Kind.UPDATE, "timestamp": SECOND + 10}
ROWS: list[tuple[str, Face | None, Channel, type[Any], dict[str, Any]]] = [
    ("cards wait for it", same(), channel(**UNUSED), Create, {}),
    ("its creation has no known answer", same(), channel(**UNUSED | {"phase": ChannelPhase.CREATING}), Create, {}),
    ("nobody waits any more", same(), channel(**UNUSED, followed=False), Rest, {"phase": ChannelPhase.GONE}),
    ("the order is over before it was made", over(), channel(**UNUSED), Rest, {"phase": ChannelPhase.GONE}),
    ("there is news", news(), channel(), Send, SENT),
    ("there is none", same(), channel(accepted_at=NOON - timedelta(hours=1)), Rest, {"phase": ChannelPhase.OPEN}),
    ("it has just spoken: starts may have crossed", same(), channel(accepted_at=LATER), Rest, {"until": seconds(15)}),
    ("a start has just crossed", same(), channel(crossed_at=seconds(8)), Rest, {"until": seconds(13)}),
    ("a start has crossed", same(), channel(crossed_at=seconds(4)), Send, SENT | {"priority": 5}),
    ("news does not wait for what has crossed", news(), channel(crossed_at=seconds(8)), Send, SENT),
    ("somebody asks for it again", same(), channel(asked_again=True), Send, SENT),
    ("it spoke within this second", news(), channel(timestamp_used=SECOND + 10), Rest, {"until": seconds(11)}),
    ("our clock went back", news(), channel(timestamp_used=SECOND + 300), Rest, {"until": seconds(301)}),
    ("something is to be noticed", news(alerts=(GOAL,)), channel(), Send, SENT | {"priority": 10, "alert": GOAL}),
    ("it was noticed", same(alerts=(GOAL,)), channel(alerted_version=2, accepted_at=NOON - timedelta(1)), Rest, {}),
    ("the order is over", over(), channel(), Send, {"kind": Kind.END, "dismiss_at": seconds(910), "priority": 10}),
    ("all its cards are to end", same(), channel(asked_to_end=True), Send, {"kind": Kind.END, "dismiss_at": LATER}),
    ("the order was moved", news(show_at=hours(3)), channel(), Send, {"kind": Kind.END, "with_content": False}),
    ("nobody follows", same(), channel(followed=False), Rest, {"phase": ChannelPhase.CLOSING, "until": seconds(130)}),
    ("nobody came", same(), channel(followed=False, phase=ChannelPhase.CLOSING), Delete, {}),
    ("somebody came", same(), channel(phase=ChannelPhase.CLOSING), Rest, {"phase": ChannelPhase.OPEN}),
    ("it has ended its cards", over(), channel(phase=ChannelPhase.ENDED), Rest, {"until": hours(1)}),
    ("that was an hour ago", over(), channel(phase=ChannelPhase.ENDED, accepted_at=seconds(-3600)), Delete, {}),
    ("a start has just crossed the end", over(), ended(crossed_at=seconds(8)), Rest, {"until": seconds(13)}),
    (
        "a start has crossed the end",
        over(),
        ended(crossed_at=seconds(4)),
        Send,
        {"kind": Kind.END, "with_content": True},
    ),
    (
        "or that of an order that goes on",
        news(),
        ended(crossed_at=seconds(4)),
        Send,
        {"kind": Kind.END, "with_content": False},
    ),
    ("Apple's list lacks it", news(), channel(missing=True), Check, {}),
    ("it lacks one that nobody follows", same(), channel(missing=True, followed=False), Rest, {}),
    ("it is gone", news(), channel(phase=ChannelPhase.GONE), Rest, {"until": None}),
]


@pytest.mark.parametrize(
    ("shows", "claimed", "kind", "fields"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_channel_does_what_its_situation_asks_for(
    shows: Face | None, claimed: Channel, kind: type[Any], fields: dict[str, Any]
) -> None:
    """The table of `docs/channels.md`."""
    decided = plan_channel(shows, claimed, LATER, RULES)

    assert isinstance(decided, kind)
    assert {name: getattr(decided, name) for name in fields} == fields


def member(**changes: Any) -> Card:
    """Give a card that follows the channel, and that its app has told of."""
    return replace(shown(), channel=CHANNEL, reported_state="active", **changes)


MEMBERS: list[tuple[str, Card, ChannelState | None, Face, datetime, type[Any], dict[str, Any]]] = [
    ("follows", member(), state(), news(), LATER, Wait, {"reason": Reason.FOLLOWS_CHANNEL, "until": hours(8)}),
    ("its channel has ended it", member(), state(ChannelPhase.ENDED), over(), LATER, Nothing, {"outcome": "accepted"}),
    ("its channel is to end it", member(), state(), over(), LATER, Wait, {"reason": Reason.FOLLOWS_CHANNEL}),
    (
        "its channel is lost", member(), state(ChannelPhase.GONE, lost=True), news(), LATER, Renew,
        {"reason": Reason.CHANNEL_LOST},
    ),
    (
        "another was started for it", member(next_generation=True), state(ChannelPhase.GONE, lost=True), news(), LATER,
        Wait, {"reason": Reason.CHANNEL_LOST, "until": hours(8)},
    ),
    ("another is there", member(replaced=True), state(), news(), LATER, Nothing, {"outcome": "replaced"}),
    ("eight hours are over", member(), state(), news(), hours(8), Renew, {"reason": Reason.RENEWAL}),
    ("and another follows", member(next_generation=True), state(), news(), hours(8), Nothing, {"outcome": "expired"}),
    ("it alone is to end", member(asked="end"), state(), news(), LATER, Wait, {"phase": Phase.SHOWN}),
    ("all were to end", member(asked="end"), state(ChannelPhase.ENDED), news(), LATER, Nothing, {"outcome": "ended"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("followed_by", "followed", "shows", "now", "kind", "fields"),
    [row[1:] for row in MEMBERS],
    ids=[row[0] for row in MEMBERS],
)
def test_a_card_that_follows_is_sent_nothing(
    followed_by: Card,
    followed: ChannelState | None,
    shows: Face,
    now: datetime,
    kind: type[Any],
    fields: dict[str, Any],
) -> None:
    """Whatever becomes of it."""
    decided = plan(shows, followed_by, phone(), now, RULES, followed)

    assert isinstance(decided, kind)
    assert not isinstance(decided, Send)
    assert {name: getattr(decided, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("carrier", "ios", "silent", "follows"),
    [
        ("token", (26, 2), 3, False),
        ("channel", (18, 0), 0, True),
        ("channel", (17, 5), 0, False),
        ("channel_if_silent", (18, 1), 0, False),
        ("channel_if_silent", (18, 1), 1, True),
        ("channel_for_many", (18, 1), 1, False),
    ],
)
def test_who_follows_a_channel_is_decided_at_the_start(
    carrier: Carrier, ios: tuple[int, int], silent: int, *, follows: bool
) -> None:
    """By the definition or the setting, the phone's iOS, and what its app told before."""
    decided = plan(
        face(), card(), replace(phone(), ios=ios, unreported_starts=silent), LATER, PlanRules(carrier=carrier), state()
    )

    assert isinstance(decided, Send)
    assert decided.channel == (state() if follows else None)


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (None, Wait),
        (state(ChannelPhase.CREATING, channel_id=None), Wait),
        (state(ChannelPhase.CLOSING), Wait),
        (state(ChannelPhase.ENDED), Wait),
        (state(ChannelPhase.WANTED, channel_id=None, last_answer="FeatureNotEnabled"), Send),
        (state(ChannelPhase.WANTED, channel_id=None, last_answer="InternalServerError"), Wait),
    ],
)
def test_a_start_waits_for_its_channel_unless_apple_makes_none(known: ChannelState | None, kind: type[Any]) -> None:
    """Then it asks for a token."""
    decided = plan(face(), card(), phone(), LATER, PlanRules(carrier="channel"), known)

    assert isinstance(decided, kind)
    if isinstance(decided, Send):
        assert decided.channel is None


def test_a_card_is_explained_by_its_channel() -> None:
    """What the channel did last, and, where that is behind, the pause that holds it back."""
    told = state(considered_version=2, why="The order has changed.")
    behind = replace(told, considered_version=1)
    pauses = (PauseRow("all", "*", "wrong texts", NOON, None),)

    [moving] = explained(traced(card=member(), channel=told), pauses=pauses).cards
    [held] = explained(traced(card=member(), channel=behind), pauses=pauses).cards

    assert (moving.finding.reason, held.finding.reason) == (Reason.FOLLOWS_CHANNEL, Reason.PAUSED_BY_PERSON)
    assert moving.finding.why.endswith("What it did last: The order has changed.")


@pytest.mark.parametrize(
    ("reported", "phase", "takes"),
    [(None, Phase.STARTING, "newest"), ("active", Phase.STARTING, "own"), ("active", Phase.SHOWN, "own")],
)
def test_a_card_that_is_on_its_phone_follows_its_own_channel(reported: str | None, phase: Phase, takes: str) -> None:
    """Also while the answer to its start is not known; one that may be started again could follow the newest."""
    own, newest = state(ChannelPhase.GONE, lost=True), state(channel=UUID(int=1))
    place = Place("order-1", "com.example.shop", "sandbox", "OrderAttributes")
    channels = ChannelsOf({each.channel: each for each in (own, newest)}, {place: newest})
    found = channels.of(card(phase=phase, channel=CHANNEL, reported_state=reported), place)

    assert found == {"own": own, "newest": newest}[takes]
