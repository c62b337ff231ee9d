"""How far an order has come and what holds a card back, in situations that are hard to set up for real."""

from typing import Any

import pytest

from projections.card import NO_KEY, NOT_MADE, UNFIT, Card, Phase
from projections.explain_order import explain_order
from projections.explanation import Progress, TracedCard
from projections.face import Face
from projections.order_view import FOLD_VERSION
from projections.pause import PauseRow
from projections.plan_rules import PlanRules
from projections.reasons import Reason
from projections.sentences import HELD_BACK, MAY_HELP, NO_CARD_TO_MOVE, OPEN_THE_APP
from tests.examples.cards import card, face, hours, intent, live, moved, over, phone, seconds, shown, starting
from tests.examples.events import NOON
from tests.examples.explanations import NOW, explained, happened, progress, traced
from tests.examples.wording import NEXT_STEP

ORDERS: dict[str, tuple[Progress, Face | None, dict[str, Any], Reason]] = {
    "in step": (progress(), face(), {}, Reason.IN_STEP),
    "just recorded": (progress(version=3), face(), {"recorded_at": seconds(55)}, Reason.FOLDING),
    "recorded long ago": (progress(version=3), face(), {}, Reason.PROJECTOR_LATE),
    "held by an older release": (progress(version=3, held_for="order.note 1"), face(), {}, Reason.PROJECTOR_LATE),
    "held by this release": (progress(version=3, held_for="order.note 2"), face(), {}, Reason.NEWER_EVENT),
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
    "no phone": (progress(), face(), {"has_cards": False, "has_phones": False}, Reason.NO_PHONE),
    "nobody yet": (progress(), face(customer_id=None), {"has_cards": False, "has_phones": False}, Reason.NOBODY_YET),
    "a phone without its card": (progress(), face(), {"has_cards": False}, Reason.NOT_LOOKED_AT),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_says_how_far_it_has_come(name: str) -> None:
    """Each stage that waits is named."""
    reached, shown, changes, reason = ORDERS[name]
    given: dict[str, Any] = {"readable": True, "has_cards": True, "has_phones": True, **changes}
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
    "removed, and nobody looked since": (traced(card=live(reported_state="dismissed")), moved(), Reason.GONE),
    "its eight hours over, and nobody looked since": (traced(card=live(started_at=hours(-9))), moved(), Reason.EXPIRED),
    "silent for eight hours, and nobody looked since": (traced(card=shown(started_at=hours(-9))), moved(),
                                                        Reason.EXPIRED),
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_what_keeps_it(name: str) -> None:
    """The reason is that of the plan of this moment, or of what holds the push back."""
    one, seen, reason = CARDS[name]
    [found] = explained(one, seen).cards

    assert found.finding.reason is reason


def test_what_keeps_the_order_keeps_its_cards() -> None:
    """A card that is up to date with what is folded says that the rest waits, and where to read on."""
    [found] = explained(traced(due_at=None), face(), progress=progress(version=3, quarantined_at=NOON)).cards

    assert found.finding.reason is Reason.ORDER_WAITS
    assert "stopped updating the cards" in found.finding.why
    assert found.finding.next_step == "See Next of the order, above. The card needs nothing else."


def test_two_pauses_are_both_lifted() -> None:
    """Both are named, each with its reason and who gave it; the next step has both commands, and the later end."""
    pauses = (
        PauseRow("app", "com.example.shop", "a new app", NOON, hours(1)),
        PauseRow("credential", "KEY1234567/sandbox", "a key that was revoked", seconds(5), hours(2)),
    )
    [found] = explained(traced(), pauses=pauses, routes=[("*", "sandbox", "KEY1234567")]).cards

    assert (found.finding.reason, found.finding.since, found.finding.until) == (Reason.PAUSED_BY_APNS, NOON, hours(2))
    assert (
        "the pushes of the app com.example.shop and the pushes signed with the key KEY1234567 in" in found.finding.state
    )
    assert found.finding.why == (
        """The operator's own words: "a new app"; Lockstep's reason: "a key that was revoked". """
        "Lockstep does not record who it was."
    )
    for part in (
        "run:\n    lockstep resume --app com.example.shop\n    lockstep resume --credential KEY1234567/sandbox\n",
        "team id",
        "The pauses end at 14:00 (in 119 minutes) in any case; if the cause is not fixed by then, the next push fails",
        "do not promise 14:00. ",
        HELD_BACK,
    ):
        assert part in found.finding.next_step


def test_a_pause_without_an_end_says_so() -> None:
    """Whoever waits knows that it takes a person, and that the wait concerns more than this card."""
    pauses = (PauseRow("all", "*", "wrong texts", NOON, None), PauseRow("type", "OrderAttributes", "a", NOON, hours(1)))
    [one] = explained(traced(), pauses=pauses[:1]).cards
    [both] = explained(traced(), pauses=pauses).cards

    assert one.finding.until is both.finding.until is None
    assert "Not only this card is affected" in one.finding.state
    assert "The pause does not end by itself." in one.finding.next_step
    assert "Not all of these pauses end by themselves." in both.finding.next_step


def test_a_pause_of_an_operator_ends_when_it_was_said_to() -> None:
    """It needs no cause to be fixed."""
    pauses = (PauseRow("type", "OrderAttributes", "a test", NOON, hours(1)),)
    [found] = explained(traced(), pauses=pauses).cards

    assert (
        "The pause ends at 13:00 (in 59 minutes) in any case. To lift it, run:\n    lockstep resume"
        in found.finding.next_step
    )


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
    pauses = (PauseRow("credential", "KEY1234567/production", "a test", NOON, None),)

    assert explained(traced(), pauses=pauses).cards[0].finding.reason is Reason.DISPATCHER_LATE


def test_an_order_refers_to_its_cards() -> None:
    """Its own state claims nothing of theirs."""
    finding = explained(traced(due_at=hours(7)), face()).finding

    assert finding.reason is Reason.IN_STEP
    assert finding.state == "All events received are processed. For the cards, see below."


@pytest.mark.parametrize(
    ("phones", "text"),
    [
        ((), "Lockstep knows of no phone on which the order's customer is signed in"),
        (("phone-2",), "the order's customer is signed in on phone-2."),
        (("phone-2", "phone-3"), "the order's customer is signed in on phone-2 and phone-3."),
        (("a", "b", "c", "d"), "the order's customer is signed in on a, b and c (and more)."),
    ],
    ids=["nowhere", "one", "two", "many"],
)
def test_a_card_that_was_taken_back_says_where_its_customer_is(phones: tuple[str, ...], text: str) -> None:
    """Whoever asks about the wrong phone learns which is the right one."""
    one = traced(card=shown(phase=Phase.OVER, recalled=True), why="Another customer is signed in.")
    [found] = explained(one, signed_in=phones).cards

    assert found.finding.reason is Reason.RECALLED
    assert text in found.finding.next_step
    assert found.finding.state.startswith("The card has ended on this phone: ")
    assert found.finding.since_what == "Lockstep noted that"
    assert found.shows_now is not None
    assert "perhaps the card is still there" in found.shows_now


def test_a_card_that_never_was_on_a_phone_is_not_said_to_have_been_ended() -> None:
    """It was recalled before it was sent."""
    [found] = explained(traced(card=card(phase=Phase.OVER), outcome="recalled", why="Nobody is signed in.")).cards

    assert found.finding.state.startswith("There is no card on this phone")
    assert found.shows_now is None


def test_a_card_that_waits_for_apple_says_what_a_customer_can_do() -> None:
    """Opening the app gives a card that is there the newest state, and puts up none that is not."""
    waits: dict[str, Any] = {"outcome": "retrying", "blocked_until": hours(1)}
    [there] = explained(traced(**waits)).cards
    [wanted] = explained(traced(card=card(), **waits), face()).cards

    assert there.finding.next_step.endswith(OPEN_THE_APP)
    assert wanted.finding.next_step.endswith(NO_CARD_TO_MOVE)


@pytest.mark.parametrize(("counted", "cards"), [(False, 3), (True, 2)], ids=["not counted yet", "counted"])
def test_a_silent_phone_says_how_many_cards_it_left_out(counted: bool, cards: int) -> None:  # noqa: FBT001 - a parameter
    """The card that is asked about is one of them, also before it is counted."""
    one = traced(card=shown(unreported=counted), phone=phone(unreported_starts=2))
    [found] = explained(one).cards

    assert found.finding.reason is Reason.START_TOKEN_SUSPECT
    assert f"none of the last {cards} cards sent to this phone, this one included" in found.finding.why


def test_the_event_that_is_not_known_is_named_only_if_it_was_read() -> None:
    """Of very many that wait the newest are read: the next one is not among them."""
    held = progress(version=60, held_for="order.note 2")
    near = explain_order(
        "order-1", held, face(), [happened(3, folded=False)], readable=True, has_cards=True, has_phones=True
    )
    far = explain_order(
        "order-1", held, face(), [happened(41, folded=False)], readable=True, has_cards=True, has_phones=True
    )

    assert "does not know its next event (order.note)." in near.state
    assert near.since == NOON
    assert "does not know its next event." in far.state
    assert far.since is None


def test_an_event_that_caused_an_error_is_named_as_well_as_it_is_known() -> None:
    """Of several that wait it may be any."""
    one = explained(traced(), progress=progress(version=3, quarantined_at=NOON)).finding
    several = explained(traced(), progress=progress(version=5, quarantined_at=NOON)).finding

    assert one.why.endswith("Version 3 caused an error in Lockstep.")
    assert several.why.endswith("One of the versions 3 to 5 caused an error in Lockstep.")


def test_an_error_of_a_definition_is_for_whoever_writes_it() -> None:
    """Nobody reports it to Lockstep."""
    error = "booking: evolve raised KeyError in booking.py, line 7"
    finding = explained(traced(), progress=progress(version=3, quarantined_at=NOON, error=error)).finding

    assert finding.why.endswith(f"Version 3 caused an error in the definition of its card. {error}.")
    assert "caused an error in the definition of its card. Cards of" in finding.state
    assert "report this as a fault of the card's definition" in finding.next_step
    assert "install the fixed definition" in finding.next_step
    assert NEXT_STEP.fullmatch(finding.next_step)


def test_a_command_can_be_pasted_whatever_the_order_is_called() -> None:
    """An order id is any visible ASCII."""
    held = progress(version=3, quarantined_at=NOON)
    finding = explain_order("a;b", held, face(), [], readable=True, has_cards=True, has_phones=True)

    assert "\n    lockstep order release 'a;b'\n" in finding.next_step


@pytest.mark.parametrize(
    ("has_cards", "text"), [(False, "There is no card: "), (True, "Cards of this order do not move: ")]
)
def test_an_order_that_was_never_placed_has_a_card_only_if_the_app_started_it(has_cards: bool, text: str) -> None:  # noqa: FBT001 - a parameter
    """Lockstep starts none."""
    finding = explain_order(
        "order-1", progress(), face(placed=False), [happened(2)], readable=True, has_cards=has_cards, has_phones=True
    )

    assert finding.state.startswith(text)
    assert finding.since is None


@pytest.mark.parametrize(
    ("one", "line"),
    [(live(last_answer="BadPriority"), MAY_HELP), (card(last_answer="BadPriority"), NO_CARD_TO_MOVE)],
    ids=["on the phone", "not started"],
)
def test_a_push_that_fails_says_whether_opening_the_app_may_help(one: Card, line: str) -> None:
    """What is wrong may be wrong with the app's answer, too."""
    failed = traced(card=one, outcome="failed", considered_version=2, due_at=hours(1))
    [found] = explained(failed).cards

    assert found.finding.reason is Reason.FAILED
    assert found.finding.next_step.endswith(line)


@pytest.mark.parametrize(
    ("one", "none"),
    [
        (
            traced(card=shown(started_at=NOW)),
            "open the app again after 12:32 (in 31 minutes), if the order is still open: it then puts one up.",
        ),
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


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (
            "never",
            (
                "Customer, after 12:02, if there is no card or it does not move: open the app. In most cases a card "
                "that is there then gets the newest state.\n"
                "You, after 12:02: run this again; if there still is no card, it says from when on the app puts one up."
            ),
        ),
        ("after_silence", "Nobody, after 12:02: if the app has not reported the card, Lockstep sends it again, once."),
    ],
)
def test_a_start_without_an_answer_says_what_follows_the_apps_silence(policy: str, text: str) -> None:
    """By the setting that decides it."""
    one = traced(card=starting(intent=intent(at=NOW)))
    [found] = explained(one, face(), rules=PlanRules(on_unknown_start=policy)).cards  # type: ignore[arg-type]

    assert found.finding.reason is Reason.START_UNKNOWN
    assert found.finding.next_step.splitlines() == [
        "Nobody until 12:02 (in 1 minute): as soon as the app reports the card, Lockstep goes on updating it.",
        *text.splitlines(),
    ]


def test_a_start_without_an_answer_is_lost_so_long_after_it_left() -> None:
    """Also before a dispatcher has counted it."""
    one = traced(card=starting(intent=intent(at=NOON)), outcome="unknown")
    [found] = explained(one, face(), now=seconds(180), progress=progress(now=seconds(180))).cards

    assert found.finding.reason is Reason.START_COUNTED
    assert "after 12:31 (in 28 minutes)," in found.finding.next_step


@pytest.mark.parametrize("word", [UNFIT, NO_KEY, NOT_MADE])
def test_a_push_that_lockstep_held_back_says_what_was_wrong(word: str) -> None:
    """The card's own sentence, which is more than the kind of failure."""
    failed = traced(
        card=live(last_answer=word), outcome="failed", considered_version=2, due_at=hours(1), why="Too big."
    )
    [found] = explained(failed).cards

    assert found.finding.why == "Too big."
    assert found.finding.until == hours(1)


def test_a_card_that_never_moved_in_its_eight_hours_says_why() -> None:
    """The app never reported its update token."""
    gone = traced(card=shown(phase=Phase.OVER), outcome="expired", why="A test.")
    [silent] = explained(gone).cards
    [lively] = explained(traced(card=live(phase=Phase.OVER), outcome="expired", why="A test.")).cards

    assert "could not be updated" in silent.finding.why
    assert "Customer, at the next order" in silent.finding.next_step
    assert lively.finding.why == "A test."
    assert lively.finding.next_step.endswith("The next order gets a card.")
    assert "by 2025-11-02 00:00 (in 12 hours), if it is there;" in silent.finding.next_step
    assert "it is not known that it ever appeared" in silent.finding.state
    assert lively.finding.state.startswith("The card has ended: ")
