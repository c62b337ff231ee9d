"""The one view of a customer's open orders: a function of the set of their views, for a card that shows them together.

It is a second stage. An order whose view changes in what it shows raises its flag; whoever takes the flag reads all
orders of the customer anew, so that it does not matter how often, in which order, or by whom that is done. What is
kept is which orders they are, and how far each was; what they show is read from their own views.

Its alerts and the order that was shown last are no function of the set: they tell what was seen on the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b, sha256
from typing import ClassVar

import msgspec

from events.codec import RESERVED_SUBJECTS, is_id
from projections.definition import CUSTOMER
from projections.draft import Alert, Stamp
from projections.order_view import OrderView
from projections.own_view import OwnView

OneView = OrderView | OwnView

_encode = msgspec.json.Encoder().encode


def subject_of(customer_id: str) -> str:
    """Name the subject of a customer's cards; an id that an app could not send back is named by its digest."""
    subject = RESERVED_SUBJECTS + customer_id
    if is_id(subject) and not customer_id.startswith("#"):
        return subject
    return f"{RESERVED_SUBJECTS}#{sha256(customer_id.encode()).hexdigest()}"


def is_customer(subject_id: str) -> bool:
    """Tell whether a subject is a customer, and no order."""
    return subject_id.startswith(RESERVED_SUBJECTS)


class Member(msgspec.Struct, frozen=True, array_like=True):
    """One of the orders, and how far it was.

    Attributes:
        changed_version: The newest event that changed what it shows.
        status_version: The event that set its status.
    """

    subject_id: str
    changed_version: int
    status_version: int


class OrderAlert(Alert, frozen=True, array_like=True):
    """An alert of one of the orders; `version` is that of the customer's view."""

    subject_id: str


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's view as it is kept.

    Attributes:
        version: Rises when a member comes, goes, or changes.
        status_version: At which one came, went, or changed its status.
        members: The newest first.
        alerts: The newest of each rank.
        last: The order that was shown last, once there are none.
        begun_at: When the first of these orders came.
        joined_at: When the last of them came.
    """

    version: int = 0
    status_version: int = 0
    members: tuple[Member, ...] = ()
    alerts: tuple[OrderAlert, ...] = ()
    last: str | None = None
    begun_at: datetime
    joined_at: datetime

    @property
    def over(self) -> bool:
        """Tell whether no order is open."""
        return not self.members

    @property
    def shown(self) -> list[str]:
        """Name the orders that are shown: those that are open, or the one that was shown last."""
        return [each.subject_id for each in self.members] or ([] if self.last is None else [self.last])

    def named(self) -> set[str]:
        """Name all orders that something of it is told of."""
        return {*self.shown, *(each.subject_id for each in self.alerts)}


class OneOrder(msgspec.Struct, frozen=True):
    """An order as a card of several shows it."""

    subject_id: str
    view: OneView


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's view with the orders in it; it offers what a card asks of the view of an order.

    Attributes:
        orders: The newest first; once all are over, the one that was shown last.
        over: Whether all are.
        begun_at: When the first of these orders came: cards from before are of others.
        joined_at: When the last of them came.
    """

    kind: ClassVar[str] = CUSTOMER
    placed: ClassVar[bool] = True
    show_at: ClassVar[None] = None

    customer_id: str
    version: int
    status_version: int
    orders: tuple[OneOrder, ...]
    over: bool
    alerts: tuple[OrderAlert, ...]
    begun_at: datetime
    joined_at: datetime
    told: Mapping[str, OneView]

    @property
    def status_stamp(self) -> Stamp:
        """Give the version at which an order came, went, or changed its status."""
        return 0, self.status_version

    @property
    def next_expected_at(self) -> datetime | None:
        """Give the first time at which something is expected of an order."""
        return min((at for each in self.orders if (at := each.view.next_expected_at) is not None), default=None)

    @property
    def updated_at(self) -> datetime | None:
        """Give the time of the newest change of an order."""
        return max((at for each in self.orders if (at := each.view.updated_at) is not None), default=None)

    def is_early(self, now: datetime) -> bool:  # noqa: ARG002 - as orders tell it
        """Tell that the card may appear: an order whose time has not come is none of these."""
        return False

    def heard_since(self, recorded_at: datetime) -> datetime:
        """Give the time from which its news grows old."""
        return recorded_at

    @property
    def first_alerts(self) -> tuple[OrderAlert, ...]:
        """Give the alerts of the orders that are shown: of others no card speaks that comes only now."""
        shown = {each.subject_id for each in self.orders}
        return tuple(each for each in self.alerts if each.subject_id in shown)

    @property
    def is_kept(self) -> bool:
        """Tell whether a card that ends stays for a while: not where the order that was shown last was moved away."""
        return not self.over or any(each.view.over for each in self.orders)

    def speaker(self, alert: Alert) -> OneView | None:
        """Give the order that an alert speaks of; the newest for an alert of none."""
        if isinstance(alert, OrderAlert):
            return self.told.get(alert.subject_id)
        return self.orders[0].view if self.orders else None


