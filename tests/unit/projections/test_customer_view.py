"""The view of a customer: a function of the set of their orders, with alerts and versions of its own."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.codec import is_id
from projections.card import Kind
from projections.choice import Renew, Send
from projections.customer_card import CARD, ORDERS_SHOWN
from projections.customer_view import (
    Gathering,
    OneView,
    compose,
    fingerprint_of,
    gather,
    is_customer,
    members_of,
    subject_of,
)
from projections.draft import Alert
from projections.face import face_of
from projections.order_view import EMPTY, OrderView, fold
from projections.plan import plan
from projections.plan_rules import PlanRules
from projections.registry import Registry
from tests.examples.cards import face, live, phone, seconds
from tests.examples.events import KEY, NOON, happened

NOW = NOON + timedelta(hours=1)
STEPS = ("order.accepted", "order.ready", "order.courier_assigned", "order.picked_up", "order.note", "order.delivered")
NOTHING = Gathering(begun_at=NOON, joined_at=NOON)


def order(steps: Sequence[str] = (), **placed: object) -> OrderView:
    """Fold an order that was placed and went so far."""
    facts = {"customerId": "customer-7", "merchantName": "Taverna Ilios", **placed}
    events = [happened(1, "order.placed", facts)]
    events += [happened(version, type_) for version, type_ in enumerate(steps, 2)]
    return fold(EMPTY, events)


def gathered(*stages: Mapping[str, OneView]) -> Gathering:
    """Look at the orders again and again."""
    kept = NOTHING
    for stage in stages:
        kept = gather(kept, stage, NOW)
    return kept


@given(
    lives=st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]), st.lists(st.sampled_from(STEPS), unique=True), min_size=1
    ),
    looks=st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 6)), max_size=6),
)
def test_whoever_looks_when_and_how_often_the_orders_are_the_same(
    lives: dict[str, list[str]], looks: list[dict[str, int]]
) -> None:
    """Any looks before give the members, and the fingerprint, that a single look at the end does."""
    stages = [{name: order(lives[name][:reached]) for name, reached in look.items() if name in lives} for look in looks]
    last = {name: order(steps) for name, steps in lives.items()}

    assert gathered(*stages, last).members == gathered(last).members == members_of(last, NOW)
    assert fingerprint_of(gathered(*stages, last).members, KEY) == fingerprint_of(members_of(last, NOW), KEY)
    assert gathered(last, last) == gathered(last)


def test_an_order_that_comes_goes_or_changes_makes_a_version() -> None:
    """A change of the status, or of who is there, is told from others."""
    kept = [NOTHING]
    for stage in (
        {"a": order()},
        {"a": order(["order.note"])},
        {"a": order(["order.note"]), "b": order()},
        {"a": order(["order.note", "order.delivered"]), "b": order()},
        {"a": order(["order.note", "order.delivered"]), "b": order(["order.delivered"])},
    ):
        kept.append(gather(kept[-1], stage, NOW))

    assert [(each.version, each.status_version, each.over) for each in kept[1:]] == [
        (1, 1, False), (2, 1, False), (3, 3, False), (4, 4, False), (5, 5, True),
    ]  # fmt: skip
    assert kept[-1].last == "b"
    assert [each.begun_at for each in kept] == [NOON, NOW, NOW, NOW, NOW, NOW]


def test_an_alert_is_kept_by_the_version_at_which_it_was_seen() -> None:
    """The newest of each rank, whichever order it is of; also of one that has gone; none of what was told before."""
    kept = gathered({"a": order()}, {"a": order(["order.ready"]), "b": order()})
    gone = gather(kept, {"a": order(["order.ready", "order.delivered"]), "b": order()}, NOW)

    assert [(each.rank, each.version, each.type, each.subject_id) for each in kept.alerts] == [
        (2, 2, "order.placed", "b"),
        (1, 2, "order.ready", "a"),
    ]
    assert [(each.rank, each.version, each.type, each.subject_id) for each in gone.alerts] == [
        (3, 3, "order.delivered", "a"),
        (2, 2, "order.placed", "b"),
        (1, 2, "order.ready", "a"),
    ]
    assert gather(gone, {"b": order(["order.delivered"])}, NOW).over
    again = gather(gather(gone, {}, NOW), {"c": order()}, NOW + timedelta(hours=1))
    assert [(each.type, each.subject_id) for each in again.alerts] == [("order.placed", "c")]
    assert again.begun_at == NOW + timedelta(hours=1)


def test_of_alerts_seen_at_once_the_newest_change_speaks() -> None:
    """Of the same rank: it does not matter which order is the newer one, or which has gone."""
    kept = gathered({"a": order(), "b": order(), "c": order()})
    one, two = ["order.delivered"], ["order.accepted", "order.preparing", "order.ready", "order.cancelled"]
    for long, short in (("a", "b"), ("b", "a")):
        after = gather(kept, {long: order(two), short: order(one), "c": order()}, NOW)
        assert (after.alerts[0].type, after.alerts[0].subject_id) == ("order.cancelled", long)


def test_a_card_that_comes_late_speaks_of_what_it_shows(cards: Registry) -> None:
    """Not of an order that has gone; and of the newest where nothing is left to say."""
    cards.install([CARD])
    kept = gathered({"a": order(), "b": order(["order.ready"])})
    stage = {"a": order(["order.delivered"]), "b": order(["order.ready"])}
    view = compose("customer-7", gather(kept, stage, NOW), stage)
    drawn = face_of(view, KEY)
    pending, first = drawn.pending_alert(0), drawn.first_alert(0)

    assert pending is not None
    assert (pending.type, first.type) == ("order.delivered", "order.placed")
    assert view.speaker(first) == view.speaker(drawn.first_alert(view.version)) == stage["b"]


def test_a_card_stays_for_a_while_if_it_shows_an_end() -> None:
    """Not if the last order was moved away; of two that go at once, the one that is over is shown."""
    away = fold(order(), [happened(2, "order.rescheduled", {"showAt": (NOW + timedelta(days=7)).isoformat()})])
    both = gathered({"a": order(), "b": order()}, {"a": order(["order.delivered"]), "b": away})
    alone = gathered({"b": order()}, {"b": away})

    assert (both.last, alone.last) == ("a", "b")
    assert compose("customer-7", both, {"a": order(["order.delivered"]), "b": away}).is_kept
    assert not compose("customer-7", alone, {"b": away}).is_kept


def test_a_card_that_others_followed_leaves_the_screen_at_once() -> None:
    """It has no news of them, and no end to show; one of the same time is told of them."""
    news = (Alert(3, 2, "order.delivered"),)
    before = plan(face(version=2, begun_at=seconds(1), alerts=news), live(), phone(), seconds(10), PlanRules())
    of_then = plan(face(version=2, begun_at=NOON, alerts=news), live(), phone(), seconds(10), PlanRules())

    assert isinstance(before, Send)
    assert isinstance(of_then, Send)
    assert (before.kind, before.alert, before.dismiss_at) == (Kind.END, None, seconds(10))
    assert before.why == "None of the card's orders is to be shown any more."
    assert (of_then.kind, of_then.alert) == (Kind.UPDATE, *news)


def test_each_order_that_comes_lets_the_card_be_renewed_for_as_long_as_one_alone() -> None:
    """The generations of a customer's card are those of all orders before, too."""
    rules = PlanRules()
    several = face(begun_at=NOON, joined_at=NOON + timedelta(days=2))
    old = live(generation=9, started_at=NOON + timedelta(days=2, hours=15))
    for hours, renewed in ((22.9, True), (22.99, True), (23.0, False)):
        decided = plan(several, old, phone(), NOON + timedelta(days=2, hours=hours), rules)
        assert isinstance(decided, Renew) == renewed
    came = gathered({"a": order()})
    assert gather(came, {"a": order(["order.ready"])}, NOW + timedelta(hours=1)).joined_at == NOW
    assert gather(came, {"a": order(), "b": order()}, NOW + timedelta(hours=1)).joined_at == NOW + timedelta(hours=1)


