"""How far an order has come and what holds a card back, in situations that are hard to set up for real."""

from datetime import datetime
from typing import Any

import pytest

from projections.card import NO_KEY, NOT_MADE, UNFIT, Phase
from projections.explain import explain
from projections.explain_order import explain_order
from projections.explanation import Explanation, Happened, Progress, Said, Sent, Surroundings, TracedCard
from projections.face import Face
from projections.order_view import FOLD_VERSION
from projections.pause import PauseRow
from projections.plan import PlanRules
from projections.reasons import Reason
from tests.examples.cards import card, face, hours, intent, live, moved, over, phone, seconds, shown, starting
from tests.examples.events import NOON

NOW = seconds(60)


def progress(**changes: Any) -> Progress:
    """Give an example of an order of two events that is up to date."""
    fields: dict[str, Any] = {
        "version": 2,
        "archived_at": None,
        "slot_fold_version": FOLD_VERSION,
        "view_version": 2,
        "folded_at": NOON,
        "quarantined_at": None,
        "held_by_fold": None,
        "match_due_at": None,
        "spreading_since": None,
        "now": NOW,
    }
    return Progress(**(fields | changes))


def happened(version: int, *, folded: bool = True, recorded_at: datetime = NOON) -> Happened:
    """Give an example of an event."""
    return Happened(version, "order.note", 1, recorded_at, recorded_at, folded)


def traced(**changes: Any) -> TracedCard:
    """Give an example of a card that owes an update since noon."""
    fields: dict[str, Any] = {
        "card": live(),
        "phone": phone(),
        "considered_version": 1,
        "due_at": NOON,
        "blocked_until": None,
        "leased_at": None,
        "accepted_at": NOON,
        "outcome": "accepted",
        "why": "A test.",
        "outcome_at": NOON,
    }
    return TracedCard(**(fields | changes))


def explained(one: TracedCard, seen: Face | None = None, **changes: Any) -> Explanation:
    """Explain an order with one card."""
    fields: dict[str, Any] = {
        "status": "placed",
        "face": moved() if seen is None else seen,
        "readable": True,
        "events": (happened(2), happened(1)),
        "cards": (one,),
        "more_cards": False,
        "phones": 1,
    }
    surroundings: dict[str, Any] = {
        "now": NOW,
        "pauses": (),
        "routes": (),
        "said": lambda word: Said(f"It said {word}.", None),
        "rules": PlanRules(),
        "kept_seconds": {"update": 3_600.0},
    }
    around = Surroundings(**{name: changes.pop(name, value) for name, value in surroundings.items()})
    return explain("order-1", changes.pop("progress", progress()), around=around, **(fields | changes))