def gather(before: Gathering, views: Mapping[str, OneView], now: datetime) -> Gathering:
    """Give a customer's view after looking at all orders anew; the same if nothing has changed.

    Args:
        before: What is kept.
        views: Of all open orders of the customer, and of those that were members.
        now: The time that came with them.
    """
    members = members_of(views, now)
    if members == before.members:
        return before
    version = before.version + 1
    known = {each.subject_id: each for each in before.members}
    went = [each.subject_id for each in before.members if each.subject_id not in {m.subject_id for m in members}]
    steady = {(each.subject_id, each.status_version) for each in members} == {
        (each.subject_id, each.status_version) for each in before.members
    }
    told = [each for each in (*(each.subject_id for each in members), *went) if each in views]
    news = [
        OrderAlert(alert.rank, version, alert.type, subject_id)
        for subject_id in sorted(told, key=lambda each: _changed(views[each]))
        for alert in views[subject_id].alerts
        if subject_id not in known or alert.version > known[subject_id].changed_version
    ]
    anew = before.over
    return Gathering(
        version=version,
        status_version=before.status_version if steady else version,
        members=members,
        alerts=_newest(() if anew else before.alerts, news),
        last=None if members else _last(went, views) or before.last,
        begun_at=now if anew else before.begun_at,
        joined_at=now if any(each.subject_id not in known for each in members) else before.joined_at,
    )


def members_of(views: Mapping[str, OneView], now: datetime) -> tuple[Member, ...]:
    """Choose the orders that are to be shown, the newest first."""
    shown = [
        (_began(view), subject_id, view)
        for subject_id, view in views.items()
        if view.placed and not view.over and not view.is_early(now)
    ]
    shown.sort(key=lambda each: each[:2], reverse=True)
    return tuple(Member(subject_id, view.changed_version, view.status_stamp[1]) for _, subject_id, view in shown)


def compose(customer_id: str, kept: Gathering, views: Mapping[str, OneView]) -> CustomerView:
    """Give a customer's view with the orders in it; one whose view is not there any more is left out."""
    return CustomerView(
        customer_id=customer_id,
        version=kept.version,
        status_version=kept.status_version,
        orders=tuple(OneOrder(each, views[each]) for each in kept.shown if each in views),
        over=kept.over,
        alerts=kept.alerts,
        begun_at=kept.begun_at,
        joined_at=kept.joined_at,
        told=views,
    )


def fingerprint_of(members: Sequence[Member], key: bytes) -> bytes:
    """Give 16 bytes, keyed, that two sets of orders share only if they are the same."""
    return blake2b(_encode(members), digest_size=16, key=key).digest()


def _began(view: OneView) -> int:
    """Give when an order came to be seen, in Unix microseconds."""
    placed_at = min((line.at for line in view.history), default=0)
    return placed_at if view.show_at is None else max(placed_at, int(view.show_at.timestamp() * 1_000_000))


def _last(went: Iterable[str], views: Mapping[str, OneView]) -> str | None:
    """Choose the order that is shown when all are gone: rather one that is over than one that was moved away."""
    known = [each for each in went if each in views]
    return next((each for each in known if views[each].over), next(iter(known), None))


def _changed(view: OneView) -> float:
    """Give when an order changed last, in Unix seconds."""
    return 0.0 if view.updated_at is None else view.updated_at.timestamp()


def _newest(before: Iterable[OrderAlert], news: Iterable[OrderAlert]) -> tuple[OrderAlert, ...]:
    kept: dict[int, OrderAlert] = {}
    for each in (*before, *news):
        kept[each.rank] = each
    return tuple(kept[rank] for rank in sorted(kept, reverse=True))
