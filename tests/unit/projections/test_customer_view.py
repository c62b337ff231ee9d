"""The view of a customer: a function of the set of their orders, with alerts and versions of its own."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.codec import is_id
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
from projections.order_view import EMPTY, OrderView, fold
from tests.examples.events import KEY, NOON, happened

NOW = NOON + timedelta(hours=1)
STEPS = ("order.accepted", "order.ready", "order.courier_assigned", "order.picked_up", "order.note", "order.delivered")
NOTHING = Gathering(begun_at=NOON)


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