ORDERS: dict[str, tuple[Progress, Face | None, dict[str, Any], Reason]] = {
    "in step": (progress(), face(), {}, Reason.IN_STEP),
    "just recorded": (progress(version=3), face(), {"recorded_at": seconds(55)}, Reason.FOLDING),
    "recorded long ago": (progress(version=3), face(), {}, Reason.PROJECTOR_LATE),
    "held by an older release": (progress(version=3, held_by_fold=FOLD_VERSION - 1), face(), {}, Reason.PROJECTOR_LATE),
    "held by this release": (progress(version=3, held_by_fold=FOLD_VERSION), face(), {}, Reason.NEWER_EVENT),
    "another release's slot": (
        progress(version=3, slot_fold_version=FOLD_VERSION + 1),
        face(),
        {},
        Reason.OTHER_RELEASE,
    ),
    "set aside": (progress(version=3, quarantined_at=NOON), face(), {}, Reason.QUARANTINED),
    "unreadable": (progress(), None, {"readable": False}, Reason.UNREADABLE),
    "nothing to show": (progress(), face(placed=False), {}, Reason.NOT_PLACED),
    "many cards": (progress(spreading_since=NOON), face(), {}, Reason.SPREADING),
    "archived": (progress(archived_at=NOON), face(), {}, Reason.ARCHIVED),
    "over, no card": (progress(), over(), {"has_cards": False}, Reason.NEVER_SHOWN),
    "shown later": (progress(match_due_at=hours(2)), face(), {"has_cards": False}, Reason.SHOWN_LATER),
    "matching": (progress(match_due_at=seconds(55)), face(), {"has_cards": False}, Reason.MATCHING),
    "no matcher": (progress(match_due_at=NOON), face(), {"has_cards": False}, Reason.MATCHER_LATE),
    "no phone": (progress(), face(), {"has_cards": False, "phones": 0}, Reason.NO_PHONE),
    "a phone without its card": (progress(), face(), {"has_cards": False}, Reason.NOT_LOOKED_AT),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_says_how_far_it_has_come(name: str) -> None:
    """Each stage that waits is named."""
    reached, shown, changes, reason = ORDERS[name]
    given: dict[str, Any] = {"readable": True, "has_cards": True, "phones": 1, **changes}
    recorded_at = given.pop("recorded_at", NOON)
    events = [happened(3, folded=False, recorded_at=recorded_at), happened(2)]
    if reached.view_version == reached.version:
        events = events[1:]

    assert explain_order("order-1", reached, shown, events, **given).reason is reason


CARDS: dict[str, tuple[TracedCard, Face, Reason]] = {
    "a push is under way": (traced(leased_at=seconds(58), blocked_until=seconds(118)), moved(), Reason.UNDER_WAY),
    "its worker vanished": (
        traced(card=live(lease_ran_out=True), leased_at=NOON, blocked_until=seconds(30)), moved(),
        Reason.DISPATCHER_LATE,
    ),
    "just owing": (traced(due_at=seconds(55)), moved(), Reason.DUE),
    "owing for long": (traced(), moved(), Reason.DISPATCHER_LATE),
    "nobody looks": (traced(due_at=None), moved(), Reason.NOT_LOOKED_AT),
    "backing off": (traced(outcome="retrying", blocked_until=seconds(90)), moved(), Reason.RETRYING),
    "refused": (traced(outcome="failed", considered_version=2, due_at=hours(8)), moved(), Reason.FAILED),
    "refused, and news came": (traced(outcome="failed", considered_version=1, due_at=hours(8)), moved(),
                               Reason.NOT_LOOKED_AT),
    "up to date": (traced(due_at=hours(7)), face(), Reason.UNCHANGED),
    "over by a word that nobody knows": (traced(card=live(phase=Phase.OVER), outcome="new"), moved(), Reason.OVER),
    "old": (traced(card=live(started_at=hours(-7.9))), moved(), Reason.RENEWAL),
    "the app starts it": (traced(card=card(starter="app")), face(), Reason.APP_STARTS),
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_what_keeps_it(name: str) -> None:
    """The reason is that of the plan of this moment, or of what holds the push back."""
    one, shown, reason = CARDS[name]
    [found] = explained(one, shown).cards

    assert found.finding.reason is reason


def test_what_keeps_the_order_keeps_its_cards() -> None:
    """A card that is up to date with what is folded says that the rest waits."""
    [found] = explained(traced(due_at=None), face(), progress=progress(version=3, quarantined_at=NOON)).cards

    assert found.finding.reason is Reason.ORDER_WAITS
    assert "set this order aside" in found.finding.why


def test_two_pauses_are_both_lifted() -> None:
    """Both are named, each with its reason and who gave it; the next step has both commands, and the later end."""
    pauses = (
        PauseRow("app", "com.example.shop", "a new app", NOON, hours(1)),
        PauseRow("endpoint", "sandbox", "no secure connection", seconds(5), hours(2)),
    )
    [found] = explained(traced(), pauses=pauses).cards

    assert (found.finding.reason, found.finding.since, found.finding.until) == (Reason.PAUSED_BY_APNS, NOON, hours(2))
    assert "the pushes of the app com.example.shop and all pushes to Apple's sandbox environment" in found.finding.state
    assert found.finding.why == """Operator's reason: "a new app"; Lockstep's reason: "no secure connection\""""
    for part in (
        "lockstep resume --app com.example.shop and lockstep resume --endpoint sandbox",
        "network",
        "by themselves at 14:00:00",
    ):
        assert part in found.finding.next_step


def test_a_pause_without_an_end_says_so() -> None:
    """Whoever waits knows that it takes a person, and that the wait concerns more than this card."""
    pauses = (PauseRow("all", "*", "wrong texts", NOON, None), PauseRow("type", "OrderAttributes", "a", NOON, hours(1)))
    [one] = explained(traced(), pauses=pauses[:1]).cards
    [both] = explained(traced(), pauses=pauses).cards

    assert one.finding.until is both.finding.until is None
    assert "like all others" in one.finding.state
    assert "The pause does not end by itself." in one.finding.next_step
    assert "Not all of these pauses end by themselves." in both.finding.next_step


def test_only_the_pause_of_the_cards_own_key_is_named() -> None:
    """Of two keys in one environment, the one that signs for the app."""
    pauses = tuple(
        PauseRow("credential", f"{key}/sandbox", "a test", NOON, None) for key in ("KEYOFSHOP1", "KEYOFREST1")
    )
    routes = [("com.example.shop", "sandbox", "KEYOFSHOP1"), ("*", "sandbox", "KEYOFREST1")]
    [found] = explained(traced(), pauses=pauses, routes=routes).cards
    [other] = explained(traced(), pauses=pauses[1:], routes=routes).cards

    assert "KEYOFSHOP1" in found.finding.state
    assert "KEYOFREST1" not in repr(found.finding)
    assert other.finding.reason is Reason.DISPATCHER_LATE


def test_a_process_that_knows_no_keys_says_that_a_key_may_be_another_cards() -> None:
    """It names the pause, and does not claim to know."""
    pauses = (PauseRow("credential", "KEYOFREST1/sandbox", "a test", NOON, None),)
    [found] = explained(traced(), pauses=pauses, routes=None).cards

    assert "KEYOFREST1" in found.finding.state
    assert "is not known here" in found.finding.why


def test_a_pause_of_something_else_is_not_mentioned() -> None:
    """Production's trouble is not the sandbox's."""
    pauses = (PauseRow("endpoint", "production", "a test", NOON, None),)

    assert explained(traced(), pauses=pauses).cards[0].finding.reason is Reason.DISPATCHER_LATE


@pytest.mark.parametrize(
    ("one", "shown", "text"),
    [
        (traced(), moved(), "status placed (version 2; Apple accepted version 1)"),
        (traced(), face(), "status placed (version 1)"),
        (
            traced(),
            moved(expected_at=hours(1)),
            "status placed, delivery expected at 13:00:00 UTC (version 2; Apple accepted version 1)",
        ),
        (traced(), over(expected_at=hours(1)), "status placed (version 2; Apple accepted version 1)"),
        (traced(card=starting()), face(), "status placed (version 1)"),
        (traced(card=card()), face(), None),
        (traced(card=live(replaced=True)), moved(), None),
        (traced(card=live(phase=Phase.OVER)), moved(), None),
        (traced(phone=phone(customer_id="customer-8")), moved(), None),
    ],
    ids=[
        "behind",
        "up to date",
        "with its delivery",
        "without it, as it is over",
        "perhaps started",
        "not started",
        "replaced",
        "over",
        "not for this phone",
    ],
)
def test_a_card_that_may_be_on_the_phone_says_what_it_should_show(
    one: TracedCard, shown: Face, text: str | None
) -> None:
    """So that it can be compared with what the customer sees."""
    assert explained(one, shown).cards[0].should_show == text


def test_what_a_card_should_show_holds_for_now_while_events_wait() -> None:
    """The newest events will change it."""
    [found] = explained(traced(due_at=None), face(), progress=progress(version=3)).cards

    assert found.should_show == "for now status placed (version 1)"


@pytest.mark.parametrize(
    ("one", "none"),
    [
        (traced(card=shown(started_at=NOW)), "If there is none, opening the app again after 12:32:00 UTC puts one up."),
        (traced(card=shown(started_at=hours(-1))), "If there is none, the app puts one up."),
        (traced(card=shown(asked="end")), "If there is none, nothing is missing: this card is to end."),
        (
            traced(card=shown(), phone=phone(customer_id=None)),
            "If there is none, nothing is missing: this card is to end.",
        ),
    ],
    ids=["it may still arrive", "too late", "an operator ended it", "not for this phone"],
)
def test_a_card_without_a_sign_of_life_says_what_opening_the_app_does(one: TracedCard, none: str) -> None:
    """What the registry answers to a launch report: until a start is lost, the app is not told to put one up."""
    [found] = explained(one).cards

    assert found.finding.reason is Reason.APP_SILENT
    assert none in found.finding.next_step


@pytest.mark.parametrize(("policy", "text"), [("never", "does not send it again"), ("after_silence", "again, once")])
def test_a_start_without_an_answer_says_what_follows_the_apps_silence(policy: str, text: str) -> None:
    """By the setting that decides it."""
    one = traced(card=starting(intent=intent(at=NOW)))
    [found] = explained(one, face(), rules=PlanRules(on_unknown_start=policy)).cards  # type: ignore[arg-type]

    assert found.finding.reason is Reason.START_UNKNOWN
    assert text in found.finding.next_step
    assert "12:02:00 UTC" in found.finding.next_step


@pytest.mark.parametrize("word", [UNFIT, NO_KEY, NOT_MADE])
def test_a_push_that_lockstep_held_back_says_what_was_wrong(word: str) -> None:
    """The card's own sentence, which is more than the kind of failure."""
    failed = traced(
        card=live(last_answer=word), outcome="failed", considered_version=2, due_at=hours(1), why="Too big."
    )
    [found] = explained(failed).cards

    assert found.finding.why == "Too big."
    assert found.finding.until == hours(1)


@pytest.mark.parametrize(
    ("at", "cause"),
    [
        (NOW, "back online before 13:00:00 UTC it gets the push by itself"),
        (hours(2), "offline until 13:00:00 UTC, so the push is lost: open the app once"),
    ],
    ids=["Apple keeps it", "Apple has dropped it"],
)
def test_a_phone_that_was_offline_gets_what_apple_still_keeps(at: datetime, cause: str) -> None:
    """Each cause has its cure, and a time where there is one."""
    last = Sent(
        sent_at=NOON, answered_at=NOON, kind="update", version=1, why="A test.", outcome="accepted", priority=5,
        status=200, reason=None, apns_id="id-1",
    )  # fmt: skip
    off = phone(frequent_pushes=False)
    [found] = explained(traced(phone=off, sent=(last,)), face(), now=at, progress=progress(now=at)).cards

    assert found.finding.reason is Reason.UNCHANGED
    assert len(found.perhaps) == 5
    assert cause in found.perhaps[0]
    assert any("update the app" in each for each in found.perhaps)


def test_a_card_that_never_moved_in_its_eight_hours_says_why() -> None:
    """The app never reported its update token."""
    gone = traced(card=shown(phase=Phase.OVER), outcome="expired", why="A test.")
    [silent] = explained(gone).cards
    [lively] = explained(traced(card=live(phase=Phase.OVER), outcome="expired", why="A test.")).cards

    assert "never moved from version 1" in silent.finding.why
    assert lively.finding.why == "A test."
    assert "by 2025-11-02 00:00:00 UTC" in silent.finding.next_step