def test_an_order_whose_time_has_not_come_is_none_of_them() -> None:
    """Nor is one that is not placed."""
    ahead = order(showAt=(NOW + timedelta(minutes=1)).isoformat())
    assert members_of({"a": ahead, "b": EMPTY}, NOW) == ()
    assert [each.subject_id for each in members_of({"a": ahead}, NOW + timedelta(minutes=1))] == ["a"]


def test_the_largest_card_fits_and_tells_how_many_are_left_out() -> None:
    """The newest orders come first; those that have no place are counted."""
    wide = {"merchantName": "😀" * 200, "orderNumber": "😀" * 60}
    views = {f"{'o' * 120}-{number:02}": order(**wide) for number in range(20)}
    kept = gathered(views)
    content = CARD.render(compose("customer-7", kept, views))
    drawn = CARD.draw(compose("customer-7", kept, views))

    assert len(drawn) <= 2_304
    assert len(content.orders) + (content.more or 0) == 20  # type: ignore[attr-defined] # the card's own struct
    few = {name: order() for name in "abc"}
    assert len(CARD.render(compose("customer-7", gathered(few), few)).orders) == 3  # type: ignore[attr-defined]
    assert ORDERS_SHOWN == 8


def test_the_subject_of_a_customer_is_an_id_whatever_the_customers_is() -> None:
    """One that no app could send back is named by its digest."""
    names = [subject_of(each) for each in ("customer-7", "Ελένη", "x" * 128, "#customer-7", "a b")]

    assert names[0] == "customer:customer-7"
    assert all(is_id(each) and is_customer(each) for each in names)
    assert len(set(names)) == 5
